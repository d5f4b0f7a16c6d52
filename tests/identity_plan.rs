//! Plans of identity chains, without any service: what they hold, in which order it is done, and
//! that a second plan after it is empty. Random specs meet a directory that others have been at.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed assumption is a failed test"
)]

mod disk;
mod law;
mod model;
mod selecting;
mod undoing;

use std::path::Path;

use auditform::diagnostic::Sources;
use auditform::graph::{self, Outcome, Schedule, Step};
use auditform::plan::{
    Action, IdentityFindings, IdentityWrite, Plan, PlanDocument, Reversible, diff_identity,
    sign_in_gate,
};
use auditform::spec;
use auditform::state::{DesiredState, TenantIdentity};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use model::{Directory, GRAPH, MANAGE_AS_APP};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn desired(body: &str) -> DesiredState {
    let text = format!(
        "version = 1\n[tenant]\nendpoint = \"embedded\"\n[tenant.sign_in]\n\
         application = \"application.auditor\"\n{body}"
    );
    let mut sources = Sources::default();
    let file = sources.add("auditform.toml", text);
    let parsed = spec::parse(&sources, file, Path::new("/specs"), jiff::civil::date(2026, 11, 23));
    parsed.unwrap_or_else(|found| panic!("{found:?}")).desired
}

const CERTIFICATE: &str = "[certificate.auditor]\ncommon_name = \"auditor\"\n";
const APPLICATION: &str = "[application.auditor]\ndisplay_name = \"Auditor\"\n\
     certificates = [\"certificate.auditor\"]\napi_permissions = [\"Exchange.ManageAsApp\"]\n";

fn usual() -> DesiredState {
    desired(&format!("{CERTIFICATE}{APPLICATION}directory_roles = [\"Exchange Administrator\"]\n"))
}

fn found(desired: &DesiredState, directory: &Directory) -> IdentityFindings {
    diff_identity(desired, &directory.observed, directory.now)
}

fn plan(desired: &DesiredState, directory: &Directory) -> Plan {
    let findings = found(desired, directory);
    assert!(!findings.diagnostics.has_errors(), "{:?}", findings.diagnostics);
    let tenant = TenantIdentity { id: Uuid::nil(), organization: "contoso".to_owned() };
    let sign_in = sign_in_gate(desired, &findings.changes, true);
    Plan { identity: findings.changes, sign_in, ..Plan::of(tenant) }
}

/// Carries a plan out in one of the orders that its graph allows.
fn carry_out(plan: &Plan, directory: &mut Directory, picks: &[usize]) -> Vec<String> {
    let done = carry_out_some(plan, directory, picks, usize::MAX);
    done.into_iter().map(|(_, name)| name).collect()
}

/// The same up to a number of steps; each with the place of its change.
fn carry_out_some(
    plan: &Plan,
    directory: &mut Directory,
    picks: &[usize],
    most: usize,
) -> Vec<(Option<u32>, String)> {
    let graph = graph::build(plan).unwrap();
    let mut schedule = Schedule::new(&graph);
    let (mut ready, mut done) = (Vec::new(), Vec::new());
    let mut picks = picks.iter().copied().cycle();
    loop {
        ready.extend(std::iter::from_fn(|| schedule.take_ready()));
        if ready.is_empty() || done.len() == most {
            return done;
        }
        let step = ready.remove(picks.next().unwrap_or(0) % ready.len());
        match graph.step(step).unwrap() {
            Step::Write { change, request } => {
                let of = &plan.identity[change as usize];
                let write = of.steps().nth(usize::from(request)).unwrap();
                directory.take(write);
                done.push((Some(change), write.name().to_owned()));
            }
            Step::SignIn => done.push((None, "sign in".to_owned())),
            other => panic!("{other:?}"),
        }
        assert!(schedule.finish(step, Outcome::Done).is_empty());
    }
}

fn applied(desired: &DesiredState) -> Directory {
    let mut directory = Directory::empty(now());
    carry_out(&plan(desired, &directory), &mut directory, &[]);
    directory
}

fn fits_the_schema(plan: &Plan) {
    let document = serde_json::to_value(PlanDocument { plan, digest: None }).unwrap();
    assert_eq!(crate::plan::broken_rules(&document), [""; 0]);
}

fn addresses(plan: &Plan) -> Vec<String> {
    plan.identity
        .iter()
        .map(|change| format!("{} {}", change.action.name(), change.address))
        .collect()
}

