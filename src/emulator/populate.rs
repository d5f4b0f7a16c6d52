//! From a seed to a populated tenant: hand-written mailboxes first, generated ones after them,
//! in an order and with settings that depend on the seed alone. Pure; nothing is kept.

use fastrand::Rng;

use super::actions::{ActionTable, Logon};
use super::audit::{Audit, Patterns};
use super::directory::{Directory, Entry};
use super::names::local_part;
use super::recipient::RecipientType;
use super::seed::{Generate, Seed};

/// The mailboxes of a tenant and, row by row, the number of their audit pattern.
#[derive(Debug)]
pub(crate) struct Population {
    pub(crate) directory: Directory,
    pub(crate) patterns: Patterns,
    pub(crate) audits: Vec<u32>,
}

/// The usual mix of the default listing, in parts of a hundred.
const USUAL: [(RecipientType, f64); 10] = [
    (RecipientType::User, 78.0),
    (RecipientType::Shared, 11.0),
    (RecipientType::Room, 4.5),
    (RecipientType::Equipment, 2.0),
    (RecipientType::Linked, 1.2),
    (RecipientType::Scheduling, 1.5),
    (RecipientType::Discovery, 0.3),
    (RecipientType::Team, 0.9),
    (RecipientType::LinkedRoom, 0.4),
    (RecipientType::Legacy, 0.2),
];

const GUIDE_ADMIN: &str = "Update,Copy,Move,MoveToDeletedItems,SoftDelete,HardDelete,FolderBind,\
                           SendAs,SendOnBehalf,Create";
const GUIDE_DELEGATE: &str = "Update,Move,MoveToDeletedItems,SoftDelete,HardDelete,FolderBind,\
                              SendAs,SendOnBehalf,Create";
/// Microsoft's defaults of 2019 to 2024 for plans below E5: neither `MailItemsAccessed` nor `Send`.
const E3_ADMIN: &str = "Update,MoveToDeletedItems,SoftDelete,HardDelete,SendAs,SendOnBehalf,Create,\
                        UpdateFolderPermissions,UpdateInboxRules,UpdateCalendarDelegation,\
                        ApplyRecord";
const E3_DELEGATE: &str = "Update,MoveToDeletedItems,SoftDelete,HardDelete,SendAs,SendOnBehalf,\
                           Create,UpdateFolderPermissions,UpdateInboxRules,ApplyRecord";
const E3_OWNER: &str = "Update,MoveToDeletedItems,SoftDelete,HardDelete,UpdateFolderPermissions,\
                        UpdateInboxRules,UpdateCalendarDelegation,ApplyRecord";
/// Scripts of 2018 to 2020 wrote lists like these.
const OLD_ADMIN: &str = "Update,Copy,Move,MoveToDeletedItems,SoftDelete,HardDelete,FolderBind,\
                         SendAs,SendOnBehalf,MessageBind,Create";
const OLD_OWNER: &str = "Update,Move,MoveToDeletedItems,SoftDelete,HardDelete,MailboxLogin";

pub(crate) fn populate(seed: &Seed) -> Population {
    let actions = ActionTable::new(&seed.tenant.added_defaults);
    let (listed, on_top) = seed.generate.as_ref().map_or((0, 0), |generate| {
        (generate.mailboxes, groups_on_top(generate) + inactive_on_top(generate))
    });
    let capacity = seed.mailboxes.len() + listed + on_top;
    let mut population = Population {
        directory: Directory::with_capacity(seed.tenant.tenant_id, capacity),
        patterns: Patterns::default(),
        audits: Vec::with_capacity(capacity),
    };
    for mailbox in &seed.mailboxes {
        let entry = Entry {
            upn: &mailbox.upn,
            kind: mailbox.kind,
            inactive: mailbox.inactive,
            proxy_addresses: &mailbox.proxy_addresses,
        };
        population.add(&entry, mailbox.audit);
    }
    if let Some(generate) = &seed.generate {
        let mut making = Making::new(generate, &actions, &seed.tenant.organization);
        making.listed(&mut population);
        making.on_top(&mut population);
    }
    population
}

fn groups_on_top(generate: &Generate) -> usize {
    if generate.types.is_empty() { generate.mailboxes.div_ceil(50) } else { 0 }
}

fn inactive_on_top(generate: &Generate) -> usize {
    if generate.types.is_empty() { generate.mailboxes.div_ceil(100) } else { 0 }
}

impl Population {
    /// Says whether the address was free.
    fn add(&mut self, entry: &Entry<'_>, audit: Audit) -> bool {
        let added = self.directory.add(entry).is_ok();
        if added {
            self.audits.push(self.patterns.intern(audit));
        }
        added
    }
}

struct Making<'a> {
    generate: &'a Generate,
    actions: &'a ActionTable,
    organization: &'a str,
    rng: Rng,
    offset: usize,
    /// The next number of each type.
    numbers: [usize; RecipientType::ALL.len()],
}

impl<'a> Making<'a> {
    fn new(generate: &'a Generate, actions: &'a ActionTable, organization: &'a str) -> Self {
        let mut rng = Rng::with_seed(generate.seed);
        let offset = rng.usize(0..1_000_000);
        Self { generate, actions, organization, rng, offset, numbers: [0; _] }
    }

