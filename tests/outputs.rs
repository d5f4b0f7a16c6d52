//! Files that are written at the user's word: none may cost the user one that the same command reads or
//! writes besides.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::plan::{OWNERS, small};
use crate::support::World;

#[test]
fn nothing_that_a_command_reads_or_writes_besides_is_overwritten() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    world.run(&["snapshot", "--out", "t.zst"]).ended(0);
    world.write("parts.toml", "# a part\n");
    world.write("values.txt", "");
    world.write("targets", "organization\n");
    let kept = ["auditform.toml", "parts.toml", "t.zst", "targets", "values.txt"];
    let before = kept.map(|name| fs::read(world.path(name)).unwrap());
    let calls = emulator.requests().len();
    for arguments in [
        "plan --out auditform.toml",
        "plan --out parts.toml",
        "plan --out t.zst --snapshot t.zst",
        "plan --out values.txt --var-file values.txt",
        "plan --out targets --target-file ./targets",
        "plan --json-into t.zst --snapshot t.zst",
        "plan --json-into parts.toml",
        "plan --out new --json-into new",
        "plan --out new --report sarif=new",
        "plan --json-into new --report sarif=new",
        "plan --report sarif=new --report junit=./new",
        "plan --report sarif=t.zst --snapshot t.zst",
        "apply --json-into targets --target-file targets",
        "apply --json-into values.txt --var-file values.txt",
        "validate --report junit=auditform.toml",
        "validate . --report junit=values.txt --var-file values.txt",
        "snapshot --out ./auditform.toml",
        "snapshot --out values.txt --var-file values.txt",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = world.run(&arguments).ended(1);
        assert!(output.stderr.contains("would overwrite"), "{arguments:?}: {}", output.stderr);
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", output.stdout);
    }
    assert_eq!(emulator.requests().len(), calls);
    assert_eq!(kept.map(|name| fs::read(world.path(name)).unwrap()), before);
}

#[test]
fn a_slip_is_told_with_its_way_out() {
    let world = World::new();
    let _emulator = small(&world, OWNERS);
    let output = world.run(&["plan", "--out", "auditform.toml"]).ended(1);
    assert_data_eq!(
        output.stderr,
        str![[r"
error[unwritable-file]: the plan would overwrite `auditform.toml`
 |
 = note: this command reads or writes it; nothing was done
 = help: name another file with `--out`

"]]
    );
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
}
