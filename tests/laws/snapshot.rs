//! A plan from a snapshot is the plan from the tenant, and a snapshot that is not what was written is
//! none.

use std::io::Cursor;

use auditform::ops::{ExchangePart, Head, SNAPSHOT_VERSION, Scope, SnapshotReader, SnapshotWriter};
use auditform::plan::{MailboxDiffer, ObservedTenant, Plan, diff_tenant};
use auditform::resource::ActionVocabulary;
use auditform::state::{ObservedIdentity, TenantIdentity};
use proptest::prelude::*;
use uuid::Uuid;

use super::service::Order;
use super::world::{TODAY, World, world, world_and_order};
use super::{as_listed, config, document, plan, put_together};

fn taken(world: &World, order: &Order) -> Vec<u8> {
    let switches = world.tenant.switches();
    let tenant = TenantIdentity { id: Uuid::from_u128(7), organization: "contoso.example".into() };
    let head = Head {
        auditform: "snapshot".to_owned(),
        format_version: SNAPSHOT_VERSION.to_owned(),
        tool_version: "0".to_owned(),
        taken_at: jiff::Timestamp::UNIX_EPOCH,
        tenant,
        scope: Scope::of(&world.desired()),
        identity: ObservedIdentity::default(),
        directory_requests: 0,
        exchange: Some(ExchangePart {
            entered: false,
            organization: switches.organization,
            unified_audit_log: switches.unified_audit_log,
            pending_unified_audit_log: None,
        }),
    };
    let encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let mut writer = SnapshotWriter::begin(encoder, &head).unwrap();
    let mut vocabulary = ActionVocabulary::default();
    for at in &order.mailboxes {
        let mailbox = &world.tenant.mailboxes[*at];
        writer.mailbox(&world.tenant.row(mailbox, &mut vocabulary, order.turn)).unwrap();
    }
    let (encoder, mailboxes) = writer.end(&vocabulary, 1).unwrap();
    assert_eq!(mailboxes, order.mailboxes.len() as u64);
    encoder.finish().unwrap()
}

fn planned(world: &World, bytes: &[u8]) -> Option<Plan> {
    let desired = world.desired();
    let mut snapshot = SnapshotReader::of(Cursor::new(bytes)).ok()?;
    assert_eq!(snapshot.head.scope.lacks(&Scope::of(&desired)), [""; 0]);
    let exchange = snapshot.head.exchange.clone()?;
    let switches = ObservedTenant {
        organization: exchange.organization,
        unified_audit_log: exchange.unified_audit_log,
        pending_unified_audit_log: exchange.pending_unified_audit_log,
    };
    let auditing = switches.mailbox_auditing_after(&desired);
    let mut differ = MailboxDiffer::new(&desired, auditing, TODAY);
    let vocabulary = snapshot.rows(&mut |row| _ = differ.observe(row)).ok()?;
    Some(put_together(diff_tenant(&desired, &switches), differ.finish(vocabulary).ok()?))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_plan_from_a_snapshot_is_the_plan_from_the_tenant((world, order) in world_and_order()) {
        let offline = planned(&world, &taken(&world, &order)).unwrap();
        prop_assert_eq!(document(&offline), document(&plan(&world)));
        let digest = |plan: &Plan| super::saved::digest(plan);
        prop_assert_eq!(digest(&offline), digest(&plan(&world)));
    }

    #[test]
    fn no_byte_of_a_snapshot_can_be_changed_so_that_another_plan_comes_of_it(
        world in world(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = taken(&world, &as_listed(&world.tenant));
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Some(offline) = planned(&world, &bytes) {
            prop_assert_eq!(document(&offline), document(&plan(&world)));
        }
    }

    #[test]
    fn a_snapshot_that_is_cut_is_none(world in world(), at in any::<proptest::sample::Index>()) {
        let bytes = taken(&world, &as_listed(&world.tenant));
        let length = at.index(bytes.len());
        prop_assert!(planned(&world, &bytes[..length]).is_none(), "{length} of {}", bytes.len());
    }

    #[test]
    fn reading_a_snapshot_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(SnapshotReader::of(Cursor::new(&bytes)).is_err());
        let inner = zstd::encode_all(&bytes[..], 1).unwrap();
        prop_assert!(SnapshotReader::of(Cursor::new(inner)).is_err());
    }
}