    fn listed(&mut self, population: &mut Population) {
        let weights =
            if self.generate.types.is_empty() { &USUAL[..] } else { &self.generate.types };
        let mut kinds = Vec::with_capacity(self.generate.mailboxes);
        for (kind, count) in apportion(weights, self.generate.mailboxes) {
            kinds.extend(std::iter::repeat_n(kind, count));
        }
        self.rng.shuffle(&mut kinds);
        let mut left = kinds.iter().filter(|kind| kind.in_guide()).count();
        let mut compliant = share(left, self.generate.compliant);
        for kind in kinds {
            // Choosing `compliant` of `left` one by one gives the exact share, evenly spread.
            let follows_guide = kind.in_guide() && self.rng.usize(0..left) < compliant;
            left -= usize::from(kind.in_guide());
            compliant -= usize::from(follows_guide);
            let audit = if follows_guide { self.guide() } else { self.other(kind) };
            self.one(population, kind, false, audit);
        }
    }

    fn on_top(&mut self, population: &mut Population) {
        let untouched = Audit::untouched(self.actions);
        for _ in 0..groups_on_top(self.generate) {
            self.one(population, RecipientType::Group, false, untouched);
        }
        for _ in 0..inactive_on_top(self.generate) {
            self.one(population, RecipientType::User, true, untouched);
        }
    }

    fn one(
        &mut self,
        population: &mut Population,
        kind: RecipientType,
        inactive: bool,
        audit: Audit,
    ) {
        loop {
            let number = self.numbers[kind as usize];
            self.numbers[kind as usize] += 1;
            let local = local_part(kind, number, self.offset);
            let upn = format!("{local}@{}", self.organization);
            let entry = Entry { upn: &upn, kind, inactive, proxy_addresses: &[] };
            // A hand-written mailbox may have the address; then the next one will do.
            if population.add(&entry, audit) {
                return;
            }
        }
    }

    fn with(&self, lists: [Option<&str>; 3]) -> Audit {
        let mut audit = Audit::untouched(self.actions);
        for (logon, list) in Logon::ALL.into_iter().zip(lists) {
            let names: Option<Vec<String>> =
                list.map(|list| list.split(',').map(str::to_owned).collect());
            if let Some(bits) = names.and_then(|names| self.actions.any(&names).ok()) {
                audit.write_list(logon, bits);
            }
        }
        audit
    }

    /// What the guide's command leaves behind: two lists and the switch; Owner stays as it was.
    fn guide(&self) -> Audit {
        let lists = self.with([Some(GUIDE_ADMIN), Some(GUIDE_DELEGATE), None]);
        Audit { enabled: true, ..lists }
    }

    /// Most are as Microsoft made them; the rest carry what earlier years left.
    fn other(&mut self, kind: RecipientType) -> Audit {
        let untouched = Audit::untouched(self.actions);
        let days = |audit: Audit, days: i64| Audit { age_seconds: days * 86_400, ..audit };
        let enabled = |audit: Audit| Audit { enabled: true, ..audit };
        match self.rng.u8(0..100) {
            0..78 => untouched,
            78..82 => enabled(self.with([Some(E3_ADMIN), Some(E3_DELEGATE), Some(E3_OWNER)])),
            82..85 => days(enabled(untouched), 180),
            85..87 => days(untouched, 365),
            87..90 => enabled(self.with([Some(OLD_ADMIN), None, None])),
            90..92 => {
                days(enabled(self.with([Some(E3_ADMIN), Some(E3_DELEGATE), Some(OLD_OWNER)])), 180)
            }
            92..94 if kind.in_guide() => self.with([None, None, Some(OLD_OWNER)]),
            _ => enabled(untouched),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share in 0..=1 of at most five million"
)]
fn share(of: usize, share: f64) -> usize {
    ((of as f64 * share).round() as usize).min(of)
}

/// Largest remainders, with at least one of every type that has a weight where `total` allows it:
/// a small tenant would otherwise lack the rare types.
fn apportion(weights: &[(RecipientType, f64)], total: usize) -> Vec<(RecipientType, usize)> {
    let weighted: Vec<_> = weights.iter().filter(|(_, weight)| *weight > 0.0).collect();
    let sum: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let one_each = usize::from(total >= weighted.len());
    let spread = total - one_each * weighted.len();
    let mut counts: Vec<_> = weighted
        .iter()
        .map(|(kind, weight)| {
            let exact = weight / sum;
            let whole = share(spread, exact * 0.999_999_9).min(spread);
            (*kind, one_each + whole, *weight)
        })
        .collect();
    // Rounding is settled on the heaviest types.
    counts.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut given: usize = counts.iter().map(|(_, count, _)| count).sum();
    let types = counts.len();
    for step in 0.. {
        let count = &mut counts[step % types].1;
        match given.cmp(&total) {
            std::cmp::Ordering::Equal => break,
            std::cmp::Ordering::Less => (*count, given) = (*count + 1, given + 1),
            std::cmp::Ordering::Greater if *count > one_each => {
                (*count, given) = (*count - 1, given - 1);
            }
            std::cmp::Ordering::Greater => {}
        }
    }
    counts.into_iter().map(|(kind, count, _)| (kind, count)).collect()
}
