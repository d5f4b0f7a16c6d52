//! The views of a plan hold the same: what each says of its counts is taken from it as a reader would
//! take it, and compared. Markdown fits a comment however large the plan is, and no name changes what
//! stands around it. What a browser makes of the page is in `tests/browser`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

mod hostile;

use std::fmt::Write as _;

use auditform::plan::{Plan, PlanDocument};
use auditform::render::{COMMENT, Provenance, TextOptions, write_html, write_markdown, write_plan};
use serde_json::Value;

use crate::support::{World, example};

/// What every view tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    create: u64,
    change: u64,
    delete: u64,
    unchanged: u64,
    weaken: u64,
    remove: u64,
}

/// The number before each of these words in a sentence; 0 where none of them is there.
fn number_before(text: &str, words: &[&str]) -> u64 {
    let found = words.iter().find_map(|words| {
        let before = &text[..text.find(&format!(" {words}"))?];
        let start = before.rfind(|letter: char| !letter.is_ascii_digit()).map_or(0, |at| at + 1);
        before[start..].parse().ok()
    });
    found.unwrap_or_default()
}

/// The line that begins with this, whatever its look.
fn line<'t>(text: &'t str, start: &str) -> &'t str {
    let found = text.lines().find(|line| line.trim_start_matches('*').starts_with(start));
    found.unwrap_or_else(|| panic!("no line begins with `{start}`:\n{text}"))
}

/// What the sum at the end of the text says, and in Markdown the paragraph.
fn from_sentences(text: &str) -> Counts {
    let plan = line(text, "Plan:");
    let from_plan = &text[text.find(plan).unwrap()..];
    let of_these = from_plan.split("Of these, ").nth(1).unwrap_or_default();
    let of_these = of_these.split('.').next().unwrap_or_default();
    let untouched = ["managed object needs nothing", "managed objects need nothing"];
    let found = ["managed object was read", "managed objects were read"];
    let all = text.replace('\n', " ");
    Counts {
        create: number_before(plan, &["to create"]),
        change: number_before(plan, &["to change"]),
        delete: number_before(plan, &["to delete"]),
        unchanged: number_before(&all, &[untouched, found].concat()),
        weaken: number_before(of_these, &["weakens", "weaken"]),
        remove: number_before(of_these, &["removes values", "remove values"]),
    }
}

fn from_document(document: &Value) -> Counts {
    let changes = document["changes"].as_array().unwrap();
    let of_action = |names: &[&str]| {
        let is_it = |change: &&Value| names.contains(&change["action"].as_str().unwrap());
        changes.iter().filter(is_it).count() as u64
    };
    let counts = Counts {
        create: of_action(&["create"]),
        change: of_action(&["update", "replace"]),
        delete: of_action(&["delete"]),
        unchanged: document["summary"]["unchanged"].as_u64().unwrap(),
        weaken: changes.iter().filter(|one| !is_empty(&one["weakens"])).count() as u64,
        remove: changes.iter().filter(|one| !is_empty(&one["removes"])).count() as u64,
    };
    for (name, number) in
        [("create", counts.create), ("change", counts.change), ("delete", counts.delete)]
    {
        assert_eq!(document["summary"][name], number, "{name}");
    }
    counts
}

fn is_empty(value: &Value) -> bool {
    value
        .as_array()
        .map(Vec::is_empty)
        .or(value.as_object().map(serde_json::Map::is_empty))
        .unwrap()
}

/// The rows of the table in Markdown added up: they know nothing of what is unchanged.
fn from_table(text: &str, unchanged: u64) -> Counts {
    let mut counts = Counts { unchanged, ..Counts::default() };
    for row in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<u64> =
            row.split('|').skip(2).take(5).map(|cell| cell.trim().parse().unwrap()).collect();
        counts.create += cells[0];
        counts.change += cells[1];
        counts.delete += cells[2];
        counts.weaken += cells[3];
        counts.remove += cells[4];
    }
    counts
}

/// The figures at the top of the page.
fn from_page(page: &str) -> Counts {
    let figure = |name: &str| {
        let marked = format!("data-count=\"{name}\">");
        let rest = &page[page.find(&marked).unwrap() + marked.len()..];
        rest[..rest.find('<').unwrap()].parse().unwrap()
    };
    Counts {
        create: figure("create"),
        change: figure("change"),
        delete: figure("delete"),
        unchanged: figure("unchanged"),
        weaken: figure("weaken"),
        remove: figure("remove"),
    }
}

