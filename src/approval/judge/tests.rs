//! The rules of approval against files that are right and files that are wrong in each way.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, Signature, SshSig};

use super::*;
use crate::approval::file::NAMESPACE;
use crate::approval::test_keys::{ALICE, BOB, CAROL, private_key, public_key, signer};
use crate::approval::{LARGEST_APPROVAL, Signer};

const PLAN: PlanDigest = PlanDigest::new([0x5f; 32]);
const OTHER_PLAN: PlanDigest = PlanDigest::new([0x60; 32]);
const TENANT: Uuid = Uuid::from_u128(0x2b0c);
const OTHER_TENANT: Uuid = Uuid::from_u128(0x2b0d);
const DAVE: u8 = 4;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-23T10:00:00Z")
}

fn hours(number: i64) -> SignedDuration {
    SignedDuration::from_hours(number)
}

fn with(signers: Vec<Signer>, required: u32) -> ApprovalRules {
    ApprovalRules::new(signers, required, hours(24)).unwrap()
}

/// Alice, Bob and Carol may sign.
fn rules(required: u32) -> ApprovalRules {
    with(vec![signer(ALICE, "alice"), signer(BOB, "bob"), signer(CAROL, "")], required)
}

fn signed(seed: u8, plan: PlanDigest, tenant: Uuid, time: Timestamp) -> String {
    private_key(seed).approve(&Statement::new(plan, tenant, time)).unwrap()
}

fn file(name: &str, content: impl Into<Vec<u8>>) -> ApprovalFile {
    ApprovalFile { name: name.to_owned(), content: content.into() }
}

/// A right approval of this signer, an hour ago.
fn right(name: &str, seed: u8) -> ApprovalFile {
    file(name, signed(seed, PLAN, TENANT, now() - hours(1)))
}

fn verdict(rules: &ApprovalRules, files: &[ApprovalFile]) -> Result<Approved, NotApproved> {
    judge(&Case { rules, plan: PLAN, tenant: TENANT, now: now() }, files)
}

/// What is told of one file where one signature is required.
fn told(content: impl Into<Vec<u8>>) -> Vec<String> {
    let refused = verdict(&rules(1), &[file("a", content)]).unwrap_err();
    assert_eq!(refused.to_string(), "none of 1 signer has approved it");
    refused.unfit[0].reasons.iter().map(ToString::to_string).collect()
}

fn signers(approvals: &[Approval]) -> Vec<&str> {
    approvals.iter().map(|approval| approval.signer.as_str()).collect()
}

#[test]
fn as_many_signers_as_are_required_approve_a_plan() {
    let carol = public_key(CAROL).fingerprint();
    let files = [right("a", ALICE), right("b", BOB), right("c", CAROL)];
    for required in 1..=3 {
        let enough = usize::try_from(required).unwrap();
        let approved = verdict(&rules(required), &files[..enough]).unwrap();
        assert_eq!(signers(&approved.by), ["alice", "bob", &carol][..enough]);
        assert_eq!(approved.until, now() + hours(23));
        assert!(approved.unfit.is_empty());
        let refused = verdict(&rules(required), &files[..enough - 1]).unwrap_err();
        assert_eq!((refused.required, refused.by.len()), (required, enough - 1));
    }
    let refused = verdict(&rules(3), &files[..2]).unwrap_err();
    assert_eq!(refused.to_string(), "2 of 3 signers have approved it");
    let refused = verdict(&rules(2), &files[..1]).unwrap_err();
    assert_eq!(refused.to_string(), "1 of 2 signers has approved it");
}

#[test]
fn what_is_not_needed_does_no_harm() {
    let stale = file("old", signed(BOB, OTHER_PLAN, TENANT, now()));
    let approved = verdict(&rules(1), &[stale, file("noise", "?"), right("a", ALICE)]).unwrap();
    assert_eq!(signers(&approved.by), ["alice"]);
    let unfit: Vec<&str> = approved.unfit.iter().map(|one| one.file.as_str()).collect();
    assert_eq!(unfit, ["old", "noise"]);
}

#[test]
fn a_key_that_may_not_sign_is_named() {
    let key = public_key(DAVE);
    let expected = format!("its key may not sign: {key} ({})", key.fingerprint());
    assert_eq!(told(signed(DAVE, PLAN, TENANT, now())), [expected]);
}

