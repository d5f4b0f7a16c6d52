//! Checks judge what is there, whatever order it comes in; what they say of the planned state is what
//! they find once the plan was applied; and one in the words of a policy holds where the policy does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use auditform::plan::{
    CheckResult, CheckVerdict, Evidence, MailboxDiffer, MailboxJudge, Plan, diff_tenant,
    judge_checks,
};
use auditform::resource::{ActionVocabulary, RecipientType};
use auditform::state::DesiredState;
use proptest::prelude::*;

use super::service::{Mailbox, Order, Tenant};
use super::world::{Policy, Rule, TODAY, World, read, world, world_and_order};
use super::{as_listed, config, put_together, steps};

/// The checks of a spec against a tenant, with the plan that they are judged with.
fn judged(desired: &DesiredState, tenant: &Tenant, order: &Order) -> (Plan, Vec<CheckResult>) {
    let switches = tenant.switches();
    let after = switches.mailbox_auditing_after(desired);
    let judge = MailboxJudge::new(desired, [tenant.auditing, after], TODAY);
    let mut differ = MailboxDiffer::new(desired, after, TODAY).checked_by(judge);
    let mut vocabulary = ActionVocabulary::default();
    for at in &order.mailboxes {
        differ.observe(&tenant.row(&tenant.mailboxes[*at], &mut vocabulary, order.turn));
    }
    let mut found = differ.finish(vocabulary).unwrap();
    let mailboxes = found.checked.take();
    let plan = put_together(diff_tenant(desired, &switches), found);
    let results = judge_checks(
        &Evidence {
            desired,
            plan: &plan,
            now: jiff::Timestamp::UNIX_EPOCH,
            certificates: &std::collections::BTreeMap::new(),
            tenant: Some(switches),
            mailboxes: mailboxes.as_ref(),
        },
        &|span| format!("auditform.toml:{}", span.start),
    );
    (plan, results)
}

/// How many have to be so, besides all.
const BOUNDS: [&str; 5] = [
    "",
    "conforming = { at_least = '50%' }\n",
    "conforming = { at_most = 1 }\n",
    "count = { at_least = 0 }\n",
    "count = { at_most = 2 }\n",
];

/// A check of each policy's mailboxes in its words, and of both switches.
fn checks(policies: &[Policy], on: &str, audited: bool, dice: u8) -> String {
    let mut text = String::new();
    for (at, policy) in policies.iter().enumerate() {
        let (selection, asked) = (policy.selection(), policy.asked());
        let bound = BOUNDS[(usize::from(dice) + at) % BOUNDS.len()];
        let days = policy.days.unwrap_or(90);
        let _ = write!(
            text,
            "[[check]]\nname = 'mailboxes{at}'\non = '{on}'\n[check.mailboxes]\n{selection}{asked}\
             audited = {audited}\nlog_age_limit = {{ at_least = {days} }}\n{bound}"
        );
    }
    let _ = write!(
        text,
        "[[check]]\nname = 'log'\non = '{on}'\nunified_audit_log = {{ ingestion = {audited} }}\n\
         [[check]]\nname = 'auditing'\non = '{on}'\norganization = {{ mailbox_auditing = {audited} }}\n"
    );
    text
}

fn with_checks(world: &World, checks: &str) -> DesiredState {
    let all: Vec<usize> = (0..world.policies.len()).collect();
    read(format!("{}{checks}", world.spec(&all)))
}

/// What is to be compared of a result in one state with one in the other.
fn outcome(check: &CheckResult) -> impl PartialEq + std::fmt::Debug {
    (check.name.clone(), check.verdict, check.reason.clone(), check.selected, check.conforming)
}

