//! What a refusal of the Exchange gateway means. Status, headers and body in, a [`Refusal`] out;
//! pure. The exception type decides first and the status second, because statuses do not classify:
//! a missing object was seen as 400, 404 and 500, and transient trouble as 400
//! (as the public clients of this gateway handle it, and reports of what it answered).

use std::time::Duration;

use serde_json::Value;

use crate::client::without_tokens;

/// What to make of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It may pass.
    Transient,
    /// Too many requests; nothing was done.
    Throttled,
    /// Too many requests at once; nothing was done.
    TooManyAtOnce,
    /// The request reached another server than the mailbox's.
    WrongServer,
    /// No such object.
    NotFound,
    /// Not allowed, and the service says why.
    Denied,
    /// 401, or a 403 without a reason: the token may be older than a grant.
    Unauthorized,
    /// The link to the next page is too old.
    LinkExpired,
    /// The mailbox lacks the licence for what is asked.
    Unlicensed,
    /// The organisation has not been customised yet.
    Dehydrated,
    /// What is asked for is the case already.
    AlreadyDone,
    /// The request itself is at fault.
    Invalid,
}

/// A refusal, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What it means.
    pub(crate) meaning: Meaning,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The .NET type of the exception.
    pub(crate) exception: Option<String>,
    /// The service's words; empty where it gave none.
    pub(crate) text: String,
    /// `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
}

/// What of an answer the meaning rests on, the body aside.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head<'a> {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// `X-ms-diagnostics`: the reason, where the body has none.
    pub(crate) diagnostics: Option<&'a str>,
    /// `WWW-Authenticate`.
    pub(crate) challenge: Option<&'a str>,
    /// `X-ExceptionType`.
    pub(crate) exception: Option<&'a str>,
}

/// Words that repeat the status and give no reason.
const EMPTY_WORDS: [&str; 5] =
    ["Forbidden", "Unauthorized", "Access denied.", "Access is denied.", "Access Denied"];
const MAX_TEXT: usize = 600;

/// What the body says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    exception: Option<String>,
    text: String,
}

/// Reads a refusal.
pub(crate) fn classify(head: Head<'_>, body: &[u8]) -> Refusal {
    let mut said = said(body);
    if said.exception.is_none() {
        said.exception = head.exception.map(str::to_owned);
    }
    if EMPTY_WORDS.contains(&said.text.as_str()) {
        said.text.clear();
    }
    let explained = said.exception.is_some() || !said.text.is_empty();
    if !explained && let Some(reason) = head.diagnostics.or(head.challenge) {
        said.text = shortened(reason);
    }
    let has_reason = explained || head.diagnostics.is_some();
    let meaning = by_text(&said.text)
        .or_else(|| said.exception.as_deref().and_then(by_exception))
        .unwrap_or_else(|| by_status(head.status, has_reason));
    let Said { exception, text } = said;
    Refusal { meaning, status: head.status, exception, text, retry_after: head.retry_after }
}

/// Reads one entry of `@adminapi.errors`, a failure inside of a 200.
pub(crate) fn classify_entry(entry: &Value) -> Refusal {
    let body = match entry {
        Value::String(text) => serde_json::json!({ "error": { "details": [{ "message": text }] } }),
        Value::Object(map) if map.contains_key("error") => entry.clone(),
        entry => serde_json::json!({ "error": entry }),
    };
    classify(Head { status: 400, ..Head::default() }, body.to_string().as_bytes())
}

/// A few texts say more than their exception, which is shared with other failures.
fn by_text(text: &str) -> Option<Meaning> {
    let text = text.to_ascii_lowercase();
    let says = |part: &str| text.contains(part);
    if says("maximum number of concurrent requests per tenant") {
        Some(Meaning::TooManyAtOnce)
    } else if says("expired or invalid pagination request") {
        Some(Meaning::LinkExpired)
    } else if says("cmdlet needs proxy") || says("not found in the local forest") {
        Some(Meaning::WrongServer)
    } else if says("already enabled for customization") {
        Some(Meaning::AlreadyDone)
    } else if says("appropriate licen") {
        // MailItemsAccessed is "only available for users with appropriate license"
        // (MicrosoftDocs/microsoft-365-docs#1195).
        Some(Meaning::Unlicensed)
    } else if says("is not allowed to call") || says("isn't supported in this scenario") {
        Some(Meaning::Denied)
    } else {
        None
    }
}