/// What the search on the page goes through.
fn from_page_data(page: &str, unchanged: u64) -> Counts {
    let data = |name: &str| -> Value {
        let start = format!("<script type=\"application/json\" id=\"data-{name}\">");
        let rest = &page[page.find(&start).unwrap() + start.len()..];
        serde_json::from_str(&rest[..rest.find("</script>").unwrap()]).unwrap()
    };
    let (few, patterns, pattern_of) = (data("few"), data("patterns"), data("pattern-of"));
    let places = pattern_of.as_array().unwrap();
    assert_eq!(places.len(), data("names").as_array().unwrap().len());
    assert_eq!(places.len() * 32, data("guids").as_str().unwrap().len());
    let shared = places.iter().map(|id| &patterns[id.to_string()]);
    let mut counts = Counts { unchanged, ..Counts::default() };
    for change in few.as_array().unwrap().iter().chain(shared) {
        match change["action"].as_str().unwrap() {
            "create" => counts.create += 1,
            "delete" => counts.delete += 1,
            _ => counts.change += 1,
        }
        counts.weaken += u64::from(!is_empty(&change["weakens"]));
        counts.remove += u64::from(!is_empty(&change["removes"]));
    }
    counts
}

fn compare(text: &str, markdown: &str, page: &str, document: &Value) -> Counts {
    let counts = from_document(document);
    let views = [
        ("text", from_sentences(text)),
        ("Markdown", from_sentences(markdown)),
        ("the table in Markdown", from_table(markdown, counts.unchanged)),
        ("the page", from_page(page)),
        ("the data of the page", from_page_data(page, counts.unchanged)),
    ];
    for (view, seen) in views {
        assert_eq!(seen, counts, "{view}\n{text}\n{markdown}");
    }
    counts
}

/// A view of a plan without styles.
fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    let mut text = String::from_utf8(out).unwrap();
    while let Some(start) = text.find("\u{1b}[") {
        let end = start + text[start..].find('m').unwrap();
        text.replace_range(start..=end, "");
    }
    text
}

/// Holds all views of a plan against its document.
pub(crate) fn agree(plan: &Plan) {
    let (nothing_known, options) = (Provenance::default(), TextOptions::default());
    let text = written(|out| write_plan(out, plan, &nothing_known, options));
    let markdown = written(|out| write_markdown(out, plan, &nothing_known, options));
    let page = written(|out| write_html(out, plan, &nothing_known));
    let document = serde_json::to_value(PlanDocument { plan, digest: None }).unwrap();
    compare(&text, &markdown, &page, &document);
}

fn shown(world: &World, flags: &[&str]) -> String {
    world.run(&[&["plan", "--quiet"], flags].concat()).ended(0).stdout
}

#[test]
fn the_views_of_each_example_count_the_same() {
    let mut seen = Vec::new();
    for name in ["from-scratch", "guide-as-written", "non-owner-mailbox-audit"] {
        let world = World::new();
        world.write("auditform.toml", example(name, "auditform.toml"));
        let tenant = example(name, "tenant.toml").replace("mailboxes = 3017", "mailboxes = 150");
        world.write("tenant.toml", tenant);
        let [text, markdown, page, document] =
            ["text", "markdown", "html", "json"].map(|format| shown(&world, &["--format", format]));
        let document = serde_json::from_str(&document).unwrap();
        seen.push(compare(&text, &markdown, &page, &document));
        assert_eq!(from_sentences(&shown(&world, &["--summary"])), *seen.last().unwrap());
    }
    assert!(seen.iter().any(|counts| counts.create > 0 && counts.weaken == 0));
    assert!(seen.iter().any(|counts| counts.weaken > 0 && counts.unchanged > 0));
}

