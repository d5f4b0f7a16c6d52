//! The file of faults as TOML has it, and the rules that make it a `FaultFile`. Spans stay with
//! the values until they have been judged, so that every mistake has its place in the text.

use std::ops::Range;
use std::time::Duration;

use axum::http::Method;
use axum::http::StatusCode;
use globset::GlobBuilder;
use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::bucket::RetryAfterForm;
use super::file::{FaultFile, LimitSettings, Mistake, RouteSettings, RuleSettings};
use super::raw_harm::RawHarm;
use super::subject::{Class, Service};
use crate::emulator::exchange::cmdlet::Cmdlet;

/// What no tenant has at once; beyond it a number is a slip.
const PER_SECOND_AT_MOST: f64 = 1_000_000.0;

pub(super) fn mistake<T>(at: &Spanned<T>, message: impl Into<String>) -> Mistake {
    Mistake(at.span(), message.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    rate: RawRates,
    #[serde(default)]
    fault: Vec<Spanned<RawFault>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawRates {
    writes: Option<Spanned<RawRate>>,
    reads: Option<Spanned<RawRate>>,
    graph: Option<Spanned<RawRate>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRate {
    per_second: Option<Spanned<f64>>,
    burst: Option<Spanned<u32>>,
    retry_after: Option<Spanned<String>>,
    concurrency: Option<Spanned<u32>>,
    concurrency_status: Option<Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    route: Option<Spanned<String>>,
    method: Option<Spanned<String>>,
    cmdlet: Option<Spanned<String>>,
    mailbox: Option<Spanned<String>>,
    #[serde(default)]
    after: u64,
    times: Option<Spanned<u64>>,
    count: Option<Spanned<String>>,
    probability: Option<Spanned<f64>>,
    latency: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    status: Option<Spanned<u16>>,
    body: Option<Spanned<String>>,
    retry_after: Option<Spanned<String>>,
    retry_after_form: Option<Spanned<String>>,
    when: Option<Spanned<String>>,
}

impl RawFile {
    pub(super) fn check(self) -> Result<FaultFile, Mistake> {
        let rates = [
            (Class::Writes, self.rate.writes),
            (Class::Reads, self.rate.reads),
            (Class::Graph, self.rate.graph),
        ];
        let mut limits = Vec::new();
        for (class, raw) in rates {
            if let Some(raw) = raw {
                limits.push((class, check_rate(raw)?));
            }
        }
        let mut rules: Vec<RuleSettings> = Vec::new();
        for raw in self.fault {
            let span = raw.span();
            let rule = raw.into_inner().check(&span)?;
            if let Some(number) = rules.iter().position(|earlier| earlier.hides(&rule)) {
                let message = format!(
                    "this rule can never hit: fault {} takes every request that it is about; put this one first, or give that one `times` or a narrower selector",
                    number + 1
                );
                return Err(Mistake(span, message));
            }
            rules.push(rule);
        }
        Ok(FaultFile::checked(self.seed, limits, rules))
    }
}

fn check_rate(raw: Spanned<RawRate>) -> Result<LimitSettings, Mistake> {
    let span = raw.span();
    let raw = raw.into_inner();
    let per_second = raw.per_second.as_ref().map(|rate| {
        let value = *rate.as_ref();
        if value > 0.0 && value <= PER_SECOND_AT_MOST {
            Ok(value)
        } else {
            Err(mistake(rate, "`per_second` is how many requests are let in: write a number above 0, at most 1000000"))
        }
    });
    let per_second = per_second.transpose()?;
    if per_second.is_none() && raw.concurrency.is_none() {
        return Err(Mistake(span, "a rate without `per_second` and without `concurrency` limits nothing; write one of them".to_owned()));
    }
    for (key, given) in [
        ("burst", raw.burst.as_ref().map(Spanned::span)),
        ("retry_after", raw.retry_after.as_ref().map(Spanned::span)),
    ] {
        if let (None, Some(span)) = (per_second, given) {
            return Err(Mistake(span, format!("`{key}` says nothing without `per_second`")));
        }
    }
    let form = match &raw.retry_after {
        None => RetryAfterForm::Seconds,
        Some(form) => one_of(
            form,
            "retry_after",
            &[
                ("seconds", RetryAfterForm::Seconds),
                ("date", RetryAfterForm::Date),
                ("none", RetryAfterForm::Absent),
            ],
        )?,
    };
    Ok(LimitSettings {
        per_second,
        burst: burst(raw.burst.as_ref(), per_second)?,
        form,
        ceiling: ceiling(&raw)?,
    })
}

fn burst(given: Option<&Spanned<u32>>, per_second: Option<f64>) -> Result<u32, Mistake> {
    match given {
        Some(burst) if *burst.as_ref() == 0 => {
            Err(mistake(burst, "a burst of 0 would let nothing in; write at least 1"))
        }
        Some(burst) => Ok(*burst.as_ref()),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the rate is positive and at most a million"
        )]
        None => Ok(per_second.unwrap_or(1.0).ceil() as u32),
    }
}

fn ceiling(raw: &RawRate) -> Result<Option<(u32, StatusCode)>, Mistake> {
    let status = raw.concurrency_status.as_ref();
    match (&raw.concurrency, status) {
        (None, None) => Ok(None),
        (None, Some(status)) => {
            Err(mistake(status, "`concurrency_status` says nothing without `concurrency`"))
        }
        (Some(most), _) if *most.as_ref() == 0 => {
            Err(mistake(most, "a ceiling of 0 would let nothing in; write at least 1"))
        }
        // The text counts whatever the status (`ExoHelper`); 400 is the one that says least.
        (Some(most), None) => Ok(Some((*most.as_ref(), StatusCode::BAD_REQUEST))),
        (Some(most), Some(status)) => Ok(Some((*most.as_ref(), failing_status(status)?))),
    }
}

impl RawFault {
    fn check(self, span: &Range<usize>) -> Result<RuleSettings, Mistake> {
        let latency = self.latency.as_ref().map(duration).transpose()?;
        let route = self.route.as_ref().map(route).transpose()?;
        let method = self.method.as_ref().map(method).transpose()?;
        let cmdlet = self.cmdlet.as_ref().map(cmdlet).transpose()?;
        let each = self
            .count
            .as_ref()
            .map(|count| one_of(count, "count", &[("all", false), ("each", true)]));
        let settings = RuleSettings {
            route,
            method,
            cmdlet,
            mailbox: self.mailbox.as_ref().map(|name| (name.as_ref().clone(), name.span())),
            after: self.after,
            times: self.times.as_ref().map(times).transpose()?,
            each: each.transpose()?.unwrap_or(false),
            probability: self.probability.as_ref().map(probability).transpose()?,
            latency: latency.unwrap_or_default(),
            harm: None,
        };
        self.refuse_what_never_matches(&settings)?;
        let harm = RawHarm {
            kind: self.kind.as_ref(),
            status: self.status.as_ref(),
            body: self.body.as_ref(),
            retry_after: self.retry_after.as_ref(),
            retry_after_form: self.retry_after_form.as_ref(),
            when: self.when.as_ref(),
        }
        .check()?;
        if harm.is_none() && latency.is_none() {
            return Err(Mistake(
                span.clone(),
                "this rule does nothing; write a `kind`, a `latency` or both".to_owned(),
            ));
        }
        Ok(RuleSettings { harm, ..settings })
    }

    /// Cmdlets and mailboxes are Exchange's alone, and always a POST.
    fn refuse_what_never_matches(&self, settings: &RuleSettings) -> Result<(), Mistake> {
        for (key, given) in [("cmdlet", &self.cmdlet), ("mailbox", &self.mailbox)] {
            let Some(given) = given else { continue };
            if let Some((RouteSettings::Of(Service::Token | Service::Graph), span)) =
                &settings.route
            {
                let message = format!(
                    "no request there has a {key}, so this rule can never match; write \"exchange\", or leave `{key}` out"
                );
                return Err(Mistake(span.clone(), message));
            }
            if let (Some(text), Some(method)) = (&self.method, &settings.method)
                && *method != Method::POST
            {
                let message = format!(
                    "cmdlets run by POST, so this rule can never match; leave `method` or `{key}` out"
                );
                return Err(mistake(text, message));
            }
            let names_no_mailbox =
                settings.cmdlet.as_ref().is_some_and(|name| !name.ends_with("-Mailbox"));
            if key == "mailbox" && names_no_mailbox {
                return Err(mistake(
                    given,
                    "this cmdlet names no mailbox, so this rule can never match; leave `mailbox` out",
                ));
            }
        }
        Ok(())
    }
}

impl RuleSettings {
    /// Whether this one, standing earlier, takes every request that `other` is about.
    fn hides(&self, other: &Self) -> bool {
        fn covers<T: PartialEq>(ours: Option<&T>, theirs: Option<&T>) -> bool {
            ours.is_none_or(|ours| theirs == Some(ours))
        }
        let route = match (&self.route, &other.route) {
            (None, _) => true,
            (Some((RouteSettings::Of(ours), _)), Some((RouteSettings::Of(theirs), _))) => {
                ours == theirs
            }
            (Some((RouteSettings::Path(ours), _)), Some((RouteSettings::Path(theirs), _))) => {
                ours.glob() == theirs.glob()
            }
            // A cmdlet is Exchange's, wherever it is looked for.
            (Some((RouteSettings::Of(Service::Exchange), _)), None) => {
                other.cmdlet.is_some() || other.mailbox.is_some()
            }
            _ => false,
        };
        let name = |settings: &Self| settings.mailbox.as_ref().map(|(name, _)| name.to_lowercase());
        self.harm.is_some()
            && self.takes_all()
            && route
            && covers(self.method.as_ref(), other.method.as_ref())
            && covers(self.cmdlet.as_ref(), other.cmdlet.as_ref())
            && covers(name(self).as_ref(), name(other).as_ref())
    }

    fn takes_all(&self) -> bool {
        self.after == 0
            && self.times.is_none()
            && self.probability.is_none_or(|probability| probability >= 1.0)
    }
}

fn route(text: &Spanned<String>) -> Result<(RouteSettings, Range<usize>), Mistake> {
    let said = text.as_ref().as_str();
    let route = match said {
        "token" => RouteSettings::Of(Service::Token),
        "graph" => RouteSettings::Of(Service::Graph),
        "exchange" => RouteSettings::Of(Service::Exchange),
        _ if said.starts_with("/_emulator") => {
            return Err(mistake(
                text,
                "the emulator's own pages have no faults, so this rule can never match",
            ));
        }
        _ if said.starts_with(['/', '*']) => {
            let glob = GlobBuilder::new(said).literal_separator(true).build();
            let glob = glob.map_err(|error| {
                mistake(text, format!("`{said}` is no pattern: {}", error.kind()))
            })?;
            RouteSettings::Path(glob.compile_matcher())
        }
        _ => {
            return Err(mistake(
                text,
                format!(
                    "`{said}` is no route; write \"token\", \"graph\", \"exchange\" or a path such as \"/*/v2.0/**\""
                ),
            ));
        }
    };
    Ok((route, text.span()))
}

fn method(text: &Spanned<String>) -> Result<Method, Mistake> {
    let known = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    let named: Vec<_> = known.iter().map(|method| (method.as_str(), method.clone())).collect();
    one_of(text, "method", &named)
}

fn cmdlet(text: &Spanned<String>) -> Result<String, Mistake> {
    let said = text.as_ref();
    let known = Cmdlet::named(said).map(|cmdlet| cmdlet.name().to_owned());
    known.ok_or_else(|| {
        let names = Cmdlet::ALL.map(Cmdlet::name).join(", ");
        mistake(text, format!("no cmdlet here is called `{said}`, so this rule can never match; write one of {names}"))
    })
}

fn times(times: &Spanned<u64>) -> Result<u64, Mistake> {
    match *times.as_ref() {
        0 => Err(mistake(
            times,
            "a rule that hits 0 times never hits; write at least 1, or leave the rule out",
        )),
        times => Ok(times),
    }
}

fn probability(share: &Spanned<f64>) -> Result<f64, Mistake> {
    let value = *share.as_ref();
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(mistake(
            share,
            "`probability` is a share of requests: write a number above 0, at most 1",
        ))
    }
}

/// `20ms`, `2s`, `5m`; nothing below zero.
pub(super) fn duration(text: &Spanned<String>) -> Result<Duration, Mistake> {
    let said = text.as_ref();
    let read =
        said.parse::<SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
    read.ok_or_else(|| {
        mistake(text, format!("`{said}` is no duration; write one like \"20ms\", \"2s\" or \"5m\""))
    })
}

pub(super) fn failing_status(status: &Spanned<u16>) -> Result<StatusCode, Mistake> {
    let said = *status.as_ref();
    let code = StatusCode::from_u16(said).ok();
    code.filter(|code| code.is_client_error() || code.is_server_error()).ok_or_else(|| {
        mistake(status, format!("{said} is no status of a failure; write one from 400 to 599"))
    })
}

pub(super) fn one_of<T: Clone>(
    text: &Spanned<String>,
    key: &str,
    known: &[(&str, T)],
) -> Result<T, Mistake> {
    let said = text.as_ref();
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(said));
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        mistake(text, format!("`{key}` cannot be \"{said}\"; write one of {}", names.join(", ")))
    })
}
