//! `auditform graph`: the order of an apply in each language, held against readers that we did not
//! write where there are some, and with names that want to be more than names.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use auditform::plan::{Action, IdentityChange, Plan, Reversible};
use auditform::render::{GraphFormat, write_graph};
use auditform::resource::{Address, Kind};
use auditform::state::TenantIdentity;
use snapbox::{assert_data_eq, str};
use uuid::Uuid;

use crate::plan::{OWNERS, SMALL};
use crate::support::{Emulator, World, example};

const HOSTILE: &str =
    "a\"]\n  n9[\"x\"] --> n0 <b>&amp;</b> \u{1b}[2J `c` #quot; \\\" ]]> \u{202e}end";

/// Two changes that wait for one another in turn, with this key in their addresses.
fn plan(key: &str) -> Plan {
    let change = |kind, depends_on| IdentityChange {
        address: Address::keyed(kind, "app", key),
        action: Action::Create,
        reason: "it is not there".to_owned(),
        attributes: Vec::new(),
        removes: Vec::new(),
        weakens: Vec::new(),
        reversible: Reversible::Yes,
        depends_on,
        after_exchange: false,
        writes: Vec::new(),
        finally: None,
    };
    let first = change(Kind::FederatedCredential, Vec::new());
    let second = change(Kind::KeyCredential, vec![first.address.clone()]);
    let third = change(Kind::ApplicationOwner, vec![first.address.clone(), second.address.clone()]);
    let tenant = TenantIdentity { id: Uuid::from_u128(7), organization: key.to_owned() };
    Plan { identity: vec![first, second, third], ..Plan::of(tenant) }
}

