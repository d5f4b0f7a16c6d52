//! The rules of layout, one test each; that nothing else changes is a law in `tests/format.rs`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use super::*;

fn formatted(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("auditform.toml", text);
    format(&sources, file).unwrap()
}

#[test]
fn spaces_are_those_of_every_other_spec() {
    assert_eq!(
        formatted("version=1\n[tenant]\n  endpoint   =\"embedded\"   \n"),
        "version = 1\n\n[tenant]\nendpoint = \"embedded\"\n"
    );
    assert_eq!(
        formatted("a = [ 1,2 ,3 ]\nb = {c=1,d = [ 'x' ]}"),
        "a = [1, 2, 3]\nb = { c = 1, d = ['x'] }\n"
    );
}

#[test]
fn a_list_beyond_the_width_has_one_element_on_each_line() {
    let long = ["\"UserMailbox\""; 8].join(", ");
    let line = "  \"UserMailbox\",\n".repeat(8);
    assert_eq!(formatted(&format!("types = [{long}]\n")), format!("types = [\n{line}]\n"));
    let rule = formatted(&format!("admin = {{ exactly = [{long}] }}\n"));
    assert_eq!(rule, format!("admin = {{ exactly = [\n{line}] }}\n"));
    assert_eq!(formatted(&rule), rule);
}

#[test]
fn a_list_that_was_written_over_lines_stays_so() {
    assert_eq!(formatted("a = [\n1,\n    2\n]\n"), "a = [\n  1,\n  2,\n]\n");
}

#[test]
fn a_table_has_one_blank_line_before_it_and_its_comments() {
    assert_eq!(
        formatted("a = 1\n# of b\n# indeed\n[b]\nc = 1 # of c\n[d]\n\n\n\n[[e]]\n"),
        "a = 1\n\n# of b\n# indeed\n[b]\nc = 1 # of c\n\n[d]\n\n[[e]]\n"
    );
    assert_eq!(formatted("# of the file\n[b]\n"), "# of the file\n[b]\n");
    assert_eq!(formatted("\n\n[b]\n"), "[b]\n");
}

#[test]
fn a_text_over_several_lines_is_left_alone() {
    let text = "a = \"\"\"\n# no comment\n[no table]\n   x=1\n\n\n\"\"\"\n\n[b]\n";
    assert_eq!(formatted(text), text);
    let tail = "a = '''\n# the end'''\n[b]\n";
    assert_eq!(formatted(tail), "a = '''\n# the end'''\n\n[b]\n");
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    assert_eq!(
        formatted("a=1\r\n[b]\r\nc=[\r\n1]\r\n"),
        "a = 1\r\n\r\n[b]\r\nc = [\r\n  1,\r\n]\r\n"
    );
    assert_eq!(formatted("\u{feff}a=1\n"), "\u{feff}a = 1\n");
    assert_eq!(formatted(""), "");
}

#[test]
fn comments_stay_where_they_are() {
    let text = "#:schema spec.schema.json\n# one\nversion = 1 # two\n\n# three\n[tenant]\n# four\n";
    assert_eq!(formatted(text), text);
    assert_eq!(
        formatted("a = [ # first\n1, # one\n# between\n2 ] # last\n"),
        "a = [ # first\n  1, # one\n  # between\n  2,\n] # last\n"
    );
}

#[test]
fn what_is_not_toml_is_refused() {
    for (text, code) in [
        ("version = 1\n[tenant\n", "syntax"),
        ("[tenant]\nendpoint = embedded\n", "syntax"),
        ("a = 1\na = 2\n", "duplicate-key"),
    ] {
        let mut sources = Sources::default();
        let file = sources.add("auditform.toml", text);
        let Err(NotFormatted::Invalid(found)) = format(&sources, file) else { panic!("{text}") };
        let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [code], "{text}");
    }
}

/// The reader of specs takes them; the formatter is of TOML 1.0.
#[test]
fn forms_of_toml_1_1_are_left_alone() {
    for (text, at) in [("a = {\n  b = 1,\n}\n", 4), ("\u{feff}a = \"\\e\"\n", 7)] {
        let mut sources = Sources::default();
        let file = sources.add("auditform.toml", text);
        let outcome = format(&sources, file);
        let Err(NotFormatted::Unknown(span)) = outcome else { panic!("{text}: {outcome:?}") };
        assert!(span.start as usize >= at, "{text}: {span:?}");
    }
}

#[test]
fn a_number_that_no_spec_can_hold_is_laid_out_too() {
    let text = "a=99999999999999999999\nb=[ 1e999 ]\n";
    assert_eq!(formatted(text), "a = 99999999999999999999\nb = [1e999]\n");
}

#[test]
fn another_value_another_key_and_another_type_are_another_meaning() {
    let text = "a = 1\nb = { c = [\"x\"] }\n";
    assert!(same_meaning(text, "a=1\nb={c=[\"x\"]}\n"));
    for other in [
        "a = 2\nb = { c = [\"x\"] }\n",
        "a = 1.0\nb = { c = [\"x\"] }\n",
        "a = 1\nb = { c = [\"y\"] }\n",
        "a = 1\nb = { c = [\"x\", \"x\"] }\n",
        "a = 1\nb = { d = [\"x\"] }\n",
        "a = 1\n",
    ] {
        assert!(!same_meaning(text, other), "{other}");
        let table = |text| DeTable::parse_recoverable(text).0.into_inner();
        assert!(!same_table(&table(text), &table(other)), "{other}");
    }
}

#[test]
fn short_lists_within_braces_stay_on_their_line() {
    let text = "admin = { default_plus = [\"Copy\", \"Move\"] }\n";
    assert_eq!(formatted(text), text);
    let entry =
        "  { address = \"svc-backup@contoso.com\", reason = \"night\", until = 2027-01-31 },\n";
    let list = format!("exclude = [\n{entry}]\n");
    assert_eq!(formatted(&list), list);
}
