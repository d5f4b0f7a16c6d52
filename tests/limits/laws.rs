//! The laws of limits, on random plans and safeguards.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use auditform::plan::{Action, Plan, TenantChange, judge, loosened};
use auditform::resource::{Address, Kind};
use auditform::state::{Limit, Limits, Protection, Safeguards, Share};
use proptest::prelude::*;

use super::{allow, identity, plan, prevents};

fn any_share() -> impl Strategy<Value = Share> {
    let texts = ["0%", "5%", "30%", "33.3333%", "50%", "99.9999%", "100%"];
    proptest::sample::select(texts.to_vec()).prop_map(|text| Share::parse(text).unwrap())
}

fn any_limit() -> impl Strategy<Value = Option<Limit>> {
    let parts = (proptest::option::of(0u64..14), proptest::option::of(any_share()));
    let limit = parts.prop_map(|(count, share)| Limit { count, share });
    proptest::option::of(limit)
}

fn any_safeguards() -> impl Strategy<Value = Safeguards> {
    let limits = (any_limit(), any_limit(), any_limit(), 0u64..14);
    let texts = vec!["changed=3", "weakening=30%", "deletions=1", "organization-weakening"];
    let protections =
        proptest::sample::subsequence(vec![Protection::Weaken, Protection::Change], 0..=2);
    (limits, proptest::sample::subsequence(texts, 0..=2), protections).prop_map(
        |((changed, weakening, deletions, minimum_population), allowed, protections)| Safeguards {
            limits: Limits { changed, weakening, deletions, minimum_population },
            allowances: allowed.into_iter().map(allow).collect(),
            ..prevents("mailbox_audit.people", &protections)
        },
    )
}

fn any_plan() -> impl Strategy<Value = Plan> {
    (0u64..6, 0u64..6, 0u64..6, 0usize..3, any::<bool>()).prop_map(
        |(shorter, longer, unchanged, deleted, off)| {
            let gone = identity(Address::named(Kind::Application, "audit"), Action::Delete);
            let switch =
                TenantChange::MailboxAuditing { enabled: !off, after_customization: false };
            Plan {
                identity: vec![gone; deleted],
                tenant_changes: vec![switch],
                ..plan(shorter, longer, unchanged)
            }
        },
    )
}

fn raised(limit: Option<Limit>, by: u64, to: Share) -> Option<Limit> {
    limit.map(|limit| Limit {
        count: limit.count.map(|count| count + by),
        share: limit.share.map(|share| share.max(to)),
    })
}

fn accepts(plan: &Plan, safeguards: &Safeguards) -> bool {
    judge(&Plan { safeguards: safeguards.clone(), ..plan.clone() }).is_empty()
}

proptest! {
    #[test]
    fn raising_limits_or_allowing_more_never_refuses_what_was_accepted(
        plan in any_plan(),
        old in any_safeguards(),
        by in 0u64..5,
        to in any_share(),
        extra in proptest::sample::select(vec!["changed=0", "weakening=0%", "deletions=1"]),
    ) {
        let mut new = old.clone();
        let Limits { changed, weakening, deletions, minimum_population } = old.limits;
        new.limits = Limits {
            changed: raised(changed, by, to),
            weakening: raised(weakening, by, to),
            deletions: raised(deletions, by, to),
            minimum_population: minimum_population + by,
        };
        new.allowances.push(allow(extra));
        prop_assert!(!accepts(&plan, &old) || accepts(&plan, &new));
    }

    #[test]
    fn where_nothing_was_loosened_nothing_more_is_accepted(
        plan in any_plan(),
        old in any_safeguards(),
        new in any_safeguards(),
    ) {
        if loosened(&old, &new).is_empty() {
            prop_assert!(!accepts(&plan, &new) || accepts(&plan, &old), "{old:?}\n{new:?}");
        }
    }

    #[test]
    fn safeguards_survive_their_json(safeguards in any_safeguards()) {
        let text = serde_json::to_string(&safeguards).unwrap();
        prop_assert_eq!(serde_json::from_str::<Safeguards>(&text).unwrap(), safeguards);
    }
}
