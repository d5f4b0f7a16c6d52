//! One limit: a number, a share of a population, or both. Shares are whole millionths, so that what
//! is exactly at a limit is told from what is above it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const WHOLE: u32 = 1_000_000;
const PERCENT: u32 = WHOLE / 100;

/// A part of a population, from 0 to 100 %, to a ten-thousandth of a percent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[0-9]{1,3}(\.[0-9]{1,4})?%$"))]
pub struct Share {
    millionths: u32,
}

impl Share {
    /// Reads `30%`, `0.5%`, `12.25%`; nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || fraction.len() > 4 {
            return None;
        }
        let fraction: u32 = format!("{fraction:0<4}").parse().ok()?;
        let whole: u32 = whole.parse().ok()?;
        let millionths = whole.checked_mul(PERCENT)?.checked_add(fraction)?;
        (millionths <= WHOLE).then_some(Self { millionths })
    }

    /// Whether so many of a population are more than this share of it.
    pub fn is_exceeded(self, counted: u64, population: u64) -> bool {
        u128::from(counted) * u128::from(WHOLE)
            > u128::from(population) * u128::from(self.millionths)
    }

    /// Whether so many of a population are no less than this share of it.
    pub fn is_reached(self, counted: u64, population: u64) -> bool {
        u128::from(counted) * u128::from(WHOLE)
            >= u128::from(population) * u128::from(self.millionths)
    }

    /// All of it.
    pub const ALL: Self = Self { millionths: WHOLE };
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.millionths / PERCENT, self.millionths % PERCENT);
        if fraction == 0 {
            return write!(formatter, "{whole}%");
        }
        let fraction = format!("{fraction:04}");
        write!(formatter, "{whole}.{}%", fraction.trim_end_matches('0'))
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a share such as `30%`"))
    }
}

/// How far something may go: a number, or a share of a population.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(untagged)]
pub enum Bound {
    /// So many.
    Count(u64),
    /// So large a part.
    Share(Share),
}

impl Bound {
    /// Reads `40` or `10%`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            text.parse().ok().map(Self::Count)
        } else {
            Share::parse(text).map(Self::Share)
        }
    }

    /// Whether so many of a population are more than it allows.
    pub fn is_exceeded(self, counted: u64, population: u64) -> bool {
        match self {
            Self::Count(most) => counted > most,
            Self::Share(share) => share.is_exceeded(counted, population),
        }
    }

    /// Whether so many of a population are no fewer than it asks for.
    pub fn is_reached(self, counted: u64, population: u64) -> bool {
        match self {
            Self::Count(least) => counted >= least,
            Self::Share(share) => share.is_reached(counted, population),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(formatter, "{most}"),
            Self::Share(share) => write!(formatter, "{share}"),
        }
    }
}

/// A limit as a spec gives it: each part that is there holds by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct Limit {
    /// The most that are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The largest share that is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
}

impl Limit {
    /// Its parts.
    pub fn bounds(self) -> impl Iterator<Item = Bound> {
        self.count.map(Bound::Count).into_iter().chain(self.share.map(Bound::Share))
    }
}

impl From<Bound> for Limit {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::Count(count) => Self { count: Some(count), share: None },
            Bound::Share(share) => Self { count: None, share: Some(share) },
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn a_share_survives_its_text_and_nothing_else_is_one() {
        for text in ["0%", "30%", "0.5%", "12.25%", "0.0001%", "100%"] {
            assert_eq!(Share::parse(text).map(|share| share.to_string()).as_deref(), Some(text));
        }
        for text in
            ["", "%", "30", "-1%", "100.1%", "101%", ".5%", "5.%", "0.00001%", "1e1%", "3 %", " 3%"]
        {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }

    #[test]
    fn exactly_at_a_share_is_within_it_and_one_more_is_not() {
        let third = Share::parse("33.3333%").unwrap();
        assert!(!third.is_exceeded(333_333, 1_000_000));
        assert!(third.is_exceeded(333_334, 1_000_000));
        // A third of 3 is more than 33.3333 % of them, by a hair that a float would round away.
        assert!(third.is_exceeded(1, 3));
        let all = Share::parse("100%").unwrap();
        assert!(!all.is_exceeded(u64::MAX, u64::MAX));
        assert!(Share::parse("0%").unwrap().is_exceeded(1, u64::MAX));
    }
}
