//! Looks for secrets in whatever a program left behind, in every form in which it could have got
//! there: as it is, as two-byte letters, escaped, percent-encoded, as hexadecimal or decimal numbers,
//! as base64 of either alphabet wherever it begins, broken into lines or not, and as a part of any of
//! these. A text is turned back into bytes in all these ways, and the bytes are compared.

use std::collections::HashSet;

/// How many bytes of a key in a row are a leak.
const WINDOW: usize = 24;

/// What must not be found.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// As a whole.
    words: Vec<(&'static str, Vec<u8>)>,
    /// Any of these pieces of a key.
    pieces: HashSet<Vec<u8>>,
    /// The beginnings of the pieces, for speed.
    begins: HashSet<[u8; 4]>,
    /// Whether any signed token is one.
    tokens: bool,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { words: Vec::new(), pieces: HashSet::new(), begins: HashSet::new(), tokens: true }
    }
}

/// Which secret was found, and around what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leak {
    pub(crate) what: String,
    pub(crate) near: String,
}

impl Secrets {
    /// A password, or any other text that is one.
    pub(crate) fn word(&mut self, what: &'static str, word: &str) {
        assert!(word.len() >= 8, "{what} is too short to be told from chance");
        self.words.push((what, word.as_bytes().to_vec()));
        let wide = word.encode_utf16();
        self.words.push((what, wide.clone().flat_map(u16::to_le_bytes).collect()));
        self.words.push((what, wide.flat_map(u16::to_be_bytes).collect()));
    }

    /// The private parts of an RSA key, PKCS#1 or PKCS#8: all that follows the public exponent.
    pub(crate) fn key(&mut self, der: &[u8]) {
        let exponent = [0x02, 0x03, 0x01, 0x00, 0x01];
        let found = der.windows(exponent.len()).position(|window| window == exponent);
        let private = &der[found.expect("an RSA key") + exponent.len()..];
        self.raw(private);
    }

    /// The bytes that make a key.
    pub(crate) fn raw(&mut self, private: &[u8]) {
        for piece in private.windows(WINDOW) {
            self.begins.insert([piece[0], piece[1], piece[2], piece[3]]);
            self.pieces.insert(piece.to_vec());
        }
    }

    /// The same without tokens, for where they belong.
    pub(crate) fn but_tokens(&self) -> Self {
        Self { tokens: false, ..self.clone() }
    }

    /// The first secret that is in these bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<Leak> {
        readings(bytes).iter().find_map(|reading| self.find_plain(reading))
    }

    fn find_plain(&self, bytes: &[u8]) -> Option<Leak> {
        for (what, word) in &self.words {
            if let Some(at) = bytes.windows(word.len()).position(|window| window == *word) {
                return Some(leak(what, bytes, at));
            }
        }
        for (at, window) in bytes.windows(WINDOW).enumerate() {
            let begin = [window[0], window[1], window[2], window[3]];
            if self.begins.contains(&begin) && self.pieces.contains(window) {
                return Some(leak("the private key", bytes, at));
            }
        }
        token(bytes).filter(|_| self.tokens).map(|at| leak("a token", bytes, at))
    }
}

fn leak(what: &str, bytes: &[u8], at: usize) -> Leak {
    let around = &bytes[at.saturating_sub(80)..bytes.len().min(at + 80)];
    Leak { what: what.to_owned(), near: String::from_utf8_lossy(around).into_owned() }
}

/// Where a signed token begins: three parts of base64url, of which the first two are objects.
fn token(bytes: &[u8]) -> Option<usize> {
    let begins = bytes.windows(3).enumerate().filter(|(_, window)| *window == b"eyJ");
    begins.map(|(at, _)| at).find(|at| {
        let rest = &bytes[*at..];
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let mut parts = rest.split(|byte| *byte == b'.');
        let length =
            |part: Option<&[u8]>| part.map_or(0, |part| part.iter().take_while(is_part).count());
        let (header, claims) = (parts.next(), parts.next());
        header.is_some_and(|part| part.iter().all(|byte| is_part(&byte)))
            && claims.is_some_and(|part| part.starts_with(b"eyJ") && part.len() > 16)
            && length(claims) == claims.map_or(0, <[u8]>::len)
            && length(parts.next()) > 8
    })
}

