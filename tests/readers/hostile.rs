//! Saved plans with something in them that a terminal would obey, in one place after another. Whoever
//! may edit a plan may seal it again, so a digest keeps nothing of it out.

use std::collections::BTreeSet;

use auditform::plan::Refusal;
use serde_json::{Value, json};

use super::entries::shows_sealed;
use super::saved;

/// Clears a screen, and ends a line.
const HOSTILE: &str = "\u{1b}[2J\r";

/// A saved plan with whatever the corpus lacks: what is pending, deferred, unread, allowed, refused and
/// left out, checks of every verdict, and losses of an identity.
fn with_everything() -> Value {
    let mut plan: Value = serde_json::from_slice(&saved()[0]).unwrap();
    plan["pending"] = json!(["unified_audit_log", "mailbox_audit.rooms"]);
    plan["deferred"] = json!(["mailbox_audit.later"]);
    plan["unread"] = json!(["mailbox_audit.never"]);
    plan["safeguards"]["allowances"] = json!([
        { "allows": "organization_weakening" },
        { "allows": "limit", "class": "changed", "up_to": "50%" },
        { "allows": "prevent", "address": "mailbox_audit.rooms" },
    ]);
    plan["violations"] = json!([{
        "safeguard": "prevent", "address": "mailbox_audit.rooms", "protection": "change",
        "counted": 1, "example": "mailbox_audit.rooms[\"a@contoso.com\"]",
        "place": "auditform.toml:3",
    }]);
    plan["selection"] = json!({
        "targets": ["mailbox_audit"], "excludes": ["organization"],
        "included": ["unified_audit_log"], "not_planned": ["mailbox_audit.never"],
        "held_back": [{ "needs": "organization", "changes": 1, "example": "mailbox_audit.x" }],
        "left_out": {
            "create": 0, "change": 1, "delete": 0, "weaken": 0, "remove": 0, "irreversible": 0,
            "mailboxes": 1
        },
    });
    plan["checks"] = ["passed", "failed", "unknown"].map(check).into();
    let change = &mut plan["changes"][0];
    change["removes"] = json!({ "owners": ["ada@contoso.com"] });
    change["weakens"] = json!(["the owner can no longer sign in"]);
    change["reversible"] = false.into();
    change["irreversible_because"] = "a key is gone with its file".into();
    plan
}

fn check(verdict: &str) -> Value {
    json!({
        "name": verdict, "description": "somebody asked", "asserts": "all are audited",
        "on": "observed", "severity": "warning", "verdict": verdict, "reason": "some are not",
        "place": "auditform.toml:7",
        "violations": [{ "mailbox": "ada@contoso.com", "because": "not audited" }],
    })
}

/// The same without a change.
fn of_nothing(mut plan: Value) -> Value {
    plan["changes"] = json!([]);
    plan["patterns"] = json!([]);
    for name in ["create", "change", "delete", "requests"] {
        plan["summary"][name] = 0.into();
    }
    for name in ["deferred", "pending"] {
        plan[name] = json!([]);
    }
    plan
}

/// The plan with the words that follow from its violations, which a reader makes anew.
fn consistent(mut plan: Value) -> Value {
    if let Ok(violations) = serde_json::from_value::<Vec<Refusal>>(plan["violations"].clone()) {
        plan["refused"] = violations.iter().map(|refusal| refusal.violation.words()).collect();
    }
    plan
}

/// Whether a plan that is made consistent is read, and every view made of it.
fn shows(plan: &Value) -> Result<(), String> {
    shows_sealed(consistent(plan.clone()).to_string().as_bytes())
}

/// What a text becomes: with the hostile part at its end, and inside of its key where it has one.
fn spoilt(text: &str) -> Vec<String> {
    let inside = text.strip_suffix("\"]").map(|inner| format!("{inner}{HOSTILE}\"]"));
    inside.into_iter().chain([format!("{text}{HOSTILE}")]).collect()
}

/// Each text of a plan and each name, once.
fn texts<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => drop(found.insert(text)),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Object(members) => {
            for (name, member) in members {
                found.insert(name);
                texts(member, found);
            }
        }
        _ => {}
    }
}

/// The plan with a text replaced wherever it stands, since what stands in several places has to agree.
fn replaced(value: &Value, old: &str, new: &str) -> Value {
    let text = |text: &str| if text == old { new.to_owned() } else { text.to_owned() };
    match value {
        Value::String(is) => text(is).into(),
        Value::Array(elements) => {
            elements.iter().map(|element| replaced(element, old, new)).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, member)| (text(name), replaced(member, old, new))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn no_text_of_a_plan_is_obeyed_by_the_terminal_that_shows_it() {
    let whole = with_everything();
    let empty = of_nothing(whole.clone());
    for (plan, least) in [(whole, 60), (empty, 20)] {
        shows(&plan).unwrap();
        let mut found = BTreeSet::new();
        texts(&plan, &mut found);
        let all: Vec<Value> = found
            .iter()
            .flat_map(|text| spoilt(text).into_iter().map(|new| replaced(&plan, text, &new)))
            .collect();
        let read = all.iter().filter(|plan| shows(plan).is_ok()).count();
        assert!(read >= least, "{read} of {} are read", all.len());
        // The name of a policy stands inside of addresses too.
        let text = plan.to_string();
        let everywhere = text.replace("people", &format!("people{}", "\\u001b[2J\\r"));
        assert!(everywhere.len() > text.len());
        shows(&serde_json::from_str(&everywhere).unwrap()).unwrap();
    }
}
