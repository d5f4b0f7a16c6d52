//! The Graph half of the service: `/v1.0` and, for the roles of Exchange alone, `/beta`. A method,
//! a path and a request go in, an answer comes out. Reads see the directory's replica, and so does
//! the look-up of the object that a path names; what a write becomes is judged by the primary.
//! Sources of shapes, codes and permissions: the Graph reference, its schema (`msgraph-metadata`),
//! hashicorp/terraform-provider-azuread; see `docs/emulator.md`.

mod addressed;
mod app_role_assignments;
mod application_properties;
mod applications;
mod batch;
mod body;
mod caller;
mod deleted_items;
mod directory_roles;
mod exchange_roles;
mod failure;
mod federated_credentials;
mod filter;
mod key_credentials;
mod key_roll;
mod listing;
mod organization;
mod owners;
mod path;
mod role_requests;
mod service_principals;
mod shown;
mod state;
mod users;

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;

use self::caller::Caller;
pub(crate) use self::failure::Failure;
use self::path::Segment;
pub(crate) use self::state::state;
use super::entra::Sight;
use super::entra::snapshot::{Entry, Snapshot};
use super::message::{Answer, Request};
use super::service::Service;
use super::tenant::NotChanged;

/// One call, authenticated.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) service: &'a Service,
    pub(crate) request: &'a Request,
    pub(crate) method: Method,
    /// As sent, with the version.
    pub(crate) path: &'a str,
    pub(crate) caller: Caller,
    pub(crate) now: Timestamp,
    /// What reads show.
    pub(crate) replica: Arc<Snapshot>,
}

/// Answers one request; `path` begins with the version.
pub(crate) fn answer(service: &Service, method: Method, path: &str, request: &Request) -> Answer {
    let now = service.clock.now();
    let outcome = call(service, method, path, request);
    outcome.unwrap_or_else(|failure| failure.answer(request, now))
}

fn call(
    service: &Service,
    method: Method,
    path: &str,
    request: &Request,
) -> Result<Answer, Failure> {
    let caller = Caller::of(service, request)?;
    let (version, rest) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    let segments = path::segments(rest)?;
    let now = service.clock.now();
    let replica = service.directory.replica(now);
    let call = Call { service, request, method, path, caller, now, replica };
    match (version, segments.as_slice()) {
        ("v1.0", [batch]) if batch.name == "$batch" => batch::run(&call),
        (_, [management, exchange, rest @ ..])
            if management.name == "roleManagement" && exchange.name == "exchange" =>
        {
            // Not in v1.0: its schema knows two providers, and this is neither.
            if version == "beta" {
                exchange_roles::run(&call, rest)
            } else {
                Err(Failure::no_such_segment("exchange"))
            }
        }
        ("v1.0", segments) => v1(&call, segments),
        (_, segments) => Err(Failure::no_such_segment(
            segments.first().map_or("", |segment| segment.name.as_str()),
        )),
    }
}

fn v1(call: &Call<'_>, segments: &[Segment]) -> Result<Answer, Failure> {
    let Some((first, rest)) = segments.split_first() else {
        return Err(Failure::no_such_segment(""));
    };
    match first.name.as_str() {
        "applications" => applications::run(call, first.key.as_ref(), rest),
        "servicePrincipals" => service_principals::run(call, first.key.as_ref(), rest),
        "organization" => organization::run(call, rest),
        "users" => users::run(call, first.key.as_ref(), rest),
        "directory" => deleted_items::run(call, rest),
        "roleManagement" => match rest.split_first() {
            Some((provider, rest)) if provider.name == "directory" => {
                directory_roles::run(call, rest)
            }
            _ => Err(Failure::no_such_segment("roleManagement")),
        },
        other => Err(Failure::no_such_segment(other)),
    }
}

impl Call<'_> {
    /// A system query option, with or without its `$`.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.request.query.as_bytes())
            .find(|(key, _)| key.strip_prefix('$').unwrap_or(key).eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    /// The client takes what an index says, however old.
    pub(crate) fn is_eventual(&self) -> bool {
        let level = self.request.header("consistencylevel");
        level.is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    }

    /// `Prefer: create-if-missing`
    pub(crate) fn creates_if_missing(&self) -> bool {
        self.request.header("prefer").is_some_and(|prefer| {
            prefer.split(',').any(|one| one.trim().eq_ignore_ascii_case("create-if-missing"))
        })
    }

    pub(crate) fn context(&self, of: &str) -> String {
        let version = self.path.trim_start_matches('/').split('/').next().unwrap_or("v1.0");
        format!("{}/{version}/$metadata#{of}", self.request.origin())
    }

    /// Changes the directory; see `Directory::commit`.
    pub(crate) fn commit<T>(
        &self,
        change: impl FnOnce(&Sight) -> Result<(Vec<Entry>, T), Failure>,
    ) -> Result<T, Failure> {
        self.service.directory.commit(self.now, change).map_err(|not| match not {
            NotChanged::Refused(failure) => failure,
            NotChanged::NotWritten(error) => Failure::not_written(&error),
        })
    }
}

/// What a successful write without a body says.
fn no_content() -> Answer {
    let mut answer = Answer::new(StatusCode::NO_CONTENT, "application/json", Vec::new());
    answer.headers.clear();
    answer
}
