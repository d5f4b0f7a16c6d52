//! Tenants and specs to try the laws on. A spec is written as a file and read by the product's own
//! reader, so that only what a user could write is tried; which policy holds for which mailbox is
//! worked out here once more, in the plainest way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use auditform::diagnostic::Sources;
use auditform::render::diagnostics;
use auditform::resource::{LogonType, RecipientType};
use auditform::spec;
use auditform::state::DesiredState;
use jiff::civil::{Date, date};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use uuid::Uuid;

use super::service::{DEFAULTS, EXTRAS, Mailbox, Order, Tenant, UNKNOWN};

/// The day on which exclusions are judged.
pub(super) const TODAY: Date = date(2026, 11, 23);

const PATTERNS: [&str; 6] = [
    "ann*@contoso.com",
    "*@fabrikam.com",
    "SVC-*@*",
    "alias3@contoso.com",
    "*2@contoso.com",
    "nobody@elsewhere.example",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    Exactly(Vec<&'static str>),
    AtLeast(Vec<&'static str>),
    Default,
    DefaultPlus(Vec<&'static str>),
}

#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) name: &'static str,
    pub(super) types: Vec<RecipientType>,
    pub(super) include: Vec<&'static str>,
    /// Patterns, and whether the exclusion still holds.
    pub(super) exclude: Vec<(&'static str, bool)>,
    pub(super) enabled: Option<bool>,
    pub(super) rules: [Option<Rule>; 3],
    pub(super) days: Option<u32>,
    pub(super) overrides: Vec<&'static str>,
}

/// A spec and the tenant that it is about. Policies stand in the order of their precedence.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) policies: Vec<Policy>,
    pub(super) ingestion: Option<bool>,
    pub(super) auditing: Option<bool>,
    pub(super) tenant: Tenant,
}

impl Policy {
    pub(super) fn matches(&self, mailbox: &Mailbox) -> bool {
        let hit = |pattern: &str| {
            is_like(pattern, &mailbox.upn)
                || mailbox.proxies.iter().any(|address| is_like(pattern, address))
        };
        self.types.contains(&mailbox.kind)
            && (self.include.is_empty() || self.include.iter().any(|pattern| hit(pattern)))
            && !self.exclude.iter().any(|(pattern, holds)| *holds && hit(pattern))
    }

    fn claims_nothing(&self) -> bool {
        self.enabled.is_none() && self.days.is_none() && self.rules.iter().all(Option::is_none)
    }

    fn toml(&self) -> String {
        let mut text = format!("\n[mailbox_audit.{}]\n{}", self.name, self.selection());
        if let Some(enabled) = self.enabled {
            let _ = writeln!(text, "enabled = {enabled}");
        }
        text.push_str(&self.asked());
        if let Some(days) = self.days {
            let _ = writeln!(text, "log_age_limit = {days}");
        }
        let _ = writeln!(text, "overrides = {:?}", self.overrides);
        text
    }

    /// Which mailboxes, as keys.
    pub(super) fn selection(&self) -> String {
        let types: Vec<&str> = self.types.iter().map(|kind| kind.name()).collect();
        let mut text = format!("recipient_types = {types:?}\n");
        if !self.include.is_empty() {
            let _ = writeln!(text, "include = {:?}", self.include);
        }
        let exclude: Vec<String> = self
            .exclude
            .iter()
            .map(|(pattern, holds)| {
                let until = if *holds { TODAY } else { date(2026, 11, 22) };
                format!("{{ address = {pattern:?}, until = {until} }}")
            })
            .collect();
        let _ = writeln!(text, "exclude = [{}]", exclude.join(", "));
        text
    }

    /// What is to be recorded, as keys.
    pub(super) fn asked(&self) -> String {
        let mut text = String::new();
        for (logon, rule) in LogonType::ALL.into_iter().zip(&self.rules) {
            let rule = match rule {
                None => continue,
                Some(Rule::Default) => "\"default\"".to_owned(),
                Some(Rule::Exactly(none)) if none.is_empty() => "{ exactly = [\"None\"] }".into(),
                Some(Rule::Exactly(names)) => format!("{{ exactly = {names:?} }}"),
                Some(Rule::AtLeast(names)) => format!("{{ at_least = {names:?} }}"),
                Some(Rule::DefaultPlus(names)) => format!("{{ default_plus = {names:?} }}"),
            };
            let _ = writeln!(text, "{} = {rule}", logon.attribute());
        }
        text
    }
}

/// A star is any text; letter case does not count.
fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

impl World {
    /// The spec as a file, its policies in the order of these places.
    pub(super) fn spec(&self, order: &[usize]) -> String {
        let mut text = "version = 1\n[tenant]\nendpoint = \"embedded\"\n".to_owned();
        if let Some(on) = self.ingestion {
            let _ = write!(text, "[unified_audit_log]\ningestion = {on}\n");
        }
        if let Some(on) = self.auditing {
            let _ = write!(text, "[organization]\nmailbox_auditing = {on}\n");
        }
        text.extend(order.iter().map(|at| self.policies[*at].toml()));
        text
    }

    pub(super) fn desired(&self) -> DesiredState {
        read(self.spec(&(0..self.policies.len()).collect::<Vec<_>>()))
    }

    /// The policies that match a mailbox, in the order of their precedence.
    pub(super) fn matching(&self, mailbox: &Mailbox) -> impl Iterator<Item = &Policy> + Clone {
        let matching: Vec<&Policy> =
            self.policies.iter().filter(|policy| policy.matches(mailbox)).collect();
        matching.into_iter()
    }

    /// The rule that holds for a logon type of a mailbox.
    pub(super) fn rule(&self, mailbox: &Mailbox, logon: LogonType) -> Option<&Rule> {
        self.matching(mailbox).find_map(|policy| policy.rules[logon as usize].as_ref())
    }
}

/// Reads a spec that has to be valid.
pub(super) fn read(text: String) -> DesiredState {
    let mut sources = Sources::default();
    let file = sources.add("auditform.toml", text);
    match spec::parse(&sources, file, Path::new("/specs"), TODAY) {
        Ok(parsed) => parsed.desired,
        Err(found) => panic!("{}", diagnostics(&sources, &found, false)),
    }
}

fn rule(at: usize) -> BoxedStrategy<Rule> {
    let valid: Vec<&'static str> = DEFAULTS[at].iter().chain(EXTRAS[at]).copied().collect();
    let some = move || subsequence(valid.clone(), 1..=valid.len());
    prop_oneof![
        prop_oneof![Just(Vec::new()), some()].prop_map(Rule::Exactly),
        some().prop_map(Rule::AtLeast),
        Just(Rule::Default),
        subsequence(EXTRAS[at].to_vec(), 1..=2).prop_map(Rule::DefaultPlus),
    ]
    .boxed()
}

fn rules() -> impl Strategy<Value = [Option<Rule>; 3]> {
    let one = |at| proptest::option::weighted(0.7, rule(at));
    (one(0), one(1), one(2)).prop_map(|(admin, delegate, owner)| [admin, delegate, owner])
}

fn policy() -> impl Strategy<Value = Policy> {
    let types: Vec<RecipientType> = RecipientType::ALL
        .into_iter()
        .filter(|kind| *kind != RecipientType::GroupMailbox)
        .take(5)
        .collect();
    let include = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(PATTERNS.to_vec(), 1..=2)];
    let excluded = vec((select(PATTERNS.to_vec()), any::<bool>()), 1..=2)
        .prop_map(|some| some.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect());
    let exclude = prop_oneof![2 => Just(Vec::new()), 1 => excluded];
    let days = proptest::option::of(select(vec![30, 90, 180]));
    let enabled = proptest::option::weighted(0.4, any::<bool>());
    (subsequence(types, 1..=5), include, exclude, enabled, rules(), days, any::<u8>()).prop_map(
        |(types, include, exclude, enabled, rules, days, dice)| {
            let policy = Policy {
                name: "",
                types,
                include,
                exclude,
                enabled,
                rules,
                days,
                overrides: Vec::new(),
            };
            if dice < 32 { about_groups(policy) } else { policy }
        },
    )
}

/// Group mailboxes take an age limit alone.
fn about_groups(policy: Policy) -> Policy {
    let types = vec![RecipientType::GroupMailbox];
    Policy { types, enabled: None, rules: [None, None, None], days: Some(365), ..policy }
}

/// Policies that either give way to those before them, or claim different attributes.
fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let names = Just(vec!["alpha", "beta", "gamma", "delta"]).prop_shuffle();
    let owners = vec(0usize..4, 5);
    (vec(policy(), 1..=4), names, any::<bool>(), owners).prop_map(
        |(mut policies, names, ordered, owners)| {
            for (at, policy) in policies.iter_mut().enumerate() {
                policy.name = names[at];
                if !ordered {
                    policy.keep_claims(|attribute| owners[attribute] == at);
                }
                // The reader refuses to switch off what the organisation covers.
                if policy.enabled == Some(false) {
                    policy.types.retain(|kind| {
                        !matches!(kind, RecipientType::UserMailbox | RecipientType::SharedMailbox)
                    });
                    if policy.types.is_empty() {
                        policy.types.push(RecipientType::RoomMailbox);
                    }
                }
            }
            policies.retain(|policy| !policy.claims_nothing());
            if ordered {
                let names: Vec<&'static str> = policies.iter().map(|policy| policy.name).collect();
                for (at, policy) in policies.iter_mut().enumerate() {
                    policy.overrides = names[at + 1..].to_vec();
                }
            }
            policies
        },
    )
}

