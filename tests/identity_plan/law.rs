//! The law of all plans, for identity chains: once a plan is carried out, in any order that its graph
//! allows, the next one is empty.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::model::Directory;
use super::{CERTIFICATE, DAY, addresses, carry_out, desired, now, plan};

prop_compose! {
    /// A part of everything that an application can be given.
    pub(super) fn application()(
        graph in any::<bool>(),
        consent in any::<bool>(),
        role in any::<bool>(),
        exchange_role in any::<bool>(),
        certificate in any::<bool>(),
        federated in 0..3_usize,
        owner in any::<bool>(),
        exclusive in any::<bool>(),
        notes in any::<bool>(),
    ) -> String {
        let graph = if graph { ", \"Application.Read.All\"" } else { "" };
        let subjects = (0..federated).map(|number| format!(
            "{{ name = \"ci-{number}\", issuer = \"https://ci.example\", subject = \"{number}\" }}"
        ));
        let subjects: Vec<String> = subjects.collect();
        let subjects = subjects.join(", ");
        let mut text = format!(
            "{CERTIFICATE}[application.auditor]\ndisplay_name = \"Auditor\"\n\
             api_permissions = [\"Exchange.ManageAsApp\"{graph}]\n\
             admin_consent = {consent}\nexclusive = {exclusive}\n\
             federated_credentials = [{subjects}]\n"
        );
        for (wanted, line) in [
            (role, "directory_roles = [\"Global Reader\"]\n"),
            (exchange_role, "exchange_roles = [\"Audit Logs\"]\n"),
            (certificate || federated == 0, "certificates = [\"certificate.auditor\"]\n"),
            (owner, "owners = [\"ada@contoso.com\"]\n"),
            (notes, "notes = \"Ours.\"\n"),
        ] {
            text += if wanted { line } else { "" };
        }
        text
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_an_apply_in_any_order_the_plan_is_empty(
        first in application(),
        second in application(),
        picks in proptest::collection::vec(any::<usize>(), 1..8),
        days in 0..400_i64,
    ) {
        let mut directory = Directory::empty(now());
        for text in [first, second] {
            let desired = desired(&text);
            let before = plan(&desired, &directory);
            let places: BTreeSet<String> =
                before.identity.iter().map(|change| change.address.to_string()).collect();
            prop_assert_eq!(places.len(), before.identity.len(), "one change for each address");
            carry_out(&before, &mut directory, &picks);
            let left = plan(&desired, &directory);
            prop_assert!(left.is_empty(), "{:?}", addresses(&left));
            directory.now += DAY * i32::try_from(days).unwrap();
        }
    }
}
