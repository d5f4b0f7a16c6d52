//! What is known of a request that went wrong, for every error to carry: enough to find it in the
//! service's logs, and nothing secret (a query may hold tokens, so it is left out).

use std::fmt;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

/// One request, all of its tries together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTrace {
    /// The HTTP method.
    pub method: String,
    /// The address without query.
    pub url: String,
    /// What was asked for, such as the name of a cmdlet.
    pub label: String,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// The service's `request-id` of the last answer.
    pub request_id: Option<String>,
    /// Our own `client-request-id`, where one was sent.
    pub client_request_id: Option<Uuid>,
    /// How often it was sent, or was attempted to be.
    pub attempts: u32,
    /// Time since the first try began.
    pub elapsed: Duration,
}

impl RequestTrace {
    /// For an error that came before any request.
    pub(crate) fn none(label: &str) -> Self {
        Self {
            method: String::new(),
            url: String::new(),
            label: label.to_owned(),
            status: None,
            request_id: None,
            client_request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
        }
    }
}

impl fmt::Display for RequestTrace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ({})", self.method, self.url, self.label)?;
        if let Some(status) = self.status {
            write!(formatter, ", status {status}")?;
        }
        if let Some(id) = &self.request_id {
            write!(formatter, ", request-id {id}")?;
        }
        if let Some(id) = &self.client_request_id {
            write!(formatter, ", client-request-id {id}")?;
        }
        let tries = if self.attempts == 1 { "try" } else { "tries" };
        write!(formatter, ", {} {tries} in {:.1} s", self.attempts, self.elapsed.as_secs_f64())
    }
}

/// The address as it may be shown.
pub(crate) fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither call fails for http and https, the only schemes that get here.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// A service's words as they may be shown: some services, and proxies before them, say back what
/// they were sent, and that holds tokens.
pub(crate) fn without_tokens(text: &str) -> String {
    let is_part =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    // All tokens are JSON objects in base64url, which begin like this.
    while let Some(start) = rest.find("eyJ") {
        let (before, found) = rest.split_at(start);
        let length = found.find(|letter| !is_part(letter)).unwrap_or(found.len());
        let (token, after) = found.split_at(length);
        shown.push_str(before);
        shown.push_str(if token.contains('.') || length > 32 { "(token left out)" } else { token });
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn tokens_are_left_out_of_what_is_shown_and_nothing_else_is() {
        let token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2ln-_nature";
        let cases = [
            (format!("Token: '{token}', {token}"), "Token: '(token left out)', (token left out)"),
            (format!("{{\"was\":\"{token}\"}}"), "{\"was\":\"(token left out)\"}"),
            // Cut off, or without its signature.
            (token.get(..40).unwrap().to_owned(), "(token left out)"),
            ("eyJhdWQiOiJodHRwczovL2dyYXBoLm1pY3Jvc29mdC5jb20ifQ…".to_owned(), "(token left out)…"),
            ("Conveyor eyJ é".to_owned(), "Conveyor eyJ é"),
            (String::new(), ""),
        ];
        for (text, shown) in cases {
            assert_eq!(without_tokens(&text), shown);
        }
    }

    #[test]
    fn a_trace_names_everything_once_and_no_query() {
        let url = Url::parse("https://me:pass@host/adminapi?$skiptoken=secret#x").unwrap();
        let trace = RequestTrace {
            method: "POST".into(),
            url: without_secrets(&url),
            label: "Get-Mailbox".into(),
            status: Some(503),
            request_id: Some("abc".into()),
            client_request_id: None,
            attempts: 6,
            elapsed: Duration::from_millis(61_250),
        };
        let shown = "POST https://host/adminapi (Get-Mailbox), status 503, request-id abc, \
                     6 tries in 61.2 s";
        assert_eq!(trace.to_string(), shown);
    }
}
