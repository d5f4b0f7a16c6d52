//! Specs of several files, with variables, as users write them: the exact words of their mistakes,
//! and what they come to. Each directory in `tests/fixtures/specs/several` is one; what it is given
//! is in its `given.txt`. What depends on a disk is in `spec_on_disk`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use auditform::diagnostic::{Diagnostics, Sources};
use auditform::render::diagnostics as render;
use auditform::spec::{self, Given, Inputs, Parsed, Texts, Values, VariableValue};
use auditform::state::{CertificateSource, DesiredState};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use snapbox::{Data, assert_data_eq};

/// The day on which every fixture is read.
pub(crate) const TODAY: Date = date(2026, 11, 23);

/// What a fixture is given.
#[derive(Default)]
struct Handed {
    values: Vec<(String, String)>,
    files: Vec<(String, String)>,
    environment: BTreeMap<String, String>,
}

fn several() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/specs/several")
}

fn fixtures() -> Vec<PathBuf> {
    let all = fs::read_dir(several()).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

/// The texts below a directory, by their path from where the spec lies.
fn texts(directory: &Path, prefix: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            texts(&path, &format!("{prefix}{name}/"), into);
        } else {
            into.insert(format!("{prefix}{name}"), fs::read_to_string(&path).unwrap());
        }
    }
}

fn handed(directory: &Path) -> Handed {
    let mut handed = Handed::default();
    let Ok(text) = fs::read_to_string(directory.join("given.txt")) else { return handed };
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("--var ") {
            handed.values.push(pair(value));
        } else if let Some(file) = line.strip_prefix("--var-file ") {
            let text = fs::read_to_string(directory.join(file)).unwrap();
            handed.files.push((file.to_owned(), text));
        } else {
            handed.environment.extend([pair(line)]);
        }
    }
    handed
}

/// Reads a spec of texts; what is said of it comes as text.
fn read(texts: &Texts, handed: &Handed) -> (Result<Parsed, Diagnostics>, String) {
    let environment = |name: &str| handed.environment.get(name).cloned();
    let given = Given { values: &handed.values, files: &handed.files, environment: &environment };
    let inputs =
        Inputs { directory: Path::new("/specs"), today: TODAY, values: Values::Given(given) };
    let mut sources = Sources::default();
    let outcome = spec::read(&mut sources, texts, "auditform.toml", inputs);
    let text = match &outcome {
        Ok(parsed) => render(&sources, &parsed.warnings, false),
        Err(found) => render(&sources, found, false),
    };
    (outcome, text)
}

fn fixture(directory: &Path) -> (Result<Parsed, Diagnostics>, String) {
    let mut all = BTreeMap::new();
    texts(directory, "", &mut all);
    if all.contains_key("prod/auditform.toml") {
        let from_prod = |(name, text): (String, String)| match name.strip_prefix("prod/") {
            Some(name) => (name.to_owned(), text),
            None => (format!("../{name}"), text),
        };
        all = all.into_iter().map(from_prod).collect();
    }
    read(&Texts(all), &handed(directory))
}

#[test]
fn each_mistake_across_files_and_in_variables_is_told_with_exactly_these_words() {
    assert!(fixtures().len() > 30);
    for directory in fixtures() {
        let (outcome, text) = fixture(&directory);
        let name = directory.file_name().unwrap().to_str().unwrap();
        assert_eq!(outcome.is_ok(), name.starts_with("warns-"), "{name}:\n{text}");
        assert_data_eq!(text, Data::read_from(&directory.with_extension("stderr"), None).raw());
    }
}

#[test]
fn no_secret_in_a_variable_is_shown() {
    for directory in fixtures() {
        let (_, text) = fixture(&directory);
        for secret in ["battery staple", "eyJ0eXAi"] {
            assert!(!text.contains(secret), "{} shows {secret}", directory.display());
        }
    }
}

pub(crate) const HEAD: &str = "version = 1\n[tenant]\nendpoint = \"embedded\"\n";

