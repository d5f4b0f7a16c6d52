//! Specs as users write them, right and wrong, with the exact text that they get; the schema, the
//! documents and the examples beside them. `SNAPSHOTS=overwrite` rewrites the expected texts,
//! which are then to be read as a newcomer would. The tenant plays no part here.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use auditform::diagnostic::{Diagnostics, Sources};
use auditform::render::diagnostics as render;
use auditform::resource::{ActionSet, ActionVocabulary, LogonType, RecipientType, TABLE};
use auditform::spec::{self, Parsed, keys};
use auditform::state::{ActionRule, CertificateLocation, DesiredState, Endpoint, SignIn};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Map, Value};
use snapbox::{Data, assert_data_eq};

/// The day on which every fixture is read.
const TODAY: Date = date(2026, 11, 23);

/// Invalid specs that the schema lets through: it knows neither the calendar, nor names of roles
/// and permissions, nor the tenant's rules across keys, nor the other tables, nor what is in a key.
const BEYOND_THE_SCHEMA: &[&str] = &[
    "application-certificate-absent",
    "application-certificate-nowhere",
    "application-certificate-twice",
    "application-certificate-unknown",
    "application-directory-role-near",
    "application-directory-role-twice",
    "application-exchange-role-near",
    "application-owner-twice",
    "application-permission-misspelt",
    "application-permission-service",
    "application-permission-twice",
    "application-permission-without-name",
    "application-roles-swapped",
    "application-same-app-id",
    "application-same-display-name",
    "application-same-unique-name",
    "approval-expiry-too-long",
    "approval-key-cut",
    "approval-key-twice",
    "approval-key-with-strange-name",
    "approval-more-required-than-there-are",
    "approval-one-signer-with-two-keys",
    "approval-pem-of-another-kind",
    "certificate-as-the-guide-dates-it",
    "certificate-overlap-too-long",
    "certificate-rotate-before-its-life",
    "certificate-same-files",
    "certificate-valid-for-too-long",
    "certificate-valid-from-no-such-day",
    "certificate-valid-until-before-from",
    "certificate-valid-until-past",
    "check-certificate-unknown",
    "check-named-twice",
    "enabled-without-effect",
    "federated-name-twice",
    "federated-same-token",
    "overlap-everything",
    "overlap-same-pattern",
    "overrides-circle",
    "overrides-itself",
    "overrides-unknown",
    "pattern-twice",
    "pattern-unfinished",
    "sign-in-application-absent",
    "sign-in-application-nowhere",
    "sign-in-application-unknown",
    "sign-in-application-without-credential",
    "until-no-such-day",
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let directory = package().join(directory);
    let mut found: Vec<PathBuf> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|known| known == extension))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "nothing in {}", directory.display());
    found
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// The outcome of a spec, and the text that its findings make.
fn read(path: &Path) -> (Result<Parsed, Diagnostics>, String) {
    let mut sources = Sources::default();
    let name = path.file_name().unwrap().to_str().unwrap();
    let file = sources.add(name, fs::read_to_string(path).unwrap());
    let outcome = spec::parse(&sources, file, Path::new("/specs"), TODAY);
    let text = match &outcome {
        Ok(parsed) => render(&sources, &parsed.warnings, false),
        Err(found) => render(&sources, found, false),
    };
    (outcome, text)
}

fn assert_expected(path: &Path, text: String) {
    let expected = path.with_extension("stderr");
    if text.is_empty() {
        assert!(!expected.exists(), "{} has no findings", path.display());
    } else {
        assert_data_eq!(text, Data::read_from(&expected, None).raw());
    }
}

#[test]
fn each_invalid_spec_is_refused_with_exactly_these_words() {
    let invalid = files("tests/fixtures/specs/invalid", "toml");
    assert!(invalid.len() > 25);
    for path in invalid {
        let (outcome, text) = read(&path);
        assert!(outcome.is_err_and(|found| found.has_errors()), "{} is valid", path.display());
        assert_expected(&path, text);
    }
}

#[test]
fn each_valid_spec_is_taken_with_exactly_these_warnings() {
    for path in files("tests/fixtures/specs/valid", "toml") {
        let (outcome, text) = read(&path);
        assert!(outcome.is_ok(), "{}:\n{text}", path.display());
        assert_eq!(stem(&path).starts_with("warns-"), !text.is_empty(), "{}", path.display());
        assert_expected(&path, text);
    }
}

#[test]
fn no_expected_text_is_left_without_its_spec() {
    for directory in ["tests/fixtures/specs/invalid", "tests/fixtures/specs/valid"] {
        for path in files(directory, "stderr") {
            assert!(path.with_extension("toml").exists(), "{}", path.display());
        }
    }
    for path in files("tests/fixtures/specs/several", "stderr") {
        assert!(path.with_extension("").is_dir(), "{}", path.display());
    }
}