fn by_exception(exception: &str) -> Option<Meaning> {
    let name = exception.rsplit(['.', '+']).next().unwrap_or(exception);
    match name {
        "ManagementObjectNotFoundException" => Some(Meaning::NotFound),
        "CmdletProxyNotAvailableException" => Some(Meaning::WrongServer),
        "InvalidOperationInDehydratedContextException" => Some(Meaning::Dehydrated),
        "OverBudgetException" => Some(Meaning::Throttled),
        // Names that were retried on a 400 too (M365Permissions, ExchangeRestClient).
        "CmdletProxyNotAvailableFailure"
        | "ServerBusyException"
        | "BackendCommunicationException" => Some(Meaning::Transient),
        "AmbiguousParameterSetException"
        | "ParameterTransformationException"
        | "ParameterBindingException"
        | "ManagementObjectAmbiguousException" => Some(Meaning::Invalid),
        name if name.contains("Throttl") => Some(Meaning::Throttled),
        name if name.contains("Transient") => Some(Meaning::Transient),
        _ => None,
    }
}

fn by_status(status: u16, has_reason: bool) -> Meaning {
    match status {
        403 if has_reason => Meaning::Denied,
        401 | 403 => Meaning::Unauthorized,
        404 => Meaning::NotFound,
        429 => Meaning::Throttled,
        408 | 500.. => Meaning::Transient,
        _ => Meaning::Invalid,
    }
}

fn said(body: &[u8]) -> Said {
    // A 403 was seen whose body is a long run of NUL bytes.
    let text = without_tokens(&String::from_utf8_lossy(body));
    let text = text.trim_matches(|char: char| char == '\0' || char.is_whitespace());
    if text.is_empty() {
        return Said::default();
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::String(text)) => Said { exception: None, text: shortened(&text) },
        Ok(value) => said_in(value.get("error").unwrap_or(&value)),
        Err(_) if text.starts_with('<') => Said::default(),
        Err(_) => Said { exception: None, text: shortened(text) },
    }
}

/// The published shape: the outer message is generic, so the inner ones come first.
fn said_in(error: &Value) -> Said {
    let text_at = |pointer: &str| {
        error.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    };
    let (coded_type, coded_text) = coded(text_at("/details/0/message").unwrap_or_default());
    let inner = text_at("/innererror/internalexception/message");
    let text = inner
        .or(Some(coded_text).filter(|text| !text.is_empty()))
        .or_else(|| text_at("/message"))
        .unwrap_or_default();
    let exception =
        coded_type.or_else(|| text_at("/innererror/internalexception/type")).map(str::to_owned);
    Said { exception, text: shortened(text) }
}

/// `Ex6F9304|Dotted.Type|Text`, whose first field may be empty.
fn coded(message: &str) -> (Option<&str>, &str) {
    let mut fields = message.splitn(3, '|');
    match (fields.next(), fields.next(), fields.next()) {
        (Some(_), Some(exception), Some(text)) if !exception.contains(' ') => {
            (Some(exception).filter(|exception| !exception.is_empty()), text.trim())
        }
        _ => (None, message.trim()),
    }
}

