//! One JSON line for every request, in the file before the answer leaves: whoever has seen an
//! answer finds its line. Bodies and the Authorization header are never written, so no token and
//! no assertion gets here.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::errors::EmulatorError;

#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    pub(crate) time: String,
    pub(crate) method: &'a str,
    /// With its query.
    pub(crate) path: String,
    pub(crate) cmdlet: Option<&'a str>,
    /// As sent.
    pub(crate) anchor: Option<&'a str>,
    pub(crate) status: u16,
    /// What the file of faults did to it.
    pub(crate) fault: Option<&'a str>,
}

#[derive(Debug)]
pub(crate) struct RequestLog(Mutex<File>);

impl RequestLog {
    /// Appends to what an earlier run left.
    pub(crate) fn open(path: &Path) -> Result<Self, EmulatorError> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(EmulatorError::file("open", path))?;
        Ok(Self(Mutex::new(file)))
    }

    pub(crate) fn write(&self, entry: &Entry<'_>) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }
}

/// RFC 3339 in UTC, to the millisecond.
pub(crate) fn time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A path with its query, save that a credential somebody put there is left out.
pub(crate) fn path_without_secrets(path: &str, query: Option<&str>) -> String {
    let Some(query) = query else {
        return path.to_owned();
    };
    let shown: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}=(left out)"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", shown.join("&"))
}

fn is_secret(name: &str) -> bool {
    ["client_secret", "client_assertion", "access_token", "assertion"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_query_is_left_out() {
        let shown = path_without_secrets("/t", Some("a=1&client_secret=hush&b"));
        assert_eq!(shown, "/t?a=1&client_secret=(left out)&b");
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let moment = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        assert_eq!(time(moment), "2027-01-15T08:00:00.000Z");
    }
}
