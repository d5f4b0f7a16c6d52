//! A read that fails on any page, ends short or returns a broken row yields an error, no plan and
//! not one write. A scripted server plays the tenant; an apply that nobody has to approve reads it.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};

use crate::support::front::{Front, Reply, Seen};
use crate::support::{Output, World, credential, tenant};

const TENANT: &str = "7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f";
const CLIENT: &str = "402b12a2-fb2b-4222-8f54-5596def1a0c3";
const OWNERS: &str = "[mailbox_audit.owners]\nrecipient_types = [\"UserMailbox\"]\n\
                      owner = { at_least = [\"MailboxLogin\"] }\n";

/// A tenant whose n-th answer to Get-Mailbox is `page(n, base)`, counted from 1. Everything else
/// about it is in order.
fn scripted(page: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Front {
    let count = AtomicUsize::new(0);
    Front::start(move |seen| {
        let base = format!("http://{}", seen.header("host"));
        match seen.cmdlet() {
            "" => sign_in(seen),
            "Get-Mailbox" => page(count.fetch_add(1, Ordering::Relaxed) + 1, &base),
            _ => Reply::json(&json!({ "@adminapi.warnings": [], "value": [] })),
        }
    })
}

fn sign_in(seen: &Seen) -> Reply {
    if seen.target.contains("/.well-known/") {
        let issuer = format!("https://login.example/{TENANT}/v2.0");
        return Reply::json(&json!({ "issuer": issuer, "token_endpoint": "x" }));
    }
    let claims = json!({ "tid": TENANT, "roles": ["Exchange.ManageAsApp"], "wids": ["x"] });
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    Reply::json(&json!({ "access_token": token, "expires_in": 3600 }))
}

/// The mailbox of this number, as Get-Mailbox shows it.
fn mailbox(number: usize) -> Value {
    json!({
        "Guid": format!("00000000-0000-4000-8000-{number:012}"),
        "UserPrincipalName": format!("u{number}@contoso.com"),
        "RecipientTypeDetails": "UserMailbox",
        "AuditEnabled": true,
        "AuditAdmin": ["Update"],
        "AuditDelegate": ["Update"],
        "AuditOwner": ["Update"],
        "DefaultAuditSet": ["Admin", "Delegate", "Owner"],
        "AuditLogAgeLimit": "90.00:00:00",
    })
}

/// A page of these rows; `next` is its link.
fn page(rows: &[Value], next: Option<String>) -> Value {
    let mut page = json!({ "@adminapi.warnings": [], "value": rows });
    if let Some(link) = next {
        page["@odata.nextLink"] = json!(link);
    }
    page
}

fn link(base: &str, token: &str) -> String {
    format!("{base}/adminapi/beta/{TENANT}/InvokeCommand?$skiptoken={token}")
}

/// A good first page with a link, and then this.
fn second_page(second: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Front {
    scripted(move |number, base| match number {
        1 => Reply::json(&page(&[mailbox(1), mailbox(2)], Some(link(base, "two")))),
        _ => second(base),
    })
}

/// Only one page, with this row at its end.
fn row(change: impl Fn(&mut Value)) -> Front {
    let mut last = mailbox(2);
    change(&mut last);
    scripted(move |_, _| Reply::json(&page(&[mailbox(1), last.clone()], None)))
}

fn run(front: &Front, arguments: &[&str]) -> (World, Output) {
    let world = World::new();
    let certificate = world.write("app.pem", credential::shared().pem());
    let head = tenant("contoso.onmicrosoft.com", &front.url(), CLIENT, &certificate);
    world.write("auditform.toml", format!("{head}\n{OWNERS}"));
    let output = world.run(&[arguments, &["--request-timeout", "2s"]].concat());
    (world, output)
}

/// An apply on this tenant ends with 8, says exactly this, and has written nothing.
#[track_caller]
fn unknown(front: &Front, expected: Inline) {
    let (world, output) = run(front, &["apply", "--auto-approve"]);
    let output = output.ended(8);
    assert_eq!(output.stdout, "");
    assert_eq!(front.writes().len(), 0);
    assert_data_eq!(world.redact(&output.stderr), expected);
    assert_eq!(
        kept(&world),
        [".auditform/.gitignore: 2", ".auditform/leases/LOCK: 0", ".auditform/leases/guard: 0"]
    );
}

/// The files beside the spec that the apply has left, with their lengths. What was locked stays, and is
/// empty; its name begins with the id of the tenant.
fn kept(world: &World) -> Vec<String> {
    let mut kept = Vec::new();
    let mut open = vec![".auditform".to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(world.path(&directory)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_lock = name.split_once('.').is_some_and(|(_, end)| end == "lock");
            let name = if is_lock { "LOCK".to_owned() } else { name };
            let path = format!("{directory}/{name}");
            match entry.metadata().unwrap() {
                found if found.is_dir() => open.push(path),
                found => kept.push(format!("{path}: {}", found.len())),
            }
        }
    }
    kept.sort();
    kept
}

/// A plan on this tenant changes so many mailboxes.
#[track_caller]
fn planned(front: &Front, expected: u64) {
    let (_world, output) = run(front, &["plan", "--format", "json"]);
    assert_eq!(output.ended(0).json()["summary"]["change"], expected);
}

#[test]
fn a_second_page_that_fails_for_good() {
    let front = second_page(|_| Reply::new(500, &[("request-id", "r-2")], "{}"));
    unknown(
        &front,
        str![[r#"
error[unavailable]: the service keeps failing: status 500 without a reason [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 500, request-id r-2, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_second_page_that_is_cut_in_the_middle_each_time() {
    let front = second_page(|_| Reply::cut(&page(&[mailbox(3)], None)));
    unknown(
        &front,
        str![[r#"
error[unavailable]: the service keeps failing: error decoding response body: error reading a body from connection: end of file before message length reached [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), [..] tries in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_second_page_of_garbage() {
    let front = second_page(|_| Reply::new(200, &[("request-id", "r-2")], "\u{1}\u{2}garbage"));
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the answer is incomplete on page 2: the answer is not a JSON object [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, request-id r-2, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_second_page_that_a_proxy_made() {
    let html = "<html><body>Sign in to the guest network</body></html>";
    let front = second_page(move |_| Reply::new(200, &[("content-type", "text/html")], html));
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the answer is incomplete on page 2: the answer is not a JSON object [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_list_that_is_short_with_a_warning_and_without_a_link() {
    let front = scripted(|_, _| {
        let mut short = page(&[mailbox(1)], None);
        short["@adminapi.warnings"] =
            json!(["There are more results available than are currently \
                                              displayed. To view them, increase the value for the \
                                              ResultSize parameter."]);
        Reply::json(&short)
    });
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the answer is incomplete on page 1: the service has cut the list: There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter. [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_link_to_another_host_to_which_nothing_is_sent() {
    let elsewhere = Front::start(|_| Reply::json(&page(&[mailbox(3)], None)));
    let url = elsewhere.url();
    let front = scripted(move |_, _| Reply::json(&page(&[mailbox(1)], Some(link(&url, "two")))));
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the answer is incomplete on page 1: its link leads to another host, `http://127.0.0.1:<port>`, and was not followed [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
    assert_eq!(elsewhere.seen().len(), 0);
}

#[test]
fn a_link_that_was_followed_before() {
    let front = second_page(|base| Reply::json(&page(&[mailbox(3)], Some(link(base, "two")))));
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the answer is incomplete on page 2: its link was followed before [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn errors_in_an_answer_of_200() {
    let front = second_page(|_| {
        let mut failed = page(&[mailbox(3)], None);
        failed["@adminapi.errors"] = json!(["Ex1|Microsoft.Exchange.Lost|A server was lost."]);
        Reply::json(&failed)
    });
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the answer is incomplete on page 2: the service reports an error in it: A server was lost. [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_row_without_an_action_list() {
    let front = row(|row| {
        row.as_object_mut().unwrap().remove("AuditAdmin");
    });
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: row 2 of page 1 (u2@contoso.com): `AuditAdmin` is missing [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_row_whose_switch_is_null() {
    unknown(
        &row(|row| row["AuditEnabled"] = Value::Null),
        str![[r#"
error[incomplete-read]: row 2 of page 1 (of unknown identity): `AuditEnabled` is null [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn a_row_of_a_type_that_was_not_asked_for() {
    let front = row(|row| row["RecipientTypeDetails"] = json!("SharedMailbox"));
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: row 2 of page 1 (u2@contoso.com): `RecipientTypeDetails` is `SharedMailbox`, which was not asked for [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 200, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
}

#[test]
fn two_rows_of_one_mailbox_that_differ() {
    let front = second_page(|_| {
        let mut other = mailbox(2);
        other["AuditOwner"] = json!(["Move"]);
        Reply::json(&page(&[other], None))
    });
    unknown(
        &front,
        str![[r#"
error[differing-rows]: the mailbox <guid> was listed twice with different contents
 |
 = note: one of the two rows is wrong, so nothing is planned from this list
 = help: run the command again; the listing may have been caught during a change

"#]],
    );
}

const EXPIRED: &str = r#"{"error":{"message":"Expired or Invalid pagination request. Default Expiry time is 00:30:00"}}"#;

#[test]
fn a_link_that_expires_three_times() {
    let front = scripted(|number, base| match number % 2 {
        1 => Reply::json(&page(&[mailbox(1)], Some(link(base, "two")))),
        _ => Reply::new(400, &[("request-id", "r-2")], EXPIRED),
    });
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the link to page 2 has expired [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 400, request-id r-2, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it

"#]],
    );
    let reads = front.seen().iter().filter(|seen| seen.cmdlet() == "Get-Mailbox").count();
    assert_eq!(reads, 6, "the list was begun three times");
}

/// So many rows.
fn rows(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers.map(mailbox).collect()
}

#[test]
fn a_full_last_page_that_another_page_size_does_not_confirm() {
    let front = scripted(|number, base| match number {
        1 => Reply::json(&page(&rows(0..1000), None)),
        2 => Reply::json(&page(&rows(0..999), Some(link(base, "two")))),
        _ => Reply::json(&page(&rows(999..1002), None)),
    });
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the list of mailboxes may have been cut off
 |
 = note: its last page was exactly full, and reading it again gave another list (1000 mailboxes, then 1002)
 = help: run the command again when no mailboxes are being created or removed

"#]],
    );
}

#[test]
fn a_full_last_page_that_is_cut_again() {
    let front = scripted(|number, _| {
        let cut = if number == 1 { 0..1000 } else { 0..999 };
        Reply::json(&page(&rows(cut), None))
    });
    unknown(
        &front,
        str![[r#"
error[incomplete-read]: the list of mailboxes may have been cut off
 |
 = note: its last page was exactly full, and reading it again gave another list (1000 mailboxes, then 999)
 = help: run the command again when no mailboxes are being created or removed

"#]],
    );
}

#[test]
fn a_full_last_page_counts_once_another_page_size_has_confirmed_it() {
    let front = scripted(|number, base| match number {
        1 => Reply::json(&page(&rows(0..1000), None)),
        2 => Reply::json(&page(&rows(0..999), Some(link(base, "two")))),
        _ => Reply::json(&page(&rows(999..1000), None)),
    });
    planned(&front, 1000);
    let seen = front.seen();
    let sizes: Vec<&str> = seen
        .iter()
        .filter(|seen| seen.cmdlet() == "Get-Mailbox")
        .map(|seen| seen.header("prefer"))
        .collect();
    assert_eq!(sizes, [1000, 999, 999].map(|size| format!("odata.maxpagesize={size}")));
}

#[test]
fn equal_rows_of_one_mailbox_count_once() {
    let front = second_page(|_| Reply::json(&page(&[mailbox(2), mailbox(3)], None)));
    planned(&front, 3);
}

#[test]
fn a_link_that_expires_once_starts_the_list_again() {
    let front = scripted(|number, base| match number {
        1 | 3 => Reply::json(&page(&[mailbox(1)], Some(link(base, "two")))),
        2 => Reply::new(400, &[], EXPIRED),
        _ => Reply::json(&page(&[mailbox(2)], None)),
    });
    planned(&front, 2);
}

#[test]
fn a_page_that_breaks_off_once_is_asked_for_again_and_counts_once() {
    let front = scripted(|number, base| match number {
        1 => Reply::json(&page(&[mailbox(1)], Some(link(base, "two")))),
        2 => Reply::cut(&page(&[mailbox(2), mailbox(3)], None)),
        _ => Reply::json(&page(&[mailbox(2), mailbox(3)], None)),
    });
    planned(&front, 3);
}
