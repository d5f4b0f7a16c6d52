//! Journals as they lie on the disk, read without the product's own reader, so that a mistake there
//! shows here.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::support::{Request, World};

/// The place of a change and of a request of it.
pub(super) type Place = (u64, u64);

/// The latest journal of a directory, up to its last whole line.
#[derive(Debug, Clone, Default)]
pub(super) struct Lay {
    /// Its bytes, a line that broke off included; none where there is no journal.
    pub(super) bytes: Option<usize>,
    /// The plan, where its line is whole.
    pub(super) plan: Option<Value>,
    /// The lines after the plan.
    pub(super) lines: Vec<Value>,
}

impl Lay {
    pub(super) fn of(world: &World) -> Self {
        let Ok(entries) = fs::read_dir(world.path(".auditform/runs")) else {
            return Self::default();
        };
        let Some(latest) = entries.map(|entry| entry.unwrap().path()).max() else {
            return Self::default();
        };
        Self::read(&fs::read(latest).unwrap())
    }

    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut lay = Self { bytes: Some(bytes.len()), ..Self::default() };
        let mut whole =
            bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        whole.next();
        lay.plan = whole.next().map(|line| {
            let line: Value = serde_json::from_slice(line).unwrap();
            line["plan"].clone()
        });
        lay.lines = whole.map(|line| serde_json::from_slice(line).unwrap()).collect();
        lay
    }

    /// Whether the last word is that nobody goes on.
    pub(super) fn has_ended(&self) -> bool {
        let last = self.lines.last();
        last.is_some_and(|line| line["type"] == "ended" && line["unfinished"] != true)
    }

    /// Whether there is something to go on with.
    pub(super) fn is_unfinished(&self) -> bool {
        self.plan.is_some() && !self.has_ended()
    }

    /// The requests that are known to have taken effect.
    pub(super) fn done(&self) -> Vec<Place> {
        let mut last: BTreeMap<Place, &str> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line["type"] == "request") {
            let place = (line["change"].as_u64().unwrap(), line["request"].as_u64().unwrap());
            last.insert(place, line["event"].as_str().unwrap());
        }
        let is_done = |event: &str| matches!(event, "succeeded" | "verified");
        last.into_iter().filter(|(_, event)| is_done(event)).map(|(place, _)| place).collect()
    }

    /// The changes all of whose requests are known to have taken effect, by what the request log calls
    /// them.
    pub(super) fn done_writes(&self) -> Vec<String> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let mut done: BTreeMap<u64, usize> = BTreeMap::new();
        for (change, _) in self.done() {
            *done.entry(change).or_default() += 1;
        }
        let changes = plan["changes"].as_array().unwrap();
        let place = |change: u64| &changes[usize::try_from(change).unwrap()];
        let all =
            done.into_iter().filter(|(change, count)| requests(plan, place(*change)) == *count);
        all.map(|(change, _)| target(&place(change)["address"])).collect()
    }

    /// How many requests were in doubt when the run was taken up again, and how many of them had taken
    /// effect.
    pub(super) fn doubts(&self) -> (usize, usize) {
        let of = |event: &str| {
            let settles = |line: &&Value| line["type"] == "request" && line["event"] == event;
            self.lines.iter().filter(settles).count()
        };
        (of("verified") + of("refuted"), of("verified"))
    }
}

/// How many requests a change takes.
fn requests(plan: &Value, change: &Value) -> usize {
    let own = match change["pattern"].as_u64() {
        Some(pattern) => &plan["patterns"][usize::try_from(pattern).unwrap()],
        None => change,
    };
    own["writes"].as_array().unwrap().len()
}

/// The mailbox of an address, or the switch.
fn target(address: &Value) -> String {
    let address = address.as_str().unwrap();
    address.split('"').nth(1).unwrap_or(address).to_owned()
}

/// How often each mailbox and each switch was written.
pub(super) fn counted(writes: &[Request]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for write in writes {
        let target = match write.cmdlet() {
            "Set-AdminAuditLogConfig" => "unified_audit_log",
            "Set-OrganizationConfig" => "organization",
            _ => write.anchor().strip_prefix("UPN:").unwrap(),
        };
        *counts.entry(target.to_owned()).or_default() += 1;
    }
    counts
}
