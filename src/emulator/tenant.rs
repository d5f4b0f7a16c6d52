//! The tenant: who is in it, what is stored, and what reads show of it after a lag. Changes go in
//! as functions over the stored value and are in the state file before they are anywhere else.
//! It knows no HTTP and no cmdlet; what the service accepts or refuses is decided in `exchange`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::actions::{ActionTable, Logon};
use super::audit::{Audit, Patterns};
use super::directory::{Directory, Row};
use super::populate::{Population, populate};
use super::seed::Seed;
use super::state_file::{Change, Journal, MailboxLine, Organization};

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) organization: String,
    /// Further domains by which the tenant may be called.
    domains: BTreeSet<String>,
    pub(crate) actions: ActionTable,
    pub(crate) directory: Directory,
    lag: SignedDuration,
    /// How far back reads may ask.
    memory: SignedDuration,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    organization: Organization,
    audits: Vec<u32>,
    patterns: Patterns,
    /// What reads still show in place of what is stored.
    earlier_organization: Vec<Earlier<Organization>>,
    earlier_audits: BTreeMap<Row, Vec<Earlier<u32>>>,
    journal: Journal,
}

/// A value that was replaced; reads show it before `until`.
#[derive(Clone, Copy, Debug)]
struct Earlier<T> {
    until: Timestamp,
    value: T,
}

/// The change was refused, or could not be made to last.
#[derive(Debug)]
pub(crate) enum NotChanged<E> {
    Refused(E),
    NotWritten(std::io::Error),
}

/// A value and the one it replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced<T> {
    pub(crate) before: T,
    pub(crate) after: T,
}

/// Everything that is stored, at one moment; the patterns are shared.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) organization: Organization,
    pub(crate) audits: Vec<u32>,
    pub(crate) patterns: Vec<Audit>,
}

impl Tenant {
    /// `lag`: how old what reads show is; `memory`: how much older it may be asked to be.
    pub(crate) fn new(seed: &Seed, lag: SignedDuration, memory: SignedDuration) -> Self {
        let Population { mut directory, patterns, audits } = populate(seed);
        directory.settle();
        let organization = Organization {
            dehydrated: seed.tenant.dehydrated,
            unified_audit_log: seed.tenant.unified_audit_log,
            mailbox_auditing: seed.tenant.mailbox_auditing,
        };
        Self {
            id: seed.tenant.tenant_id,
            organization: seed.tenant.organization.clone(),
            domains: seed.mailboxes.iter().filter_map(|mailbox| domain(&mailbox.upn)).collect(),
            actions: ActionTable::new(&seed.tenant.added_defaults),
            directory,
            lag,
            memory,
            state: RwLock::new(State {
                organization,
                audits,
                patterns,
                earlier_organization: Vec::new(),
                earlier_audits: BTreeMap::new(),
                journal: Journal::default(),
            }),
        }
    }

    /// Writes the coming changes to `journal`.
    pub(crate) fn keep(&self, journal: Journal) {
        self.write().journal = journal;
    }

