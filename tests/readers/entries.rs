//! One entry for each reader of what comes from outside: any bytes go in, and a law that does not hold
//! panics. `tests/readers.rs` tries them on bytes made at random, `fuzz/` on bytes that a fuzzer finds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a law that does not hold is a finding")]

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::Path;

use auditform::approval::{
    ApprovalFile, ApprovalRules, Case, PrivateKey, Signer, SignerKey, Statement, USUAL_EXPIRY,
    judge,
};
use auditform::diagnostic::{Diagnostics, Sources};
use auditform::emulator::Seed;
use auditform::plan::{FORMAT_VERSION, PlanDocument, ReadPlan, SavedPlan};
use auditform::render::{self, Detail, Provenance, TextOptions};
use auditform::resource::{Address, PlanDigest};
use auditform::spec::{self, Given, Inputs, NotFormatted, Parsed, Texts, Values};
use auditform::{graph, ops};
use jiff::civil::{Date, date};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A reader of bytes.
pub(crate) struct Entry {
    /// As its fuzz target and its corpus are called.
    pub(crate) name: &'static str,
    pub(crate) read: fn(&[u8]),
}

/// Every reader.
pub(crate) const ENTRIES: [Entry; 7] = [
    Entry { name: "spec", read: spec },
    Entry { name: "values", read: values },
    Entry { name: "plan", read: plan },
    Entry { name: "approval", read: approval },
    Entry { name: "key", read: key },
    Entry { name: "address", read: address },
    Entry { name: "seed", read: seed },
];

/// Stands between the files of a spec in one text. No TOML has it.
pub(crate) const NEXT_FILE: char = '\u{1e}';
/// What the files of such a text are called, in their order.
const FILES: [&str; 5] =
    ["auditform.toml", "base.toml", "parts/a.toml", "parts/b.toml", "../common.toml"];
const TODAY: Date = date(2026, 11, 23);
const DIRECTORY: &str = "/specs";

fn inputs(values: Values<'_>) -> Inputs<'_> {
    Inputs { directory: Path::new(DIRECTORY), today: TODAY, values }
}

/// What is said of findings, which are to have at least one error.
fn said(sources: &Sources, findings: &Diagnostics) -> String {
    assert!(findings.has_errors(), "refused without a reason");
    render::diagnostics(sources, findings, false)
}

/// The files of a spec, with what they extend and include.
pub(crate) fn spec(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let texts = text.split(NEXT_FILE).zip(FILES).map(|(text, name)| (name.into(), text.into()));
    let texts = Texts(texts.collect());
    let read = |texts: &Texts, values: Values<'_>| {
        let mut sources = Sources::default();
        let read = spec::read(&mut sources, texts, FILES[0], inputs(values));
        (read, sources)
    };
    let (first, sources) = read(&texts, Values::default());
    match &first {
        Err(findings) => {
            let words = said(&sources, findings);
            let (again, sources) = read(&texts, Values::default());
            let again = again.err().map(|findings| said(&sources, &findings));
            assert_eq!(again.as_ref(), Some(&words), "the same spec gave other findings");
        }
        Ok(parsed) => {
            render::diagnostics(&sources, &parsed.warnings, true);
            reads_again(&texts, parsed);
        }
    }
    for text in texts.0.values() {
        laid_out(text);
    }
    if let [(name, text)] = texts.0.iter().collect::<Vec<_>>().as_slice()
        && let Some(laid_out) = laid_out(text)
    {
        let other = Texts(BTreeMap::from([((*name).clone(), laid_out)]));
        let (second, _) = read(&other, Values::default());
        assert_eq!(first.is_ok(), second.is_ok(), "laid out, it reads otherwise");
    }
}

/// What was read can be taken along and read again without a disk, and is the same.
fn reads_again(texts: &Texts, parsed: &Parsed) {
    let (files, variables) = (&parsed.files, &parsed.variables);
    let kept = |name: &String| texts.0.get(name).map(|text| (name.clone(), text.clone()));
    let kept = Texts(files.iter().filter_map(|(name, _)| kept(name)).collect());
    let mut sources = Sources::default();
    let again = spec::read(&mut sources, &kept, FILES[0], inputs(Values::Captured(variables)));
    let again = again.unwrap_or_else(|findings| panic!("{}", said(&sources, &findings)));
    assert_eq!((&again.files, &again.variables), (files, variables));
    assert_eq!(format!("{:?}", again.desired), format!("{:?}", parsed.desired));
}

