//! Stopped at every line of the journal of a run of about a hundred steps, and in the middle of each:
//! an identity chain, both switches, mailboxes with one request and with two.
//!
//! One run is carried out to its end, one request at a time, on the embedded tenant, which lies in the
//! directory too. Each request adds one line to the tenant's file before it is answered, and only the
//! certificate is made beside it. So the directory as it lay at any line of the journal is made by
//! cutting both files: the tenant holds what the journal knows to be done, or that and the one request
//! that was on its way. From each such directory the run goes on, and must send exactly the rest: the
//! tenant's file ends with the lines of the undisturbed run, none more and none less.
//!
//! Every seventeenth directory is tried; `AUDITFORM_KILL_ENTRIES=1` tries every one.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::print_stdout, reason = "a test prints its figures")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::journals::Lay;
use super::{number, side_by_side};
use crate::support::{World, example};

/// Directories side by side: most of what going on takes is waiting.
const AT_ONCE: usize = 6;
const CERTIFICATES: &str = ".auditform/certificates";
const TENANT: &str = ".auditform/tenant.state";

/// A run that was not disturbed, by its files.
struct Course {
    world: World,
    run: String,
    journal: Vec<Vec<u8>>,
    tenant: Vec<String>,
}

/// Where it is cut.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Whole lines of the journal.
    lines: usize,
    /// One half of the next line is there too.
    is_torn: bool,
    /// The request that was on its way has taken effect.
    took_effect: bool,
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

impl Course {
    fn new() -> Self {
        let world = World::new();
        let tenant = "[tenant]\norganization = \"contoso.onmicrosoft.com\"\n\
                      unified_audit_log = false\nmailbox_auditing = false\n\
                      [generate]\nmailboxes = 70\nseed = 3\ncompliant = 0.4\n\
                      [generate.types]\nUserMailbox = 1\n";
        world.write("tenant.toml", tenant);
        let spec = example("from-scratch", "auditform.toml");
        let (before, _) = spec.split_once("delegate = ").unwrap();
        world.write("auditform.toml", format!("{before}delegate = \"default\"\n"));
        world.run(&["apply", "--auto-approve", "--parallelism", "1"]).ended(0);
        let file = fs::read_dir(world.path(".auditform/runs")).unwrap().next().unwrap().unwrap();
        let tenant = fs::read_to_string(world.path(TENANT)).unwrap();
        Self {
            run: format!(".auditform/runs/{}", file.file_name().to_str().unwrap()),
            journal: lines(&fs::read(file.path()).unwrap()),
            tenant: tenant.split_inclusive('\n').map(str::to_owned).collect(),
            world,
        }
    }

    /// Whole and torn, with the request on its way lost and done.
    fn cuts(&self) -> Vec<Cut> {
        let of = |lines| {
            let lost = Cut { lines, is_torn: false, took_effect: false };
            [lost, Cut { is_torn: lines < self.journal.len(), took_effect: true, ..lost }]
        };
        (0..=self.journal.len()).flat_map(of).collect()
    }

    /// What was intended before so many lines, and what was done, both in the order of the journal.
    fn requests(&self, lines: usize) -> (Vec<Value>, Vec<Value>) {
        let mut requests = (Vec::new(), Vec::new());
        for line in self.journal[..lines].iter().skip(2) {
            let line: Value = serde_json::from_slice(line).unwrap();
            let key = Value::from(vec![line["change"].clone(), line["request"].clone()]);
            match line["event"].as_str() {
                Some("intended") => requests.0.push(key),
                Some("succeeded") => requests.1.push(key),
                _ => {}
            }
        }
        requests
    }

    /// The directory as it lay there.
    fn at(&self, cut: Cut) -> World {
        let world = World::new();
        for file in ["auditform.toml", "tenant.toml", ".auditform/.gitignore"] {
            self.copy(file, &world);
        }
        self.copy_all(".auditform/credentials", &world);
        let (intended, mut done) = self.requests(cut.lines);
        let (_, all) = self.requests(self.journal.len());
        let on_its_way = all.get(done.len()).filter(|next| intended.contains(next));
        done.extend(on_its_way.filter(|_| cut.took_effect).cloned());
        let certificate = Value::from(vec![0, 0]);
        if done.contains(&certificate) {
            self.copy_all(CERTIFICATES, &world);
        }
        let written = 1 + done.iter().filter(|key| **key != certificate).count();
        world.write(TENANT, self.tenant[..written].concat());
        let mut journal = self.journal[..cut.lines].concat();
        if cut.is_torn {
            let next = &self.journal[cut.lines];
            journal.extend_from_slice(&next[..next.len() / 2]);
        }
        world.write(&self.run, journal);
        world
    }

