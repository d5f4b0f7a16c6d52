//! From a way to sign in, as the spec names it, to one that can be carried out: files are read and
//! variables looked up here, before any call is made, and what is wrong with them is said.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use uuid::Uuid;

use super::certificate_files::{certificate_password, help_for};
use super::certificates::{Certificates, from_store};
use super::connect::EmbeddedTenant;
use super::endpoints::{federated_audience, url};
use super::ports::{Ports, Stopped};
use crate::certificate::find_by_thumbprint;
use crate::client::{
    AssertionSource, Credential, DevicePrompt, GRAPH_COMMAND_LINE_TOOLS, ManagedIdentityEndpoint,
    SignInMethod,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::state::{
    ApplicationSettings, CertificateLocation, CertificateSignIn, Declared, DesiredState, Ensure,
    NeedKind, SignIn, WorkloadIdentitySignIn, requirements,
};

/// What a way to sign in is looked up in.
pub(super) struct Surroundings<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) ports: &'a Ports,
    pub(super) prompt: &'a Arc<dyn DevicePrompt>,
}

impl Surroundings<'_> {
    /// A way to sign in that does not depend on what the spec makes.
    pub(super) fn method(&self, sign_in: &SignIn) -> Result<SignInMethod, Stopped> {
        match sign_in {
            SignIn::Certificate(sign_in) => self.certificate(sign_in),
            SignIn::DeviceCode(sign_in) => Ok(SignInMethod::DeviceCode {
                client_id: declared(sign_in.client_id).unwrap_or(GRAPH_COMMAND_LINE_TOOLS),
                scopes: self.delegated(),
                prompt: Arc::clone(self.prompt),
            }),
            SignIn::AzureCli(_) => Ok(SignInMethod::AzureCli { program: "az".into() }),
            SignIn::Environment(names) => self.given(names),
            SignIn::WorkloadIdentity(sign_in) => self.workload(sign_in),
            SignIn::ManagedIdentity { client_id, span } => Ok(SignInMethod::ManagedIdentity {
                client_id: declared(*client_id),
                endpoint: self.managed(*span)?,
            }),
            SignIn::Application(name) => Err(Stopped::error(
                Diagnostic::error("no-sign-in", "an application cannot make itself")
                    .at(name.span, "this is made by the spec")
                    .help("name the identity that makes it in `[tenant.bootstrap]`"),
            )),
        }
    }

    /// The delegated permissions that work on the spec's applications takes.
    fn delegated(&self) -> Vec<String> {
        let needs = requirements(self.desired).applying;
        let scopes = needs.iter().filter(|need| need.kind == NeedKind::GraphPermission);
        let names: BTreeSet<&str> = scopes.map(|need| need.name).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn certificate(&self, sign_in: &CertificateSignIn) -> Result<SignInMethod, Stopped> {
        let password = self.password(sign_in.password_env.as_ref())?;
        let span = sign_in.certificate_span;
        let credential = match &sign_in.certificate {
            CertificateLocation::File(path) => {
                credential(path, password.as_ref(), Some(span), self.ports)?
            }
            CertificateLocation::Thumbprint { thumbprint, directory } => {
                let now = self.ports.now();
                find_by_thumbprint(directory, thumbprint, password.as_ref(), now)
                    .map_err(|error| from_store(&error, Some(span)))?
                    .credential
            }
        };
        Ok(SignInMethod::Certificate { client_id: sign_in.client_id.value, credential })
    }

    pub(super) fn password(
        &self,
        name: Option<&Declared<String>>,
    ) -> Result<Option<SecretString>, Stopped> {
        certificate_password(name.map(|name| name.value.as_str()), self.ports).map_err(|finding| {
            Stopped::error(match name {
                Some(name) => finding
                    .at(name.span, "names the variable that holds the certificate's password"),
                None => *finding,
            })
        })
    }

    fn given(&self, names: &[Declared<String>]) -> Result<SignInMethod, Stopped> {
        let token = |name: &Declared<String>| {
            let text = self.ports.environment.get(&name.value).unwrap_or_default();
            if text.trim().is_empty() {
                return Err(Stopped::error(
                    Diagnostic::error(
                        "no-token",
                        format!("the environment variable `{}` is not set", name.value),
                    )
                    .at(name.span, "names the variable that holds an access token")
                    .help(
                        "put a token into it before the run; one for Microsoft Graph comes from \
                         `az account get-access-token --resource-type ms-graph`",
                    ),
                ));
            }
            Ok(SecretString::from(text.trim().to_owned()))
        };
        Ok(SignInMethod::Given(names.iter().map(token).collect::<Result<_, _>>()?))
    }

    fn workload(&self, sign_in: &WorkloadIdentitySignIn) -> Result<SignInMethod, Stopped> {
        let client_id = match sign_in.client_id {
            Some(id) => id.value,
            None => self.variable_guid("AZURE_CLIENT_ID", sign_in.span)?,
        };
        let audience = sign_in.audience.as_ref().map(|audience| audience.value.as_str());
        let assertion = self.assertion(sign_in.token_file.as_deref(), audience, sign_in.span)?;
        Ok(SignInMethod::Federated { client_id, assertion })
    }

    fn assertion(
        &self,
        token_file: Option<&Path>,
        audience: Option<&str>,
        span: Span,
    ) -> Result<AssertionSource, Stopped> {
        let variable =
            |name: &str| self.ports.environment.get(name).filter(|value| !value.is_empty());
        if let Some(path) = token_file {
            return Ok(AssertionSource::File(path.to_path_buf()));
        }
        if let (Some(url), Some(token)) =
            (variable("ACTIONS_ID_TOKEN_REQUEST_URL"), variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
        {
            let published = federated_audience(self.desired.tenant.cloud);
            let audience = audience.unwrap_or(published).to_owned();
            return Ok(AssertionSource::GitHub { url: url.into(), token: token.into(), audience });
        }
        if let Some(path) = variable("AZURE_FEDERATED_TOKEN_FILE") {
            return Ok(AssertionSource::File(path.into()));
        }
        Err(Stopped::error(
            Diagnostic::error("no-token", "no token of another issuer is at hand")
                .at(span, "")
                .help("in GitHub Actions, give the job `permissions: id-token: write`")
                .help(
                    "elsewhere, name a file with `token_file`, or set `AZURE_FEDERATED_TOKEN_FILE`",
                ),
        ))
    }

    fn variable_guid(&self, name: &str, span: Span) -> Result<Uuid, Stopped> {
        let text = self.ports.environment.get(name).unwrap_or_default();
        Uuid::parse_str(text.trim()).map_err(|_| {
            Stopped::error(
                Diagnostic::error(
                    "no-client-id",
                    format!("neither `client_id` nor the variable `{name}` says which application"),
                )
                .at(span, "")
                .help("write `client_id`: the application that holds the federated credential"),
            )
        })
    }

    fn managed(&self, span: Span) -> Result<ManagedIdentityEndpoint, Stopped> {
        let variable =
            |name: &str| self.ports.environment.get(name).filter(|value| !value.is_empty());
        if let (Some(endpoint), Some(header)) =
            (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER"))
        {
            let endpoint = url(&endpoint, span)?;
            return Ok(ManagedIdentityEndpoint::AppService { endpoint, header: header.into() });
        }
        let base = variable("AZURE_POD_IDENTITY_AUTHORITY_HOST");
        let base = url(base.as_deref().unwrap_or(ManagedIdentityEndpoint::IMDS), span)?;
        Ok(ManagedIdentityEndpoint::Imds { base })
    }

    /// As an application that the spec makes, with what it has by now: the first certificate that is
    /// fit, or a token of another issuer.
    pub(super) fn as_application(
        &self,
        settings: &ApplicationSettings,
        client_id: Uuid,
        certificates: &Certificates,
    ) -> Result<SignInMethod, Stopped> {
        let mut unfit = None;
        for name in &settings.certificates {
            match certificates.credential(&name.value, self.ports.now()) {
                Ok(credential) => return Ok(SignInMethod::Certificate { client_id, credential }),
                Err(stopped) => unfit = unfit.or(Some(stopped)),
            }
        }
        match (unfit, settings.federated_credentials.first()) {
            (Some(stopped), None) => Err(stopped),
            (_, federated) => {
                let audience = federated.map(|found| found.audience.as_str());
                let assertion = self.assertion(None, audience, settings.span)?;
                Ok(SignInMethod::Federated { client_id, assertion })
            }
        }
    }

    /// Where the application has no key, the token of another issuer has to be at hand before
    /// anything is made for it.
    pub(super) fn can_sign_in_without_a_key(&self) -> Result<(), Stopped> {
        let Some(SignIn::Application(name)) = &self.desired.tenant.sign_in else { return Ok(()) };
        let keyless = self.desired.applications.iter().find(|settings| {
            settings.name == name.value
                && settings.ensure == Ensure::Present
                && settings.certificates.is_empty()
        });
        keyless.map_or(Ok(()), |settings| self.assertion(None, None, settings.span).map(drop))
    }
}

/// The application of an embedded tenant.
pub(super) fn embedded(tenant: &EmbeddedTenant, ports: &Ports) -> Result<SignInMethod, Stopped> {
    let credential = credential(&tenant.certificate, None, None, ports)?;
    Ok(SignInMethod::Certificate { client_id: tenant.client_id, credential })
}

fn declared(id: Option<Declared<Uuid>>) -> Option<Uuid> {
    id.map(|id| id.value)
}

fn credential(
    path: &PathBuf,
    password: Option<&SecretString>,
    span: Option<Span>,
    ports: &Ports,
) -> Result<Credential, Stopped> {
    let name = path.display();
    let refused = |code, summary: String, help: &str| {
        let mut diagnostic = Diagnostic::error(code, summary).help(help);
        if let Some(span) = span {
            diagnostic = diagnostic.at(span, "");
        }
        Stopped::error(diagnostic)
    };
    let bytes = fs::read(path).map_err(|error| {
        let summary = format!("the certificate `{name}` cannot be read: {error}");
        refused("unreadable-file", summary, "a relative path starts at the directory of the spec")
    })?;
    Credential::load(&bytes, password, ports.now()).map_err(|error| {
        let summary = format!("the certificate `{name}` cannot be used: {error}");
        refused("certificate", summary, help_for(&error))
    })
}