impl Policy {
    fn keep_claims(&mut self, keep: impl Fn(usize) -> bool) {
        for (at, rule) in self.rules.iter_mut().enumerate() {
            rule.take_if(|_| !keep(at));
        }
        self.enabled = self.enabled.filter(|_| keep(3));
        self.days = self.days.filter(|_| keep(4));
    }
}

fn added() -> impl Strategy<Value = [Vec<&'static str>; 3]> {
    let one = || subsequence(UNKNOWN[..2].to_vec(), 0..=2);
    (one(), one(), one()).prop_map(|(admin, delegate, owner)| [admin, delegate, owner])
}

/// A list of its own, among it what earlier years left behind; `None` is Microsoft's.
fn list(at: usize) -> impl Strategy<Value = Option<BTreeSet<String>>> {
    let names = DEFAULTS[at].iter().chain(EXTRAS[at]).chain(&UNKNOWN).chain(&["MessageBind"]);
    let names: Vec<String> = names.map(|name| (*name).to_owned()).collect();
    proptest::option::of(btree_set(select(names), 0..=8))
}

fn mailbox() -> impl Strategy<Value = (Mailbox, [bool; 3])> {
    let local = select(vec!["ann", "Bob", "svc-", "zoe"]);
    let domain = select(vec!["contoso.com", "Fabrikam.com"]);
    let kinds = select(
        RecipientType::ALL
            .into_iter()
            .take(5)
            .chain([RecipientType::GroupMailbox, RecipientType::SchedulingMailbox])
            .collect::<Vec<_>>(),
    );
    let lists = (list(0), list(1), list(2)).prop_map(|(one, two, three)| [one, two, three]);
    let days = select(vec![30u32, 90, 365]);
    (any::<u64>(), local, domain, kinds, lists, days, any::<bool>(), any::<bool>()).prop_map(
        |(id, local, domain, kind, lists, days, stored_enabled, aliased)| {
            let fixed = kind == RecipientType::GroupMailbox;
            let managed = lists.each_ref().map(|list| list.is_none() || fixed);
            let mailbox = Mailbox {
                guid: Uuid::from_u64_pair(id, 0),
                upn: format!("{local}@{domain}"),
                proxies: if aliased { vec!["alias@contoso.com".to_owned()] } else { Vec::new() },
                kind,
                stored_enabled,
                lists: lists.map(Option::unwrap_or_default),
                managed,
                days,
            };
            (mailbox, managed)
        },
    )
}

