//! How thumbprints by SHA-1 stand in documents: 40 hexadecimal digits, as Entra writes them. For
//! `#[serde(with)]`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Thumbprint;

/// Writes one.
pub fn serialize<S: Serializer>(sha1: &[u8; 20], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Thumbprint::Sha1(*sha1))
}

/// Reads one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 20], D::Error> {
    let text = String::deserialize(deserializer)?;
    match Thumbprint::parse(&text) {
        Ok(Thumbprint::Sha1(sha1)) => Ok(sha1),
        _ => Err(D::Error::custom("not a SHA-1 thumbprint")),
    }
}

#[derive(Serialize, Deserialize)]
struct One(#[serde(serialize_with = "serialize", deserialize_with = "deserialize")] [u8; 20]);

/// The same where there may be none.
pub mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::One;

    /// Writes it, if there is one.
    pub fn serialize<S: Serializer>(
        sha1: &Option<[u8; 20]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        sha1.map(One).serialize(serializer)
    }

    /// Reads it, if there is one.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 20]>, D::Error> {
        Ok(Option::<One>::deserialize(deserializer)?.map(|One(sha1)| sha1))
    }
}

/// The same as a list.
pub mod list {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::One;

    /// Writes all of them.
    pub fn serialize<S: Serializer>(all: &[[u8; 20]], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(|sha1| One(*sha1)))
    }

    /// Reads all of them.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<[u8; 20]>, D::Error> {
        Ok(Vec::<One>::deserialize(deserializer)?.into_iter().map(|One(sha1)| sha1).collect())
    }
}
