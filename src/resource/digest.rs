//! The digest of a plan, by which it is approved: `sha256:` and 64 hexadecimal digits. Text in, a
//! value out, or what is wrong with the text. What is hashed is for those who make plans.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const PREFIX: &str = "sha256:";

/// SHA-256 of a canonical plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanDigest([u8; 32]);

/// A text that is no digest of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// It does not begin with `sha256:`.
    #[error("it does not begin with `sha256:`")]
    Prefix,
    /// It is cut, or more was copied than the digest.
    #[error("it has {0} hexadecimal digits, where there are 64")]
    Length(usize),
    /// Something else than a digit stands in it, at this place counted from 1.
    #[error("letter {place} is `{letter}`, which is no hexadecimal digit")]
    Letter {
        /// The first such letter.
        letter: char,
        /// Where it stands in the text.
        place: usize,
    },
}

impl PlanDigest {
    /// A digest of which the bytes are known.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first digits, which tell two plans apart in a message.
    pub fn short(&self) -> String {
        let whole = self.to_string();
        format!("{}…", &whole[..PREFIX.len() + 12])
    }
}

/// Digits of either case, spaces around them; nothing may be left out.
impl FromStr for PlanDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix(PREFIX).ok_or(DigestError::Prefix)?;
        let mut bytes = [0; 32];
        let mut length = 0;
        for (index, letter) in digits.chars().enumerate() {
            let value = letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let place = PREFIX.len() + index + 1;
            let digit = value.ok_or(DigestError::Letter { letter, place })?;
            if let Some(byte) = bytes.get_mut(index / 2) {
                *byte = *byte << 4 | digit;
            }
            length += 1;
        }
        if length == 64 { Ok(Self(bytes)) } else { Err(DigestError::Length(length)) }
    }
}

/// The hexadecimal digits of a digest, in lower case.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", hexadecimal(&self.0))
    }
}

impl fmt::Debug for PlanDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for PlanDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for PlanDigest {
    fn schema_name() -> Cow<'static, str> {
        "PlanDigest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^{PREFIX}[0-9a-f]{{64}}$") })
    }
}

impl<'de> Deserialize<'de> for PlanDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<PlanDigest>().unwrap_err().to_string()
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = PlanDigest::new([0xa5; 32]);
        let text = format!("sha256:{}", "a5".repeat(32));
        assert_eq!(digest.to_string(), text);
        assert_eq!(format!(" sha256:{}\n", "A5".repeat(32)).parse(), Ok(digest));
        assert_eq!(digest.short(), "sha256:a5a5a5a5a5a5…");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<PlanDigest>(&json).unwrap(), digest);
    }

    #[test]
    fn what_is_cut_or_foreign_is_named() {
        assert_eq!(refusal(&"a5".repeat(32)), "it does not begin with `sha256:`");
        let cut = format!("sha256:{}", "a5".repeat(6));
        assert_eq!(refusal(&cut), "it has 12 hexadecimal digits, where there are 64");
        let long = format!("sha256:{}", "a5".repeat(33));
        assert_eq!(refusal(&long), "it has 66 hexadecimal digits, where there are 64");
        let short = PlanDigest::new([1; 32]).short();
        assert_eq!(refusal(&short), "letter 20 is `…`, which is no hexadecimal digit");
    }
}