/// The bytes as they are, and what they may stand for.
fn readings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = vec![bytes.to_vec()];
    let escaped = unescape(bytes);
    if escaped != bytes {
        found.push(escaped);
    }
    for reading in found.clone() {
        let percent = percent(&reading);
        if percent != reading {
            found.push(percent);
        }
    }
    for reading in found.clone() {
        found.extend(base64_runs(&reading));
        found.extend(hexadecimal_runs(&reading));
        found.extend(decimal_lists(&reading));
    }
    // A key that was base64 in an assertion, say, that is base64 itself.
    let inner: Vec<Vec<u8>> = found[1..].iter().flat_map(|reading| base64_runs(reading)).collect();
    found.extend(inner);
    found
}

/// `\n`, `\"`, `\x30`, `\u003d`: what JSON and Debug make of bytes.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            plain.push(*first);
            continue;
        }
        let digits = |from: usize, count: usize| {
            let text = std::str::from_utf8(after.get(from..from + count)?).ok()?;
            u32::from_str_radix(text, 16).ok()
        };
        let (value, length) = match after.first() {
            Some(b'x') => (digits(1, 2), 3),
            Some(b'u') => (digits(1, 4), 5),
            Some(b'n') => (Some(10), 1),
            Some(b'r') => (Some(13), 1),
            Some(b't') => (Some(9), 1),
            Some(b'0') => (Some(0), 1),
            Some(other) => (Some(u32::from(*other)), 1),
            None => (None, 0),
        };
        match (value, after.first()) {
            (Some(value), Some(b'u')) => {
                let letter = char::from_u32(value).unwrap_or('?');
                plain.extend(letter.to_string().bytes());
                rest = &after[length..];
            }
            (Some(value), _) => {
                plain.extend(u8::try_from(value));
                rest = &after[length..];
            }
            (None, _) => plain.push(b'\\'),
        }
    }
    plain
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let text = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = text.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], value) {
            (b'%', Some(value)) => {
                plain.push(value);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    plain
}

/// The longest stretches of digits, without what may stand between them; those that are long enough.
fn runs(
    bytes: &[u8],
    at_least: usize,
    digit: fn(u8) -> Option<u8>,
    gap: fn(u8) -> bool,
) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut run = Vec::new();
    for byte in bytes.iter().copied().chain([0]) {
        match digit(byte) {
            Some(value) => run.push(value),
            None if gap(byte) && !run.is_empty() => {}
            None => {
                if run.len() >= at_least {
                    found.push(run.clone());
                }
                run.clear();
            }
        }
    }
    found
}

/// Six bits from each letter, from wherever the first one may begin.
fn base64_runs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    // Lines with and without a break between them: words in a row are no base64.
    let mut all = runs(bytes, 11, digit, |byte| matches!(byte, b'\n' | b'\r'));
    all.extend(runs(bytes, 11, digit, |_| false));
    let decode = |run: &[u8]| -> Vec<u8> {
        let bits = |four: &[u8]| four.iter().fold(0u32, |bits, six| bits << 6 | u32::from(*six));
        let whole = run.chunks(4).flat_map(|four| {
            let missing = 4 - four.len();
            let bits = bits(four) << (6 * missing);
            bits.to_be_bytes()[1..4 - missing.min(3)].to_vec()
        });
        whole.collect()
    };
    all.iter().flat_map(|run| (0..4).map(|skip| decode(&run[skip..])).collect::<Vec<_>>()).collect()
}

fn hexadecimal_runs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let all = runs(bytes, 16, digit, |byte| matches!(byte, b':' | b' ' | b'\n' | b'-'));
    // `0x30, 0x82`: a zero before each.
    let text = String::from_utf8_lossy(bytes).replace("0x", "").replace(", ", "");
    let prefixed = if bytes.windows(2).any(|two| two == b"0x") {
        runs(text.as_bytes(), 16, digit, |_| false)
    } else {
        Vec::new()
    };
    let decode = |run: &[u8]| run.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect();
    let both = |run: &Vec<u8>| [decode(run), decode(&run[1..])];
    all.iter().chain(&prefixed).flat_map(both).collect()
}