#[test]
fn a_secret_in_a_spec_is_never_shown() {
    for path in files("tests/fixtures/specs/invalid", "toml") {
        let (_, text) = read(&path);
        for secret in ["battery staple", "w0rd-2026", "password = \"x\""] {
            assert!(!text.contains(secret), "{} shows {secret}", path.display());
        }
    }
}

/// The codes that the source constructs: `Diagnostic::error("code"` and `::warning("code"`.
fn codes_in_source() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let sources = files("src/spec", "rs").into_iter().chain(files("src/state", "rs"));
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        for call in
            text.split("Diagnostic::error(").chain(text.split("Diagnostic::warning(")).skip(1)
        {
            let start = call.trim_start();
            if let Some(rest) = start.strip_prefix('"') {
                codes.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    codes.retain(|code| code.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'));
    assert!(codes.len() > 25, "{codes:?}");
    codes
}

#[test]
fn every_code_is_documented_and_shown_by_a_fixture() {
    let document = fs::read_to_string(package().join("docs/diagnostics.md")).unwrap();
    let shown: String = files("tests/fixtures/specs/invalid", "stderr")
        .into_iter()
        .chain(files("tests/fixtures/specs/valid", "stderr"))
        .chain(files("tests/fixtures/specs/several", "stderr"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for code in codes_in_source() {
        assert!(document.contains(&format!("### {code}\n")), "docs/diagnostics.md lacks {code}");
        assert!(shown.contains(&format!("[{code}]: ")), "no fixture shows {code}");
    }
}

/// A TOML value as the JSON that an editor's TOML support hands to the schema.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
    }
}

fn schema() -> Value {
    let text = fs::read_to_string(package().join("schemas/spec.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn examples() -> Vec<PathBuf> {
    let all = fs::read_dir(package().join("examples")).unwrap();
    all.map(|entry| entry.unwrap().path().join("auditform.toml"))
        .filter(|path| path.exists())
        .collect()
}

#[test]
fn the_schema_takes_what_the_reader_takes_and_refuses_wrong_shapes() {
    let schema = schema();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let valid = files("tests/fixtures/specs/valid", "toml").into_iter().chain(examples());
    for path in valid {
        if stem(&path) == "warns-letter-case" {
            continue; // JSON Schema has no enumeration without letter case.
        }
        let spec = json(toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap());
        let errors: Vec<String> =
            validator.iter_errors(&spec).map(|error| format!("{error}")).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    let passing: Vec<String> = files("tests/fixtures/specs/invalid", "toml")
        .into_iter()
        .filter(|path| {
            let spec = toml::from_str(&fs::read_to_string(path).unwrap());
            spec.is_ok_and(|spec| validator.is_valid(&json(spec)))
        })
        .map(|path| stem(&path).to_owned())
        .collect();
    assert_eq!(passing, BEYOND_THE_SCHEMA);
}

fn object<'a>(schema: &'a Value, pointer: &str) -> &'a Map<String, Value> {
    schema.pointer(pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("no {pointer}"))
}

fn words(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let list = schema.pointer(pointer).and_then(Value::as_array);
    let list = list.unwrap_or_else(|| panic!("no {pointer}"));
    list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_schema_has_exactly_the_keys_of_the_reader() {
    let schema = schema();
    for section in keys::SECTIONS {
        let pointers = match section.id {
            "spec" => vec![String::new()],
            "rule" => {
                LogonType::ALL.map(|it| format!("/definitions/{}_rule", it.attribute())).into()
            }
            id => vec![format!("/definitions/{id}")],
        };
        for pointer in pointers {
            let properties = object(&schema, &format!("{pointer}/properties"));
            let properties: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            assert_eq!(properties, section.names().into_iter().collect(), "{pointer}");
            let others = &object(&schema, &pointer)["additionalProperties"];
            assert_eq!(*others, serde_json::json!({ "allOf": [false] }), "{pointer}");
        }
    }
}

#[test]
fn the_schema_takes_with_each_method_of_signing_in_what_the_reader_takes() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    let example = |name: &str| {
        let mut rows = keys::BOOTSTRAP.into_iter();
        rows.find(|key| key.name == name).unwrap().example
    };
    for method in keys::METHODS {
        let is_certificate = method.word.value == "certificate";
        let file = is_certificate.then_some(&"certificate");
        let needed: Vec<&str> = method.required.iter().chain(file).copied().collect();
        for key in keys::BOOTSTRAP.names().into_iter().filter(|key| *key != "method") {
            let mut table = format!("method = '{}'\n", method.word.value);
            for name in needed.iter().copied().filter(|name| *name != key).chain([key]) {
                table.extend([name, " = ", example(name), "\n"]);
            }
            let text = format!(
                "version = 1\n[tenant]\norganization = 'contoso.example'\n[tenant.sign_in]\n{table}"
            );
            let mut sources = Sources::default();
            let file = sources.add("a.toml", text.clone());
            let is_read = spec::parse(&sources, file, Path::new(""), TODAY).is_ok();
            let is_valid = validator.is_valid(&json(toml::from_str(&text).unwrap()));
            assert_eq!(is_valid, is_read, "{text}");
            let other_way = matches!(key, "thumbprint" | "directory");
            assert_eq!(is_read, method.keys.contains(&key) && !other_way, "{text}");
        }
    }
}

#[test]
fn the_schema_has_exactly_the_types_and_actions_of_the_tables() {
    let schema = schema();
    let types = RecipientType::ALL.map(|kind| kind.name().to_owned()).into_iter().collect();
    assert_eq!(words(&schema, "/definitions/recipient_type/enum"), types);
    for logon in LogonType::ALL {
        let accepted = TABLE
            .iter()
            .filter(|action| action.standing(logon).is_accepted())
            .map(|action| action.name.to_owned())
            .collect();
        let pointer = format!("/definitions/{}_action/enum", logon.attribute());
        assert_eq!(words(&schema, &pointer), accepted, "{pointer}");
    }
}

#[test]
fn every_key_is_in_the_reference() {
    let reference = fs::read_to_string(package().join("docs/spec-reference.md")).unwrap();
    for section in keys::SECTIONS {
        for key in section.keys {
            let name = format!("| `{}` | ", key.name);
            assert!(reference.contains(&name), "docs/spec-reference.md lacks {}", key.name);
        }
    }
    for action in TABLE {
        assert!(reference.contains(&format!("`{}`", action.name)), "it lacks {}", action.name);
    }
}

#[test]
fn every_spec_in_the_reference_is_valid() {
    let reference = fs::read_to_string(package().join("docs/spec-reference.md")).unwrap();
    let mut count = 0;
    for block in reference.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        // A block without a version is an excerpt that goes below the smallest spec.
        let text = if block.contains("version = 1") {
            block.to_owned()
        } else if block.contains("[tenant]") {
            format!("version = 1\n{block}")
        } else {
            format!("version = 1\n[tenant]\nendpoint = \"embedded\"\n{block}")
        };
        let mut sources = Sources::default();
        let file = sources.add("spec-reference.md", text);
        if let Err(found) = spec::parse(&sources, file, Path::new(""), TODAY) {
            panic!("{}", render(&sources, &found, false));
        }
        count += 1;
    }
    assert!(count > 5, "{count} blocks");
}

#[test]
fn the_examples_are_valid_and_only_the_guide_as_written_warns() {
    assert!(examples().len() >= 2);
    for path in examples() {
        let (outcome, text) = read(&path);
        assert!(outcome.is_ok(), "{}:\n{text}", path.display());
        let is_guide = path.parent().is_some_and(|parent| parent.ends_with("guide-as-written"));
        let drops = text.matches("warning[drops-defaults]").count();
        assert_eq!(drops, if is_guide { 2 } else { 0 }, "{}:\n{text}", path.display());
        assert_eq!(text.is_empty(), !is_guide, "{}:\n{text}", path.display());
    }
}

pub(crate) fn desired(text: &str) -> DesiredState {
    let mut sources = Sources::default();
    let file = sources.add("auditform.toml", format!("version = 1\n{text}"));
    match spec::parse(&sources, file, Path::new("/specs"), TODAY) {
        Ok(parsed) => parsed.desired,
        Err(found) => panic!("{}", render(&sources, &found, false)),
    }
}

#[test]
fn what_is_left_out_is_not_managed_and_has_no_default() {
    let state = desired(
        "[tenant]\nendpoint = 'embedded'\n[mailbox_audit.a]\nrecipient_types = ['UserMailbox']\nenabled = true",
    );
    assert!(state.unified_audit_log.is_none() && state.mailbox_auditing.is_none());
    assert!(state.tenant.sign_in.is_none() && state.tenant.organization.is_none());
    let [policy] = state.policies.as_slice() else { panic!("one policy") };
    assert!(policy.enabled.is_some_and(|enabled| enabled.value));
    assert!(policy.admin.is_none() && policy.delegate.is_none() && policy.owner.is_none());
    assert!(policy.log_age_limit.is_none() && policy.include.is_empty());
}

#[test]
fn paths_start_at_the_directory_of_the_spec_and_urls_end_without_a_slash() {
    let state = desired(
        "[tenant]\norganization = 'Contoso.onmicrosoft.com'\nendpoint = 'http://127.0.0.1:80/x/'\n\
         ca_file = 'root.pem'\n[tenant.sign_in]\nmethod = 'certificate'\n\
         client_id = '402b12a2-fb2b-4222-8f54-5596def1a0c3'\ncertificate = 'keys/app.pfx'",
    );
    assert_eq!(state.tenant.organization.as_deref(), Some("contoso.onmicrosoft.com"));
    assert_eq!(state.tenant.endpoint, Endpoint::Base("http://127.0.0.1/x".to_owned()));
    assert_eq!(state.tenant.ca_file, Some(Path::new("/specs").join("root.pem")));
    let Some(SignIn::Certificate(sign_in)) = state.tenant.sign_in else { panic!("a certificate") };
    let file = Path::new("/specs").join("keys/app.pfx");
    assert_eq!(sign_in.certificate, CertificateLocation::File(file));
}

#[test]
fn each_form_of_a_rule_means_what_it_says() {
    let state = desired(
        "[tenant]\nendpoint = 'embedded'\n[mailbox_audit.a]\nrecipient_types = ['UserMailbox']\n\
         admin = { default_plus = ['Copy'] }\ndelegate = { exactly = ['None'] }\nowner = 'default'",
    );
    let copy = ActionVocabulary::default().add(ActionSet::EMPTY, "Copy").unwrap();
    let policy = &state.policies[0];
    let rule = |logon| policy.rule(logon).map(|rule| rule.value);
    assert_eq!(rule(LogonType::Admin), Some(ActionRule::DefaultPlus(copy)));
    assert_eq!(rule(LogonType::Delegate), Some(ActionRule::Exactly(ActionSet::EMPTY)));
    assert_eq!(rule(LogonType::Owner), Some(ActionRule::Default));
}

#[test]
fn policies_come_before_those_that_they_override_and_then_by_name() {
    let policy = |name: &str, more: &str| {
        format!(
            "[mailbox_audit.{name}]\nrecipient_types = ['UserMailbox']\nenabled = true\n{more}\n"
        )
    };
    let text = [
        "[tenant]\nendpoint = 'embedded'\n".to_owned(),
        policy("alpha", "include = ['a@x.example']"),
        policy("beta", "include = ['b@x.example']"),
        policy("gamma", "overrides = ['alpha', 'beta', 'delta']"),
        policy("delta", "overrides = ['beta', 'alpha']"),
    ];
    let names: Vec<String> =
        desired(&text.concat()).policies.into_iter().map(|policy| policy.name).collect();
    assert_eq!(names, ["gamma", "delta", "alpha", "beta"]);
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_change_nothing() {
    for path in files("tests/fixtures/specs/invalid", "toml") {
        let text = fs::read_to_string(&path).unwrap();
        let codes = |text: String| -> Vec<&'static str> {
            let mut sources = Sources::default();
            let file = sources.add("a.toml", text);
            let found = spec::parse(&sources, file, Path::new(""), TODAY).unwrap_err();
            assert!(!render(&sources, &found, true).is_empty());
            found.iter().map(|finding| finding.code).collect()
        };
        let plain = codes(text.clone());
        assert_eq!(codes(text.replace('\n', "\r\n")), plain, "{}", path.display());
        if !text.is_empty() {
            assert_eq!(codes(format!("\u{feff}{text}")), plain, "{}", path.display());
        }
    }
}

fn any_fixture() -> impl Strategy<Value = String> {
    let all: Vec<String> = files("tests/fixtures/specs/invalid", "toml")
        .into_iter()
        .chain(files("tests/fixtures/specs/valid", "toml"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_or_the_renderer_fail(
        one in any_fixture(),
        other in any_fixture(),
        cut in 0usize..400,
        splice in 0usize..400,
        junk in "[\\[\\]{}=.,\"'#\\\\ \n\r\tа“–\u{0}\u{feff}0-9a-z]{0,12}",
    ) {
        let take = |text: &str, count: usize| text.chars().take(count).collect::<String>();
        let skip = |text: &str, count: usize| text.chars().skip(count).collect::<String>();
        let text = format!("{}{junk}{}", take(&one, cut), skip(&other, splice));
        let mut sources = Sources::default();
        let file = sources.add("a.toml", text);
        let outcome = spec::parse(&sources, file, Path::new(""), TODAY);
        let found = match outcome {
            Ok(parsed) => parsed.warnings,
            Err(found) => {
                prop_assert!(found.has_errors());
                found
            }
        };
        let rendered = render(&sources, &found, false);
        prop_assert_eq!(rendered.is_empty(), found.is_empty());
    }
}
