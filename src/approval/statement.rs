//! What a signer signs: a text of four lines that names the plan, the tenant and the time. It is read
//! only as it is written, byte by byte, so that no two texts say the same.
//!
//! ```text
//! auditform-approval: 1
//! plan: sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
//! tenant: 2b0c6e5f-1f54-4c0e-9b0a-6d2f8c1e7a90
//! time: 2026-11-23T10:00:00Z
//! ```

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::resource::PlanDigest;

/// The version of the statement and of the file around it.
pub const FORMAT_VERSION: u32 = 1;

const FIRST: &str = "auditform-approval: ";

/// "I approve this plan for this tenant at this time."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// The plan.
    pub plan: PlanDigest,
    /// The tenant that the plan is for.
    pub tenant: Uuid,
    /// When it was approved, in whole seconds.
    pub time: Timestamp,
}

/// A text that is no statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementError {
    /// Another text.
    NotOne,
    /// Of a later release.
    TooNew(u32),
    /// Of this version and not as it is written.
    Edited,
}

impl Statement {
    /// A statement of this moment.
    pub fn new(plan: PlanDigest, tenant: Uuid, time: Timestamp) -> Self {
        let time = Timestamp::from_second(time.as_second()).unwrap_or(time);
        Self { plan, tenant, time }
    }

    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub(super) fn parse(text: &str) -> Result<Self, StatementError> {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let version = first.strip_prefix(FIRST).ok_or(StatementError::NotOne)?;
        match version.parse::<u32>() {
            Ok(FORMAT_VERSION) => {}
            Ok(newer) if newer > FORMAT_VERSION => return Err(StatementError::TooNew(newer)),
            _ => return Err(StatementError::Edited),
        }
        let statement = Self::body(rest).ok_or(StatementError::Edited)?;
        if statement.to_string() == text { Ok(statement) } else { Err(StatementError::Edited) }
    }

    fn body(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let plan = lines.next()?.strip_prefix("plan: ")?.parse().ok()?;
        let tenant = lines.next()?.strip_prefix("tenant: ")?.parse().ok()?;
        let time: Timestamp = lines.next()?.strip_prefix("time: ")?.parse().ok()?;
        (time.subsec_nanosecond() == 0).then_some(Self { plan, tenant, time })
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, tenant, time } = self;
        writeln!(formatter, "{FIRST}{FORMAT_VERSION}")?;
        writeln!(formatter, "plan: {plan}\ntenant: {tenant}\ntime: {time}")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn statement() -> Statement {
        let time = "2026-11-23T10:00:00.75Z".parse().unwrap();
        Statement::new(PlanDigest::new([7; 32]), Uuid::from_u128(0x2b0c), time)
    }

    #[test]
    fn a_statement_is_four_lines_and_is_read_as_it_is_written() {
        let text = statement().to_string();
        let expected = format!(
            "auditform-approval: 1\nplan: sha256:{}\n\
             tenant: 00000000-0000-0000-0000-000000002b0c\ntime: 2026-11-23T10:00:00Z\n",
            "07".repeat(32)
        );
        assert_eq!(text, expected);
        assert_eq!(Statement::parse(&text), Ok(statement()));
    }

    #[test]
    fn another_spelling_of_the_same_is_not_read() {
        let text = statement().to_string();
        for (from, to) in [
            ("sha256:07", "sha256: 07"),
            ("07\ntenant", "07 \ntenant"),
            ("2b0c\n", "2B0C\n"),
            (":00Z", ":00+00:00"),
            (":00Z", ":00.5Z"),
            ("Z\n", "Z"),
            ("Z\n", "Z\n\n"),
            (": 1\n", ": 01\n"),
            (": 1\n", ": 0\n"),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert_eq!(Statement::parse(&other), Err(StatementError::Edited), "{other}");
        }
    }

    #[test]
    fn a_later_version_is_told_from_noise() {
        let newer = "auditform-approval: 12\nwhatever\n";
        assert_eq!(Statement::parse(newer), Err(StatementError::TooNew(12)));
        assert_eq!(Statement::parse("{}"), Err(StatementError::NotOne));
    }
}