    fn copy(&self, name: &str, to: &World) {
        to.write(name, fs::read(self.world.path(name)).unwrap());
    }

    fn copy_all(&self, directory: &str, to: &World) {
        for entry in fs::read_dir(self.world.path(directory)).unwrap() {
            let name = entry.unwrap().file_name();
            self.copy(&format!("{directory}/{}", name.to_str().unwrap()), to);
        }
    }

    /// Goes on from there; what is wrong with that.
    fn fault(&self, cut: Cut) -> Option<String> {
        let world = self.at(cut);
        let lay = Lay::of(&world);
        let arguments =
            if lay.is_unfinished() { ["apply", "--resume"] } else { ["apply", "--auto-approve"] };
        let output = world.run(&arguments);
        let told = if lay.has_ended() { "No changes." } else { "Apply complete! " };
        if output.code != 0 || !output.stdout.contains(told) {
            return Some(format!("{cut:?}: {output:?}"));
        }
        let text = fs::read_to_string(world.path(TENANT)).unwrap();
        let mut wrong = differences(&objects(&self.tenant.concat()), &objects(&text));
        let end = Lay::of(&world);
        let changes = end.plan.as_ref().unwrap()["changes"].as_array().unwrap().len();
        if end.done_writes().len() != changes {
            wrong.push(format!("{} of {changes} changes are done", end.done_writes().len()));
        }
        (!wrong.is_empty()).then(|| format!("{cut:?}: {}\n{output:?}", wrong.join("\n")))
    }
}

/// Everything of a tenant: how often it was written, and how it is. Of the directory it is told by its
/// ids, since a key has dates and is another one each time that it is made.
fn objects(tenant: &str) -> BTreeMap<String, (usize, Value)> {
    let mut objects = BTreeMap::new();
    for line in tenant.lines().skip(1) {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let (name, value) = if let Some(mailbox) = line.get_mut("mailbox") {
            (mailbox["guid"].to_string(), mailbox.take())
        } else if let Some(organization) = line.get_mut("organization") {
            ("organization".to_owned(), organization.take())
        } else {
            let entries = line["directory"].as_array().unwrap();
            let ids = entries.iter().flat_map(|entry| entry.as_object().unwrap()).map(id);
            (ids.collect::<Vec<_>>().join(", "), Value::Null)
        };
        let object: &mut (usize, Value) = objects.entry(name).or_default();
        *object = (object.0 + 1, value);
    }
    objects
}

fn id((kind, object): (&String, &Value)) -> String {
    format!("{kind} {}", object["id"])
}

fn differences(
    wanted: &BTreeMap<String, (usize, Value)>,
    found: &BTreeMap<String, (usize, Value)>,
) -> Vec<String> {
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let differs = |name: &&&String| wanted.get(**name) != found.get(**name);
    let told = |name: &String| format!("{name}: {:?}, not {:?}", found.get(name), wanted.get(name));
    names.iter().filter(differs).map(|name| told(name)).collect()
}

#[test]
fn a_run_that_stops_at_any_line_of_its_journal_goes_on_with_exactly_the_rest() {
    let course = Course::new();
    let (_, requests) = course.requests(course.journal.len());
    assert!((100..140).contains(&requests.len()), "{}", requests.len());
    assert_eq!(course.tenant.len(), requests.len(), "a line for each, but for the certificate");
    let each = usize::try_from(number("AUDITFORM_KILL_ENTRIES", 17)).unwrap();
    let cuts: Vec<Cut> = course.cuts().into_iter().step_by(each).collect();
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    side_by_side(AT_ONCE, || {
        while let Some(cut) = cuts.get(next.fetch_add(1, Ordering::Relaxed)) {
            faults.lock().unwrap().extend(course.fault(*cut));
        }
    });
    let faults = faults.into_inner().unwrap();
    println!(
        "{} requests, {} lines of journal: went on from {} directories, {} of them wrongly",
        requests.len(),
        course.journal.len(),
        cuts.len(),
        faults.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
