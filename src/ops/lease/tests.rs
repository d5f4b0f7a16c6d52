//! Leases of one directory: who gets one, who waits, and how one is lost.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use super::tended::Held;
use super::*;
use crate::journal::Actor;
use crate::ops::Environment;

const TENANT: Uuid = Uuid::from_u128(7);

/// A directory, and a clock that is set by hand.
struct Scene {
    directory: tempfile::TempDir,
    second: Arc<AtomicI64>,
    ports: Ports,
}

impl Scene {
    fn new() -> Self {
        let second = Arc::new(AtomicI64::new(0));
        let hand = Arc::clone(&second);
        let began: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let clock = move || began + SignedDuration::from_secs(hand.load(Ordering::SeqCst));
        let ports = Ports {
            clock: Arc::new(clock),
            environment: Environment::new(|name| (name == "USER").then(|| "ada".to_owned())),
            seed: 1,
            request_timeout: None,
        };
        Self { directory: tempfile::tempdir().unwrap(), second, ports }
    }

    fn at(&self, second: i64) {
        self.second.store(second, Ordering::SeqCst);
    }

    fn store(&self) -> LocalLeases {
        LocalLeases::prepare(self.directory.path()).unwrap()
    }

    fn take(&self, sighting: &mut Sighting) -> Result<Taken, Box<Holder>> {
        let wanted = Wanted { tenant_id: TENANT, organization: "contoso", timeout: Duration::ZERO };
        let (store, machine) = (self.store(), machine::this());
        let taking = Taking { wanted, store: &store, machine: &machine, ports: &self.ports };
        taking.once(&TENANT.to_string(), sighting).unwrap().map_err(Box::new)
    }

    fn held(&self) -> (Held, File) {
        let (lease, version, lock) = self.take(&mut Sighting::default()).unwrap();
        (Held::new(Arc::new(self.store()), lease, version, self.ports.clock.clone()), lock)
    }

    fn kept(&self) -> Option<Lease> {
        let (content, _) = self.store().read(&TENANT.to_string()).unwrap()?;
        Some(Lease::read(&content).unwrap())
    }

    /// What a machine of another name has left here.
    fn leave(&self, lease: &Lease) {
        let (name, content) = (TENANT.to_string(), content_of(lease));
        let store = self.store();
        if let Some((_, version)) = store.read(&name).unwrap() {
            store.replace(&name, &version, &content).unwrap().unwrap();
        } else {
            store.create(&name, &content).unwrap().unwrap();
        }
    }

    fn of_elsewhere(&self) -> Lease {
        let owner =
            Actor { user: Some("bo".to_owned()), host: Some("elsewhere".to_owned()), process: 4 };
        Lease::begin(TENANT, "contoso", owner, Some("another".to_owned()), self.ports.now())
    }

    fn broken(&self) -> BreakOutcome {
        let kept = leases(self.directory.path(), self.ports.now()).unwrap();
        break_lease(&kept[0], self.directory.path(), &self.ports).unwrap()
    }
}

fn text(stopped: &Stopped) -> String {
    let mut text = String::new();
    for finding in &stopped.diagnostics {
        text.push_str(&finding.summary);
        text.push_str(&finding.notes.join("\n"));
    }
    text
}

#[test]
fn a_tenant_is_taken_by_one_until_it_is_given_back() {
    let scene = Scene::new();
    let (held, lock) = scene.held();
    let holder = scene.take(&mut Sighting::default()).unwrap_err();
    assert_eq!(holder.lease, scene.kept());
    assert_eq!(holder.lease.unwrap().owner.user.as_deref(), Some("ada"));
    held.give_back();
    assert_eq!(scene.kept(), None);
    drop(lock);
    scene.held();
}

#[test]
fn who_died_on_this_machine_is_followed_at_once() {
    let scene = Scene::new();
    let (held, lock) = scene.held();
    let first = scene.kept().unwrap();
    // The lease stays where it is, and the operating system takes the lock back.
    drop((held, lock));
    let (next, ..) = scene.take(&mut Sighting::default()).unwrap();
    assert_ne!(next.id, first.id);
    assert_eq!(scene.kept(), Some(next));
}

#[test]
fn another_machines_lease_is_waited_for_until_it_expires() {
    let scene = Scene::new();
    let theirs = scene.of_elsewhere();
    scene.leave(&theirs);
    scene.at(59);
    let holder = scene.take(&mut Sighting::default()).unwrap_err();
    assert_eq!(holder.lease, Some(theirs));
    scene.at(60);
    assert!(scene.take(&mut Sighting::default()).is_ok());
}

#[test]
fn a_lease_from_the_future_is_told_of_and_ends_when_nobody_renews_it() {
    let scene = Scene::new();
    let ahead = scene.of_elsewhere().renewed(scene.ports.now() + SignedDuration::from_hours(1));
    scene.leave(&ahead);
    let mut sighting = Sighting::default();
    let holder = scene.take(&mut sighting).unwrap_err();
    let said = text(&locked(&holder, scene.ports.now(), SignedDuration::ZERO));
    assert!(said.contains("the clocks of the two machines differ by 3600 s at least"), "{said}");
    scene.at(59);
    assert!(scene.take(&mut sighting).is_err());
    scene.leave(&ahead.renewed(scene.ports.now() + SignedDuration::from_hours(1)));
    scene.at(100);
    assert!(scene.take(&mut sighting).is_err(), "it was renewed");
    scene.at(160);
    assert!(scene.take(&mut sighting).is_ok());
}