/// Whether a mailbox is as the check of a policy asks, worked out once more; `None` where the rules
/// are such that only a table could tell.
fn is_so(tenant: &Tenant, mailbox: &Mailbox, policy: &Policy, audited: bool) -> Option<bool> {
    let covered = matches!(
        mailbox.kind,
        RecipientType::UserMailbox | RecipientType::SharedMailbox | RecipientType::GroupMailbox
    );
    let is_audited = tenant.auditing && (covered || mailbox.stored_enabled);
    let mut is_so = is_audited == audited && mailbox.days >= policy.days.unwrap_or(90);
    for (at, rule) in policy.rules.iter().enumerate() {
        let names =
            |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
        is_so &= match rule {
            None => true,
            Some(Rule::AtLeast(wanted)) => mailbox.lists[at].is_superset(&names(wanted)),
            Some(Rule::Exactly(wanted)) => mailbox.lists[at] == names(wanted),
            Some(Rule::Default) => mailbox.managed[at],
            Some(Rule::DefaultPlus(_)) => return None,
        };
    }
    Some(is_so)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_judged_of_the_planned_state_is_found_once_the_plan_was_applied(
        mut world in world(),
        other in world(),
        audited in any::<bool>(),
        dice in any::<u8>(),
    ) {
        // What Microsoft has added to its default sets shows only after a reset.
        world.tenant.added = Default::default();
        let policies = [&world.policies[..], &other.policies[..]].concat();
        let planned = with_checks(&world, &checks(&policies, "planned", audited, dice));
        let observed = with_checks(&world, &checks(&policies, "observed", audited, dice));
        let order = as_listed(&world.tenant);
        let (plan, before) = judged(&planned, &world.tenant, &order);
        let (_, alarms) = judged(&observed, &world.tenant, &order);
        let mut tenant = world.tenant.clone();
        steps::carry_out(&plan, &mut tenant, &[]);
        let (_, after) = judged(&observed, &tenant, &order);
        for ((before, alarm), after) in before.iter().zip(&alarms).zip(&after) {
            prop_assert_eq!(outcome(before), outcome(after), "{}", before.asserts);
            prop_assert_eq!(alarm.verdict_after, Some(after.verdict));
        }
    }

    #[test]
    fn neither_order_nor_repetition_of_rows_makes_a_difference(
        (world, order) in world_and_order(),
        dice in any::<u8>(),
    ) {
        let desired = with_checks(&world, &checks(&world.policies, "planned", true, dice));
        let (_, once) = judged(&desired, &world.tenant, &as_listed(&world.tenant));
        let twice = order.mailboxes.iter().chain(&order.mailboxes).copied().collect();
        let (_, twice) = judged(&desired, &world.tenant, &Order { mailboxes: twice, ..order });
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn a_check_in_the_words_of_the_one_policy_holds_as_planned(mut world in world()) {
        world.policies.truncate(1);
        for policy in &mut world.policies {
            policy.overrides.clear();
            policy.days = Some(policy.days.unwrap_or(30));
        }
        let covered = |kind: &RecipientType| {
            matches!(kind, RecipientType::UserMailbox | RecipientType::SharedMailbox)
        };
        let Some(policy) = world.policies.first() else { return Ok(()) };
        prop_assume!(policy.types.iter().all(covered));
        world.auditing = Some(true);
        let desired = with_checks(&world, &checks(&world.policies, "planned", true, 0));
        let (_, results) = judged(&desired, &world.tenant, &as_listed(&world.tenant));
        let check = &results[0];
        // But for a selection that matches nothing.
        let expected =
            if check.selected == Some(0) { CheckVerdict::Failed } else { CheckVerdict::Passed };
        prop_assert_eq!(check.verdict, expected, "{:?}", check);
    }

    #[test]
    fn mailboxes_are_counted_as_the_words_say(world in world(), audited in any::<bool>()) {
        let desired = with_checks(&world, &checks(&world.policies, "observed", audited, 0));
        let (_, results) = judged(&desired, &world.tenant, &as_listed(&world.tenant));
        for (policy, check) in world.policies.iter().zip(&results) {
            let selected: Vec<&Mailbox> =
                world.tenant.mailboxes.iter().filter(|one| policy.matches(one)).collect();
            prop_assert_eq!(check.selected, Some(selected.len() as u64));
            let so: Option<Vec<bool>> =
                selected.iter().map(|one| is_so(&world.tenant, one, policy, audited)).collect();
            if let Some(so) = so {
                let so = so.into_iter().filter(|is_so| *is_so).count() as u64;
                prop_assert_eq!(check.conforming, Some(so), "{}", check.asserts);
            }
        }
    }
}
