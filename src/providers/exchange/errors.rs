//! What can go wrong with Exchange, for people: one enum for reads, one for writes. Every variant
//! carries the request that failed; none carries a token.

use jiff::Timestamp;
use uuid::Uuid;

use super::list::RowRefused;
use crate::client::{RequestTrace, STOPPED, SignInError};

/// A read that gives no state. Nothing may be planned from what it delivered before it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No token.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// A token that will not do.
    #[error(transparent)]
    Token(#[from] TokenProblem),
    /// 401 or 403, after a new token was tried where no reason was given.
    #[error("{denial} [{trace}]")]
    Denied {
        /// What is missing.
        denial: Denial,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The service does not continue a list that was begun: begin again at page 1.
    #[error("the link to page {page} has expired [{trace}]")]
    LinkExpired {
        /// The page that it led to, counted from 1.
        page: u64,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// An answer that cannot be taken as the whole truth.
    #[error("the answer is incomplete on page {page}: {reason} [{trace}]")]
    Incomplete {
        /// Counted from 1.
        page: u64,
        /// What is wrong with it.
        reason: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// A row that lacks something or cannot be read.
    #[error("{row} [{trace}]")]
    BrokenRow {
        /// Which row and what is wrong with it.
        row: Box<BrokenRow>,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// Whoever takes the rows refused one.
    #[error("{0}")]
    RowRefused(#[from] RowRefused),
    /// The service refuses for another reason.
    #[error("the service refuses: {text} [{trace}]")]
    Refused {
        /// Its words.
        text: String,
        /// The .NET type of the exception.
        exception: Option<String>,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The service asks for a longer wait than the bound allows.
    #[error("the service throttles and asks to come back after {come_back} [{trace}]")]
    Throttled {
        /// When.
        come_back: Timestamp,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The host has never answered.
    #[error("the host does not answer: {text} [{trace}]")]
    Unreachable {
        /// What the last try ended with.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// It failed until the bound was reached.
    #[error("the service keeps failing: {text} [{trace}]")]
    Unavailable {
        /// What the last try ended with.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
}

/// A row of a list that cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row} of page {page} ({identity}): `{field}` {problem}")]
pub struct BrokenRow {
    /// Counted from 1.
    pub page: u64,
    /// Counted from 1 on its page.
    pub row: u64,
    /// Its Guid or UPN, as far as they could be read.
    pub identity: String,
    /// The property.
    pub field: &'static str,
    /// `is missing`, `is null`, …
    pub problem: String,
}

/// A token that will not do, seen before it was used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// It was issued by another tenant.
    #[error("the token was issued by tenant {found}, not by {expected}")]
    OtherTenant {
        /// The tenant of the spec.
        expected: Uuid,
        /// The tenant of the token.
        found: Uuid,
    },
    /// It is of a person. Exchange's own clients sign people in; the Azure CLI's and those that a
    /// device code can be asked for are not known to be let in.
    #[error("the token is a person's, and Exchange is entered as an application")]
    Person,
    /// It lacks [`super::PERMISSION`].
    #[error("the token{} lacks the permission `{}`", of_application(*client_id), super::PERMISSION)]
    MissingPermission {
        /// The application, where it is known.
        client_id: Option<Uuid>,
    },
}

fn of_application(client_id: Option<Uuid>) -> String {
    client_id.map(|id| format!(" of application {id}")).unwrap_or_default()
}

/// A 401 or 403 of Exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The service's words; empty where it gave none.
    pub text: String,
    /// The roles that would do.
    pub roles: &'static str,
    /// The token names no directory role at all.
    pub without_directory_role: bool,
}

impl std::fmt::Display for Denial {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.text.as_str() {
            "" => formatter.write_str(
                "Exchange denies access and gives no reason, to a new token either: a grant is missing \
                 or not yet in force",
            ),
            text => write!(formatter, "Exchange denies access: {text}"),
        }
    }
}

impl Denial {
    fn help(&self) -> String {
        // `x-ms-diagnostics` of a token that is not taken, whatever roles its owner has.
        if self.text.contains("invalid_token") {
            return format!(
                "a token has to be for Exchange, whole, of this cloud and tenant, and with the \
                 application permission `{}`; fetch a new one",
                super::PERMISSION
            );
        }
        let lead =
            if self.without_directory_role { "the token names no directory role; " } else { "" };
        format!(
            "{lead}give the application's service principal {}; a role given just now takes some \
             minutes to be in force",
            self.roles
        )
    }
}

impl TokenProblem {
    fn help(&self) -> String {
        match self {
            Self::OtherTenant { .. } => {
                "check `organization`, `tenant_id` and `[tenant.endpoints]`".to_owned()
            }
            Self::Person => {
                "name an application in `[tenant.sign_in]`, one that the spec makes for \
                             example, and keep this way to sign in for `[tenant.bootstrap]`"
                    .to_owned()
            }
            Self::MissingPermission { .. } => format!(
                "add the application permission `{}` of Office 365 Exchange Online to the app \
                 registration and grant admin consent",
                super::PERMISSION
            ),
        }
    }
}

const NETWORK: &str = "check the network, the proxy variables and `[tenant.endpoints] exchange`; a \
                       private certificate authority goes into `ca_file`";
const LATER: &str = "try again later; where a request-id is shown, Microsoft's support asks for it";

impl ReadError {
    /// The service's id of the request, where it gave one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Denied { trace, .. }
            | Self::LinkExpired { trace, .. }
            | Self::Incomplete { trace, .. }
            | Self::BrokenRow { trace, .. }
            | Self::Refused { trace, .. }
            | Self::Throttled { trace, .. }
            | Self::Unreachable { trace, .. }
            | Self::Unavailable { trace, .. } => trace.request_id.as_deref(),
            Self::SignIn(_) | Self::Token(_) | Self::RowRefused(_) => None,
        }
    }

    /// What to do about it, in a sentence.
    pub fn help(&self) -> String {
        match self {
            Self::SignIn(error) => error.help(),
            Self::Token(problem) => problem.help(),
            Self::Denied { denial, .. } => denial.help(),
            Self::Throttled { come_back, .. } => format!("run this again after {come_back}"),
            Self::Unreachable { .. } => NETWORK.to_owned(),
            Self::Refused { .. } => "check `[tenant.endpoints] exchange` and `cloud`".to_owned(),
            Self::LinkExpired { .. }
            | Self::Incomplete { .. }
            | Self::BrokenRow { .. }
            | Self::RowRefused(_)
            | Self::Unavailable { .. } => LATER.to_owned(),
        }
    }
}

/// A write that is not known to have taken effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// It may have taken effect and may not: read before anything else is done.
    #[error("it is not known whether the write took effect: {text} [{trace}]")]
    InDoubt {
        /// What the last try ended with.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// It was not sent, or was refused and not sent again, since it was asked to stop.
    #[error("{STOPPED} [{trace}]")]
    Stopped {
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The object is not there any more.
    #[error("the object is not there: {text} [{trace}]")]
    NotFound {
        /// The service's words.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// 401 or 403, after a new token was tried where no reason was given.
    #[error("{denial} [{trace}]")]
    Denied {
        /// What is missing.
        denial: Denial,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The mailbox lacks the licence for what is asked; others are not concerned.
    #[error("the mailbox lacks the licence: {text} [{trace}]")]
    Unlicensed {
        /// The service's words.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The organisation has not been customised yet.
    #[error("the organisation is dehydrated: {text} [{trace}]")]
    Dehydrated {
        /// The service's words.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The service refuses for another reason; nothing was written.
    #[error("the service refuses: {text} [{trace}]")]
    Refused {
        /// Its words.
        text: String,
        /// The .NET type of the exception.
        exception: Option<String>,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// The service asks for a longer wait than the bound allows; nothing was written.
    #[error("the service throttles and asks to come back after {come_back} [{trace}]")]
    Throttled {
        /// When.
        come_back: Timestamp,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// No connection; nothing was written.
    #[error("the host does not answer: {text} [{trace}]")]
    Unreachable {
        /// What the last try ended with.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// It failed until the bound was reached, each time saying so.
    #[error("the service keeps failing: {text} [{trace}]")]
    Unavailable {
        /// What the last try ended with.
        text: String,
        /// The request.
        trace: Box<RequestTrace>,
    },
    /// No token.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// A token that will not do.
    #[error(transparent)]
    Token(#[from] TokenProblem),
}

impl WriteError {
    /// The service's id of the request, where it gave one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::InDoubt { trace, .. }
            | Self::Stopped { trace }
            | Self::NotFound { trace, .. }
            | Self::Denied { trace, .. }
            | Self::Unlicensed { trace, .. }
            | Self::Dehydrated { trace, .. }
            | Self::Refused { trace, .. }
            | Self::Throttled { trace, .. }
            | Self::Unreachable { trace, .. }
            | Self::Unavailable { trace, .. } => trace.request_id.as_deref(),
            Self::SignIn(_) | Self::Token(_) => None,
        }
    }

    /// What to do about it, in a sentence.
    pub fn help(&self) -> String {
        match self {
            Self::InDoubt { .. } => "plan again: it reads what is the case".to_owned(),
            Self::Stopped { .. } => String::new(),
            Self::NotFound { .. } => "the mailbox was deleted since it was planned".to_owned(),
            Self::Denied { denial, .. } => denial.help(),
            Self::Unlicensed { .. } => {
                "give the mailbox a licence that covers the action, or leave the action out for it"
                    .to_owned()
            }
            Self::Dehydrated { .. } => {
                "Enable-OrganizationCustomization has to take effect first; it may take a while"
                    .to_owned()
            }
            Self::Refused { .. } => "see the service's words; plan again".to_owned(),
            Self::Throttled { come_back, .. } => format!("run this again after {come_back}"),
            Self::Unreachable { .. } => NETWORK.to_owned(),
            Self::Unavailable { .. } => LATER.to_owned(),
            Self::SignIn(error) => error.help(),
            Self::Token(problem) => problem.help(),
        }
    }
}
