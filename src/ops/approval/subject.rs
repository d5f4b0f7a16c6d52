//! What there is to approve, from a saved plan: its digest, tenant, rules and losses. A path goes in;
//! a [`Subject`] comes out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::approval::{ApprovalRules, Loss, Subject};
use crate::diagnostic::{Diagnostic, and_list};
use crate::ops::ports::Stopped;
use crate::resource::PlanDigest;

/// Larger files are refused before they are read as a whole.
const LARGEST: u64 = 256 << 20;

/// What is not part of a plan's digest: it may differ between two computations of one plan.
const NOT_DIGESTED: [&str; 1] = ["tool_version"];

/// Reads a saved plan.
pub fn approval_subject(path: &Path) -> Result<Subject, Stopped> {
    let name = path.display();
    let refused = |reason: &dyn std::fmt::Display| {
        let summary = format!("the plan `{name}` cannot be used: {reason}");
        Stopped::error(
            Diagnostic::error("unusable-plan", summary)
                .help("save the plan again with `auditform plan --out FILE`"),
        )
    };
    let bytes = read(path).map_err(|error| refused(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(refused(&"it is larger than any plan"));
    }
    let document: Map<String, Value> =
        serde_json::from_slice(&bytes).map_err(|error| refused(&error))?;
    subject(document).map_err(|error| refused(&error))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn subject(mut document: Map<String, Value>) -> Result<Subject, String> {
    for key in NOT_DIGESTED {
        document.remove(key);
    }
    let rules: Option<ApprovalRules> = match document.get("approval") {
        None | Some(Value::Null) => None,
        Some(rules) => Some(
            serde_json::from_value(rules.clone())
                .map_err(|error| format!("its rules of approval do not hold: {error}"))?,
        ),
    };
    let text = |pointer: [&str; 2]| document.get(pointer[0])?.get(pointer[1])?.as_str();
    let tenant = text(["tenant", "id"]).and_then(|id| id.parse().ok());
    let organization = text(["tenant", "organization"]).map(shown).unwrap_or_default();
    let number = |key| document.get("summary")?.get(key)?.as_u64();
    let counts = (number("create"), number("change"), number("delete"));
    let (Some(tenant), (Some(create), Some(change), Some(delete)), Some(changes)) =
        (tenant, counts, document.get("changes").and_then(Value::as_array))
    else {
        return Err("it is not a plan of Auditform".to_owned());
    };
    let mut subject = Subject {
        plan: PlanDigest::new([0; 32]),
        tenant,
        organization,
        rules,
        create,
        change,
        delete,
        weakens: Vec::new(),
        removes: Vec::new(),
        deletes: Vec::new(),
    };
    let (mut weakens, mut removes) = (Losses::default(), Losses::default());
    for change in changes {
        let address = shown(change["address"].as_str().unwrap_or_default());
        let weakened = weakens.add_all(weakening(change), &address);
        // What is recorded less is among what is removed, and told once.
        if !weakened {
            removes.add_all(removing(change), &address);
        }
        if change["action"] == "delete" {
            subject.deletes.push(address);
        }
    }
    subject.weakens = weakens.sorted();
    subject.removes = removes.sorted();
    // The keys of a map are sorted and nothing stands between them: one plan has one text.
    let canonical = Value::Object(document).to_string();
    subject.plan = PlanDigest::new(Sha256::digest(canonical).into());
    Ok(subject)
}

/// Losses by their words: a plan has many changes and few sorts of them.
#[derive(Default)]
struct Losses(BTreeMap<String, (u64, String)>);

impl Losses {
    /// Whether there was one.
    fn add_all(&mut self, all: Vec<String>, address: &str) -> bool {
        let is_some = !all.is_empty();
        for what in all {
            self.0.entry(what).or_insert_with(|| (0, address.to_owned())).0 += 1;
        }
        is_some
    }

    /// The most frequent ones first.
    fn sorted(self) -> Vec<Loss> {
        let loss = |(what, (changes, first))| Loss { what, changes, first };
        let mut all: Vec<Loss> = self.0.into_iter().map(loss).collect();
        all.sort_by_key(|loss| std::cmp::Reverse(loss.changes));
        all
    }
}

fn weakening(change: &Value) -> Vec<String> {
    let reasons = change["weakens"].as_array().into_iter().flatten();
    reasons.filter_map(Value::as_str).map(shown).collect()
}

fn removing(change: &Value) -> Vec<String> {
    let removes = change["removes"].as_object().into_iter().flatten();
    let told = |(attribute, values): (&String, &Value)| {
        let values = values.as_array().into_iter().flatten();
        let values: Vec<&str> = values.filter_map(Value::as_str).collect();
        (!values.is_empty()).then(|| shown(&format!("{attribute} loses {}", and_list(&values))))
    };
    removes.filter_map(told).collect()
}

/// A plan comes from others: what a terminal would obey, or what turns the direction of writing, is
/// not shown.
fn shown(text: &str) -> String {
    let is_mark = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|letter| if is_mark(letter) { '\u{fffd}' } else { letter }).collect()
}