#[test]
fn an_approval_of_something_else_names_both() {
    assert_eq!(
        told(signed(ALICE, OTHER_PLAN, OTHER_TENANT, now())),
        [
            "it approves the plan sha256:606060606060…, and this one is sha256:5f5f5f5f5f5f…",
            "it is for the tenant 00000000-0000-0000-0000-000000002b0d, and the plan is for \
             00000000-0000-0000-0000-000000002b0c",
        ]
    );
}

#[test]
fn an_approval_holds_until_its_expiry_and_no_second_longer() {
    let aged = |age| signed(ALICE, PLAN, TENANT, now() - age);
    assert!(verdict(&rules(1), &[file("a", aged(hours(24)))]).is_ok());
    let expected = "it has expired: alice gave it at 2026-11-22T09:59:59Z, and it held 1d";
    assert_eq!(told(aged(hours(24) + SignedDuration::from_secs(1))), [expected]);
}

#[test]
fn a_clock_may_be_a_little_ahead_and_no_more() {
    let ahead = |seconds| signed(ALICE, PLAN, TENANT, now() + SignedDuration::from_secs(seconds));
    assert!(verdict(&rules(1), &[file("a", ahead(300))]).is_ok());
    let expected = "it lies in the future: the clock of alice showed 2026-11-23T10:05:01Z";
    assert_eq!(told(ahead(301)), [expected]);
}

#[test]
fn one_signer_counts_once_whatever_the_number_of_files_and_keys() {
    let both = with(vec![signer(ALICE, "alice"), signer(BOB, "alice"), signer(CAROL, "c")], 2);
    let refused = verdict(&both, &[right("a", ALICE), right("b", BOB)]).unwrap_err();
    assert_eq!(signers(&refused.by), ["alice"]);
    assert_eq!(refused.unfit[0].reasons[0].to_string(), "alice counts once, by `a`");
    let again = [right("a", ALICE), file("later", signed(ALICE, PLAN, TENANT, now()))];
    let refused = verdict(&rules(2), &again).unwrap_err();
    assert_eq!((refused.by[0].file.as_str(), refused.unfit[0].file.as_str()), ("later", "a"));
}

#[test]
fn a_file_that_is_no_approval_says_what_it_is() {
    let whole = signed(ALICE, PLAN, TENANT, now());
    assert_eq!(told(""), ["it is not an approval"]);
    assert_eq!(told([0xff, 0xfe]), ["it is not an approval"]);
    assert_eq!(told("{}"), ["it is not an approval"]);
    let newer = whole.replacen(": 1\n", ": 2\n", 1);
    let expected = "it has version 2 of the format, and this release reads 1";
    assert_eq!(told(newer), [expected]);
    assert_eq!(told(&whole[..60]), ["its statement is cut or edited"]);
    let (said, _) = whole.split_once("-----").unwrap();
    assert_eq!(told(said), ["its signature is missing, cut or edited"]);
    assert_eq!(told(&whole[..whole.len() - 40]), ["its signature is missing, cut or edited"]);
    assert_eq!(told(format!("{whole}\n")), ["its signature is missing, cut or edited"]);
    assert_eq!(told(format!("{whole}{whole}")), ["its signature is missing, cut or edited"]);
    let edited = whole.replace("10:00:00Z", "10:00:01Z");
    let expected = "its signature is not one of its statement: it was edited";
    assert_eq!(told(edited), [expected]);
    let noise = "x".repeat(LARGEST_APPROVAL + 1);
    assert_eq!(told(noise), ["it is larger than any approval"]);
}

#[test]
fn a_checkout_of_windows_is_the_same_approval() {
    let windows = signed(ALICE, PLAN, TENANT, now()).replace('\n', "\r\n");
    assert!(verdict(&rules(1), &[file("a", windows)]).is_ok());
}

#[test]
fn a_signature_made_for_something_else_is_no_approval() {
    let said = Statement::new(PLAN, TENANT, now()).to_string();
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[ALICE; 32]);
    let key = ssh_key::PrivateKey::from(pair);
    let signature = key.sign("git", HashAlg::Sha512, said.as_bytes()).unwrap();
    let content = said + &signature.to_pem(LineEnding::LF).unwrap();
    let expected = "its signature was made for `git` and not for `auditform-approval`";
    assert_eq!(told(content), [expected]);
}