fn of(files: &[(&str, &str)]) -> Texts {
    Texts(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

fn parsed(texts: &Texts, handed: &Handed) -> Parsed {
    let (outcome, text) = read(texts, handed);
    outcome.ok().filter(|_| text.is_empty()).unwrap_or_else(|| unreachable!("{text}"))
}

/// What a spec asks for, without where it says so.
pub(crate) fn asked(desired: &DesiredState) -> String {
    let text = format!("{desired:#?}");
    let mut bare = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_end().ends_with("Span {") {
            let depth = line.len() - line.trim_start().len();
            for inner in lines.by_ref() {
                if inner.len() - inner.trim_start().len() == depth {
                    break;
                }
            }
        } else {
            bare.push_str(line);
            bare.push('\n');
        }
    }
    bare
}

#[test]
fn what_asks_for_the_same_is_equal_and_what_does_not_is_not() {
    let state = |text: &str| {
        let all = [("auditform.toml", format!("{HEAD}{text}"))];
        let all: Vec<(&str, &str)> =
            all.iter().map(|(name, text)| (*name, text.as_str())).collect();
        asked(&parsed(&of(&all), &Handed::default()).desired)
    };
    let policy = |days: &str| {
        format!("[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = {days}\n")
    };
    assert_eq!(state(&policy("90")), state(&format!("# a comment\n\n{}", policy("90"))));
    assert_ne!(state(&policy("90")), state(&policy("91")));
}

#[test]
fn the_strongest_value_of_a_variable_holds() {
    let text = format!(
        "{HEAD}[variables.name]\ntype = \"string\"\ndefault = \"by default\"\n\
         [certificate.audit]\ncommon_name = \"${{var.name}}\"\n"
    );
    let texts = of(&[("auditform.toml", &text)]);
    let mut handed = Handed::default();
    let name = |handed: &Handed| {
        let parsed = parsed(&texts, handed);
        let VariableValue::Text(value) = &parsed.variables["name"] else { unreachable!() };
        let CertificateSource::Made(made) = &parsed.desired.certificates[0].source else {
            unreachable!()
        };
        assert_eq!(made.common_name, *value);
        value.clone()
    };
    assert_eq!(name(&handed), "by default");
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    handed.environment.extend([variable("AUDITFORM_VAR_NAME", "by capitals")]);
    assert_eq!(name(&handed), "by capitals");
    handed.environment.extend([variable("AUDITFORM_VAR_name", "by environment")]);
    assert_eq!(name(&handed), "by environment");
    handed.files.push(variable("one.toml", "name = \"by the first file\""));
    assert_eq!(name(&handed), "by the first file");
    handed.files.push(variable("two.toml", "name = \"by the last file\""));
    assert_eq!(name(&handed), "by the last file");
    handed.values.push(variable("name", "by the first flag"));
    handed.values.push(variable("name", "by the last = flag"));
    assert_eq!(name(&handed), "by the last = flag");
}

#[test]
fn a_whole_reference_has_the_type_of_its_variable_and_a_part_is_text() {
    let text = format!(
        "{HEAD}[variables.days]\ntype = \"integer\"\ndefault = 90\n\
         [variables.on]\ntype = \"bool\"\ndefault = true\n\
         [variables.types]\ntype = \"list\"\ndefault = [\"RoomMailbox\", \"EquipmentMailbox\"]\n\
         [certificate.audit]\ncommon_name = \"$${{var.on}} ${{var.on}} ${{ var.days }}\"\n\
         valid_for = \"${{var.days}}d\"\n\
         [mailbox_audit.rooms]\nrecipient_types = \"${{var.types}}\"\nenabled = \"${{var.on}}\"\n\
         log_age_limit = \"${{var.days}}\"\n"
    );
    let plain = format!(
        "{HEAD}[certificate.audit]\ncommon_name = \"${{var.on}} true 90\"\nvalid_for = \"90d\"\n\
         [mailbox_audit.rooms]\nrecipient_types = [\"RoomMailbox\", \"EquipmentMailbox\"]\n\
         enabled = true\nlog_age_limit = 90\n"
    )
    .replace("\"${var.on} true", "\"$${var.on} true");
    let state =
        |text: &str| asked(&parsed(&of(&[("auditform.toml", text)]), &Handed::default()).desired);
    assert_eq!(state(&text), state(&plain));
}

#[test]
fn a_path_starts_at_the_file_that_says_it_and_the_default_at_the_spec() {
    let base = format!(
        "{HEAD}ca_file = \"roots.pem\"\n[certificate.one]\n[certificate.two]\ndirectory = \"keys\"\n"
    );
    let texts = of(&[
        ("auditform.toml", "extends = \"../base.toml\"\ninclude = [\"parts/a.toml\"]\n"),
        ("../base.toml", &base),
        ("parts/a.toml", "[certificate.three]\nexisting = \"three.pfx\"\n"),
    ]);
    let desired = parsed(&texts, &Handed::default()).desired;
    assert_eq!(desired.tenant.ca_file.as_deref(), Some(Path::new("/specs/../roots.pem")));
    let place = |number: usize| match &desired.certificates[number].source {
        CertificateSource::Made(made) => made.directory.clone(),
        CertificateSource::Existing(path) => path.value.clone(),
    };
    // By name: one, three, two.
    assert_eq!(place(0), Path::new("/specs/certificates"));
    assert_eq!(place(1), Path::new("/specs/parts/three.pfx"));
    assert_eq!(place(2), Path::new("/specs/../keys"));
}

#[test]
fn a_layer_takes_tables_key_by_key_and_everything_else_as_a_whole() {
    let base = format!(
        "{HEAD}[mailbox_audit.people]\nrecipient_types = [\"UserMailbox\", \"SharedMailbox\"]\n\
         admin = {{ default_plus = [\"Copy\"] }}\nlog_age_limit = 90\n"
    );
    let layered = of(&[
        (
            "auditform.toml",
            "extends = \"base.toml\"\n[organization]\nmailbox_auditing = true\n\
             [mailbox_audit.people]\nrecipient_types = [\"UserMailbox\"]\n\
             admin = { at_least = [\"Move\"] }\n",
        ),
        ("base.toml", &base),
    ]);
    let plain = format!(
        "{HEAD}[organization]\nmailbox_auditing = true\n\
         [mailbox_audit.people]\nrecipient_types = [\"UserMailbox\"]\n\
         admin = {{ at_least = [\"Move\"] }}\nlog_age_limit = 90\n"
    );
    let plain = of(&[("auditform.toml", &plain)]);
    let state = |texts: &Texts| asked(&parsed(texts, &Handed::default()).desired);
    assert_eq!(state(&layered), state(&plain));
}

/// The tables of a spec, one for each part that it can be split into.
fn tables() -> Vec<String> {
    let mut tables = vec![
        "[tenant]\nendpoint = \"embedded\"\n".to_owned(),
        "[unified_audit_log]\ningestion = true\n".to_owned(),
        "[organization]\nmailbox_auditing = true\n".to_owned(),
        "[certificate.audit]\nkey_size = 3072\n".to_owned(),
        "[variables.days]\ntype = \"integer\"\ndefault = 180\n".to_owned(),
    ];
    for (number, kind) in ["UserMailbox", "RoomMailbox", "GroupMailbox"].into_iter().enumerate() {
        tables.push(format!(
            "[mailbox_audit.p{number}]\nrecipient_types = [\"{kind}\"]\n\
             log_age_limit = \"${{var.days}}\"\n"
        ));
    }
    tables
}

proptest! {
    #[test]
    fn a_spec_that_is_split_into_files_asks_for_what_it_asks_for_in_one(
        places in proptest::collection::vec(0usize..4, tables().len()),
        order in Just(vec![1usize, 2, 3]).prop_shuffle(),
        nested in any::<bool>(),
    ) {
        let tables = tables();
        let whole = format!("version = 1\n{}", tables.concat());
        let mut files = vec![String::new(); 4];
        for (table, place) in tables.iter().zip(&places) {
            files[*place].push_str(table);
        }
        let name = |number: &usize| format!("\"parts/{number}.toml\"");
        let (own, below) = if nested { order.split_at(2) } else { order.split_at(3) };
        let list = |numbers: &[usize], within: &str| {
            let names: Vec<String> =
                numbers.iter().map(|number| name(number).replace("parts/", within)).collect();
            format!("include = [{}]\n", names.join(", "))
        };
        files[0] = format!("version = 1\n{}{}", list(own, "parts/"), files[0]);
        files[own[0]] = format!("{}{}", list(below, ""), files[own[0]]);
        let mut split = vec![("auditform.toml".to_owned(), files[0].clone())];
        split.extend((1..4).map(|number| (format!("parts/{number}.toml"), files[number].clone())));
        let state = |texts: Texts| asked(&parsed(&texts, &Handed::default()).desired);
        let split = Texts(split.into_iter().collect());
        prop_assert_eq!(state(split), state(of(&[("auditform.toml", &whole)])));
    }

    #[test]
    fn a_layer_that_repeats_its_base_in_part_changes_nothing(
        repeated in proptest::collection::vec(any::<bool>(), tables().len()),
    ) {
        let tables = tables();
        let base = format!("version = 1\n{}", tables.concat());
        let kept = tables.iter().zip(&repeated).filter(|(_, repeated)| **repeated);
        let layer: String = kept.map(|(table, _)| table.as_str()).collect();
        let layer = format!("extends = \"base.toml\"\n{layer}");
        let state = |texts: &Texts| asked(&parsed(texts, &Handed::default()).desired);
        let layered = of(&[("auditform.toml", &layer), ("base.toml", &base)]);
        prop_assert_eq!(state(&layered), state(&of(&[("auditform.toml", &base)])));
    }
}

/// Every text in the fixtures, specs and parts alike.
fn any_text() -> impl Strategy<Value = String> {
    let mut all = BTreeMap::new();
    for directory in fixtures() {
        texts(&directory, &format!("{}/", directory.display()), &mut all);
    }
    proptest::sample::select(all.into_values().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn no_files_and_no_values_make_the_reader_or_the_renderer_fail(
        spec in any_text(),
        base in any_text(),
        part in any_text(),
        cut in 0usize..300,
        junk in "[\\[\\]{}=.,\"'$\\\\ \n\ra“\u{0}0-9]{0,12}",
        value in "[\\[\\]\"',${}a-z0-9]{0,12}",
    ) {
        let spec: String = spec.chars().take(cut).collect();
        let spec = format!("extends = \"base.toml\"\ninclude = [\"parts/*.toml\"]\n{spec}{junk}");
        let texts = of(&[
            ("auditform.toml", &spec),
            ("base.toml", &base),
            ("parts/a.toml", &part),
            ("parts/b.toml", &junk),
        ]);
        let names = ["environment", "days", "by_flag", "domains"];
        let handed = Handed {
            values: names.iter().map(|name| ((*name).to_owned(), value.clone())).collect(),
            files: vec![("values.toml".to_owned(), format!("{part}{junk}"))],
            environment: BTreeMap::new(),
        };
        let (outcome, text) = read(&texts, &handed);
        match outcome {
            Ok(parsed) => prop_assert_eq!(text.is_empty(), parsed.warnings.is_empty()),
            Err(found) => prop_assert!(found.has_errors() && !text.is_empty()),
        }
    }
}
