//! How long a mailbox keeps its audit entries (`AuditLogAgeLimit`), a .NET `TimeSpan` on the wire.

use std::fmt;

const DAY: u64 = 86_400;

/// A log age limit in whole seconds. The service's default is 90 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeLimit {
    seconds: u64,
}

impl AgeLimit {
    /// A limit in days, the unit of the spec.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self { seconds: u64::from(days) * DAY }
    }

    /// Reads `90.00:00:00`, `00:00:00`, `90` and their kin; fractions of a second are dropped, as
    /// the service keeps none. Nothing else is taken: an unreadable limit is not a limit of zero.
    pub fn parse_timespan(text: &str) -> Option<Self> {
        let text = text.trim();
        let (days, clock) = match text.split_once(':') {
            None => return Some(Self { seconds: text.parse::<u32>().ok().map(u64::from)? * DAY }),
            Some((head, tail)) => match head.split_once('.') {
                Some((days, hours)) => (days.parse::<u32>().ok()?, (hours, tail)),
                None => (0, (head, tail)),
            },
        };
        let (hours, tail) = clock;
        let (minutes, seconds) = tail.split_once(':')?;
        let seconds = seconds.split_once('.').map_or(seconds, |(whole, _)| whole);
        let part = |text: &str, below: u64| text.parse::<u64>().ok().filter(|value| *value < below);
        let clock = part(hours, 24)? * 3600 + part(minutes, 60)? * 60 + part(seconds, 60)?;
        Some(Self { seconds: u64::from(days) * DAY + clock })
    }

    /// The .NET `TimeSpan` text that the service takes: `180.00:00:00`.
    pub fn timespan(self) -> String {
        let (days, rest) = (self.seconds / DAY, self.seconds % DAY);
        let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
        if days == 0 { clock } else { format!("{days}.{clock}") }
    }

    /// Whole days, where it is a whole number of them.
    pub fn whole_days(self) -> Option<u64> {
        self.seconds.is_multiple_of(DAY).then_some(self.seconds / DAY)
    }
}

impl fmt::Display for AgeLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole_days() {
            Some(1) => formatter.write_str("1 day"),
            Some(days) => write!(formatter, "{days} days"),
            None => formatter.write_str(&self.timespan()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_ninety_days_is_the_same_limit() {
        for text in ["90", "90.00:00:00", "90.00:00:00.0000000", " 90.0:0:0 "] {
            assert_eq!(AgeLimit::parse_timespan(text), Some(AgeLimit::days(90)), "{text}");
        }
    }

    #[test]
    fn a_limit_survives_the_way_to_the_service_and_back() {
        for text in ["00:00:00", "180.00:00:00", "12:30:01", "1.23:59:59"] {
            let limit = AgeLimit::parse_timespan(text);
            assert_eq!(limit.map(AgeLimit::timespan).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_not_a_time_span_is_no_limit() {
        for text in ["", "Unlimited", "-1", "90.25:00:00", "1:2", "a:b:c", "90.00:00"] {
            assert_eq!(AgeLimit::parse_timespan(text), None, "{text}");
        }
    }
}
