//! Which part of a plan is wanted: patterns of addresses to keep (targets) and to leave out
//! (exclusions). Many of them name one object each, and those are looked up and not tried one by one.

mod target;

use std::collections::HashMap;

pub use target::{Target, TargetError};

use crate::resource::Kind;

/// What a run is narrowed to. One without targets is about everything that is not left out.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// What is wanted; empty for everything.
    pub targets: Targets,
    /// What is not.
    pub excludes: Targets,
}

impl Selection {
    /// In whatever order the patterns come, and however often.
    pub fn new(targets: Vec<Target>, excludes: Vec<Target>) -> Self {
        Self { targets: Targets::new(targets), excludes: Targets::new(excludes) }
    }

    /// Reads what a plan says that it was narrowed to.
    pub fn of_texts(targets: &[String], excludes: &[String]) -> Result<Self, TargetError> {
        let read = |texts: &[String]| -> Result<Vec<Target>, TargetError> {
            texts.iter().map(|text| text.parse()).collect()
        };
        Ok(Self::new(read(targets)?, read(excludes)?))
    }

    /// Whether nothing is narrowed.
    pub fn is_whole(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }

    /// Whether a resource, or some object of it, may be wanted.
    pub fn may_want(&self, kind: Kind, name: Option<&str>) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|one| one.may_name(kind, name))
    }

    /// Whether any pattern is about mailboxes of this policy.
    pub fn is_about_policy(&self, name: &str) -> bool {
        let excluded =
            || self.excludes.iter().any(|one| one.may_name(Kind::MailboxAudit, Some(name)));
        self.may_want(Kind::MailboxAudit, Some(name)) || excluded()
    }
}

/// Patterns by the order of their texts, without repetition.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    all: Vec<Target>,
    /// Those whose key is plain, by that key.
    by_key: HashMap<String, Vec<usize>>,
    /// All others.
    tried: Vec<usize>,
}

impl Targets {
    fn new(mut all: Vec<Target>) -> Self {
        all.sort_by(|left, right| left.text().cmp(right.text()));
        all.dedup_by(|left, right| left.text() == right.text());
        let mut targets = Self { all, ..Self::default() };
        for (place, target) in targets.all.iter().enumerate() {
            match target.plain_key() {
                Some(key) => targets.by_key.entry(key.to_owned()).or_default().push(place),
                None => targets.tried.push(place),
            }
        }
        targets
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The pattern at a place.
    pub fn get(&self, place: usize) -> Option<&Target> {
        self.all.get(place)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        self.all.iter()
    }

    /// The patterns as written.
    pub fn texts(&self) -> Vec<String> {
        self.all.iter().map(|target| target.text().to_owned()).collect()
    }

    /// The places of the patterns that match an object of any of these names.
    pub fn matching<'a>(
        &'a self,
        kind: Kind,
        names: &'a [&'a str],
        key: Option<&'a str>,
    ) -> impl Iterator<Item = usize> + 'a {
        let lower = key.map(str::to_lowercase);
        let plain = lower.and_then(|key| self.by_key.get(&key)).into_iter().flatten();
        let matches = move |place: &usize| {
            let target = self.all.get(*place);
            target.is_some_and(|target| match names {
                [] => target.matches(kind, None, key),
                names => names.iter().any(|name| target.matches(kind, Some(name), key)),
            })
        };
        plain.chain(&self.tried).copied().filter(matches)
    }

    /// Whether any pattern matches.
    pub fn matches(&self, kind: Kind, names: &[&str], key: Option<&str>) -> bool {
        self.matching(kind, names, key).next().is_some()
    }
}
