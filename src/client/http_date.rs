//! The dates and waits of HTTP headers: `Retry-After` in seconds or as a date, `Date`. Text and the
//! present time in, a value out; what cannot be read is `None`, which callers treat as not sent.

use std::time::Duration;

use jiff::Timestamp;

/// Reads an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text.trim()).ok().map(|zoned| zoned.timestamp())
}

/// Reads a `Retry-After`; a date in the past is no wait at all.
pub(crate) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let wait = http_date(text)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "constants of the tests")]

    use super::*;

    fn now() -> Timestamp {
        "1994-11-06T08:49:00Z".parse().unwrap()
    }

    #[test]
    fn seconds_and_dates_are_both_understood() {
        let wait = |text| retry_after(text, now());
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(37)));
    }

    #[test]
    fn a_date_in_the_past_is_no_wait() {
        let wait = retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now());
        assert_eq!(wait, Some(Duration::ZERO));
    }

    #[test]
    fn anything_else_counts_as_not_sent() {
        for text in ["", "soon", "-5", "1e3", "99999999999", "1994-11-06"] {
            assert_eq!(retry_after(text, now()), None, "{text}");
        }
    }
}
