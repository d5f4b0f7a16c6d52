//! What can happen to a request, as data: its name for the log and which requests it makes sense
//! for. Doing it is for `act.rs`.

use std::time::Duration;

use axum::http::StatusCode;

use super::bodies::Shape;
use super::rows::RowFault;
use super::subject::{Subject, is_read};

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Another answer than the service's.
    Answer { shape: Shape, when: When },
    /// A .NET exception in the published body; with status 200 an error among the results.
    Exception { status: StatusCode, exception: String, text: String },
    /// Half of the answer's text, as if it were all of it.
    Truncated,
    /// The connection is torn.
    Reset(When),
    /// Nothing is answered.
    Hang(When),
    /// The answer comes piece by piece, with this pause before each.
    Drip(Duration),
    /// The link to a further page is too old.
    ExpiredLink,
    /// A row of a list of mailboxes.
    Rows(RowFault),
    /// A read shows the tenant as it was so long ago.
    Stale(Duration),
    /// A mailbox is on another server, until a request is anchored in this way.
    Moved { anchor: String, forest: bool },
    /// A mailbox is not there.
    Gone,
    /// A mailbox without the licence that an action takes.
    Unlicensed,
    /// Tokens that were issued before no longer count.
    RevokedToken,
    /// The role is given and not yet in force.
    NotInForce,
}

/// On which side of the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The service never sees the request.
    Before,
    /// The service has done it, and half of its answer arrives.
    During,
    /// The service has done it, and its answer is lost.
    After,
}

impl When {
    fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

impl Harm {
    /// As the file names it, with what tells two of a kind apart.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Answer { shape, when } => {
                format!("answer {} {}", shape.status.as_u16(), when.name())
            }
            Self::Exception { status, .. } => format!("exception {}", status.as_u16()),
            Self::Truncated => "truncated".to_owned(),
            Self::Reset(when) => format!("reset {}", when.name()),
            Self::Hang(when) => format!("hang {}", when.name()),
            Self::Drip(_) => "drip".to_owned(),
            Self::ExpiredLink => "expired-link".to_owned(),
            Self::Rows(fault) => {
                let name = RowFault::NAMES.iter().find(|(_, known)| known == fault);
                format!("rows {}", name.map_or("", |(name, _)| *name))
            }
            Self::Stale(_) => "stale".to_owned(),
            Self::Moved { .. } => "moved".to_owned(),
            Self::Gone => "gone".to_owned(),
            Self::Unlicensed => "unlicensed".to_owned(),
            Self::RevokedToken => "revoked-token".to_owned(),
            Self::NotInForce => "not-in-force".to_owned(),
        }
    }

    /// Whether it can happen to this request; what it cannot happen to is not counted.
    pub(super) fn applies(&self, subject: &Subject) -> bool {
        let runs =
            |name: &str| subject.cmdlet.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        match self {
            Self::ExpiredLink => subject.continues,
            Self::Rows(_) => runs("Get-Mailbox"),
            Self::Stale(_) => subject.cmdlet.as_ref().is_some_and(|name| is_read(name)),
            Self::Moved { anchor, .. } => {
                runs("Set-Mailbox") && subject.mailbox.is_some() && !subject.is_anchored_by(anchor)
            }
            Self::Gone => runs("Get-Mailbox") || runs("Set-Mailbox"),
            Self::Unlicensed => runs("Set-Mailbox"),
            Self::Exception { .. } => subject.cmdlet.is_some(),
            Self::RevokedToken => subject.bearer.is_some(),
            Self::NotInForce => subject.is_exchange(),
            _ => true,
        }
    }

    /// Whether it can happen to every request that there is.
    pub(super) fn is_universal(&self) -> bool {
        matches!(
            self,
            Self::Answer { .. } | Self::Truncated | Self::Reset(_) | Self::Hang(_) | Self::Drip(_)
        )
    }

    /// Whether it is about a mailbox that a list may hold.
    pub(super) fn is_about_rows(&self) -> bool {
        matches!(self, Self::Rows(_) | Self::Gone)
    }
}
