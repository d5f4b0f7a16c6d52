//! The file of `--faults`: TOML in, checked rules out, or an error with its place in the text and
//! what to do. What is checked is in `raw.rs`; only what depends on the tenant is checked here.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use axum::http::StatusCode;
use globset::GlobMatcher;

use super::bucket::{Ceiling, Limit, Rate, RetryAfterForm};
use super::raw::RawFile;
use super::rule::{Counts, Harm, Route, Rule, Selector};
use super::subject::{Class, Service};
use crate::emulator::tenant::Tenant;

/// What is to go wrong, as its owner wrote it.
#[derive(Clone, Debug)]
pub struct FaultFile {
    name: String,
    text: String,
    pub(super) seed: u64,
    pub(super) limits: Vec<(Class, LimitSettings)>,
    pub(super) rules: Vec<RuleSettings>,
}

/// A file of faults that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError {
    /// The file, as the caller named it.
    pub file: String,
    /// Its whole text, for showing the place.
    pub text: String,
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

/// Where in the text, and what about it.
#[derive(Debug)]
pub(super) struct Mistake(pub(super) Range<usize>, pub(super) String);

/// One `[rate.*]`.
#[derive(Clone, Debug)]
pub(super) struct LimitSettings {
    pub(super) per_second: Option<f64>,
    pub(super) burst: u32,
    pub(super) form: RetryAfterForm,
    pub(super) ceiling: Option<(u32, StatusCode)>,
}

/// One `[[fault]]`, whose mailbox nobody has looked for yet.
#[derive(Clone, Debug)]
pub(super) struct RuleSettings {
    pub(super) route: Option<(RouteSettings, Range<usize>)>,
    pub(super) method: Option<Method>,
    pub(super) cmdlet: Option<String>,
    pub(super) mailbox: Option<(String, Range<usize>)>,
    pub(super) after: u64,
    pub(super) times: Option<u64>,
    pub(super) each: bool,
    pub(super) probability: Option<f64>,
    pub(super) latency: Duration,
    pub(super) harm: Option<Harm>,
}

#[derive(Clone, Debug)]
pub(super) enum RouteSettings {
    Of(Service),
    Path(GlobMatcher),
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        write!(f, "{}:{line}: {}", self.file, self.message)
    }
}

impl std::error::Error for FaultError {}

impl FaultFile {
    /// Reads a file; `name` is only for messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, FaultError> {
        let place = |span: Range<usize>, message: String| FaultError {
            file: name.to_owned(),
            text: text.to_owned(),
            span,
            message,
        };
        let raw: RawFile = toml::from_str(text)
            .map_err(|error| place(error.span().unwrap_or(0..0), error.message().to_owned()))?;
        let checked = raw.check().map_err(|Mistake(span, message)| place(span, message))?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), ..checked })
    }

    /// Without name and text, which `parse` knows.
    pub(super) fn checked(
        seed: u64,
        limits: Vec<(Class, LimitSettings)>,
        rules: Vec<RuleSettings>,
    ) -> Self {
        Self { name: String::new(), text: String::new(), seed, limits, rules }
    }

    pub(super) fn limits(&self) -> Vec<(Class, Arc<Limit>)> {
        let made = |settings: &LimitSettings| {
            let rate = settings.per_second;
            let rate = rate.map(|rate| Rate::new(rate, settings.burst, settings.form));
            let ceiling = settings.ceiling.map(|(most, status)| Ceiling { most, status });
            Arc::new(Limit::new(rate, ceiling))
        };
        self.limits.iter().map(|(class, settings)| (*class, made(settings))).collect()
    }

    /// The rules for this tenant.
    pub(super) fn rules(&self, tenant: &Tenant) -> Result<Vec<Rule>, FaultError> {
        self.rules.iter().map(|settings| self.rule(settings, tenant)).collect()
    }

    fn rule(&self, settings: &RuleSettings, tenant: &Tenant) -> Result<Rule, FaultError> {
        let mistake = |span: &Range<usize>, message: String| FaultError {
            file: self.name.clone(),
            text: self.text.clone(),
            span: span.clone(),
            message,
        };
        let mailbox = settings.mailbox.as_ref().map(|(name, span)| {
            tenant.directory.resolve(name, |_| true).map_err(|_| {
                mistake(span, format!("`{name}` is no mailbox of this tenant, so this rule can never match; write the name or the Guid of one"))
            })
        });
        if let Some((RouteSettings::Path(glob), span)) = &settings.route
            && (settings.cmdlet.is_some() || settings.mailbox.is_some())
        {
            let names = [tenant.organization.clone(), tenant.id.to_string()];
            let is_reached = |name: &String| glob.is_match(invoke_path(name));
            if !names.iter().any(is_reached) {
                let path = invoke_path(&names[0]);
                return Err(mistake(
                    span,
                    format!(
                        "cmdlets run at `{path}` alone, which this does not match, so this rule can never match; write \"exchange\" or leave `route` out"
                    ),
                ));
            }
        }
        let route = settings.route.as_ref().map(|(route, _)| match route {
            RouteSettings::Of(service) => Route::Of(*service),
            RouteSettings::Path(glob) => Route::Path(glob.clone()),
        });
        Ok(Rule {
            selector: Selector {
                route,
                method: settings.method.clone(),
                cmdlet: settings.cmdlet.clone(),
                mailbox: mailbox.transpose()?,
            },
            after: settings.after,
            times: settings.times,
            each: settings.each,
            probability: settings.probability,
            latency: settings.latency,
            harm: settings.harm.clone(),
            counts: Counts::default(),
        })
    }
}

fn invoke_path(tenant: &str) -> String {
    format!("/adminapi/beta/{tenant}/InvokeCommand")
}
