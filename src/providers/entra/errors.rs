//! What can go wrong with Microsoft Graph, for people and for the code that waits: one kind for
//! each thing that is done about it. Every error carries its request and none a token.

use std::fmt;

use jiff::Timestamp;

use super::needs::Needs;
use crate::client::{RequestTrace, STOPPED, SignInError};

/// A request that did not succeed, or whose answer cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    /// What is to be made of it.
    pub kind: GraphErrorKind,
    /// `error.code`, such as `Request_BadRequest`.
    pub code: Option<String>,
    /// The service's words, or ours where it had none.
    pub message: String,
    /// What the body says about the request, where headers may lack.
    pub inner: Box<InnerError>,
    /// The request.
    pub trace: Box<RequestTrace>,
}

/// `error.innerError`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InnerError {
    /// `request-id`.
    pub request_id: Option<String>,
    /// `client-request-id`.
    pub client_request_id: Option<String>,
    /// `date`.
    pub date: Option<String>,
}

/// What is to be made of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphErrorKind {
    /// No token.
    SignIn(Box<SignInError>),
    /// The object is not there, or not yet where it was just made.
    NotFound,
    /// What is to be created is there already: to be read again, and then a success.
    AlreadyThere,
    /// An object that was made just now is not known everywhere: passes within minutes.
    NotYet,
    /// Somebody writes to the same object; it was tried until the bound was reached.
    Conflict,
    /// 403.
    Denied {
        /// Permissions that lack, where it can be told: from the token, or in the service's words.
        missing: Vec<String>,
        /// What the request takes.
        needs: &'static Needs,
    },
    /// 401, with a new token too.
    Unauthorized,
    /// A certificate that the directory does not take: its dates, its kind, a policy.
    KeyRefused,
    /// The service asks for a longer wait than the bound allows; nothing was done.
    Throttled {
        /// When to come back.
        come_back: Timestamp,
    },
    /// It was not sent, or was refused and not sent again, since it was asked to stop.
    Stopped,
    /// The host has never answered; nothing was done.
    Unreachable,
    /// It failed until the bound was reached.
    Unavailable,
    /// A write that may have taken effect and may not: read before anything else is done.
    InDoubt,
    /// A list that cannot be taken as the whole truth.
    Incomplete,
    /// An answer that is not one of this service, or lacks what must be in it.
    BadAnswer,
    /// Any other refusal; nothing was done.
    Other,
}

