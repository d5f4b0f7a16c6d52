//! What happens to a request that a rule hits: `kind` and the keys that say more of it. A key that
//! does not belong to the kind is a mistake, since nothing would come of it.

use std::ops::Range;

use axum::http::StatusCode;
use toml::Spanned;

use super::bodies::{Body, RetryAfter, Shape};
use super::file::Mistake;
use super::harm::{Harm, When};
use super::rows::RowFault;
use super::values::{duration, failing_status, mistake, one_of};

/// The keys of a `[[fault]]` that say what happens.
pub(super) struct RawHarm<'a> {
    pub(super) kind: Option<&'a Spanned<String>>,
    pub(super) status: Option<&'a Spanned<u16>>,
    pub(super) body: Option<&'a Spanned<String>>,
    pub(super) retry_after: Option<&'a Spanned<String>>,
    pub(super) retry_after_form: Option<&'a Spanned<String>>,
    pub(super) when: Option<&'a Spanned<String>>,
    pub(super) exception: Option<&'a Spanned<String>>,
    pub(super) text: Option<&'a Spanned<String>>,
    pub(super) pause: Option<&'a Spanned<String>>,
    pub(super) row: Option<&'a Spanned<String>>,
    pub(super) by: Option<&'a Spanned<String>>,
    pub(super) anchor: Option<&'a Spanned<String>>,
    pub(super) forest: Option<&'a Spanned<bool>>,
    pub(super) names_a_mailbox: bool,
}

/// Kinds by name, with the keys that each one takes.
const KINDS: [(&str, &[&str]); 14] = [
    ("answer", &["status", "body", "retry_after", "retry_after_form", "when"]),
    ("exception", &["status", "exception", "text"]),
    ("truncated", &[]),
    ("reset", &["when"]),
    ("hang", &["when"]),
    ("drip", &["pause"]),
    ("expired-link", &[]),
    ("rows", &["row"]),
    ("stale", &["by"]),
    ("moved", &["anchor", "forest"]),
    ("gone", &[]),
    ("unlicensed", &[]),
    ("revoked-token", &[]),
    ("not-in-force", &[]),
];
const SIDES: [(&str, When); 2] = [("before", When::Before), ("after", When::After)];
const MOMENTS: [(&str, When); 3] =
    [("before", When::Before), ("during", When::During), ("after", When::After)];
/// The forms of X-AnchorMailbox that name a mailbox.
const ANCHORS: [(&str, &str); 3] = [("UPN", "UPN"), ("SMTP", "SMTP"), ("MBX", "MBX")];

