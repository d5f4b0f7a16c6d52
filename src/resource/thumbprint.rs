//! Thumbprints of certificates as people write them: hexadecimal digits, perhaps with spaces and
//! colons. Text in, a value out, or every letter that is none of these with its place.
//!
//! Published instructions hold thumbprints with Cyrillic letters that look like Latin ones, and
//! Windows puts an invisible mark in front of those that are copied from its dialogs.

use std::fmt;
use std::fmt::Write as _;

use crate::diagnostic::and_list;

/// The digest by which a certificate is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thumbprint {
    /// What Windows, Microsoft Entra and PowerShell show: SHA-1 of the DER.
    Sha1([u8; 20]),
    /// SHA-256 of the DER.
    Sha256([u8; 32]),
}

/// A text that is no thumbprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThumbprintError {
    /// What is not hexadecimal, with the place of each, counted from 1.
    pub foreign: Vec<(char, Vec<usize>)>,
    /// How many letters and digits there are, wrong ones included.
    pub length: usize,
}

impl Thumbprint {
    /// Reads 40 or 64 hexadecimal digits in either case; spaces and colons do not count.
    pub fn parse(text: &str) -> Result<Self, ThumbprintError> {
        let mut digits = Vec::new();
        let mut error = ThumbprintError { foreign: Vec::new(), length: 0 };
        for (place, letter) in (1..).zip(text.chars()) {
            if letter.is_whitespace() || letter == ':' || is_mark(letter) {
                continue;
            }
            error.length += 1;
            match letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
                Some(digit) => digits.push(digit),
                None => error.add(letter, place),
            }
        }
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |high, low| high << 4 | low)).collect();
        match digits.len() {
            _ if !error.foreign.is_empty() => Err(error),
            40 => bytes.try_into().map(Self::Sha1).map_err(|_| error),
            64 => bytes.try_into().map(Self::Sha256).map_err(|_| error),
            _ => Err(error),
        }
    }

    /// The digest.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }
}

/// Marks of the direction of writing, and the mark at the start of a text.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
}

/// Upper case without separators, as Windows and PowerShell write it.
impl fmt::Display for Thumbprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(formatter, "{byte:02X}"))
    }
}

impl ThumbprintError {
    fn add(&mut self, letter: char, place: usize) {
        match self.foreign.iter_mut().find(|(known, _)| *known == letter) {
            Some((_, places)) => places.push(place),
            None => self.foreign.push((letter, vec![place])),
        }
    }
}

impl fmt::Display for ThumbprintError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        for (letter, places) in &self.foreign {
            let numbers: Vec<String> = places.iter().map(usize::to_string).collect();
            let many = if numbers.len() == 1 { "letter" } else { "letters" };
            let mut words = format!("{many} {} ", and_list(&numbers));
            let verb = if numbers.len() == 1 { "is" } else { "are" };
            let _ = write!(words, "{verb} {}", described(*letter));
            said.push(words);
        }
        if !matches!(self.length, 40 | 64) {
            let length = self.length;
            said.push(format!("it has {length} digits, where SHA-1 has 40 and SHA-256 has 64"));
        }
        if !self.foreign.is_empty() {
            said.push("a thumbprint is made of 0 to 9 and A to F".to_owned());
        }
        formatter.write_str(&said.join("; "))
    }
}

impl std::error::Error for ThumbprintError {}

/// `the Cyrillic letter А (U+0410), which looks like the Latin A`.
fn described(letter: char) -> String {
    let code = u32::from(letter);
    let kind = match letter {
        '\u{400}'..='\u{52f}' => "the Cyrillic letter ",
        '\u{370}'..='\u{3ff}' => "the Greek letter ",
        '\u{ff01}'..='\u{ff5e}' => "the full-width ",
        '\u{200b}'..='\u{200d}' | '\u{ad}' => return format!("an invisible mark (U+{code:04X})"),
        _ => "",
    };
    let named = format!("{kind}{letter} (U+{code:04X})");
    match latin(letter) {
        Some(latin) => format!("{named}, which looks like the Latin {latin}"),
        None => named,
    }
}

/// The hexadecimal digit that a letter of another script looks like.
fn latin(letter: char) -> Option<char> {
    Some(match letter {
        'А' | 'Α' => 'A',
        'а' | 'α' => 'a',
        'В' | 'Β' => 'B',
        'С' => 'C',
        'с' | 'ϲ' => 'c',
        'Е' | 'Ε' => 'E',
        'е' => 'e',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn refusal(text: &str) -> String {
        Thumbprint::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn spaces_colons_case_and_the_mark_of_windows_do_not_count() {
        let plain = Thumbprint::parse(&"AB".repeat(20)).unwrap();
        assert_eq!(plain, Thumbprint::Sha1([0xab; 20]));
        let colons = vec!["ab"; 20].join(":");
        let spaces = format!("\u{200e}{}\n", vec!["aB"; 20].join(" "));
        for text in [colons, spaces] {
            assert_eq!(Thumbprint::parse(&text), Ok(plain), "{text}");
        }
        assert_eq!(plain.to_string(), "AB".repeat(20));
    }

    #[test]
    fn sixty_four_digits_are_sha_256() {
        let read = Thumbprint::parse(&"0f".repeat(32)).unwrap();
        assert_eq!(read, Thumbprint::Sha256([0x0f; 32]));
    }

    #[test]
    fn the_sample_of_the_guide_has_cyrillic_letters_and_two_digits_too_few() {
        let told = "letters 4, 12, 13, 14 and 30 are the Cyrillic letter А (U+0410), which looks \
                    like the Latin A; it has 38 digits, where SHA-1 has 40 and SHA-256 has 64; \
                    a thumbprint is made of 0 to 9 and A to F";
        assert_eq!(refusal("6AEА5A82911ААА3F76FEE149B7B52А70DDFD88"), told);
    }

    #[test]
    fn each_foreign_letter_is_named_with_its_place() {
        let zeros = "0".repeat(37);
        let told = "letter 2 is G (U+0047); letter 4 is the full-width Ａ (U+FF21), which looks \
                    like the Latin A; a thumbprint is made of 0 to 9 and A to F";
        assert_eq!(refusal(&format!("1G Ａ{zeros}")), told);
        let told = "letter 1 is an invisible mark (U+200B); ";
        assert!(refusal(&format!("\u{200b}{zeros}00")).starts_with(told));
    }

    #[test]
    fn a_wrong_length_is_told_with_the_number() {
        let told = "it has 39 digits, where SHA-1 has 40 and SHA-256 has 64";
        assert_eq!(refusal(&"A".repeat(39)), told);
        assert_eq!(refusal(""), told.replace("39", "0"));
    }
}