/// A tenant in which hardly two mailboxes are alike, and a spec that takes something from each.
fn all_different(world: &World, mailboxes: u32) {
    let actions = ["Copy", "Move", "FolderBind", "SendAs", "Create", "SoftDelete", "HardDelete"];
    let mut tenant = String::from("[tenant]\nunified_audit_log = false\n");
    for number in 1..=mailboxes {
        let chosen = (0u32..).zip(actions).filter(|(bit, _)| number >> bit & 1 == 1);
        let names: Vec<&str> = chosen.map(|(_, name)| name).chain(["Send"]).collect();
        let days = 91 + number;
        let _ = writeln!(
            tenant,
            "[[mailbox]]\nupn = \"m{number}@contoso.com\"\ntype = \"UserMailbox\"\n\
             admin = {names:?}\nlog_age_days = {days}"
        );
    }
    world.write("tenant.toml", tenant);
    world.write(
        "auditform.toml",
        "version = 1\n[tenant]\nendpoint = \"embedded\"\n[mailbox_audit.all]\n\
         recipient_types = [\"UserMailbox\"]\nadmin = { exactly = [\"Update\"] }\n\
         log_age_limit = 90\n[unified_audit_log]\ningestion = true\n",
    );
}

#[test]
fn markdown_fits_a_comment_and_says_what_it_leaves_out() {
    let world = World::new();
    all_different(&world, 700);
    for flags in [&["--format", "markdown"][..], &["--format", "markdown", "--full"]] {
        let text = shown(&world, flags);
        assert!(text.len() <= COMMENT && text.len() > COMMENT / 2, "{}", text.len());
        let left_out = line(&text, "Left out");
        let left_out = number_before(left_out, &["changes"]);
        let blocks = text.lines().filter(|line| line.starts_with("<summary>"));
        let in_block =
            |block: &str| number_before(block, &["mailboxes will", "mailbox will"]).max(1);
        let in_blocks: u64 = blocks.map(in_block).sum();
        assert_eq!(in_blocks + left_out, from_sentences(&text).change, "{text}");
        let losses = text.find("This plan records less than today").unwrap();
        assert!(losses < text.find("<details").unwrap());
        assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
    }
}

#[test]
fn the_page_says_how_many_groups_do_not_stand_on_it_and_holds_them_for_the_search() {
    let world = World::new();
    all_different(&world, 150);
    let page = shown(&world, &["--format", "html"]);
    let said = page.lines().find(|line| line.contains("groups are not shown here")).unwrap();
    let parts = page.matches("<details class=\"part").count() as u64;
    assert_eq!(parts + number_before(said, &["groups are not shown"]), 151);
    assert!(page.contains("m150@contoso.com"));
}

#[test]
fn the_summary_names_no_mailbox_and_counts_by_policy_and_type() {
    let world = World::new();
    all_different(&world, 3);
    let text = shown(&world, &["--summary"]);
    let counts = "  mailbox_audit.all: 3 to change, 3 weakening, 3 removing values, 3 that cannot\n    \
                  be undone, 3 UserMailbox\n  unified_audit_log: 1 to change\n";
    assert!(text.contains(counts), "{text}");
    assert!(!text.contains('@'), "{text}");
    let markdown = shown(&world, &["--summary", "--format", "markdown"]);
    assert!(!markdown.contains('@') && !markdown.contains("<details"), "{markdown}");
}

#[test]
fn no_line_is_wider_than_the_terminal_but_for_words_that_are() {
    let world = World::new();
    all_different(&world, 40);
    for (columns, width) in [("", 80), ("50", 50), ("120", 120)] {
        let flags = ["plan", "--quiet", "--full"];
        let text = world.run_with(&flags, &[("COLUMNS", columns)]).ended(0).stdout;
        let wide = text.lines().filter(|line| line.chars().count() > width);
        let wide: Vec<&str> = wide.filter(|line| line.trim().contains(' ')).collect();
        assert!(wide.is_empty(), "{wide:?}");
        assert!(text.lines().any(|line| line.chars().count() > width - 15));
    }
}

#[test]
fn a_flag_that_the_format_has_no_use_for_is_refused_before_anything_is_read() {
    let world = World::new();
    all_different(&world, 1);
    for flags in [["--summary", "--format", "json"], ["--context=1", "--format", "html"]] {
        let refused = world.run(&[&["plan"], &flags[..]].concat()).ended(64);
        assert!(refused.stderr.contains("error[view]") && refused.stdout.is_empty());
        assert!(!world.path(".auditform").exists());
    }
    world.run(&["plan", "--summary", "--full"]).ended(64);
}
