//! Plans that were saved and read back are what they were, or nothing at all; and whatever shows a
//! plan shows the same.

use std::collections::BTreeMap;

use auditform::plan::{Made, Plan, ReadPlan, SavedPlan, SpecText, UnreadablePlan, read_plan};
use proptest::prelude::*;

use super::service::Order;
use super::world::{world, world_and_order};
use super::{as_listed, config, document, plan, plan_in};

fn spec_text(text: &str) -> SpecText {
    let entry = "auditform.toml".to_owned();
    let files = BTreeMap::from([(entry.clone(), text.to_owned())]);
    SpecText { entry, files, variables: BTreeMap::new() }
}

fn saved(plan: &Plan, spec: &SpecText) -> Vec<u8> {
    let made = Made {
        created_at: jiff::Timestamp::UNIX_EPOCH,
        tool_version: "0".to_owned(),
        git: None,
        host: None,
    };
    let digest = auditform::plan::digest(plan, spec).unwrap();
    let mut bytes = Vec::new();
    SavedPlan { plan, spec, made: &made }.write(digest, &mut bytes).unwrap();
    bytes
}

fn read_back(bytes: &[u8]) -> Result<ReadPlan, UnreadablePlan> {
    let bytes = bytes.to_vec();
    read_plan(&mut || Ok(Box::new(std::io::Cursor::new(bytes.clone()))))
}

pub(super) fn digest(plan: &Plan) -> auditform::resource::PlanDigest {
    auditform::plan::digest(plan, &spec_text("")).unwrap()
}

/// A plan that is saved and read back is the same, and so is its digest.
pub(super) fn reads_as_it_was(plan: &Plan) {
    let spec = spec_text("[tenant]\n");
    let digest = auditform::plan::digest(plan, &spec).unwrap();
    let read = read_back(&saved(plan, &spec)).unwrap();
    assert_eq!(read.digest, Some(digest));
    assert_eq!(document(&read.plan), document(plan));
    assert_eq!(auditform::plan::digest(&read.plan, &spec).unwrap(), digest);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_saved_plan_reads_as_it_was_whatever_is_in_it(world in world()) {
        reads_as_it_was(&plan(&world));
    }

    #[test]
    fn text_markdown_page_and_document_of_a_plan_count_the_same(world in world()) {
        crate::views::agree(&plan(&world));
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_rows((world, order) in world_and_order()) {
        let desired = world.desired();
        let digest = |order: &Order| {
            let plan = plan_in(&desired, &world.tenant, order);
            auditform::plan::digest(&plan, &spec_text("")).unwrap()
        };
        prop_assert_eq!(digest(&order), digest(&as_listed(&world.tenant)));
    }

    #[test]
    fn no_byte_of_a_saved_plan_can_be_changed_unnoticed(
        world in world(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let plan = plan(&world);
        let spec = spec_text("[tenant]\n");
        let whole = saved(&plan, &spec);
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = read_back(&bytes) {
            // Only what the digest leaves out may differ.
            prop_assert_eq!(document(&read.plan), document(&plan));
        }
    }

    #[test]
    fn reading_a_plan_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(read_back(&bytes).is_err());
    }
}
