//! The readers of what comes from outside, on bytes that nobody wrote on purpose: arbitrary ones, and
//! whole inputs with something changed in them. None may panic, hang, or break a law of
//! `readers/entries.rs`. The same entries are fuzz targets; `docs/fuzzing.md` says how long those ran.
//! The bytes follow from the number of the case alone, so that a failure comes again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

mod bounds;
mod entries;
mod hostile;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::plan::{MIXED, SMALL};
use crate::support::{Emulator, World};
use entries::{ENTRIES, Entry, NEXT_FILE, VOLATILE};

/// How many inputs a reader is tried on, half of them arbitrary; more where each takes little.
const CASES: u64 = 600;
const MORE_CASES: u64 = 10_000;
/// No single input takes longer, however slow the machine.
const LONGEST: Duration = Duration::from_secs(20);

fn package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files below a directory whose names end like this, as far as they are small.
fn files(directory: &str, end: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut open = vec![package(directory)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.to_str().unwrap().ends_with(end) {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
        .into_iter()
        .map(|(_, content)| content)
        .filter(|content| content.len() < 1 << 16)
        .collect()
}

/// A spec of several files as one text, the named one first.
fn joined(files: &[&str]) -> Vec<u8> {
    let texts: Vec<String> =
        files.iter().map(|file| fs::read_to_string(package(file)).unwrap()).collect();
    texts.join(&NEXT_FILE.to_string()).into_bytes()
}

/// Whole inputs for a reader, from what the other tests read.
fn seeds(entry: &str) -> Vec<Vec<u8>> {
    let approvals = |end: &str| files("tests/fixtures/approval", end);
    match entry {
        "spec" => {
            let parts = [
                "examples/environments/prod/auditform.toml",
                "examples/environments/base.toml",
                "examples/environments/policies/people.toml",
            ];
            let mut seeds = files("tests/fixtures/specs", ".toml");
            seeds.extend(files("examples", "auditform.toml"));
            seeds.push(joined(&parts));
            let layered = format!(
                "extends = \"base.toml\"\ninclude = [\"parts/*.toml\"]\n{NEXT_FILE}version = 1\n"
            );
            seeds.push(layered.into_bytes());
            seeds
        }
        "values" => {
            ["text = \"people*\"\nnumber = 180\nflag = false\nlist = [\"RoomMailbox\"]\n", "180"]
                .map(|text| text.as_bytes().to_vec())
                .into()
        }
        "plan" => [files("tests/fixtures/plans", ".json"), saved()].concat(),
        "approval" => approvals(".approval"),
        "key" => [approvals(".pub"), approvals(".pem"), vec![PRIVATE.as_bytes().to_vec()]].concat(),
        "address" => ADDRESSES.map(|text| text.as_bytes().to_vec()).into(),
        "seed" => files("examples", "tenant.toml"),
        other => panic!("no seeds for {other}"),
    }
}

/// A saved plan with something of every sort, as it is and compressed.
fn saved() -> Vec<Vec<u8>> {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    let more = format!(
        "[approval]\nsigners = [\"{key} alice\"]\n[limits]\nchanged = \"30%\"\ncanary = 2\n\
         [variables.days]\ntype = \"integer\"\ndefault = 180\n[certificate.auditor]\n\
         [application.auditor]\ndisplay_name = \"A\"\ncertificates = [\"certificate.auditor\"]\n\
         api_permissions = [\"Exchange.ManageAsApp\"]\nadmin_consent = true\n"
    );
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, &format!("{more}{}", MIXED.replace("= 180", "= \"${var.days}\"")));
    for name in ["plan.json", "plan.zst"] {
        world.run(&["plan", "--out", name]).ended(0);
    }
    ["plan.json", "plan.zst"].map(|name| fs::read(world.path(name)).unwrap()).into()
}

/// Has the form of a private key, and is none.
const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----\n";
const ADDRESSES: [&str; 4] = [
    "unified_audit_log",
    "application.auditor",
    "mailbox_audit.people[\"o\\\"neil@contoso.com\"]",
    "app_role_assignment.auditor[\"Exchange.ManageAsApp\"]",
];

/// Bytes of any kind, some of them text.
fn arbitrary(random: &mut fastrand::Rng) -> Vec<u8> {
    let most = 1 << random.u32(..13);
    let length = random.usize(..most);
    let is_text = random.bool();
    let byte =
        |random: &mut fastrand::Rng| if is_text { random.u8(b' '..=b'~') } else { random.u8(..) };
    (0..length).map(|_| byte(random)).collect()
}

/// A whole input with up to four changes.
fn mutated(random: &mut fastrand::Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.choice(seeds).unwrap().clone();
    if random.bool()
        && let Ok(mut document) = serde_json::from_slice::<Value>(&bytes)
    {
        (0..=random.u32(..3)).for_each(|_| change_a_value(random, &mut document));
        return serde_json::to_vec(&document).unwrap();
    }
    for _ in 0..=random.u32(..4) {
        let other = random.choice(seeds).unwrap();
        change_bytes(random, &mut bytes, other);
    }
    bytes
}

fn change_bytes(random: &mut fastrand::Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let within = |random: &mut fastrand::Rng, length: usize| {
        let start = random.usize(..=length);
        start..(start + random.usize(..32)).min(length)
    };
    let place = within(random, bytes.len());
    match random.u8(..6) {
        0 => drop(bytes.drain(place)),
        1 => {
            let copy = bytes[place.clone()].to_vec();
            drop(bytes.splice(place.end..place.end, copy));
        }
        2 => {
            let from = within(random, other.len());
            let from = other[from].to_vec();
            drop(bytes.splice(place, from));
        }
        3 => bytes.truncate(place.start),
        4 => bytes[place].iter_mut().for_each(|byte| *byte = random.u8(..)),
        _ => {
            let words: [&[u8]; 8] = [
                b"\"",
                b"]",
                b"{",
                b"\xff",
                b"99999999999999999999",
                "\u{202e}".as_bytes(),
                b"-1",
                b"\n\0",
            ];
            let word = random.choice(words).unwrap().to_vec();
            drop(bytes.splice(place.start..place.start, word));
        }
    }
}

/// Replaces, removes or repeats one value somewhere in a document.
fn change_a_value(random: &mut fastrand::Rng, value: &mut Value) {
    let goes_deeper = random.u8(..8) > 0;
    match value {
        Value::Object(members) if goes_deeper && !members.is_empty() => {
            let name = random.choice(members.keys()).unwrap().clone();
            if random.u8(..6) == 0 {
                members.remove(&name);
            } else {
                change_a_value(random, &mut members[&name]);
            }
        }
        Value::Array(elements) if goes_deeper && !elements.is_empty() => {
            let place = random.usize(..elements.len());
            match random.u8(..6) {
                0 => drop(elements.remove(place)),
                1 => elements.insert(place, elements[place].clone()),
                _ => change_a_value(random, &mut elements[place]),
            }
        }
        _ => {
            *value = match random.u8(..8) {
                0 => Value::Null,
                1 => true.into(),
                2 => u64::MAX.into(),
                3 => (-1).into(),
                4 => "mailbox_audit.x[\"y\"]".into(),
                5 => Value::Array(Vec::new()),
                6 => "106751991.00:00:00".into(),
                _ => "\u{202e}\"\n".into(),
            };
        }
    }
}

/// Tries a reader on the case of a number.
fn holds(entry: &Entry, seeds: &[Vec<u8>], case: u64) {
    let mut random = fastrand::Rng::with_seed(case);
    let bytes =
        if case.is_multiple_of(2) { arbitrary(&mut random) } else { mutated(&mut random, seeds) };
    #[expect(clippy::disallowed_methods, reason = "that it ends is to be seen")]
    let now = Instant::now;
    let started = now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (entry.read)(&bytes)));
    let text = String::from_utf8_lossy(&bytes);
    assert!(outcome.is_ok(), "{}, case {case}:\n{text}", entry.name);
    assert!(started.elapsed() < LONGEST, "{}, case {case}:\n{text}", entry.name);
}

