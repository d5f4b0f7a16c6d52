//! Names that want to be more than names: in every text that a plan takes from a tenant, at random.
//! Markdown is read by a parser that we did not write.

use auditform::plan::{
    Action, Held, HeldAttribute, IdentityChange, Plan, Refusal, Reversible, Violation,
};
use auditform::render::{COMMENT, Provenance, TextOptions, write_html, write_markdown, write_plan};
use auditform::resource::{Address, Kind};
use auditform::state::TenantIdentity;
use proptest::prelude::*;
use proptest::sample::select;
use pulldown_cmark::{Event, Options, Parser, Tag};
use uuid::Uuid;

use super::written;

/// Turns the direction of what follows.
const TURNED: char = '\u{202e}';

const PIECES: [&str; 40] = [
    "`",
    "``",
    "```",
    "~~~",
    "@octocat",
    "#1",
    "![a](//e.example)",
    "[a](//e.example)",
    "<img src=x>",
    "</script>",
    "<!--",
    "-->",
    "</details>",
    "<b>",
    "&lt;",
    "|",
    "\\",
    "*",
    "__",
    "> ",
    "# ",
    "- ",
    "1. ",
    "---",
    "===",
    "\n",
    "\n\n",
    "\r",
    "\t",
    " ",
    "$a$",
    ":smile:",
    "www.e.example",
    "https://e.example",
    "a@e.example",
    "\u{202e}",
    "\u{1b}[2J",
    "]]>",
    "[^1]",
    "word",
];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(PIECES.to_vec()), 1..9).prop_map(|pieces| pieces.concat())
}

/// A plan that is made of these texts.
fn plan(texts: &[String; 6], action: Action) -> Plan {
    let [name, key, reason, weakening, value, note] = texts.clone();
    let address = Address::keyed(Kind::FederatedCredential, &name, &key);
    let attribute = |before, after| HeldAttribute { name: "notes".into(), before, after };
    let change = IdentityChange {
        address: address.clone(),
        action,
        reason,
        attributes: vec![
            attribute(Some(Held::text(&value)), Some(Held::text("new"))),
            attribute(
                Some(Held::Set(vec![value.clone(), name.clone()])),
                Some(Held::Set(vec![name])),
            ),
        ],
        removes: vec![("notes".into(), vec![value])],
        weakens: vec![weakening.clone()],
        reversible: Reversible::Yes,
        depends_on: Vec::new(),
        after_exchange: false,
        writes: Vec::new(),
        finally: None,
    };
    let tenant = TenantIdentity { id: Uuid::from_u128(7), organization: weakening };
    Plan {
        identity: vec![change],
        notes: vec![note.clone()],
        refused: vec![Refusal {
            violation: Violation::OrganizationWeakening { address: note.clone(), attribute: note },
            place: None,
        }],
        deferred: vec![address],
        ..Plan::of(tenant)
    }
}

/// Elements that we write ourselves; what is between them must be text.
fn is_ours(html: &str) -> bool {
    let ours = [
        "<details open>",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<code>",
        "</code>",
    ];
    let rest = ours.iter().fold(html.to_owned(), |rest, ours| rest.replace(ours, ""));
    !rest.contains(['<', '>'])
}

/// What stands outside of code means nothing to a forge.
fn assert_harmless(markdown: &str) {
    let mut inside_code = false;
    let mut details = 0;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => inside_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => inside_code = false,
            Event::Text(text) if !inside_code => {
                let signs = ['@', '#', '<', '$', '/', '[', '|', '`'];
                // The mark of a warning stands at its place or nowhere.
                assert!(!text.contains(signs), "{text:?} in\n{markdown}");
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(is_ours(&html), "{html:?} in\n{markdown}");
                details += html.matches("<details").count();
            }
            Event::Start(Tag::Image { .. } | Tag::Link { .. } | Tag::FootnoteDefinition(_))
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::Rule
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {
                panic!("{event:?} in\n{markdown}");
            }
            _ => {}
        }
    }
    assert_eq!(details, 1, "{markdown}");
}

proptest! {
    #[test]
    fn no_name_is_more_than_a_name_in_any_view(
        texts in [text(), text(), text(), text(), text(), text()],
        action in select(vec![Action::Create, Action::Update, Action::Replace, Action::Delete]),
    ) {
        let plan = plan(&texts, action);
        let provenance = Provenance {
            digest: Some(format!("sha256:{}", "0".repeat(64))),
            git_commit: Some(texts[5].clone()),
            ..Provenance::default()
        };
        let options = TextOptions::default();
        let markdown = written(|out| write_markdown(out, &plan, &provenance, options));
        prop_assert!(markdown.len() <= COMMENT);
        assert_harmless(&markdown);

        let shown = written(|out| write_plan(out, &plan, &provenance, options));
        prop_assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r', '\t']), "{}", shown);
        prop_assert!(shown.trim_end().ends_with(&"0".repeat(64)));

        let page = written(|out| write_html(out, &plan, &provenance));
        let (written_out, _) = page.split_once("<script type=").unwrap();
        prop_assert!(!written_out.contains("<img") && !written_out.contains("<!--"));
        prop_assert!(!written_out.contains(TURNED));
        prop_assert_eq!(page.matches("</script>").count(), 6);
    }
}