impl RawHarm<'_> {
    /// None where the rule has no `kind`, and so only waits.
    pub(super) fn check(self) -> Result<Option<Harm>, Mistake> {
        let Some(at) = self.kind else {
            return match self.given().into_iter().next() {
                None => Ok(None),
                Some((key, span)) => {
                    Err(Mistake(span, format!("`{key}` says nothing without `kind`")))
                }
            };
        };
        let (name, keys) = one_of(at, "kind", &KINDS.map(|kind| (kind.0, kind)))?;
        if let Some((key, span)) = self.given().into_iter().find(|(key, _)| !keys.contains(key)) {
            return Err(Mistake(
                span,
                format!("`{key}` says nothing for \"{name}\"; leave it out"),
            ));
        }
        let harm = match name {
            "answer" => Harm::Answer { shape: self.shape(at)?, when: self.when(&SIDES)? },
            "exception" => self.an_exception(at)?,
            "truncated" => Harm::Truncated,
            "reset" => Harm::Reset(self.when(&MOMENTS)?),
            "hang" => Harm::Hang(self.when(&SIDES)?),
            "drip" => Harm::Drip(duration(needed(self.pause, at, "a `pause`, such as \"20ms\"")?)?),
            "expired-link" => Harm::ExpiredLink,
            "rows" => {
                let row =
                    needed(self.row, at, "a `row`: \"duplicate\", \"missing\" or \"differ\"")?;
                Harm::Rows(one_of(row, "row", &RowFault::NAMES)?)
            }
            "stale" => Harm::Stale(duration(needed(self.by, at, "a `by`, such as \"500ms\"")?)?),
            "moved" => {
                let anchor = needed(self.anchor, at, "an `anchor`: \"UPN\", \"SMTP\" or \"MBX\"")?;
                let anchor = one_of(anchor, "anchor", &ANCHORS)?.to_owned();
                Harm::Moved { anchor, forest: self.forest.is_some_and(|forest| *forest.as_ref()) }
            }
            "gone" if !self.names_a_mailbox => {
                return Err(mistake(at, "which mailbox is gone? Write it in `mailbox`"));
            }
            "gone" => Harm::Gone,
            "unlicensed" => Harm::Unlicensed,
            "revoked-token" => Harm::RevokedToken,
            _ => Harm::NotInForce,
        };
        Ok(Some(harm))
    }

    fn given(&self) -> Vec<(&'static str, Range<usize>)> {
        let text = |key, value: Option<&Spanned<String>>| value.map(|value| (key, value.span()));
        let keys = [
            self.status.map(|status| ("status", status.span())),
            text("body", self.body),
            text("retry_after", self.retry_after),
            text("retry_after_form", self.retry_after_form),
            text("when", self.when),
            text("exception", self.exception),
            text("text", self.text),
            text("pause", self.pause),
            text("row", self.row),
            text("by", self.by),
            text("anchor", self.anchor),
            self.forest.map(|forest| ("forest", forest.span())),
        ];
        keys.into_iter().flatten().collect()
    }

    fn shape(&self, kind: &Spanned<String>) -> Result<Shape, Mistake> {
        let status = needed(self.status, kind, "a `status`, such as 429 or 503")?;
        let status = failing_status(status)?;
        let body =
            self.body.map_or(Ok(Body::Service), |body| one_of(body, "body", &Body::NAMES))?;
        if let (None, Some(form)) = (self.retry_after, self.retry_after_form) {
            return Err(mistake(form, "`retry_after_form` says nothing without `retry_after`"));
        }
        let forms = [("seconds", false), ("date", true)];
        let as_date = self.retry_after_form.map(|form| one_of(form, "retry_after_form", &forms));
        let as_date = as_date.transpose()?.unwrap_or(false);
        let retry_after = self.retry_after.map(whole_seconds).transpose()?;
        let form = if as_date { RetryAfter::DateIn } else { RetryAfter::Seconds };
        Ok(Shape { status, body, retry_after: retry_after.map(form) })
    }

    fn an_exception(&self, kind: &Spanned<String>) -> Result<Harm, Mistake> {
        let exception =
            needed(self.exception, kind, "an `exception`, the .NET type with its dots")?;
        let is_type = |char: char| char.is_ascii_alphanumeric() || ".+_".contains(char);
        if exception.as_ref().is_empty() || !exception.as_ref().chars().all(is_type) {
            return Err(mistake(exception, "a .NET type has letters, digits and dots alone"));
        }
        let status = match self.status {
            None => StatusCode::BAD_REQUEST,
            Some(status) if *status.as_ref() == 200 => StatusCode::OK,
            Some(status) => failing_status(status)?,
        };
        let text = self.text.map_or("Error executing cmdlet", |text| text.as_ref());
        let exception = exception.as_ref().clone();
        Ok(Harm::Exception { status, exception, text: text.to_owned() })
    }

    /// Before the request takes effect, where nothing is said.
    fn when(&self, known: &[(&str, When)]) -> Result<When, Mistake> {
        self.when.map_or(Ok(When::Before), |when| one_of(when, "when", known))
    }
}

fn needed<'a, T>(
    value: Option<&'a Spanned<T>>,
    kind: &Spanned<String>,
    what: &str,
) -> Result<&'a Spanned<T>, Mistake> {
    value.ok_or_else(|| mistake(kind, format!("`{}` takes {what}", kind.as_ref())))
}

/// All that a `Retry-After` can say.
fn whole_seconds(text: &Spanned<String>) -> Result<u64, Mistake> {
    let wait = duration(text)?;
    if wait.subsec_nanos() > 0 {
        return Err(mistake(text, "Retry-After has no parts of a second; write one like \"2s\""));
    }
    Ok(wait.as_secs())
}