/// `[48, 130, 4]`: what Debug makes of bytes, on one line or on many.
fn decimal_lists(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut list: Vec<u8> = Vec::new();
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|letter: char| letter.is_whitespace() || ",[]()".contains(letter));
    for word in words.filter(|word| !word.is_empty()).chain(["end"]) {
        if let Ok(byte) = word.parse() {
            list.push(byte);
        } else {
            if list.len() >= 8 {
                found.push(list.clone());
            }
            list.clear();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    use super::*;

    const WORD: &str = "Kanari & \"Vögel\" 100%+";

    fn secrets(key: &[u8]) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.word("the password", WORD);
        secrets.key(key);
        secrets
    }

    /// A key as far as the search knows one: something public, and then 200 bytes.
    fn key() -> Vec<u8> {
        let private = (0..200u32).map(|number| (number * 7919 % 251) as u8);
        [0x30, 0x82, 9, 9, 0x02, 0x03, 0x01, 0x00, 0x01].into_iter().chain(private).collect()
    }

    fn hexadecimal(bytes: &[u8], between: &str) -> String {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.join(between)
    }

    /// All the ways in which bytes were seen to get into texts.
    fn forms(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let standard = STANDARD.encode(bytes);
        let lines: Vec<&str> =
            standard.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let percent = format!("%{}", hexadecimal(bytes, "%"));
        let escaped = format!("\\x{}", hexadecimal(bytes, "\\x"));
        let shifted = STANDARD_NO_PAD.encode([b"12", bytes, b"3"].concat());
        let twice = STANDARD.encode(format!("k={standard}"));
        let list = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect::<Vec<_>>().join(", ");
        vec![
            ("plain", bytes.to_vec()),
            ("standard", standard.clone().into_bytes()),
            ("in lines", lines.join("\n").into_bytes()),
            ("in escaped lines", format!("\"{}\"", lines.join("\\n")).into_bytes()),
            ("for addresses", URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
            ("within others", shifted.into_bytes()),
            ("twice", twice.into_bytes()),
            ("percent", percent.into_bytes()),
            ("escaped", escaped.into_bytes()),
            ("hexadecimal", hexadecimal(bytes, "").into_bytes()),
            ("upper case", hexadecimal(bytes, "").to_uppercase().into_bytes()),
            ("with colons", hexadecimal(bytes, ":").into_bytes()),
            ("prefixed", list.into_bytes()),
            ("debug", format!("{bytes:?}").into_bytes()),
            ("debug in lines", format!("{bytes:#?}").into_bytes()),
        ]
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let key = key();
        let secrets = secrets(&key);
        let piece = &key[60..60 + WINDOW];
        for secret in [WORD.as_bytes(), &key, piece] {
            for (form, bytes) in forms(secret) {
                for (before, after) in [("", ""), ("sent: ", ", and more"), ("x=\"", "\"\n")] {
                    let text = [before.as_bytes(), &bytes, after.as_bytes()].concat();
                    assert!(secrets.find(&text).is_some(), "{form}: {}", text.escape_ascii());
                }
            }
        }
        let json = serde_json::json!({ "password": WORD }).to_string();
        assert_eq!(secrets.find(json.as_bytes()).unwrap().what, "the password");
        let wide: Vec<u8> = WORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(secrets.find(&wide).is_some());
        assert!(secrets.find(format!("{WORD:?}").as_bytes()).is_some());
    }

    #[test]
    fn a_signed_token_is_found_and_what_resembles_one_is_not() {
        let secrets = secrets(&key());
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = format!(
            "{}.{}.c2lnbmF0dXJl",
            part(r#"{"alg":"RS256"}"#),
            part(r#"{"aud":"somebody"}"#)
        );
        assert_eq!(secrets.find(format!("Bearer {token}").as_bytes()).unwrap().what, "a token");
        assert_eq!(secrets.find(STANDARD.encode(&token).as_bytes()).unwrap().what, "a token");
        let (cut, _) = token.rsplit_once('.').unwrap();
        for text in [cut, "eyJ is how they begin.", "eyJ.eyJ.eyJ", ""] {
            assert_eq!(secrets.find(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_public_is_not_found() {
        let key = key();
        let secrets = secrets(&key);
        let short = &key[60..60 + WINDOW - 1];
        for text in [&key[..9], short, b"Kanari & Sons", b"/v1.0/applications?$select=id%2CappId"] {
            assert_eq!(secrets.find(text), None, "{}", text.escape_ascii());
        }
    }
}