/// The text laid out, where it can be; a second time changes nothing.
fn laid_out(text: &str) -> Option<String> {
    let format = |text: &str| {
        let mut sources = Sources::default();
        let file = sources.add(FILES[0], text);
        spec::format(&sources, file)
    };
    match format(text) {
        Ok(laid_out) => {
            let again = format(&laid_out).unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(again, laid_out, "laid out twice is not laid out once");
            Some(laid_out)
        }
        Err(NotFormatted::Invalid(findings)) => {
            assert!(findings.has_errors());
            None
        }
        Err(NotFormatted::Unknown(_) | NotFormatted::Changed) => None,
    }
}

/// A spec with a variable of each type.
const DECLARES: &str = r#"version = 1
[tenant]
endpoint = "embedded"
[variables.text]
type = "string"
[variables.number]
type = "integer"
default = 90
[variables.flag]
type = "bool"
default = true
[variables.list]
type = "list"
default = ["UserMailbox"]
[unified_audit_log]
ingestion = "${var.flag}"
[mailbox_audit.people]
recipient_types = "${var.list}"
include = ["${var.text}@contoso.com"]
log_age_limit = "${var.number}"
"#;

/// A file of values (`--var-file`); the same text is tried as `--var` and in the environment.
pub(crate) fn values(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let spec = Texts(BTreeMap::from([(FILES[0].to_owned(), DECLARES.to_owned())]));
    let files = [("values.toml".to_owned(), text.to_owned())];
    let names = ["text", "number", "flag", "list"];
    let single: Vec<(String, String)> =
        names.iter().map(|name| ((*name).to_owned(), text.to_owned())).collect();
    let environment = |_: &str| Some(text.to_owned());
    for given in [
        Given { files: &files, ..Given::default() },
        Given { values: &single, ..Given::default() },
        Given { values: &single[..1], environment: &environment, ..Given::default() },
    ] {
        let mut sources = Sources::default();
        match spec::read(&mut sources, &spec, FILES[0], inputs(Values::Given(given))) {
            Ok(parsed) => reads_again(&spec, &parsed),
            Err(findings) => drop(said(&sources, &findings)),
        }
    }
}

/// A saved plan, compressed or not: as it is, and once more with the digest that it amounts to, since
/// what is edited is otherwise refused for that alone.
pub(crate) fn plan(bytes: &[u8]) {
    if let Some(read) = read_plan(bytes) {
        shows(&read);
        // What an earlier release saved is written in the present format.
        let is_ours = bytes.starts_with(b"{") && read.format_version == FORMAT_VERSION;
        assert!(!is_ours || writes_the_same(&read, bytes), "it writes other bytes");
    }
    let Some(sealed) = sealed(bytes) else { return };
    if let Some(read) = read_plan(&sealed) {
        shows(&read);
        let is_current = read.format_version == FORMAT_VERSION;
        assert!(!is_current || writes_the_same(&read, &sealed), "sealed, it writes other bytes");
    }
}

/// Whether a plan is read once it has the digest that it amounts to, and why not; each view of one that
/// is read is made.
pub(crate) fn shows_sealed(bytes: &[u8]) -> Result<(), String> {
    let sealed = sealed(bytes).ok_or("no object")?;
    read_saved(&sealed).map(|read| shows(&read))
}

fn read_plan(bytes: &[u8]) -> Option<ReadPlan> {
    let read = read_saved(bytes);
    assert!(read.as_ref().err().is_none_or(|error| !error.is_empty()));
    read.ok()
}

fn read_saved(bytes: &[u8]) -> Result<ReadPlan, String> {
    let bytes = bytes.to_vec();
    let mut open = || -> io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(bytes.clone()))) };
    ops::read_saved_from(&mut open).map_err(|error| error.to_string())
}

/// Every view can be made of it, and nothing in the texts is obeyed by a terminal but the styles.
fn shows(read: &ReadPlan) {
    let (plan, beside) = (&read.plan, Provenance::default());
    let sink = || io::sink();
    for detail in [Detail::Summary, Detail::Groups, Detail::Full] {
        let mut text = Vec::new();
        let options = TextOptions { detail, context: 1, ..TextOptions::default() };
        render::write_plan(&mut text, plan, &beside, options).unwrap();
        obeys_nothing(&String::from_utf8(text).unwrap());
    }
    render::write_markdown(&mut sink(), plan, &beside, TextOptions::default()).unwrap();
    render::write_html(&mut sink(), plan, &beside).unwrap();
    serde_json::to_writer(sink(), &PlanDocument { plan, digest: read.digest }).unwrap();
    if let Err(cycle) = graph::build(plan) {
        assert!(!cycle.diagnostic().summary.is_empty());
    }
}