fn tenant() -> impl Strategy<Value = Tenant> {
    let switches = (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.8));
    (vec(mailbox(), 0..=16), added(), switches).prop_map(
        |(mailboxes, added, (dehydrated, ingestion, auditing))| {
            let mut tenant =
                Tenant { dehydrated, ingestion, auditing, added, mailboxes: Vec::new() };
            let defaults = LogonType::ALL.map(|logon| tenant.defaults(logon));
            for (at, (mut mailbox, managed)) in mailboxes.into_iter().enumerate() {
                let (id, _) = mailbox.guid.as_u64_pair();
                mailbox.guid = Uuid::from_u64_pair(id, at as u64);
                mailbox.upn = mailbox.upn.replace('@', &format!("{at}@"));
                for proxy in &mut mailbox.proxies {
                    *proxy = proxy.replace('@', &format!("{at}@"));
                }
                for (at, list) in
                    mailbox.lists.iter_mut().enumerate().filter(|(at, _)| managed[*at])
                {
                    list.clone_from(&defaults[at]);
                }
                tenant.mailboxes.push(mailbox);
            }
            tenant
        },
    )
}

/// Any world.
pub(super) fn world() -> impl Strategy<Value = World> {
    let switch = || proptest::option::of(proptest::bool::weighted(0.8));
    (policies(), switch(), switch(), tenant()).prop_map(
        |(policies, ingestion, auditing, tenant)| World { policies, ingestion, auditing, tenant },
    )
}

/// A world, and an order in which its rows and names may come.
pub(super) fn world_and_order() -> impl Strategy<Value = (World, Order)> {
    world().prop_flat_map(|world| {
        let places: Vec<usize> = (0..world.tenant.mailboxes.len()).collect();
        (Just(world), Just(places).prop_shuffle(), 0usize..16)
            .prop_map(|(world, mailboxes, turn)| (world, Order { mailboxes, turn }))
    })
}

/// The texts of a list in a document.
pub(super) fn strings(list: &serde_json::Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}