#[test]
fn an_owner_renews_its_lease_and_notes_its_run() {
    let scene = Scene::new();
    let (held, _lock) = scene.held();
    let first = scene.kept().unwrap();
    scene.at(14);
    assert!(!held.look());
    assert_eq!(scene.kept().unwrap(), first);
    scene.at(15);
    assert!(!held.look());
    assert_eq!(scene.kept().unwrap(), first.renewed(scene.ports.now()));
    held.carries("20261123T100000000Z-5e1f00");
    assert_eq!(scene.kept().unwrap().run.as_deref(), Some("20261123T100000000Z-5e1f00"));
    assert!(!held.look());
}

#[test]
fn an_owner_learns_how_it_lost_its_lease() {
    let scene = Scene::new();
    let losses = Mutex::new(Vec::new());
    let lost = |scene: &Scene, held: Held| {
        assert!(held.look());
        losses.lock().unwrap().push(held.loss().unwrap());
        held.give_back();
        drop(held);
        scene.kept().is_some()
    };
    let (held, lock) = scene.held();
    assert_eq!(scene.broken(), BreakOutcome::OwnerEnds);
    let ending = scene.take(&mut Sighting::default()).unwrap_err();
    assert_eq!(ending.standing, Standing::Ending);
    assert!(!lost(&scene, held), "who broke it waits for its end");
    drop(lock);
    let (held, lock) = scene.held();
    scene.leave(&scene.of_elsewhere());
    assert!(lost(&scene, held), "what belongs to another one stays");
    drop(lock);
    scene.at(60);
    let (held, _lock) = scene.held();
    std::fs::remove_file(scene.store().path(&TENANT.to_string())).unwrap();
    assert!(!lost(&scene, held));
    let [Loss::Broken(broken), Loss::Taken(taken), Loss::Gone] = &losses.lock().unwrap()[..] else {
        unreachable!()
    };
    assert_eq!(broken.by.user.as_deref(), Some("ada"));
    assert_eq!(taken.owner.host.as_deref(), Some("elsewhere"));
}

#[test]
fn a_lease_that_cannot_be_renewed_counts_until_it_expires() {
    let scene = Scene::new();
    let (held, _lock) = scene.held();
    let directory = scene.store().directory().to_path_buf();
    std::fs::remove_dir_all(&directory).unwrap();
    std::fs::create_dir_all(directory.join(format!("{TENANT}.json"))).unwrap();
    scene.at(59);
    assert!(!held.look());
    scene.at(60);
    assert!(held.look());
    assert!(matches!(held.loss(), Some(Loss::Unrenewed(_))));
}

#[test]
fn a_lease_is_broken_as_far_as_its_owner_can_be_alive() {
    let scene = Scene::new();
    let (held, lock) = scene.held();
    drop((held, lock));
    assert_eq!(scene.broken(), BreakOutcome::Removed, "a dead owner reads nothing");
    assert_eq!(scene.kept(), None);
    scene.leave(&scene.of_elsewhere());
    assert_eq!(scene.broken(), BreakOutcome::OwnerElsewhere);
    assert!(scene.kept().unwrap().broken.is_some());
    assert!(scene.take(&mut Sighting::default()).is_ok());
}

#[test]
fn what_changed_hands_since_it_was_looked_at_is_not_broken() {
    let scene = Scene::new();
    scene.leave(&scene.of_elsewhere());
    let kept = leases(scene.directory.path(), scene.ports.now()).unwrap();
    let renewed = scene.kept().unwrap().renewed(scene.ports.now() + SignedDuration::from_secs(15));
    scene.leave(&renewed);
    let breaking = || break_lease(&kept[0], scene.directory.path(), &scene.ports);
    assert_eq!(breaking().unwrap(), BreakOutcome::OwnerElsewhere);
    scene.leave(&scene.of_elsewhere());
    assert!(text(&breaking().unwrap_err()).contains("has just changed"));
    assert!(scene.kept().unwrap().broken.is_none());
}

#[test]
fn a_damaged_lease_is_not_believed_and_can_be_removed() {
    let scene = Scene::new();
    let (name, store) = (TENANT.to_string(), scene.store());
    store.create(&name, b"{").unwrap().unwrap();
    let wanted = Wanted { tenant_id: TENANT, organization: "contoso", timeout: Duration::ZERO };
    let machine = machine::this();
    let taking = Taking { wanted, store: &store, machine: &machine, ports: &scene.ports };
    let stopped = taking.once(&name, &mut Sighting::default()).unwrap_err();
    assert!(text(&stopped).contains("cannot be gone by: it is no lease"), "{}", text(&stopped));
    assert_eq!(scene.broken(), BreakOutcome::Removed);
    scene.held();
}
