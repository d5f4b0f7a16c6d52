//! What the part of a spec that Exchange holds needs: an entrance and management roles.

use super::{Need, NeedKind, need};
use crate::resource::{Address, Kind};
use crate::state::{Check, DesiredState};

const APP_ONLY: &str = "Microsoft, \"App-only authentication for unattended scripts\"";
const AUDIT_LOG: &str = "Microsoft, \"Turn auditing on or off\"";
const EXCHANGE: &str = "Microsoft, \"Permissions in Exchange Online\"";

/// The resources of Exchange that a spec manages.
struct Managed {
    audit_log: Vec<Address>,
    organization: Vec<Address>,
    policies: Vec<Address>,
    /// Policies that depend on the organisation's own switch.
    switched: Vec<Address>,
    /// Checks that depend on the unified audit log, on the organisation, on mailboxes.
    checked: [Vec<Address>; 3],
}

impl Managed {
    fn of(desired: &DesiredState) -> Self {
        let single = |is_managed: bool, kind| {
            is_managed.then(|| Address::singleton(kind)).into_iter().collect::<Vec<_>>()
        };
        let named = |all: bool| {
            let wanted = desired.policies.iter().filter(|one| all || one.enabled.is_some());
            wanted.map(|policy| Address::policy(&policy.name)).collect::<Vec<_>>()
        };
        let checks = |asks: fn(&Check) -> bool| {
            let wanted = desired.checks.iter().filter(|check| asks(check));
            wanted.map(Check::address).collect::<Vec<_>>()
        };
        Self {
            checked: [
                checks(Check::asks_for_audit_log),
                checks(Check::asks_for_organization),
                checks(|check| check.mailboxes().is_some()),
            ],
            audit_log: single(desired.unified_audit_log.is_some(), Kind::UnifiedAuditLog),
            organization: single(desired.mailbox_auditing.is_some(), Kind::Organization),
            policies: named(true),
            switched: named(false),
        }
    }

    fn all(&self) -> Vec<Address> {
        let managed = [&self.audit_log, &self.organization, &self.policies];
        let mut all: Vec<Address> = managed.into_iter().flatten().cloned().collect();
        for check in self.checked.iter().flatten() {
            if !all.contains(check) {
                all.push(check.clone());
            }
        }
        all
    }
}

fn exchange_role(
    name: &'static str,
    purpose: &'static str,
    reasons: Vec<Address>,
    source: &'static str,
) -> Option<Need> {
    need(NeedKind::ExchangeRole, name, purpose, reasons, source)
}

fn opens_exchange(managed: &Managed, may_be_application: bool) -> Option<Need> {
    let name = "Exchange.ManageAsApp";
    let kind = NeedKind::ExchangePermission;
    need(kind, name, "lets an application in, for", managed.all(), APP_ONLY)
        .filter(|_| may_be_application)
}

/// What reading the switches and the mailboxes takes.
pub(super) fn exchange_reads(desired: &DesiredState, may_be_application: bool) -> Vec<Need> {
    let managed = Managed::of(desired);
    // Whether the organisation was ever customised is read wherever a switch is.
    let [audit_log, organization, mailboxes] = &managed.checked;
    let configuration =
        [&managed.audit_log[..], &managed.organization, &managed.switched, organization].concat();
    let audit_log = [&managed.audit_log[..], audit_log].concat();
    let recipients = [&managed.policies[..], mailboxes].concat();
    let needs = [
        opens_exchange(&managed, may_be_application),
        exchange_role("View-Only Audit Logs", "reads", audit_log, AUDIT_LOG),
        exchange_role("View-Only Configuration", "reads what decides on", configuration, EXCHANGE),
        exchange_role("View-Only Recipients", "reads", recipients, EXCHANGE),
        need(NeedKind::InsteadOfExchangeRoles, "Global Reader", "reads", managed.all(), APP_ONLY),
    ];
    needs.into_iter().flatten().collect()
}

/// What setting them takes, reading included.
pub(super) fn exchange_writes(desired: &DesiredState, may_be_application: bool) -> Vec<Need> {
    let managed = Managed::of(desired);
    let customises = managed.organization.is_empty().then(|| managed.audit_log.clone());
    let configures = !(managed.organization.is_empty() && managed.audit_log.is_empty());
    let [audit_log, organization, mailboxes] = &managed.checked;
    let switched = [&managed.switched[..], organization].concat();
    let read_only = if configures { Vec::new() } else { switched };
    // A role that writes reads too.
    let unless = |is_written: bool, checks: &Vec<Address>| {
        if is_written { Vec::new() } else { checks.clone() }
    };
    let audit_log = unless(!managed.audit_log.is_empty(), audit_log);
    let mailboxes = unless(!managed.policies.is_empty(), mailboxes);
    let needs = [
        opens_exchange(&managed, may_be_application),
        exchange_role("Audit Logs", "sets", managed.audit_log.clone(), AUDIT_LOG),
        exchange_role("Organization Configuration", "sets", managed.organization.clone(), EXCHANGE),
        // `Enable-OrganizationCustomization`, where nothing was ever customised.
        exchange_role(
            "Organization Configuration",
            "may have to customise the organisation for",
            customises.unwrap_or_default(),
            EXCHANGE,
        ),
        exchange_role("View-Only Configuration", "reads what decides on", read_only, EXCHANGE),
        exchange_role("View-Only Audit Logs", "reads", audit_log, AUDIT_LOG),
        exchange_role("View-Only Recipients", "reads", mailboxes, EXCHANGE),
        exchange_role("Mail Recipients", "sets", managed.policies.clone(), EXCHANGE),
        need(
            NeedKind::InsteadOfExchangeRoles,
            "Exchange Administrator",
            "sets",
            managed.all(),
            APP_ONLY,
        ),
    ];
    needs.into_iter().flatten().collect()
}
