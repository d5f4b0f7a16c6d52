//! Versions of the formats that are kept in files: `MAJOR.MINOR`, in one spelling, so that what holds
//! for a version cannot be passed by with another text of it.

use std::fmt;

/// The version of a format. A reader takes documents of its own first number, up to its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion {
    major: u32,
    minor: u32,
}

impl FormatVersion {
    /// `MAJOR.MINOR`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Reads `1.3` where a reader of `own` takes it; nothing else, `1.03` and `+1.3` among it.
    pub fn readable(text: &str, own: &str) -> Option<Self> {
        let (version, own) = (Self::parse(text)?, Self::parse(own)?);
        (version.major == own.major && version.minor <= own.minor).then_some(version)
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let version = Self::new(major.parse().ok()?, minor.parse().ok()?);
        (version.to_string() == text).then_some(version)
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_takes_its_own_major_up_to_its_own_minor_in_one_spelling() {
        let readable = |text| FormatVersion::readable(text, "1.3");
        assert_eq!(readable("1.3"), Some(FormatVersion::new(1, 3)));
        assert_eq!(readable("1.0"), Some(FormatVersion::new(1, 0)));
        for other in ["1.4", "1.10", "2.0", "0.3"] {
            assert_eq!(readable(other), None, "{other}");
        }
        for spelling in ["1.03", "01.3", "+1.3", "1.+3", " 1.3", "1.3\n", "1", "1.3.0", "1.", ""] {
            assert_eq!(readable(spelling), None, "{spelling}");
        }
    }
}
