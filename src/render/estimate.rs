//! How long an apply of a plan may write, in words that say what that rests on. Derived from the
//! number of requests alone: no part of the plan, nor of its digest. Nobody can know it beforehand;
//! it is there to tell minutes from hours, and what takes less than a minute has none.

use super::wording::count;

/// Seconds for one write. Microsoft publishes no figure for this interface; its support article on
/// micro delays suggests half a second between two `Set-Mailbox`.
const SECONDS: f64 = 0.5;

/// How fast it is assumed to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssumedSpeed {
    /// Writes under way at once: `--parallelism`.
    pub at_once: u16,
    /// The most in a second: `--max-rate`.
    pub per_second: Option<u32>,
}

impl Default for AssumedSpeed {
    /// That of an apply without flags.
    fn default() -> Self {
        Self { at_once: 8, per_second: None }
    }
}

/// A sentence about so many writes.
pub(super) fn estimate(writes: u64, speed: AssumedSpeed) -> Option<String> {
    let at_once = f64::from(speed.at_once) / SECONDS;
    let bound = speed.per_second.map(f64::from).filter(|bound| *bound < at_once);
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = writes as f64 / bound.unwrap_or(at_once);
    if seconds < 60.0 {
        return None;
    }
    let time = in_words(seconds);
    Some(match bound {
        Some(bound) => format!(
            "Writing takes about {time} at the {bound:.0} requests per second of `--max-rate`, if the \
             service does not throttle"
        ),
        None => format!(
            "Writing takes about {time}, if each request takes half a second, {} under way at once \
             and the service does not throttle",
            count(speed.at_once.into(), "is", "are")
        ),
    })
}

fn in_words(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, positive"
    )]
    let rounded = |number: f64| number.round() as u64;
    match rounded(seconds / 60.0) {
        minutes @ ..120 => count(minutes, "minute", "minutes"),
        _ => count(rounded(seconds / 3600.0), "hour", "hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(writes: u64, at_once: u16, per_second: Option<u32>) -> String {
        estimate(writes, AssumedSpeed { at_once, per_second }).unwrap_or_default()
    }

    #[test]
    fn it_says_what_it_rests_on() {
        assert_eq!(
            said(60_000, 8, None),
            "Writing takes about 63 minutes, if each request takes half a second, 8 are under way at \
             once and the service does not throttle"
        );
        assert_eq!(
            said(60_000, 8, Some(4)),
            "Writing takes about 4 hours at the 4 requests per second of `--max-rate`, if the service \
             does not throttle"
        );
    }

    #[test]
    fn a_bound_that_is_not_reached_says_nothing() {
        assert_eq!(said(60_000, 8, Some(100)), said(60_000, 8, None));
        assert!(said(960, 1, None).contains("8 minutes, if each"), "{}", said(960, 1, None));
        assert!(said(960, 1, None).contains("1 is under way"));
    }

    #[test]
    fn what_takes_less_than_a_minute_has_no_estimate() {
        assert_eq!(said(959, 8, None), "");
        assert!(said(960, 8, None).contains("about 1 minute,"));
        assert_eq!(said(0, 8, Some(1)), "");
    }
}