fn drawn(plan: &Plan, format: GraphFormat) -> String {
    let mut out = Vec::new();
    write_graph(&mut out, plan, format).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_list_goes_from_what_is_first_and_says_what_each_waits_for() {
    assert_data_eq!(
        drawn(&plan("k"), GraphFormat::Text),
        str![[r#"
federated_credential.app["k"]
key_credential.app["k"]
    after federated_credential.app["k"]
application_owner.app["k"]
    after federated_credential.app["k"] and key_credential.app["k"]

"#]]
    );
    let tenant = TenantIdentity { id: Uuid::from_u128(7), organization: String::new() };
    assert_eq!(drawn(&Plan::of(tenant), GraphFormat::Text), "There is nothing to do.\n");
}

#[test]
fn no_name_breaks_out_of_its_line_of_the_list() {
    let text = drawn(&plan(HOSTILE), GraphFormat::Text);
    assert_eq!(text.lines().count(), 5);
    assert!(!text.contains(|letter: char| letter != '\n' && letter.is_control()));
    assert!(!text.contains('\u{202e}'));
}

/// The statements of Graphviz's language, by its rules for quotes: the texts in quotes, and the rest
/// without them.
fn dot_statements(text: &str) -> (Vec<String>, String) {
    let (mut quoted, mut rest) = (Vec::new(), String::new());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            rest.push(letter);
            continue;
        }
        let mut inside = String::new();
        loop {
            match letters.next().unwrap() {
                '"' => break,
                // In a label a backslash and a letter is an escape; both have to be left.
                '\\' => inside.push(letters.next().unwrap()),
                other => inside.push(other),
            }
        }
        quoted.push(inside);
    }
    (quoted, rest)
}

#[test]
fn a_hostile_name_is_one_label_for_graphviz() {
    let (labels, rest) = dot_statements(&drawn(&plan(HOSTILE), GraphFormat::Dot));
    assert_data_eq!(
        rest,
        str![[r#"
digraph {
    0 [ label =  shape = box]
    1 [ label =  shape = box]
    2 [ label =  shape = box]
    0 -> 1 [ ]
    0 -> 2 [ ]
    1 -> 2 [ ]
}

"#]]
    );
    let plan = plan(HOSTILE);
    let address = plan.identity[0].address.to_string();
    let shown = address
        .replace('\n', "\\u{a}")
        .replace('\u{1b}', "\\u{1b}")
        .replace('\u{202e}', "\\u{202e}");
    assert_eq!(labels[0], shown);
}

#[test]
fn a_hostile_name_is_one_label_for_mermaid() {
    let text = drawn(&plan(HOSTILE), GraphFormat::Mermaid);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert_eq!(lines[4..], ["    n0 --> n1", "    n0 --> n2", "    n1 --> n2"]);
    for (place, line) in lines[1..4].iter().enumerate() {
        let label = line.strip_prefix(&format!("    n{place}[\"")).unwrap();
        let label = label.strip_suffix("\"]").unwrap();
        assert!(!label.contains(['"', '<', '>', '`', '\\', '&', '%']), "{label}");
        // Every `#` begins an entity of ours.
        for entity in label.split('#').skip(1) {
            let name = entity.split(';').next().unwrap();
            assert!(["quot", "35", "amp", "lt", "gt", "96", "92", "37"].contains(&name), "{name}");
        }
    }
}

#[test]
fn a_name_with_percent_signs_is_no_comment_of_mermaid() {
    let text = drawn(&plan("50%%{init: {}}%%"), GraphFormat::Mermaid);
    assert!(text.contains("50#37;#37;{init: {}}#37;#37;") && !text.contains('%'), "{text}");
}

#[test]
fn the_image_is_xml_that_asks_for_nothing_and_a_name_in_it_is_text() {
    for key in ["k", HOSTILE] {
        let image = drawn(&plan(key), GraphFormat::Svg);
        let document = roxmltree::Document::parse(&image).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
        let mut boxes = 0;
        for node in root.descendants().filter(roxmltree::Node::is_element) {
            let name = node.tag_name().name();
            let known = ["svg", "title", "style", "defs", "marker", "path", "g", "rect", "text"];
            assert!(known.contains(&name), "{name}");
            for attribute in node.attributes() {
                assert!(!attribute.name().starts_with("on"), "{attribute:?}");
                assert!(!attribute.name().contains("href"), "{attribute:?}");
                let value = attribute.value();
                assert!(!value.contains("url(") || value == "url(#arrow)", "{attribute:?}");
            }
            boxes += usize::from(node.attribute("class") == Some("box"));
        }
        assert_eq!(boxes, 3);
        // Two arrows: the one from the first to the last goes without saying.
        assert_eq!(image.matches("marker-end").count(), 2);
        let style = root.descendants().find(|node| node.has_tag_name("style"));
        assert!(
            !image.contains("@import")
                && style.is_none_or(|style| !style.text().unwrap().contains("url("))
        );
    }
}

#[test]
fn a_long_chain_is_drawn_whole() {
    let mut plan = plan("k");
    let one = plan.identity.remove(0);
    plan.identity = (0..60)
        .map(|number| IdentityChange {
            address: Address::keyed(Kind::FederatedCredential, "app", &number.to_string()),
            ..one.clone()
        })
        .collect();
    assert_eq!(drawn(&plan, GraphFormat::Svg).matches("<g class=\"box\">").count(), 60);
}

#[test]
fn a_saved_plan_is_drawn_like_its_spec_and_without_a_call() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, OWNERS);
    world.run(&["plan", "--out", "plan.json.zst"]).ended(0);
    for format in ["text", "dot", "mermaid", "svg"] {
        let of_spec = world.run(&["graph", "--format", format]).ended(0);
        let calls = emulator.requests().len();
        let of_plan = world.run(&["graph", "--format", format, "plan.json.zst"]).ended(0);
        assert_eq!(of_plan.stdout, of_spec.stdout);
        assert!(of_plan.stdout.contains("mailbox_audit.owners"), "{}", of_plan.stdout);
        assert_eq!(emulator.requests().len(), calls);
    }
    let misplaced = world.run(&["graph", "--var", "a=b", "plan.json.zst"]).ended(64);
    assert!(misplaced.stderr.contains("error[given-too-late]"), "{}", misplaced.stderr);
    world.write("cut.json", "{\"format_version\":");
    let cut = world.run(&["graph", "cut.json"]).ended(1);
    assert!(cut.stdout.is_empty() && cut.stderr.contains("error[unreadable-plan]"), "{cut:?}");
}

#[test]
fn three_thousand_mailboxes_of_a_policy_are_one_box() {
    let world = World::new();
    for file in ["auditform.toml", "tenant.toml"] {
        world.write(file, example("from-scratch", file));
    }
    let text = world.run(&["graph", "--format", "text"]).ended(0).stdout;
    assert!(text.starts_with("certificate.auditor\n"), "{text}");
    assert!(text.contains("\nmailbox_audit.non_owner (3000 mailboxes)\n    after "), "{text}");
}
