//! What newer rules of approval allow that older ones did not, in words. Rules in, a list out; it is
//! empty where the newer rules ask for as much or more.

use super::rules::{ApprovalRules, Signer};
use crate::resource::written_duration;

/// Each way in which `new` is looser than `old`.
pub fn loosened(old: Option<&ApprovalRules>, new: Option<&ApprovalRules>) -> Vec<String> {
    let Some(old) = old else { return Vec::new() };
    let Some(new) = new else {
        let (required, holders) = (old.required(), old.holders());
        return vec![format!("no approval is required any more; it took {required} of {holders}")];
    };
    let mut all = Vec::new();
    for signer in new.signers() {
        if old.signer(&signer.key).is_none() {
            let name = signer.name.as_deref().unwrap_or("without a name");
            all.push(format!("{name} may approve with another key: {}", signer.key.fingerprint()));
        } else if let Some(other) = parted(signer, old, new) {
            let (one, other) = (signer.key.fingerprint(), other.key.fingerprint());
            all.push(format!("{one} and {other} counted for one signer and count for two"));
        }
    }
    if new.required() < old.required() {
        let (before, after) = (old.required(), new.required());
        all.push(format!("{after} signatures are enough where it took {before}"));
    }
    if new.expiry() > old.expiry() {
        let (before, after) = (written_duration(old.expiry()), written_duration(new.expiry()));
        all.push(format!("approvals hold for {after} where they held for {before}"));
    }
    all
}

/// A key, named before this one, that belonged to the same signer in the old rules and does not in
/// the new ones: with both, one person could count for two.
fn parted<'r>(signer: &Signer, old: &'r ApprovalRules, new: &ApprovalRules) -> Option<&'r Signer> {
    let before = old.signer(&signer.key)?.holder();
    old.signers().iter().take_while(|other| other.key != signer.key).find(|other| {
        let now = new.signer(&other.key).map(Signer::holder);
        other.holder() == before && now.is_some_and(|now| now != signer.holder())
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use jiff::SignedDuration;

    use super::*;
    use crate::approval::test_keys::{ALICE, BOB, CAROL, public_key, signer};

    fn rules(signers: &[(u8, &str)], required: u32, hours: i64) -> ApprovalRules {
        let signers = signers.iter().map(|(seed, name)| signer(*seed, name)).collect();
        ApprovalRules::new(signers, required, SignedDuration::from_hours(hours)).unwrap()
    }

    #[test]
    fn each_loosening_is_named() {
        let old = rules(&[(ALICE, "alice"), (BOB, "bob")], 2, 24);
        let new = rules(&[(ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")], 1, 36);
        let carol = public_key(CAROL).fingerprint();
        let expected = [
            format!("carol may approve with another key: {carol}"),
            "1 signatures are enough where it took 2".to_owned(),
            "approvals hold for 36h where they held for 1d".to_owned(),
        ];
        assert_eq!(loosened(Some(&old), Some(&new)), expected);
        assert_eq!(
            loosened(Some(&old), None),
            ["no approval is required any more; it took 2 of 2"]
        );
    }

    #[test]
    fn stricter_rules_are_no_loosening() {
        let old = rules(&[(ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")], 1, 24);
        let new = rules(&[(ALICE, "ada"), (BOB, "bob")], 2, 8);
        assert!(loosened(Some(&old), Some(&new)).is_empty());
        assert!(loosened(Some(&old), Some(&old)).is_empty());
        assert!(loosened(None, Some(&old)).is_empty());
    }

    #[test]
    fn one_signer_whose_keys_come_to_count_for_two_is_a_loosening() {
        let old = rules(&[(ALICE, "alice"), (BOB, "alice"), (CAROL, "carol")], 2, 24);
        let new = rules(&[(ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")], 2, 24);
        let found = loosened(Some(&old), Some(&new));
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("counted for one signer and count for two"), "{found:?}");
        assert!(loosened(Some(&new), Some(&old)).is_empty());
    }
}
