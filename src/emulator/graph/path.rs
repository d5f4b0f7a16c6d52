//! Graph's paths, taken apart: names, and keys in parentheses or in a segment of their own
//! (`applications/{id}`, `applications(appId='…')`). Percent signs are decoded segment by segment,
//! so that a key may hold anything.

use super::failure::Failure;

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// What stands before a parenthesis.
    pub(crate) name: String,
    pub(crate) key: Option<Key>,
}

/// `(name='value')`, or `('value')` without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: Option<String>,
    pub(crate) value: String,
}

impl Key {
    /// A segment of its own is the object's id.
    pub(crate) fn id(value: &str) -> Self {
        Self { name: None, value: value.to_owned() }
    }
}

/// The segments behind the version.
pub(crate) fn segments(path: &str) -> Result<Vec<Segment>, Failure> {
    path.split('/').filter(|part| !part.is_empty()).map(segment).collect()
}

fn segment(part: &str) -> Result<Segment, Failure> {
    let part = decoded(part).ok_or_else(|| malformed(part))?;
    let Some((name, rest)) = part.split_once('(') else {
        return Ok(Segment { name: part, key: None });
    };
    let inner = rest.strip_suffix(')').ok_or_else(|| malformed(&part))?;
    let (key, value) = match inner.split_once('=') {
        Some((key, value)) if !inner.starts_with('\'') => (Some(key.trim().to_owned()), value),
        _ => (None, inner),
    };
    let value = literal(value.trim()).ok_or_else(|| malformed(&part))?;
    Ok(Segment { name: name.to_owned(), key: Some(Key { name: key, value }) })
}

/// In quotes, where two stand for one; or bare, as Guids may be.
fn literal(text: &str) -> Option<String> {
    match text.strip_prefix('\'') {
        None => Some(text.to_owned()),
        Some(rest) => {
            let inner = rest.strip_suffix('\'')?;
            let single = inner.replace("''", "");
            (!single.contains('\'')).then(|| inner.replace("''", "'"))
        }
    }
}

fn malformed(part: &str) -> Failure {
    Failure::malformed(format!("The request URI is not valid: '{part}' is not a segment."))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
    use super::*;

    fn key(path: &str) -> (Option<String>, String) {
        let key = segments(path).unwrap().remove(0).key.unwrap();
        (key.name, key.value)
    }

    #[test]
    fn keys_are_read_bare_quoted_and_encoded() {
        let named = |value: &str| (Some("uniqueName".to_owned()), value.to_owned());
        assert_eq!(key("/applications(uniqueName='a')"), named("a"));
        assert_eq!(key("/applications(uniqueName=%27a%2Fb%3Dc%27)"), named("a/b=c"));
        assert_eq!(key("/applications(uniqueName='o''neil')"), named("o'neil"));
        assert_eq!(key("/applications('a=b')"), (None, "a=b".to_owned()));
        assert_eq!(key("/applications(1-2)"), (None, "1-2".to_owned()));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["/applications(appId='a'", "/applications(appId='a'b')", "/%zz", "/%ff"] {
            assert!(segments(path).is_err(), "{path}");
        }
    }
}