fn tried(name: &str, cases: u64) {
    let entry = ENTRIES.iter().find(|entry| entry.name == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty());
    for seed in &seeds {
        (entry.read)(seed);
    }
    (0..cases).for_each(|case| holds(entry, &seeds, case));
}

#[test]
fn the_reader_of_specs_holds_on_any_bytes() {
    tried("spec", CASES);
}

#[test]
fn the_reader_of_values_of_variables_holds_on_any_bytes() {
    tried("values", CASES);
}

#[test]
fn the_reader_of_plans_holds_on_any_bytes() {
    tried("plan", CASES);
}

#[test]
fn the_readers_of_approvals_keys_addresses_and_seeds_hold_on_any_bytes() {
    for name in ["approval", "key", "address", "seed"] {
        tried(name, MORE_CASES);
    }
}

#[test]
fn each_reader_is_a_fuzz_target_too() {
    let manifest = fs::read_to_string(package("fuzz/Cargo.toml")).unwrap();
    for Entry { name, .. } in &ENTRIES {
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\""))
        );
        let target = fs::read_to_string(package(&format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("entries::{name}(bytes)")), "{target}");
        assert!(!seeds(name).is_empty());
    }
}

#[test]
fn the_page_about_saved_plans_leaves_out_of_the_digest_what_is_left_out() {
    let page = fs::read_to_string(package("docs/saved-plans.md")).unwrap();
    let (_, recipe) = page.split_once("jq -cjS 'del(").unwrap();
    let (recipe, _) = recipe.split_once("plan.json").unwrap();
    for name in VOLATILE.into_iter().chain(["summary.reads", "selected", "conforming"]) {
        assert!(recipe.contains(&format!(".{name}")), "{name} in {recipe}");
    }
}

/// `fuzz/run` begins with these inputs, and says where by `AUDITFORM_CORPUS`.
#[test]
#[expect(clippy::disallowed_methods, reason = "the fuzzer says where, and reads it later")]
fn a_corpus_for_the_fuzzer_holds_every_input() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = std::env::var_os("AUDITFORM_CORPUS");
    let target = target.map_or_else(|| elsewhere.path().to_owned(), PathBuf::from);
    for Entry { name, .. } in &ENTRIES {
        let directory = target.join(name);
        fs::create_dir_all(&directory).unwrap();
        let seeds = seeds(name);
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(directory.join(format!("seed-{number:03}")), seed).unwrap();
        }
        let is_seed =
            |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("seed-");
        let paths = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
        let written: BTreeSet<Vec<u8>> =
            paths.filter(is_seed).map(|path| fs::read(path).unwrap()).collect();
        assert!(seeds.iter().all(|seed| written.contains(seed)), "{name}");
    }
}
