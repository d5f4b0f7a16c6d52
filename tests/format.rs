//! `auditform fmt`: what it writes and what it leaves, and the laws of layout on texts that nobody
//! wrote by hand.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use auditform::diagnostic::Sources;
use auditform::spec::{self, NotFormatted};
use proptest::prelude::*;

use crate::support::{World, package};

const UNTIDY: &str = "# kept\nversion=1\n[tenant]\n    endpoint   = 'embedded' # here\n";
const TIDY: &str = "# kept\nversion = 1\n\n[tenant]\nendpoint = 'embedded' # here\n";

#[test]
fn every_spec_in_the_tree_that_people_copy_is_formatted() {
    let mut count = 0;
    for directory in [
        "examples/environments",
        "examples/environments/dev",
        "examples/environments/policies",
        "examples/environments/prod",
        "examples/from-scratch",
        "examples/guide-as-written",
        "examples/non-owner-mailbox-audit",
        "src/ops/starting_points",
    ] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(layout(&text).unwrap(), text, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 16, "{count} files");
}

#[test]
fn a_file_is_written_and_named_and_the_second_time_left_alone() {
    let world = World::new();
    world.write("auditform.toml", UNTIDY);
    assert_eq!(world.run(&["fmt"]).ended(0).stdout, "auditform.toml\n");
    assert_eq!(fs::read_to_string(world.path("auditform.toml")).unwrap(), TIDY);
    let before = fs::metadata(world.path("auditform.toml")).unwrap().modified().unwrap();
    let again = world.run(&["fmt"]).ended(0);
    assert!(again.stdout.is_empty() && again.stderr.is_empty(), "{again:?}");
    assert_eq!(fs::metadata(world.path("auditform.toml")).unwrap().modified().unwrap(), before);
    let left: Vec<_> = fs::read_dir(world.path(".")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_check_names_what_it_would_write_and_ends_with_one() {
    let world = World::new();
    world.write("one/auditform.toml", UNTIDY);
    world.write("two.toml", TIDY);
    let output = world.run(&["fmt", "--check", "one", "two.toml"]).ended(1);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("one/auditform.toml\n", ""));
    assert_eq!(fs::read_to_string(world.path("one/auditform.toml")).unwrap(), UNTIDY);
    world.run(&["fmt", "--check", "two.toml"]).ended(0);
}

#[test]
fn a_difference_is_shown_and_nothing_written() {
    let world = World::new();
    world.write("auditform.toml", UNTIDY);
    let expected = "--- auditform.toml\n+++ auditform.toml\n@@ -1,4 +1,5 @@\n # kept\n-version=1\n\
                    +version = 1\n+\n [tenant]\n-    endpoint   = 'embedded' # here\n\
                    +endpoint = 'embedded' # here\n";
    assert_eq!(world.run(&["fmt", "--diff"]).ended(0).stdout, expected);
    assert_eq!(world.run(&["fmt", "--diff", "--check"]).ended(1).stdout, expected);
    assert_eq!(fs::read_to_string(world.path("auditform.toml")).unwrap(), UNTIDY);
}

#[test]
fn what_is_not_toml_is_shown_with_its_place_and_left_as_it_is() {
    let world = World::new();
    let broken = "version=1\n[tenant]\nendpoint = embedded\n";
    world.write("broken.toml", broken);
    world.write("untidy.toml", UNTIDY);
    let output = world.run(&["fmt", "broken.toml", "absent.toml", "untidy.toml"]).ended(1);
    assert!(output.stderr.contains("broken.toml:3:12"), "{}", output.stderr);
    assert!(output.stderr.contains("[no-spec]: there is no spec at `absent.toml`"));
    assert_eq!(fs::read_to_string(world.path("broken.toml")).unwrap(), broken);
    assert_eq!(fs::read_to_string(world.path("untidy.toml")).unwrap(), TIDY);
    assert_eq!(output.stdout, "untidy.toml\n");
}

#[test]
fn what_the_formatter_does_not_know_is_shown_and_left_as_it_is() {
    let world = World::new();
    let newer = "version = 1\ntenant = {\n  endpoint = \"embedded\",\n}\n";
    world.write("auditform.toml", newer);
    world.run(&["validate"]).ended(0);
    let output = world.run(&["fmt"]).ended(1);
    let finding = "error[not-formattable]: `auditform.toml` holds TOML that `fmt` does not know";
    assert!(output.stderr.contains(finding), "{}", output.stderr);
    assert!(output.stderr.contains("auditform.toml:2:"), "{}", output.stderr);
    assert_eq!(fs::read_to_string(world.path("auditform.toml")).unwrap(), newer);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let world = World::new();
    let through = |arguments: &[&str], text: &str| {
        let mut command = world.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(through(&["fmt", "-"], UNTIDY), (0, TIDY.to_owned()));
    assert_eq!(through(&["fmt", "-"], TIDY), (0, TIDY.to_owned()));
    assert_eq!(through(&["fmt", "--check", "-"], UNTIDY), (1, "standard input\n".to_owned()));
    assert_eq!(through(&["fmt", "-"], "a = ["), (1, String::new()));
}

#[cfg(unix)]
#[test]
fn mode_links_and_line_ends_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new();
    let real = world.write("shared/real.toml", UNTIDY.replace('\n', "\r\n"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("shared/real.toml", world.path("auditform.toml")).unwrap();
    world.run(&["fmt"]).ended(0);
    assert!(fs::symlink_metadata(world.path("auditform.toml")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), TIDY.replace('\n', "\r\n"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    world.write("shared/real.toml", UNTIDY);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o440)).unwrap();
    let output = world.run(&["fmt"]).ended(1);
    assert!(output.stderr.contains("[unwritable-file]: `auditform.toml` cannot be written"));
    assert_eq!(fs::read_to_string(&real).unwrap(), UNTIDY);
}

/// The layout of a text, where it is TOML.
fn layout(text: &str) -> Option<String> {
    let mut sources = Sources::default();
    let file = sources.add("auditform.toml", text);
    let outcome = spec::format(&sources, file);
    assert!(!matches!(outcome, Err(NotFormatted::Changed)), "it would change the meaning: {text}");
    outcome.ok()
}

fn any_spec() -> impl Strategy<Value = String> {
    let mut all = Vec::new();
    for directory in ["tests/fixtures/specs/valid", "tests/fixtures/specs/invalid"] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                all.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    all.push(package("examples/from-scratch/auditform.toml"));
    proptest::sample::select(all)
}

/// A text with other spacing: what `noise` says is put where spaces or line ends may be.
fn respaced(text: &str, noise: &[u8]) -> String {
    let mut noise = noise.iter().copied().cycle();
    let mut other = String::new();
    for line in text.lines() {
        let many = |byte: u8| " ".repeat(usize::from(byte % 4));
        other.push_str(&many(noise.next().unwrap_or(0)));
        match line.split_once(" = ") {
            Some((key, value)) if !line.contains(['"', '\'']) => {
                let (before, after) = (noise.next().unwrap_or(0), noise.next().unwrap_or(0));
                other.extend([key, &many(before), "=", &many(after), value]);
            }
            _ => other.push_str(line),
        }
        other.push_str(&many(noise.next().unwrap_or(0)));
        other.push_str(&"\n".repeat(1 + usize::from(noise.next().unwrap_or(0) % 4)));
    }
    other
}

proptest! {
    #[test]
    fn a_layout_is_the_layout_of_itself_and_says_the_same(
        text in any_spec(),
        noise in proptest::collection::vec(any::<u8>(), 1..40),
        crlf in any::<bool>(),
    ) {
        let mut text = respaced(&text, &noise);
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let Some(once) = layout(&text) else { return Ok(()) };
        prop_assert_eq!(layout(&once), Some(once.clone()));
        let values = |text: &str| {
            toml::from_str::<toml::Table>(text).map_err(|error| error.message().to_owned())
        };
        // A number beyond 64 bits is TOML, but no table can hold it.
        prop_assert!(values(&text).is_ok() || text.contains("99999999999999999999"));
        prop_assert_eq!(values(&once), values(&text));
        let comments = |text: &str| text.matches('#').count();
        prop_assert_eq!(comments(&once), comments(&text));
        prop_assert!(once.is_empty() || once.ends_with('\n'));
        prop_assert!(!once.contains("\n\n\n") || text.contains("\"\"\"") || text.contains("'''"));
    }

    #[test]
    fn no_text_makes_the_layout_fail(
        one in any_spec(),
        other in any_spec(),
        cut in 0usize..400,
        splice in 0usize..400,
        junk in "[\\[\\]{}=.,\"'#\\\\ \n\r\tа“\u{0}\u{feff}0-9a-z]{0,12}",
    ) {
        let take = |text: &str, count: usize| text.chars().take(count).collect::<String>();
        let skip = |text: &str, count: usize| text.chars().skip(count).collect::<String>();
        let text = format!("{}{junk}{}", take(&one, cut), skip(&other, splice));
        if let Some(once) = layout(&text) {
            prop_assert_eq!(layout(&once), Some(once.clone()));
        }
    }
}