    /// Makes a change again that a state file holds; false where it makes no sense here.
    pub(crate) fn replay(&self, at: Timestamp, change: &Change) -> bool {
        let mut state = self.write();
        match change {
            Change::Directory(_) => false,
            Change::Organization(organization) => {
                state.set_organization(*organization, self.visible_from(at));
                true
            }
            Change::Mailbox(mailbox) => {
                let row = mailbox.guid().and_then(|guid| self.directory.by_guid(guid));
                let (Some(row), Some(audit)) = (row, self.audit_of(mailbox)) else {
                    return false;
                };
                state.set_audit(row, audit, self.visible_from(at));
                true
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn visible_from(&self, at: Timestamp) -> Option<Timestamp> {
        let kept = self.lag.saturating_add(self.memory);
        if kept.is_zero() { None } else { at.checked_add(kept).ok() }
    }

    /// What is kept is kept for as long as the oldest read may ask; the usual ones see less of it.
    fn seen_at(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.memory).unwrap_or(Timestamp::MAX)
    }

    /// Whether a name in a URL means this tenant: its GUID or one of its domains.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.organization)
            || self.domains.contains(&name.to_ascii_lowercase())
            || Uuid::try_parse(name).is_ok_and(|id| id == self.id)
    }

    /// The switches as a read shows them at `now`.
    pub(crate) fn organization(&self, now: Timestamp) -> Organization {
        let state = self.read();
        shown(&state.earlier_organization, self.seen_at(now)).unwrap_or(state.organization)
    }

    pub(crate) fn stored_organization(&self) -> Organization {
        self.read().organization
    }

    /// The settings of a mailbox as they are stored.
    pub(crate) fn stored_audit(&self, row: Row) -> Audit {
        let state = self.read();
        state.patterns.get(state.audits[row as usize])
    }

    /// The first `limit` mailboxes from row `from` on that `wanted` takes, with their settings as
    /// a read shows them at `now`.
    pub(crate) fn select(
        &self,
        from: Row,
        limit: usize,
        now: Timestamp,
        wanted: impl Fn(Row, &Audit) -> bool,
    ) -> Vec<(Row, Audit)> {
        let state = self.read();
        let now = self.seen_at(now);
        let rows = from.min(self.directory.rows().end)..self.directory.rows().end;
        rows.map(|row| (row, state.audit(row, now)))
            .filter(|(row, audit)| wanted(*row, audit))
            .take(limit)
            .collect()
    }

    /// Changes a mailbox. The stored value goes through `edit`; what comes back is in the state
    /// file when this returns. Nothing is written where nothing changed.
    pub(crate) fn change_audit<E>(
        &self,
        row: Row,
        now: Timestamp,
        edit: impl FnOnce(Audit) -> Result<Audit, E>,
    ) -> Result<Replaced<Audit>, NotChanged<E>> {
        let mut state = self.write();
        let before = state.patterns.get(state.audits[row as usize]);
        let after = edit(before).map_err(NotChanged::Refused)?;
        if after != before {
            let change = Change::Mailbox(self.line_of(row, &after));
            state.journal.append(now, change).map_err(NotChanged::NotWritten)?;
            state.set_audit(row, after, self.visible_from(now));
        }
        Ok(Replaced { before, after })
    }

    /// As `change_audit`, for the switches.
    pub(crate) fn change_organization<E>(
        &self,
        now: Timestamp,
        edit: impl FnOnce(Organization) -> Result<Organization, E>,
    ) -> Result<Replaced<Organization>, NotChanged<E>> {
        let mut state = self.write();
        let before = state.organization;
        let after = edit(before).map_err(NotChanged::Refused)?;
        if after != before {
            let change = Change::Organization(after);
            state.journal.append(now, change).map_err(NotChanged::NotWritten)?;
            state.set_organization(after, self.visible_from(now));
        }
        Ok(Replaced { before, after })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let state = self.read();
        Snapshot {
            organization: state.organization,
            audits: state.audits.clone(),
            patterns: state.patterns.all().to_vec(),
        }
    }

    /// Where the mailbox lives. A fiction that follows from its Guid; only its being another one
    /// for every mailbox matters.
    pub(crate) fn server_of(&self, row: Row) -> String {
        server_name(self.directory.guid(row))
    }

    /// Where requests go that name no mailbox of the directory.
    pub(crate) fn server_of_name(&self, name: &str) -> String {
        server_name(Uuid::new_v5(&self.id, name.as_bytes()))
    }

    fn line_of(&self, row: Row, audit: &Audit) -> MailboxLine {
        let names = |logon| self.actions.names(audit.list(logon)).map(str::to_owned).collect();
        MailboxLine {
            guid: self.directory.guid(row).to_string(),
            admin: names(Logon::Admin),
            delegate: names(Logon::Delegate),
            owner: names(Logon::Owner),
            default_audit_set: Logon::ALL
                .into_iter()
                .filter(|logon| audit.is_managed(*logon))
                .map(|logon| logon.name().to_owned())
                .collect(),
            enabled: audit.enabled,
            erased: audit.erased,
            age_seconds: audit.age_seconds,
        }
    }

    fn audit_of(&self, line: &MailboxLine) -> Option<Audit> {
        let bits = |names: &[String]| self.actions.any(names).ok();
        let mut managed = 0;
        for name in &line.default_audit_set {
            managed |= Logon::parse(name)?.bit();
        }
        Some(Audit {
            lists: [bits(&line.admin)?, bits(&line.delegate)?, bits(&line.owner)?],
            managed,
            enabled: line.enabled,
            erased: line.erased,
            age_seconds: line.age_seconds,
        })
    }
}

impl State {
    fn audit(&self, row: Row, now: Timestamp) -> Audit {
        let earlier = self.earlier_audits.get(&row).and_then(|earlier| shown(earlier, now));
        self.patterns.get(earlier.unwrap_or(self.audits[row as usize]))
    }

    fn set_audit(&mut self, row: Row, audit: Audit, visible: Option<Timestamp>) {
        let number = self.patterns.intern(audit);
        let value = std::mem::replace(&mut self.audits[row as usize], number);
        if let Some(until) = visible {
            self.earlier_audits.entry(row).or_default().push(Earlier { until, value });
        }
    }

    fn set_organization(&mut self, organization: Organization, visible: Option<Timestamp>) {
        let value = std::mem::replace(&mut self.organization, organization);
        if let Some(until) = visible {
            self.earlier_organization.push(Earlier { until, value });
        }
    }
}

/// The oldest value whose replacement is not visible yet.
fn shown<T: Copy>(earlier: &[Earlier<T>], now: Timestamp) -> Option<T> {
    earlier.iter().find(|earlier| now < earlier.until).map(|earlier| earlier.value)
}

fn domain(upn: &str) -> Option<String> {
    upn.split_once('@').map(|(_, domain)| domain.to_ascii_lowercase())
}

fn server_name(guid: Uuid) -> String {
    const SITES: [&str; 8] = ["AM", "DB", "VI", "HE", "PA", "GV", "AS", "PR"];
    let bits = guid.as_u128();
    let part = |shift: u32, below: u128| (bits >> shift) % below;
    let site = SITES[usize::try_from(part(0, 8)).unwrap_or(0)];
    let (zone, region, number) = (part(3, 10), part(16, 100), part(80, 10_000));
    format!("{site}{zone}PR{region:02}MB{number:04}.eurprd{region:02}.prod.outlook.com")
}