/// On one line and of a bearable length.
fn shortened(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MAX_TEXT) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOT_FOUND: &str =
        "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";

    fn meaning(status: u16, body: &str) -> Meaning {
        classify(Head { status, ..Head::default() }, body.as_bytes()).meaning
    }

    fn coded_body(exception: &str, text: &str) -> String {
        json!({ "error": { "code": "BadRequest", "message": "Invalid Operation",
            "details": [{ "code": "Client", "target": "", "message": format!("Ex1|{exception}|{text}") }] } })
        .to_string()
    }

    #[test]
    fn the_exception_decides_before_the_status() {
        for status in [400, 404, 500] {
            assert_eq!(meaning(status, &coded_body(NOT_FOUND, "gone")), Meaning::NotFound);
        }
        for (exception, wanted) in [
            ("X.CmdletProxyNotAvailableException", Meaning::WrongServer),
            ("X.InvalidOperationInDehydratedContextException", Meaning::Dehydrated),
            ("X.ServerBusyException", Meaning::Transient),
            ("X.ADTransientException", Meaning::Transient),
            ("X.OverBudgetException", Meaning::Throttled),
            ("X.ParameterTransformationException", Meaning::Invalid),
        ] {
            assert_eq!(meaning(400, &coded_body(exception, "x")), wanted, "{exception}");
        }
    }

    #[test]
    fn some_texts_decide_before_the_exception() {
        let concurrent = "You have reached the maximum number of concurrent requests per tenant. \
                          Please wait and try again";
        for (status, body, wanted) in [
            (400, concurrent.to_owned(), Meaning::TooManyAtOnce),
            (503, concurrent.to_owned(), Meaning::TooManyAtOnce),
            (
                400,
                coded_body("X.ODataServiceException", "Expired or Invalid pagination request."),
                Meaning::LinkExpired,
            ),
            (500, coded_body(NOT_FOUND, "is not found in the local forest"), Meaning::WrongServer),
            (
                400,
                coded_body("X.Y", "only available for users with appropriate license."),
                Meaning::Unlicensed,
            ),
            (400, coded_body("X.Y", "Cmdlet needs proxy. Current Server"), Meaning::WrongServer),
            (
                400,
                coded_body("System.InvalidOperationException",
                    "This operation is not required. Organization is already enabled for customization."),
                Meaning::AlreadyDone,
            ),
            (
                401,
                json!({"error":{"code":"Unauthorized","message":"User is not allowed to call Get-Mailbox"}})
                    .to_string(),
                Meaning::Denied,
            ),
        ] {
            assert_eq!(meaning(status, &body), wanted, "{body}");
        }
    }

    #[test]
    fn a_body_that_says_nothing_leaves_it_to_the_status() {
        let nul = "\0".repeat(4096);
        for body in ["", "  ", nul.as_str(), "<html><body>no</body></html>", "{}", "[]", "null"] {
            for (status, wanted) in [
                (400, Meaning::Invalid),
                (401, Meaning::Unauthorized),
                (403, Meaning::Unauthorized),
                (404, Meaning::NotFound),
                (408, Meaning::Transient),
                (429, Meaning::Throttled),
                (500, Meaning::Transient),
                (503, Meaning::Transient),
                (302, Meaning::Invalid),
            ] {
                let refusal = classify(Head { status, ..Head::default() }, body.as_bytes());
                assert_eq!((refusal.meaning, refusal.text.as_str()), (wanted, ""), "{body}");
            }
        }
    }

    #[test]
    fn a_403_with_a_reason_is_a_denial_wherever_the_reason_stands() {
        assert_eq!(meaning(403, &coded_body("X.AuthorizationException", "no")), Meaning::Denied);
        assert_eq!(meaning(403, "You may not."), Meaning::Denied);
        let head =
            Head { status: 403, diagnostics: Some("2000008;reason=\"none\""), ..Head::default() };
        let refusal = classify(head, b"\0\0\0");
        assert_eq!(refusal.meaning, Meaning::Denied);
        assert_eq!(refusal.text, "2000008;reason=\"none\"");
        let repeated = json!({ "error": { "code": "Forbidden", "message": "Forbidden" } });
        assert_eq!(meaning(403, &repeated.to_string()), Meaning::Unauthorized);
    }

    #[test]
    fn the_words_are_taken_from_the_innermost_place() {
        let full = json!({ "error": { "message": "Error executing cmdlet",
            "details": [{ "message": "|X.Y|from details" }],
            "innererror": { "message": "…", "type": "X.ODataServiceException",
                "internalexception": { "message": "from\r\ninside", "type": "X.Inner" } } } });
        let read = |body: &Value| {
            let body = body.to_string();
            let refusal = classify(Head { status: 400, ..Head::default() }, body.as_bytes());
            (refusal.exception, refusal.text)
        };
        assert_eq!(read(&full), (Some("X.Y".to_owned()), "from inside".to_owned()));
        let bare = json!({ "error": { "message": "Error executing cmdlet" } });
        assert_eq!(read(&bare), (None, "Error executing cmdlet".to_owned()));
        let odd = json!({ "error": { "details": "x", "innererror": [1], "message": 7 } });
        assert_eq!(read(&odd), (None, String::new()));
    }

    #[test]
    fn a_pipe_inside_of_a_plain_sentence_is_no_code() {
        let said = coded("one thing | another thing | a third");
        assert_eq!(said, (None, "one thing | another thing | a third"));
        assert_eq!(coded("||text"), (None, "text"));
    }

    #[test]
    fn an_error_inside_of_a_200_is_read_in_every_shape() {
        let text = format!("Ex1|{NOT_FOUND}|gone");
        for entry in [
            json!(text),
            json!({ "details": [{ "message": text }] }),
            json!({ "error": { "details": [{ "message": text }] } }),
        ] {
            let refusal = classify_entry(&entry);
            assert_eq!((refusal.meaning, refusal.text.as_str()), (Meaning::NotFound, "gone"));
        }
        assert_eq!(classify_entry(&json!({ "message": "odd" })).text, "odd");
    }

    #[test]
    fn a_page_long_text_is_cut() {
        let refusal =
            classify(Head { status: 400, ..Head::default() }, "é".repeat(9000).as_bytes());
        assert_eq!(refusal.text.chars().count(), MAX_TEXT + 1);
    }
}
