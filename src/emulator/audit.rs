//! The audit settings of one mailbox and what a write does to them: lists, who manages which,
//! the stored switch, the age limit. Pure data; it knows neither names of mailboxes nor the wire.
//! Mailboxes share equal settings, so these are interned (`Patterns`) and a mailbox holds a number.

use std::collections::HashMap;

use super::actions::{ActionTable, Logon};

/// All three logon types.
const MANAGED: u8 = 0b111;
/// Set-Mailbox docs: the default is 90 days.
const DEFAULT_AGE: i64 = 90 * 86_400;

/// What is stored for one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Audit {
    pub(crate) lists: [u64; 3],
    /// Logon types that Microsoft manages, as bits of `Logon`.
    pub(crate) managed: u8,
    /// The stored switch; what a read shows may differ.
    pub(crate) enabled: bool,
    /// An age limit of zero was once written, which deletes the mailbox's entries.
    pub(crate) erased: bool,
    pub(crate) age_seconds: i64,
}

impl Audit {
    /// A mailbox that nobody has touched.
    pub(crate) fn untouched(actions: &ActionTable) -> Self {
        Self {
            lists: Logon::ALL.map(|logon| actions.default_of(logon)),
            managed: MANAGED,
            enabled: false,
            erased: false,
            age_seconds: DEFAULT_AGE,
        }
    }

    pub(crate) fn list(&self, logon: Logon) -> u64 {
        self.lists[logon as usize]
    }

    pub(crate) fn is_managed(&self, logon: Logon) -> bool {
        self.managed & logon.bit() != 0
    }

    /// Any write of a list takes its logon type out of Microsoft's hands, even one that equals the
    /// default ("Manage mailbox auditing").
    pub(crate) fn write_list(&mut self, logon: Logon, list: u64) {
        self.lists[logon as usize] = list;
        self.managed &= !logon.bit();
    }

    pub(crate) fn restore_default(&mut self, logon: Logon, actions: &ActionTable) {
        self.lists[logon as usize] = actions.default_of(logon);
        self.managed |= logon.bit();
    }

    /// Set-Mailbox docs: zero deletes all entries at the next run of the Managed Folder Assistant.
    pub(crate) fn limit_age(&mut self, seconds: i64) {
        self.age_seconds = seconds;
        self.erased |= seconds == 0;
    }
}

/// Distinct settings, each once.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    all: Vec<Audit>,
    numbers: HashMap<Audit, u32>,
}

impl Patterns {
    /// The number of `audit`; equal settings get equal numbers.
    pub(crate) fn intern(&mut self, audit: Audit) -> u32 {
        if let Some(&number) = self.numbers.get(&audit) {
            return number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(audit);
        self.numbers.insert(audit, number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> Audit {
        self.all[number as usize]
    }

    pub(crate) fn all(&self) -> &[Audit] {
        &self.all
    }
}

/// A .NET `TimeSpan` in its own notation: `90.00:00:00`, `00:00:00`.
pub(crate) fn time_span(seconds: i64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days == 0 { clock } else { format!("{days}.{clock}") }
}

/// Reads what .NET's `TimeSpan.Parse` reads, to the second: `90`, `12:30`, `1.02:03:04`.
pub(crate) fn parse_time_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let Some((before, after)) = text.split_once(':') else {
        return text.parse::<u32>().ok().map(|days| i64::from(days) * 86_400);
    };
    let (days, hours) = before.split_once('.').unwrap_or(("0", before));
    let (minutes, seconds) = after.split_once(':').unwrap_or((after, "0"));
    let seconds = seconds.split_once('.').map_or(seconds, |(whole, _)| whole);
    let part = |text: &str, below: i64| {
        text.parse::<u32>().ok().map(i64::from).filter(|value| *value < below)
    };
    Some(
        part(days, i64::from(u32::MAX))? * 86_400
            + part(hours, 24)? * 3600
            + part(minutes, 60)? * 60
            + part(seconds, 60)?,
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
    use super::*;

    #[test]
    fn time_spans_read_as_dot_net_reads_them() {
        for (text, days) in [("90", 90), ("90.00:00:00", 90), ("180.00:00:00", 180)] {
            assert_eq!(parse_time_span(text), Some(days * 86_400), "{text}");
        }
        assert_eq!(parse_time_span("00:00:00"), Some(0));
        assert_eq!(parse_time_span("1.02:03:04"), Some(86_400 + 2 * 3600 + 3 * 60 + 4));
        for garbage in ["", "ninety", "-1.00:00:00", "25:00:00", "1:99"] {
            assert_eq!(parse_time_span(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn time_spans_are_written_as_dot_net_writes_them() {
        for text in ["00:00:00", "90.00:00:00", "12:30:00", "1.02:03:04"] {
            assert_eq!(time_span(parse_time_span(text).unwrap()), text);
        }
    }
}
