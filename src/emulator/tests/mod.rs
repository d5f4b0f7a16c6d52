//! The emulator judged at the level of its routes, without sockets, as a client would see it: a
//! call goes in, status and JSON come out. Sockets are in `serving.rs` alone. Time is moved by
//! hand.
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod device_code;
mod directory;
mod faults;
mod federation;
mod graph;
mod graph_applications;
mod graph_keys;
mod graph_queries;
mod graph_roles;
mod managed_identity;
mod organization;
mod proxy;
mod reading;
mod seeds;
mod serving;
mod sign_in;
mod tls;
mod writing;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::clock::Clock;
use super::entra::certificate::RegisteredCertificate;
use super::exchange::invoke_command;
use super::identity::Settings;
use super::identity::access_token::{Claims, Resource};
use super::identity::credentials::TokenKey;
use super::identity::endpoint;
use super::message::{Answer, Request};
use super::seed::Seed;
use super::service::{Parts, Service};

const START: i64 = 1_800_000_000;
const EXCHANGE: (Resource, &str) = (Resource::Exchange, "https://outlook.office365.com");
const UAL_ANCHOR: &str = "APP:SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}";
const ORGANIZATION_ANCHOR: &str =
    "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@contoso.onmicrosoft.com";

/// A service and the hands of its clock.
struct World {
    service: Arc<Service>,
    time: Arc<AtomicI64>,
}

/// An answer, taken apart.
struct Got {
    status: u16,
    headers: HeaderMap,
    body: Value,
    text: String,
}

impl Got {
    fn of(answer: &Answer) -> Self {
        let text = answer.text();
        Self {
            status: answer.status.as_u16(),
            headers: answer.headers.clone(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    fn rows(&self) -> &[Value] {
        self.body["value"].as_array().map_or(&[], Vec::as_slice)
    }

    fn warnings(&self) -> Vec<&str> {
        self.body["@adminapi.warnings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect()
    }

    /// The inner exception's type and text.
    fn exception(&self) -> (&str, &str) {
        let inner = &self.body["error"]["innererror"]["internalexception"];
        (inner["type"].as_str().unwrap_or_default(), inner["message"].as_str().unwrap_or_default())
    }

    fn column(&self, name: &str) -> Vec<&str> {
        self.rows().iter().map(|row| row[name].as_str().unwrap()).collect()
    }

    fn cookie(&self) -> String {
        let cookie = self.headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

impl World {
    fn of(seed: &str) -> Self {
        Self::with_lag(seed, 0)
    }

    fn with_lag(seed: &str, minutes: i64) -> Self {
        Self::around(seed, minutes, &no_certificate())
    }

    fn around(seed: &str, minutes: i64, certificate: &RegisteredCertificate) -> Self {
        Self::with(seed, minutes, certificate, Settings::default())
    }

    fn with(
        seed: &str,
        minutes: i64,
        certificate: &RegisteredCertificate,
        sign_in: Settings,
    ) -> Self {
        let seed = Seed::parse(seed, "tenant.toml").unwrap();
        let time = Arc::new(AtomicI64::new(START));
        let hands = Arc::clone(&time);
        let clock =
            Clock::new(move || Timestamp::from_second(hands.load(Ordering::Relaxed)).unwrap());
        let parts = Parts {
            certificate,
            token_key: TokenKey::random(),
            clock,
            lag: SignedDuration::from_mins(minutes),
            bootstrap_only: false,
            sign_in,
        };
        Self { service: Arc::new(Service::new(&seed, parts)), time }
    }

    fn wait(&self, seconds: i64) {
        self.time.fetch_add(seconds, Ordering::Relaxed);
    }

    fn claims(&self) -> Claims {
        claims_of(&self.service, self.service.generated().client_id, EXCHANGE)
    }

    fn bearer(&self, claims: &Claims) -> String {
        format!("Bearer {}", claims.sign(&self.service.token_key).unwrap())
    }

    fn send(&self, query: &str, headers: &[(&str, &str)], body: &Value) -> Got {
        let mut request = request(query, headers, body.to_string());
        if !request.headers.contains_key("authorization") {
            let bearer = HeaderValue::from_str(&self.bearer(&self.claims())).unwrap();
            request.headers.insert("authorization", bearer);
        }
        Got::of(&invoke_command(&self.service, "contoso.onmicrosoft.com", &request))
    }

    #[expect(clippy::needless_pass_by_value, reason = "calls with `json!` read better")]
    fn call(&self, cmdlet: &str, parameters: Value, headers: &[(&str, &str)]) -> Got {
        self.send("", headers, &input(cmdlet, &parameters))
    }

    fn post_token(&self, tenant: &str, fields: &[(&str, &str)]) -> Got {
        Got::of(&endpoint::token(&self.service, tenant, &form(fields)))
    }

    /// Get-Mailbox without an anchor.
    fn get(&self, parameters: Value) -> Got {
        self.call("Get-Mailbox", parameters, &[])
    }

    fn mailbox(&self, identity: &str) -> Value {
        self.get(json!({ "Identity": identity })).rows()[0].clone()
    }

    /// Set-Mailbox, anchored as it should be.
    fn set(&self, upn: &str, mut parameters: Value) -> Got {
        parameters["Identity"] = upn.into();
        self.call("Set-Mailbox", parameters, &[("x-anchormailbox", &format!("UPN:{upn}"))])
    }
}

fn no_certificate() -> RegisteredCertificate {
    RegisteredCertificate {
        der: Vec::new(),
        sha1: [0; 20],
        sha256: [0; 32],
        public_key: Vec::new(),
        subject: String::new(),
        not_before: 0,
        not_after: i64::MAX,
    }
}

/// What the directory gives an application at this moment.
fn claims_of(service: &Service, client_id: Uuid, resource: (Resource, &str)) -> Claims {
    let now = service.clock.now();
    let view = service.directory.sign_in_view(now, client_id).unwrap();
    let principal = view.service_principal.as_ref().unwrap();
    Claims::new(&view, principal, service.tenant.id, resource, now)
}

fn input(cmdlet: &str, parameters: &Value) -> Value {
    json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } })
}

fn request(query: &str, headers: &[(&str, &str)], body: String) -> Request {
    let mut map = HeaderMap::new();
    map.insert("host", HeaderValue::from_static("tenant.local:8080"));
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    Request { query: query.to_owned(), headers: map, body: body.into(), ..Request::default() }
}

fn form(fields: &[(&str, &str)]) -> Request {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request("", &[], body)
}

/// What a token says of itself.
fn payload(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A seed of a few mailboxes, one of each interesting kind.
const FEW: &str = r#"
[tenant]
organization = "contoso.onmicrosoft.com"

[[mailbox]]
upn = "ada@contoso.com"
type = "UserMailbox"
proxy_addresses = ["countess@contoso.com"]

[[mailbox]]
upn = "sales@contoso.com"
type = "SharedMailbox"

[[mailbox]]
upn = "sales@fabrikam.com"
type = "SharedMailbox"

[[mailbox]]
upn = "oslo@contoso.com"
type = "RoomMailbox"

[[mailbox]]
upn = "frozen@contoso.com"
type = "UserMailbox"
enabled = true
admin = ["MessageBind", "Copy", "Update"]
log_age_days = 180

[[mailbox]]
upn = "staff@contoso.com"
type = "GroupMailbox"

[[mailbox]]
upn = "gone@contoso.com"
type = "UserMailbox"
inactive = true
"#;
