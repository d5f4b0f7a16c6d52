//! What happens to a request that a rule hits: `kind` and the keys that say more of it. A key that
//! does not belong to the kind is a mistake, since nothing would come of it.

use std::ops::Range;

use axum::http::StatusCode;
use toml::Spanned;

use super::bodies::{Body, RetryAfter, Shape};
use super::file::Mistake;
use super::raw::{duration, failing_status, mistake, one_of};
use super::rule::{Harm, When};

/// The keys of a `[[fault]]` that say what happens.
pub(super) struct RawHarm<'a> {
    pub(super) kind: Option<&'a Spanned<String>>,
    pub(super) status: Option<&'a Spanned<u16>>,
    pub(super) body: Option<&'a Spanned<String>>,
    pub(super) retry_after: Option<&'a Spanned<String>>,
    pub(super) retry_after_form: Option<&'a Spanned<String>>,
    pub(super) when: Option<&'a Spanned<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Answer,
}

/// Kinds by name, with the keys that each one takes.
const KINDS: [(&str, Kind, &[&str]); 1] =
    [("answer", Kind::Answer, &["status", "body", "retry_after", "retry_after_form", "when"])];

impl RawHarm<'_> {
    /// None where the rule has no `kind`, and so only waits.
    pub(super) fn check(self) -> Result<Option<Harm>, Mistake> {
        let kind = match self.kind {
            None => None,
            Some(text) => Some(one_of(text, "kind", &KINDS.map(|(name, kind, _)| (name, kind)))?),
        };
        for (key, span) in self.given() {
            let row = KINDS.iter().find(|(_, known, _)| Some(*known) == kind);
            match row {
                None => return Err(Mistake(span, format!("`{key}` says nothing without `kind`"))),
                Some((name, _, keys)) if !keys.contains(&key) => {
                    let message = format!("`{key}` says nothing for \"{name}\"; leave it out");
                    return Err(Mistake(span, message));
                }
                Some(_) => {}
            }
        }
        let (Some(kind), Some(at)) = (kind, self.kind) else {
            return Ok(None);
        };
        let harm = match kind {
            Kind::Answer => Harm::Answer { shape: self.shape(at)?, when: self.side()? },
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
        ];
        keys.into_iter().flatten().collect()
    }

    fn shape(&self, kind: &Spanned<String>) -> Result<Shape, Mistake> {
        let status = self
            .status
            .ok_or_else(|| mistake(kind, "an answer needs a `status`, such as 429 or 503"))?;
        let status: StatusCode = failing_status(status)?;
        let body =
            self.body.map_or(Ok(Body::Service), |body| one_of(body, "body", &Body::NAMES))?;
        if let (None, Some(form)) = (self.retry_after, self.retry_after_form) {
            return Err(mistake(form, "`retry_after_form` says nothing without `retry_after`"));
        }
        let as_date = self.retry_after_form.map_or(Ok(false), |form| {
            one_of(form, "retry_after_form", &[("seconds", false), ("date", true)])
        })?;
        let retry_after = match self.retry_after {
            None => None,
            Some(text) => {
                let wait = duration(text)?;
                if wait.subsec_nanos() > 0 {
                    return Err(mistake(
                        text,
                        "Retry-After has no parts of a second; write one like \"2s\"",
                    ));
                }
                let seconds = wait.as_secs();
                Some(if as_date {
                    RetryAfter::DateIn(seconds)
                } else {
                    RetryAfter::Seconds(seconds)
                })
            }
        };
        Ok(Shape { status, body, retry_after })
    }

    /// Before the request takes effect, where nothing is said.
    fn side(&self) -> Result<When, Mistake> {
        self.when.map_or(Ok(When::Before), |when| {
            one_of(when, "when", &[("before", When::Before), ("after", When::After)])
        })
    }
}
