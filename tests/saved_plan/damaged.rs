//! Files that are no longer, or never were, what was saved: nothing of them is believed, and no call is
//! made.

use super::{MIXED, OWNERS, World, refused, saved, text};

#[test]
fn a_file_that_is_cut_anywhere_is_no_plan() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let whole = text(&world).into_bytes();
    for at in [1, 20, whole.len() / 3, whole.len() / 2, whole.len() - 2] {
        refused(&world, &emulator, &whole[..at], "unreadable-plan");
    }
}

#[test]
fn a_file_in_which_anything_that_counts_was_edited_is_no_plan() {
    let world = World::new();
    let emulator = saved(&world, MIXED);
    let whole = text(&world);
    let edits: [(&str, &str); 5] = [
        ("\"default_audit_set\":[\"Admin\",", "\"default_audit_set\":["),
        ("\"ingestion\":true,\"operation\"", "\"ingestion\":false,\"operation\""),
        ("recipient_types", "Recipient_types"),
        ("\"notes\":[", "\"notes\":[\"approved\","),
        ("\"FolderBind\"", "\"Foldermind\""),
    ];
    for (from, to) in edits {
        assert!(whole.contains(from), "{from}");
        let edited = whole.replacen(from, to, 1);
        world.write("bad.json", &edited);
        let output = world.run(&["apply", "--auto-approve", "bad.json"]).ended(1);
        assert!(output.stderr.contains("error["), "{}", output.stderr);
    }
    assert_eq!(emulator.writes(), []);
    let note = whole.replacen("\"notes\":[", "\"notes\":[\"approved\",", 1);
    let output = refused(&world, &emulator, note.as_bytes(), "plan-edited");
    assert!(output.stderr.contains("it was changed after it was saved"), "{}", output.stderr);
}

#[test]
fn a_plan_of_a_newer_format_says_so_whatever_else_is_in_it() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let (major, minor) = auditform::plan::FORMAT_VERSION.split_once('.').unwrap();
    let next = format!("{major}.{}", minor.parse::<u32>().unwrap() + 1);
    for version in [next.as_str(), "2.0"] {
        let ours = format!("\"format_version\":\"{major}.{minor}\"");
        let newer = text(&world).replace(&ours, &format!("\"format_version\":\"{version}\""));
        let newer = newer.replacen("{\"changes\"", "{\"batches\":[{}],\"changes\"", 1);
        let output = refused(&world, &emulator, newer.as_bytes(), "plan-too-new");
        assert!(output.stderr.contains(&format!("its format is {version}")), "{}", output.stderr);
    }
}

#[test]
fn a_version_is_taken_in_one_spelling_and_with_the_members_that_it_had() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let ours = format!("\"format_version\":\"{}\"", auditform::plan::FORMAT_VERSION);
    let (major, minor) = auditform::plan::FORMAT_VERSION.split_once('.').unwrap();
    for version in [format!("{major}.0{minor}"), format!("+{major}.{minor}")] {
        let spelt = text(&world).replace(&ours, &format!("\"format_version\":\"{version}\""));
        refused(&world, &emulator, spelt.as_bytes(), "plan-too-new");
    }
    let selection = "{\"selection\":{\"targets\":[],\"excludes\":[],\"included\":[],\"held_back\":[],\
                     \"left_out\":{\"create\":0,\"change\":0,\"delete\":0,\"weaken\":0,\"remove\":0,\
                     \"irreversible\":0,\"mailboxes\":0},\"not_planned\":[]},";
    let older = include_str!("../fixtures/plans/1.1.json");
    for member in ["{\"checks\":[],", selection] {
        let newer = older.replacen('{', member, 1);
        let output = refused(&world, &emulator, newer.as_bytes(), "unreadable-plan");
        assert!(output.stderr.contains("is no part of a plan of format 1.1"), "{}", output.stderr);
    }
}

#[test]
fn noise_is_no_plan_however_much_of_it_there_is() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let noise: Vec<u8> =
        std::iter::once(b'{').chain((0..=250).cycle().step_by(31).take(4 << 20)).collect();
    refused(&world, &emulator, &noise, "unreadable-plan");
    refused(&world, &emulator, &[b"{".to_vec(), vec![b' '; 1 << 20]].concat(), "unreadable-plan");
    refused(&world, &emulator, &[0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3], "unreadable-plan");
    refused(&world, &emulator, b"{}", "unreadable-plan");
}
