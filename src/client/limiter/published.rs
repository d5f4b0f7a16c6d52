//! What a service publishes about its limits in the headers of its answers. Headers in, a value out;
//! what is absent or cannot be read is `None`. None of it can be relied on to appear.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::client::http_date::http_date;

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// Exchange's `Rate-Limit-*`: so many more are let through within that time.
    Left {
        /// `Rate-Limit-Remaining`.
        left: u64,
        /// `Rate-Limit-Limit`.
        of: Option<u64>,
        /// Until `Rate-Limit-Reset`, by the service's own clock where it shows it.
        wait: Duration,
    },
    /// Graph's `x-ms-throttle-limit-percentage` is 1 or more: the next ones may be refused.
    Exceeded,
}

/// Reads the headers of an answer; `now` counts where it has no `Date`.
pub(crate) fn published(headers: &HeaderMap, now: Timestamp) -> Option<Published> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let share = text("x-ms-throttle-limit-percentage").and_then(|share| share.parse::<f64>().ok());
    if share.is_some_and(|share| share >= 1.0) {
        return Some(Published::Exceeded);
    }
    let left = text("rate-limit-remaining")?.parse().ok()?;
    let of = text("rate-limit-limit").and_then(|of| of.parse().ok());
    let reset: Timestamp = text("rate-limit-reset")?.parse().ok()?;
    let now = text("date").and_then(http_date).unwrap_or(now);
    let wait = Duration::try_from(reset.duration_since(now)).ok()?;
    Some(Published::Left { left, of, wait })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "constants of the tests")]

    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> Option<Published> {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse().unwrap(), reqwest::header::HeaderValue::from_static(value))
        });
        published(&headers.collect(), "2026-11-23T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn an_allowance_counts_until_it_is_given_anew() {
        let left = ("rate-limit-remaining", "29");
        let reset = ("rate-limit-reset", "2026-11-23T12:00:30Z");
        let of = ("rate-limit-limit", "30000");
        let wait = Duration::from_secs(30);
        assert_eq!(read(&[left, reset]), Some(Published::Left { left: 29, of: None, wait }));
        let date = ("date", "Mon, 23 Nov 2026 12:00:20 GMT");
        let wait = Duration::from_secs(10);
        let wanted = Published::Left { left: 29, of: Some(30_000), wait };
        assert_eq!(read(&[left, reset, of, date]), Some(wanted), "by the service's own clock");
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        let reset = ("rate-limit-reset", "2026-11-23T12:00:30Z");
        let past = ("rate-limit-reset", "2026-11-23T11:00:00Z");
        let left = ("rate-limit-remaining", "29");
        for headers in [
            vec![],
            vec![left],
            vec![reset],
            vec![("rate-limit-remaining", "-1"), reset],
            vec![left, ("rate-limit-reset", "30")],
            vec![left, past],
        ] {
            assert_eq!(read(&headers), None, "{headers:?}");
        }
    }

    #[test]
    fn graph_says_when_its_limit_is_reached() {
        let share = |text| read(&[("x-ms-throttle-limit-percentage", text)]);
        assert_eq!(share("0.9"), None);
        assert_eq!(share("1.0"), Some(Published::Exceeded));
        assert_eq!(share("1.8"), Some(Published::Exceeded));
        assert_eq!(share("much"), None);
    }
}
