//! Approvals that OpenSSH's `ssh-keygen -Y sign` made, with keys that no longer exist, against what is
//! judged of them: what we read is what others write. `statement` is the text that they signed.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::path::Path;

use auditform::approval::{
    ApprovalFile, ApprovalRules, Approved, Case, NotApproved, Signer, SignerKey, Statement,
    USUAL_EXPIRY, judge,
};

use crate::support::package;

fn fixture(name: &str) -> String {
    package(&format!("tests/fixtures/approval/{name}"))
}

fn statement() -> Statement {
    let plan = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    let tenant = "2b0c6e5f-1f54-4c0e-9b0a-6d2f8c1e7a90";
    let time = "2026-11-23T10:00:00Z";
    Statement::new(plan.parse().unwrap(), tenant.parse().unwrap(), time.parse().unwrap())
}

fn signers() -> Vec<Signer> {
    let names = ["ed25519.pub", "ecdsa-p256.pub", "ed25519.pem"];
    let keys = names.map(|name| SignerKey::parse(&fixture(name)).unwrap());
    keys.map(|(key, name)| Signer { key, name }).into()
}

fn judged(required: u32, names: &[&str]) -> Result<Approved, NotApproved> {
    let rules = ApprovalRules::new(signers(), required, USUAL_EXPIRY).unwrap();
    let Statement { plan, tenant, time } = statement();
    let file = |name: &&str| ApprovalFile {
        name: (*name).to_owned(),
        content: fixture(&format!("{name}.approval")).into_bytes(),
    };
    let files: Vec<ApprovalFile> = names.iter().map(file).collect();
    judge(&Case { rules: &rules, plan, tenant, now: time }, &files)
}

fn refusal(name: &str) -> String {
    judged(1, &[name]).unwrap_err().unfit[0].reasons[0].to_string()
}

#[test]
fn the_signed_text_is_the_one_that_we_write() {
    assert_eq!(statement().to_string(), fixture("statement"));
}

#[test]
fn signatures_of_openssh_count() {
    let approved = judged(2, &["ed25519", "ecdsa-p256"]).unwrap();
    let by: Vec<&str> = approved.by.iter().map(|one| one.signer.as_str()).collect();
    assert_eq!(by, ["alice@contoso.com", "bob@contoso.com"]);
    // `-O hashalg=sha256`.
    assert!(judged(1, &["ed25519-sha256"]).is_ok());
}

#[test]
fn a_signature_of_openssh_for_something_else_does_not() {
    let expected = "its signature was made for `file` and not for `auditform-approval`";
    assert_eq!(refusal("namespace-file"), expected);
}

#[test]
fn kinds_of_keys_that_are_not_supported_are_named() {
    for (name, kind) in [("rsa", "ssh-rsa"), ("ecdsa-p384", "ecdsa-sha2-nistp384")] {
        let expected = format!("it is signed with a key of the kind `{kind}`; supported are ");
        assert!(refusal(name).starts_with(&expected), "{}", refusal(name));
    }
}

#[test]
fn no_private_key_lies_among_the_fixtures() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/approval");
    for entry in std::fs::read_dir(directory).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("PRIVATE") && !text.contains("b3BlbnNzaC1rZXk"));
    }
}