#[test]
fn an_empty_tenant_gets_the_whole_chain_in_order_and_the_sign_in_comes_last() {
    let mut directory = Directory::empty(now());
    let plan = plan(&usual(), &directory);
    assert_eq!(
        addresses(&plan),
        [
            "create certificate.auditor",
            "create application.auditor",
            "create service_principal.auditor",
            "create app_role_assignment.auditor[\"Exchange.ManageAsApp\"]",
            "create directory_role_assignment.auditor[\"Exchange Administrator\"]",
            "create key_credential.auditor[\"certificate.auditor\"]",
        ]
    );
    assert_eq!(plan.summary().requests, 5, "the certificate is no request");
    fits_the_schema(&plan);
    let done = carry_out(&plan, &mut directory, &[]);
    assert_eq!(done.last().unwrap(), "sign in");
    assert!(self::plan(&usual(), &directory).is_empty());
    let consents = &directory.chain("auditor").consents;
    assert_eq!((consents.len(), consents[0].app_role), (1, MANAGE_AS_APP));
}

#[test]
fn a_renewal_stages_registers_and_only_then_switches() {
    let mut directory = applied(&usual());
    let first = directory.observed.certificates["auditor"].current.clone().unwrap();
    directory.now += DAY * 200;
    assert!(plan(&usual(), &directory).is_empty(), "not in the last third of its life yet");
    directory.now += DAY * 50;
    let renewal = plan(&usual(), &directory);
    assert_eq!(
        addresses(&renewal),
        [
            "replace certificate.auditor",
            "create key_credential.auditor[\"certificate.auditor (next)\"]"
        ]
    );
    fits_the_schema(&renewal);
    let done = carry_out(&renewal, &mut directory, &[]);
    assert_eq!(done, ["make_certificate", "add_key_credential", "switch_certificate", "sign in"]);
    assert!(plan(&usual(), &directory).is_empty(), "the old one stays for its overlap");
    let keys = directory.chain("auditor").application.clone().unwrap().keys;
    assert!(keys.len() == 2 && keys[0].thumbprint == Some(first.thumbprint));

    directory.now += DAY * 7;
    let end = plan(&usual(), &directory);
    assert_eq!(end.summary().delete, 1);
    carry_out(&end, &mut directory, &[]);
    let keys = directory.chain("auditor").application.clone().unwrap().keys;
    assert!(keys.len() == 1 && keys[0].thumbprint != Some(first.thumbprint));
    assert!(directory.observed.certificates["auditor"].retired.is_empty());
    assert!(plan(&usual(), &directory).is_empty());
}

#[test]
fn a_renewal_that_was_cut_off_is_finished_from_wherever_it_stopped() {
    let mut begun = applied(&usual());
    begun.now += DAY * 250;
    let renewal = plan(&usual(), &begun);
    let steps: Vec<IdentityWrite> =
        renewal.identity.iter().flat_map(|change| change.writes.clone()).collect();
    for cut in 0..=steps.len() {
        let mut directory = begun.clone();
        steps[..cut].iter().for_each(|step| directory.take(step));
        let rest = plan(&usual(), &directory);
        carry_out(&rest, &mut directory, &[]);
        let kept = &directory.observed.certificates["auditor"];
        assert!(kept.staged.is_none() && kept.retired.len() == 1, "cut after {cut}");
        assert!(plan(&usual(), &directory).is_empty(), "cut after {cut}");
    }
}

#[test]
fn an_end_that_the_spec_fixes_is_not_renewed_over_and_over() {
    let certificate =
        "[certificate.auditor]\ncommon_name = \"auditor\"\nvalid_until = 2027-11-22\n";
    let desired = desired(&format!("{certificate}{APPLICATION}"));
    let mut directory = applied(&desired);
    directory.now += DAY * 300;
    let end = "2027-11-22T23:59:59Z".parse().unwrap();
    directory
        .observed
        .certificates
        .get_mut("auditor")
        .unwrap()
        .current
        .as_mut()
        .unwrap()
        .not_after = end;
    let findings = found(&desired, &directory);
    assert!(findings.changes.is_empty());
    let codes: Vec<&str> = findings.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["certificate-ends-soon"]);
}

#[test]
fn what_others_gave_the_application_stays_unless_the_spec_is_exclusive() {
    let mut directory = applied(&usual());
    let mut others = Directory::empty(now());
    carry_out(
        &plan(
            &desired(&format!("{CERTIFICATE}{APPLICATION}directory_roles = [\"Global Reader\"]\n")),
            &others,
        ),
        &mut others,
        &[],
    );
    let mut role = others.chain("auditor").directory_roles[0].clone();
    role.id = "of somebody else".to_owned();
    let chain = directory.chain("auditor");
    chain.directory_roles.push(role);
    let mut consent = chain.consents[0].clone();
    (consent.id, consent.app_role) = ("foreign".to_owned(), Uuid::from_u128(2));
    chain.consents.push(consent);
    let foreign = others.observed.certificates["auditor"].current.clone().unwrap();
    let mut key = model::key(9, &foreign);
    key.thumbprint = Some([9; 20]);
    chain.application.as_mut().unwrap().keys.push(key);
    assert!(plan(&usual(), &directory).is_empty());

    let exclusive = desired(&format!(
        "{CERTIFICATE}{APPLICATION}directory_roles = [\"Exchange Administrator\"]\n\
         exclusive = true\n"
    ));
    let removal = plan(&exclusive, &directory);
    assert_eq!((removal.summary().delete, removal.len()), (3, 3), "{:?}", addresses(&removal));
    assert!(removal.identity.iter().all(|change| change.after_exchange));
    assert!(removal.identity.iter().all(|change| !change.weakens.is_empty()));
    carry_out(&removal, &mut directory, &[]);
    assert!(plan(&exclusive, &directory).is_empty());
}