/// A text in which nothing is a control character but the ends of lines and the styles' own sequences.
fn obeys_nothing(text: &str) {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.map(|piece| {
        let style = piece.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        let (style, rest) = style.unwrap_or_else(|| panic!("no style: {piece:?}"));
        assert!(STYLES.contains(&style), "no style of ours: {piece:?}");
        rest
    });
    for piece in std::iter::once(first).chain(rest) {
        let hidden = |letter: char| letter != '\n' && letter.is_control();
        assert!(!piece.contains(hidden), "a control character: {piece:?}");
    }
}

/// Off, bold, faint, and the colours of what is removed, added and changed.
const STYLES: [&str; 6] = ["0", "1", "2", "31", "32", "33"];

/// Whether a plan is written as it was read, as far as its digest goes.
fn writes_the_same(read: &ReadPlan, bytes: &[u8]) -> bool {
    let (Some(digest), Some(spec), Some(made)) = (read.digest, &read.spec, &read.made) else {
        return true;
    };
    let mut written = Vec::new();
    SavedPlan { plan: &read.plan, spec, made }.write(digest, &mut written).unwrap();
    counted(&written) == counted(bytes)
}

/// The members that the digest of a plan leaves out, beside `summary.reads` and the counts of checks.
pub(crate) const VOLATILE: [&str; 6] =
    ["created_at", "digest", "git", "host", "snapshot", "tool_version"];

/// What the digest covers, if the bytes are an object.
fn counted(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    let members = document.as_object_mut()?;
    for name in VOLATILE {
        members.remove(name);
    }
    members
        .get_mut("summary")
        .and_then(Value::as_object_mut)
        .map(|summary| summary.remove("reads"));
    for check in members.get_mut("checks").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(check) = check.as_object_mut()
            && check.get("verdict") == Some(&"passed".into())
        {
            check.retain(|name, _| !["selected", "conforming"].contains(&name.as_str()));
        }
    }
    serde_jcs::to_vec(&document).ok()
}

/// The document with its own digest, if the bytes are an object.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let digest = Sha256::digest(counted(bytes)?);
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    document["digest"] = PlanDigest::new(digest.into()).to_string().into();
    serde_jcs::to_vec(&document).ok()
}

/// What OpenSSH signed, in the two ways that it can, and whose key it is.
const APPROVED: &str = include_str!("../fixtures/approval/ed25519.approval");
const APPROVED_TOO: &str = include_str!("../fixtures/approval/ed25519-sha256.approval");
const SIGNER: &str = include_str!("../fixtures/approval/ed25519.pub");

/// An approval: none counts but the one that was given.
pub(crate) fn approval(bytes: &[u8]) {
    let (key, name) = SignerKey::parse(SIGNER).unwrap();
    let rules = ApprovalRules::new(vec![Signer { key, name }], 1, USUAL_EXPIRY).unwrap();
    let line = |name: &str| APPROVED.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let said = Statement::new(
        line("plan: ").parse().unwrap(),
        line("tenant: ").parse().unwrap(),
        line("time: ").parse().unwrap(),
    );
    let case = Case { rules: &rules, plan: said.plan, tenant: said.tenant, now: said.time };
    let file = ApprovalFile { name: "given".to_owned(), content: bytes.to_vec() };
    match judge(&case, &[file]) {
        Ok(_) => {
            let text = std::str::from_utf8(bytes).unwrap().replace("\r\n", "\n");
            assert!([APPROVED, APPROVED_TOO].contains(&&*text), "another text counts: {text}");
        }
        Err(refused) => {
            assert!(refused.by.is_empty());
            for reason in refused.unfit.iter().flat_map(|unfit| &unfit.reasons) {
                assert!(!reason.to_string().contains(char::is_control), "{reason}");
            }
        }
    }
}

/// The key of a signer, public or private.
pub(crate) fn key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match SignerKey::parse(text) {
        Ok((key, _)) => assert_eq!(SignerKey::parse(&key.to_string()).unwrap().0, key),
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
    }
    match PrivateKey::read(text, None) {
        Ok(key) => {
            let public = key.public().to_string();
            assert!(!format!("{key:?}").contains("PRIVATE"));
            assert_eq!(SignerKey::parse(&public).unwrap().0, *key.public());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An address of a resource.
pub(crate) fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(address) = Address::parse(text) {
        let written = address.to_string();
        assert_eq!(Address::parse(&written).as_ref(), Some(&address), "{written}");
    }
}

/// A seed of the embedded tenant.
pub(crate) fn seed(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Seed::parse(text, "tenant.toml") {
        Ok(seed) => {
            let again = Seed::parse(seed.text(), "tenant.toml");
            assert_eq!(again.unwrap(), seed);
        }
        Err(error) => assert!(error.line > 0 && error.column > 0 && !error.message.is_empty()),
    }
}