/// What a security key signs (`PROTOCOL.u2f`): digests of the application and of the message, and
/// between them flags and a counter.
fn by_security_key(flags: u8) -> (ApprovalRules, ApprovalFile) {
    let signing = SigningKey::from_bytes(&[9; 32]);
    let point = Ed25519PublicKey(signing.verifying_key().to_bytes());
    let key = KeyData::SkEd25519(SkEd25519::new(point, "ssh:"));
    let said = Statement::new(PLAN, TENANT, now()).to_string();
    let message = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, said.as_bytes()).unwrap();
    let trailer = [flags, 0, 0, 0, 7];
    let parts = [&Sha256::digest("ssh:")[..], &trailer, &Sha256::digest(&message)[..]];
    let mut data = signing.sign(&parts.concat()).to_vec();
    data.extend(trailer);
    let signature = Signature::new(Algorithm::SkEd25519, data).unwrap();
    let signature = SshSig::new(key.clone(), NAMESPACE, HashAlg::Sha512, signature).unwrap();
    let content = said + &signature.to_pem(LineEnding::LF).unwrap();
    let (key, name) = (SignerKey::of(&key).unwrap(), Some("erin".to_owned()));
    (with(vec![Signer { key, name }], 1), file("sk", content))
}

#[test]
fn a_security_key_approves_when_it_is_touched() {
    let (rules, touched) = by_security_key(0x01);
    assert_eq!(signers(&verdict(&rules, &[touched]).unwrap().by), ["erin"]);
    let (rules, untouched) = by_security_key(0x00);
    let refused = verdict(&rules, &[untouched]).unwrap_err();
    let expected = "the security key was not touched for it";
    assert_eq!(refused.unfit[0].reasons[0].to_string(), expected);
}

proptest! {
    #[test]
    fn no_byte_of_an_approval_can_be_changed(at in 0_usize..700, to in any::<u8>()) {
        let mut content = signed(ALICE, PLAN, TENANT, now()).into_bytes();
        let at = at % content.len();
        prop_assume!(content[at] != to);
        content[at] = to;
        prop_assert!(verdict(&rules(1), &[file("a", content)]).is_err());
    }

    #[test]
    fn no_part_of_an_approval_can_be_left_out(from in 0_usize..700, count in 1_usize..80) {
        let mut content = signed(ALICE, PLAN, TENANT, now()).into_bytes();
        let from = from % content.len();
        let to = (from + count).min(content.len());
        content.drain(from..to);
        prop_assert!(verdict(&rules(1), &[file("a", content)]).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_refused_and_nothing_worse(noise in any::<Vec<u8>>(), text in ".{0,80}") {
        let said = Statement::new(PLAN, TENANT, now()).to_string();
        let armored = format!("{said}-----BEGIN SSH SIGNATURE-----\n{text}\n-----END");
        let after = [said.as_bytes(), &noise].concat();
        for content in [noise, armored.into_bytes(), after] {
            prop_assert!(verdict(&rules(1), &[file("a", content)]).is_err());
        }
        let _ = SignerKey::parse(&text);
        let _ = SignerKey::parse(&format!("ssh-ed25519 {text}"));
    }

    #[test]
    fn arbitrary_signatures_in_right_armor_are_refused(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        use base64::Engine as _;
        let said = Statement::new(PLAN, TENANT, now()).to_string();
        let blob = [b"SSHSIG\0\0\0\x01", &noise[..]].concat();
        let text = base64::engine::general_purpose::STANDARD.encode(blob);
        let lines: Vec<&str> = text.as_bytes().chunks(70).map(|it| std::str::from_utf8(it).unwrap()).collect();
        let content = format!("{said}-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"));
        prop_assert!(verdict(&rules(1), &[file("a", content)]).is_err());
    }
}

/// Every byte of one approval, each with one bit turned: the property above, without chance.
#[test]
fn each_bit_of_an_approval_matters() {
    let content = signed(ALICE, PLAN, TENANT, now()).into_bytes();
    let rules = rules(1);
    for at in 0..content.len() {
        for bit in 0..8 {
            let mut turned = content.clone();
            turned[at] ^= 1 << bit;
            assert!(verdict(&rules, &[file("a", turned)]).is_err(), "bit {bit} of byte {at}");
        }
    }
}
