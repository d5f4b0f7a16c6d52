//! What a panic message, an assertion or a log line with `{:?}` would show of values that hold
//! secrets: none of them.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use auditform::certificate::{Store, find_by_thumbprint, read_existing};
use auditform::client::{
    AssertionSource, Client, ClientOptions, Credential, DeviceCode, DevicePrompt, Limits,
    ManagedIdentityEndpoint, RetryPolicy, SignInMethod, TokenSource, TokenSourceOptions,
    TransportOptions,
};
use auditform::ops::{self, ConnectOptions, Environment, Ports, Speed, VariableOptions};
use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use super::watch::{PASSWORD, Watch, chain};
use crate::support::credential;

struct Nobody;

impl DevicePrompt for Nobody {
    fn show(&self, _code: &DeviceCode) {}
}

fn options() -> ClientOptions {
    ClientOptions {
        transport: TransportOptions::default(),
        limits: Limits::default(),
        clock: Arc::new(Timestamp::now),
        seed: 1,
    }
}

/// Both ways of showing it.
#[track_caller]
fn is_silent(watch: &Watch, value: &impl Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert_eq!(watch.secrets.find(text.as_bytes()), None, "{text}");
    }
}

fn open() -> Credential {
    let pfx = credential::shared().pfx(PASSWORD);
    Credential::load(&pfx, Some(&PASSWORD.into()), Timestamp::now()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_values_that_are_shown_for_programmers() {
    let watch = Watch::start(&[]);
    let secret = || SecretString::from(PASSWORD);
    is_silent(&watch, &open());
    let now = Timestamp::now();
    let pfx = watch.world.path("application.pfx");
    is_silent(&watch, &read_existing(&pfx, Some(&secret()), now).unwrap());
    is_silent(&watch, &read_existing(&pfx, Some(&"wrong".into()), now).unwrap_err());
    let (_, sha256) = credential::shared().thumbprints();
    let thumbprint = auditform::resource::Thumbprint::parse(&sha256).unwrap();
    let directory = watch.world.path("");
    is_silent(&watch, &find_by_thumbprint(&directory, &thumbprint, Some(&secret()), now).unwrap());
    is_silent(&watch, &Store::new(directory, "auditor").unwrap().with_password(Some(secret())));
    for method in methods(&watch) {
        is_silent(&watch, &method);
        let options = TokenSourceOptions {
            authority: watch.front.url().parse().unwrap(),
            tenant: watch.emulator.organization.clone(),
            expected_tenant: None,
            method,
            policy: RetryPolicy::within(Duration::from_secs(5)),
        };
        is_silent(&watch, &options);
        let tokens = TokenSource::new(Arc::new(Client::new(self::options()).unwrap()), options);
        let token = tokens.token("https://graph.microsoft.com/.default").await;
        is_silent(&watch, &token);
        is_silent(&watch, &tokens);
    }
}

fn methods(watch: &Watch) -> Vec<SignInMethod> {
    let client_id: Uuid = watch.emulator.client_id.parse().unwrap();
    let endpoint = format!("{}/msi/token", watch.emulator.base_url);
    let base = watch.emulator.base_url.parse().unwrap();
    let assertion = AssertionSource::GitHub {
        url: format!("{}/_emulator/oidc/token?key={PASSWORD}", watch.emulator.base_url).into(),
        token: PASSWORD.into(),
        audience: "api://AzureADTokenExchange".to_owned(),
    };
    let header = "canary-in-a-header".into();
    let endpoint =
        ManagedIdentityEndpoint::AppService { endpoint: endpoint.parse().unwrap(), header };
    vec![
        SignInMethod::Certificate { client_id, credential: open() },
        SignInMethod::Federated { client_id, assertion },
        SignInMethod::Given(vec![watch.emulator.token("https://graph.microsoft.com").into()]),
        SignInMethod::ManagedIdentity { client_id: None, endpoint },
        SignInMethod::ManagedIdentity {
            client_id: None,
            endpoint: ManagedIdentityEndpoint::Imds { base },
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_connection_and_what_it_was_made_from() {
    let watch = Watch::start(&[]);
    chain(&watch, PASSWORD);
    let variable = |name: &str| (name == "PFX_PASSWORD").then(|| PASSWORD.to_owned());
    let ports = Ports {
        clock: Arc::new(Timestamp::now),
        environment: Environment::new(variable),
        seed: 1,
        request_timeout: None,
    };
    is_silent(&watch, &ports);
    is_silent(&watch, &ports.environment);
    let loaded =
        ops::load(&watch.world.path("auditform.toml"), &VariableOptions::default(), &ports)
            .unwrap();
    is_silent(&watch, &loaded);
    let options = ConnectOptions {
        embedded: None,
        speed: Speed::default(),
        applying: false,
        prompt: Arc::new(Nobody),
    };
    let connection = ops::connect(&loaded.desired, &ports, options).await.unwrap();
    is_silent(&watch, &connection);
}
