//! Patterns in the place of a kind: what they may name follows from the names in the spec.

use super::{ADA, OWNERS, World, refused, small};

/// An application beside a policy, and a policy of the same name.
const AUDITOR: &str = r#"
[certificate.auditor]
[application.auditor]
display_name = "A"
certificates = ["certificate.auditor"]
api_permissions = ["Exchange.ManageAsApp"]
admin_consent = true
"#;

#[test]
fn what_a_pattern_with_a_key_may_name_is_told_by_the_name_where_the_kind_is_a_pattern() {
    let world = World::new();
    let emulator = small(&world, &format!("{AUDITOR}{OWNERS}"));
    let plan = |target: &str| world.run(&["plan", "--format", "json", "--target", target]);
    let addresses = |target: &str| -> Vec<String> {
        let plan = plan(target).ended(0).json();
        let changes = plan["changes"].as_array().unwrap().iter();
        changes.map(|change| change["address"].as_str().unwrap().to_owned()).collect()
    };
    let consent = "app_role_assignment.auditor[\"Exchange.ManageAsApp\"]".to_owned();
    assert!(addresses("*.auditor[\"Exchange.ManageAsApp\"]").contains(&consent));
    assert_eq!(addresses("*.owners[\"ada@contoso.com\"]"), [ADA]);
    for (target, what) in [
        ("*.auditor[\"Exchange.ManageAsAp\"]", "matches no object of this tenant's applications"),
        ("*.owners[\"adda@contoso.com\"]", "matches no mailbox"),
        ("{mailbox_audit,key_credential}.auditor[\"x\"]", "matches no object of this tenant's"),
    ] {
        let output = plan(target).ended(1);
        assert!(output.stderr.contains(what) && output.stdout.is_empty(), "{}", output.stderr);
    }
    let both = format!("{AUDITOR}{}", OWNERS.replace(".owners]", ".auditor]"));
    world.spec(&emulator, &both);
    for target in ["*.auditor[\"Exchange.ManageAsApp\"]", "*.*[\"ada@contoso.com\"]"] {
        let output = refused(&world, &emulator, &["--target", target], 1);
        assert!(output.stderr.contains("error[ambiguous-target]"), "{}", output.stderr);
    }
}
