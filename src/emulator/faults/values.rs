//! Single values of a file of faults: texts and numbers go in, what they mean comes out, or a
//! mistake that says what to write instead.

use std::ops::Range;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use globset::GlobBuilder;
use jiff::SignedDuration;
use toml::Spanned;

use super::file::{Mistake, RouteSettings};
use super::subject::Service;
use crate::emulator::exchange::cmdlet::Cmdlet;

pub(super) fn mistake<T>(at: &Spanned<T>, message: impl Into<String>) -> Mistake {
    Mistake(at.span(), message.into())
}

pub(super) fn route(text: &Spanned<String>) -> Result<(RouteSettings, Range<usize>), Mistake> {
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

pub(super) fn method(text: &Spanned<String>) -> Result<Method, Mistake> {
    let known = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    let named: Vec<_> = known.iter().map(|method| (method.as_str(), method.clone())).collect();
    one_of(text, "method", &named)
}

pub(super) fn cmdlet(text: &Spanned<String>) -> Result<String, Mistake> {
    let said = text.as_ref();
    let known = Cmdlet::named(said).map(|cmdlet| cmdlet.name().to_owned());
    known.ok_or_else(|| {
        let names = Cmdlet::ALL.map(Cmdlet::name).join(", ");
        mistake(text, format!("no cmdlet here is called `{said}`, so this rule can never match; write one of {names}"))
    })
}

pub(super) fn times(times: &Spanned<u64>) -> Result<u64, Mistake> {
    match *times.as_ref() {
        0 => Err(mistake(
            times,
            "a rule that hits 0 times never hits; write at least 1, or leave the rule out",
        )),
        times => Ok(times),
    }
}

pub(super) fn probability(share: &Spanned<f64>) -> Result<f64, Mistake> {
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

/// Ahead of the right time, or behind it with a minus.
pub(super) fn skew(text: &Spanned<String>) -> Result<SignedDuration, Mistake> {
    let said = text.as_ref();
    said.parse().map_err(|_| {
        mistake(text, format!("`{said}` is no duration; write one like \"10m\" or \"-90s\""))
    })
}

pub(super) fn lifetime(text: &Spanned<String>) -> Result<i64, Mistake> {
    let length = duration(text)?;
    match i64::try_from(length.as_secs()) {
        Ok(seconds @ 1..) if length.subsec_nanos() == 0 => Ok(seconds),
        _ => Err(mistake(text, "a token lives for whole seconds, at least one")),
    }
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