#[test]
fn an_expired_key_goes_with_the_next_write_which_says_so() {
    let mut directory = applied(&usual());
    let keys = &mut directory.chain("auditor").application.as_mut().unwrap().keys;
    let mut expired = keys[0].clone();
    (expired.key_id, expired.thumbprint) = (Uuid::from_u128(5), Some([5; 20]));
    expired.end = Some(now() - DAY);
    keys.push(expired);
    assert!(plan(&usual(), &directory).is_empty(), "nothing is written for its sake");
    directory.now += DAY * 250;
    let renewal = plan(&usual(), &directory);
    let removes = &renewal.identity[1].removes;
    assert_eq!(removes[0].0, "key_credentials");
    assert!(removes[0].1[0].starts_with("0505") && removes[0].1[0].ends_with("(expired)"));
}

#[test]
fn the_application_of_another_spec_is_refused_and_so_is_one_of_the_same_name() {
    let mut directory = applied(&usual());
    directory.chain("auditor").application.as_mut().unwrap().tags.clear();
    let codes = |directory: &Directory, desired: &DesiredState| -> Vec<&str> {
        found(desired, directory).diagnostics.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(&directory, &usual()), ["foreign-application"]);
    let app_id = directory.chain("auditor").application.as_ref().unwrap().app_id;
    let adopting = desired(&format!(
        "{CERTIFICATE}[application.auditor]\napp_id = \"{app_id}\"\n\
         certificates = [\"certificate.auditor\"]\n"
    ));
    assert!(plan(&adopting, &directory).is_empty(), "adopted as it is");

    let chain = directory.chain("auditor");
    let namesake = chain.application.take().unwrap();
    chain.namesakes = vec![namesake.clone(), namesake];
    let findings = found(&usual(), &directory);
    let finding = findings.diagnostics.iter().next().unwrap();
    assert_eq!(finding.code, "ambiguous-application");
    assert_eq!(finding.notes.len(), 2, "each candidate is listed: {finding:?}");
}

#[test]
fn what_the_run_works_as_is_not_removed_by_it() {
    let mut directory = applied(&usual());
    let app_id = directory.chain("auditor").application.as_ref().unwrap().app_id;
    directory.observed.acting_as = Some(app_id);
    let absent = desired("[application.auditor]\nensure = \"absent\"\n");
    let findings = found(&absent, &directory);
    let codes: Vec<&str> = findings.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["deletes-own-identity"]);
    assert!(findings.changes.is_empty());
}

#[test]
fn a_removal_goes_from_the_end_of_the_chain_and_says_what_stops_working() {
    let mut directory = applied(&usual());
    let absent = desired(
        "[certificate.auditor]\nensure = \"absent\"\n[application.auditor]\nensure = \"absent\"\n",
    );
    let removal = plan(&absent, &directory);
    assert!(removal.identity.iter().all(|change| change.action == Action::Delete));
    assert!(removal.identity.iter().all(|change| !change.weakens.is_empty()));
    let irreversible =
        |change: &&auditform::plan::IdentityChange| change.reversible != Reversible::Yes;
    assert_eq!(removal.identity.iter().filter(irreversible).count(), 5);
    fits_the_schema(&removal);
    let done = carry_out(&removal, &mut directory, &[]);
    assert_eq!(
        done,
        [
            "remove_directory_role",
            "revoke_consent",
            "delete_service_principal",
            "delete_application",
            "delete_certificate"
        ]
    );
    assert!(plan(&absent, &directory).is_empty());
    assert_eq!(directory.observed, Directory::empty(now()).with_traces_of(&directory));
}

#[test]
fn names_that_do_not_exist_are_told_with_the_nearest_that_does() {
    let wrong = desired(&format!(
        "{CERTIFICATE}[application.auditor]\ndisplay_name = \"Auditor\"\n\
         certificates = [\"certificate.auditor\"]\n\
         api_permissions = [\"{GRAPH}/Application.Read.Al\"]\n"
    ));
    let findings = found(&wrong, &Directory::empty(now()));
    let finding = findings.diagnostics.iter().next().unwrap();
    assert_eq!(finding.code, "unknown-permission");
    assert_eq!(finding.help, ["did you mean `Application.Read.All`?"]);
}

impl Directory {
    /// An empty tenant that remembers that there was an application, as a read of it does.
    fn with_traces_of(mut self, other: &Self) -> auditform::state::ObservedIdentity {
        for name in other.observed.applications.keys() {
            self.chain(name);
        }
        self.observed
    }
}