impl GraphError {
    /// The status of the last answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.trace.status
    }

    /// Whether it is what the service answers for a while about an object that was made just now;
    /// a missing object counts, since only who made it knows that it is there.
    pub fn is_not_yet(&self) -> bool {
        matches!(self.kind, GraphErrorKind::NotYet | GraphErrorKind::NotFound)
    }

    /// What to do about it, in a sentence.
    pub fn help(&self) -> String {
        let fixed = match &self.kind {
            GraphErrorKind::SignIn(error) => return error.help(),
            GraphErrorKind::Throttled { come_back } => {
                return format!("run this again after {come_back}");
            }
            GraphErrorKind::Denied { missing, needs } => return denied_help(missing, needs),
            GraphErrorKind::KeyRefused => key_help(self.code.as_deref(), &self.message),
            GraphErrorKind::NotFound => "somebody else may have deleted it; plan again",
            GraphErrorKind::AlreadyThere => "plan again: it reads what is there",
            GraphErrorKind::NotYet => {
                "a change takes up to some minutes to be known everywhere; run this again then"
            }
            GraphErrorKind::Conflict => "run this again once whoever else writes to it is done",
            GraphErrorKind::Unauthorized => {
                "check that the token is for Microsoft Graph of this cloud, and `cloud`"
            }
            GraphErrorKind::Unreachable => {
                "check the network, the proxy variables and `[tenant.endpoints] graph`; a private \
                 certificate authority goes into `ca_file`"
            }
            GraphErrorKind::InDoubt => "plan again: it reads what is the case",
            GraphErrorKind::Stopped => "",
            GraphErrorKind::Unavailable | GraphErrorKind::Incomplete => {
                "try again later; where a request-id is shown, Microsoft's support asks for it"
            }
            GraphErrorKind::BadAnswer => {
                "check `[tenant.endpoints] graph`, and whether a proxy answers in its place"
            }
            GraphErrorKind::Other => "see the service's words; plan again",
        };
        fixed.to_owned()
    }

    fn what(&self) -> &'static str {
        match self.kind {
            GraphErrorKind::SignIn(_) => "",
            GraphErrorKind::Stopped => STOPPED,
            GraphErrorKind::NotFound => "the object is not there",
            GraphErrorKind::AlreadyThere => "it is there already",
            GraphErrorKind::NotYet => "the directory does not know an object yet",
            GraphErrorKind::Conflict => "the directory reports another change under way",
            GraphErrorKind::Denied { .. } => "Microsoft Graph denies access",
            GraphErrorKind::Unauthorized => "Microsoft Graph does not take the token",
            GraphErrorKind::KeyRefused => "the directory refuses the certificate",
            GraphErrorKind::Throttled { .. } => "Microsoft Graph throttles",
            GraphErrorKind::Unreachable => "Microsoft Graph does not answer",
            GraphErrorKind::Unavailable => "Microsoft Graph keeps failing",
            GraphErrorKind::InDoubt => "it is not known whether the write took effect",
            GraphErrorKind::Incomplete => "the list is incomplete",
            GraphErrorKind::BadAnswer => "the answer cannot be believed",
            GraphErrorKind::Other => "Microsoft Graph refuses",
        }
    }
}

fn denied_help(missing: &[String], needs: &Needs) -> String {
    let role = needs.role;
    if missing.is_empty() {
        return format!(
            "whoever signs in needs the role {role}; a role or permission given just now is in \
             force after some minutes, in a new token"
        );
    }
    let missing = missing.join(", ");
    format!(
        "the token lacks {missing}: sign in with an identity that has it, or have it granted; a \
         user also needs the role {role}"
    )
}

fn key_help(code: Option<&str>, message: &str) -> &'static str {
    match code.unwrap_or_default() {
        "CredentialInvalidLifetimeAsPerAppPolicy" => {
            "an app management policy of the tenant caps the lifetime; lower `valid_for`"
        }
        "CredentialTypeNotAllowedAsPerAppPolicy" => {
            "an app management policy of the tenant forbids certificates; use \
             `federated_credentials`, or have the policy leave this application out"
        }
        "KeyCredentialsInvalidEndDate" => {
            "the end must not lie beyond the certificate's own; lower `valid_for` to 365 days, and \
             check this machine's clock"
        }
        "KeyNotUpdatable" => "a key that is registered cannot be changed; plan again",
        _ if message.contains("end date") => {
            "the end must not lie beyond the certificate's own; lower `valid_for` to 365 days, and \
             check this machine's clock"
        }
        _ => "see the service's words; a certificate that is registered cannot be changed",
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let GraphErrorKind::SignIn(error) = &self.kind {
            return error.fmt(formatter);
        }
        formatter.write_str(self.what())?;
        if let GraphErrorKind::Throttled { come_back } = &self.kind {
            write!(formatter, " and asks to come back after {come_back}")?;
        }
        if !self.message.is_empty() {
            write!(formatter, ": {}", self.message)?;
        }
        if let Some(code) = &self.code {
            write!(formatter, " ({code})")?;
        }
        write!(formatter, " [{}]", self.trace)
    }
}

impl std::error::Error for GraphError {}

impl From<SignInError> for GraphError {
    fn from(error: SignInError) -> Self {
        Self {
            message: error.text.clone(),
            trace: error.trace.clone(),
            kind: GraphErrorKind::SignIn(Box::new(error)),
            code: None,
            inner: Box::default(),
        }
    }
}
