//! English for counts and lists, in one place so that every text speaks alike.

/// `1 mailbox`, `2 mailboxes`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `1 mailbox`, `2 mailboxes`.
pub(super) fn mailboxes(number: u64) -> String {
    count(number, "mailbox", "mailboxes")
}

/// `1 request`, `2 requests`.
pub(super) fn requests(number: u64) -> String {
    count(number, "request", "requests")
}
