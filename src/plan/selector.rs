//! Which mailboxes a policy or a check is about: types, patterns and exclusions held against one row
//! after another, with a note of every pattern that ever matched.

use jiff::civil::Date;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::resource::RecipientType;
use crate::state::{AddressPattern, Exclusion, MailboxRow};

/// A selection, prepared for matching.
#[derive(Debug)]
pub(crate) struct Selector<'s> {
    recipient_types: &'s [RecipientType],
    include: &'s [AddressPattern],
    exclude: &'s [Exclusion],
    include_hits: Vec<bool>,
    exclude_hits: Vec<bool>,
    active: Vec<bool>,
    matched: u64,
}

impl<'s> Selector<'s> {
    /// Exclusions are judged on `today` (UTC).
    pub(crate) fn new(
        recipient_types: &'s [RecipientType],
        include: &'s [AddressPattern],
        exclude: &'s [Exclusion],
        today: Date,
    ) -> Self {
        let holds = |exclusion: &Exclusion| exclusion.until.is_none_or(|until| today <= until);
        Self {
            recipient_types,
            include,
            exclude,
            include_hits: vec![false; include.len()],
            exclude_hits: vec![false; exclude.len()],
            active: exclude.iter().map(holds).collect(),
            matched: 0,
        }
    }

    /// Whether a mailbox is selected.
    pub(crate) fn matches(&mut self, row: &MailboxRow<'_>) -> bool {
        if !self.recipient_types.contains(&row.recipient_type) {
            return false;
        }
        let mut included = self.include.is_empty();
        for (pattern, hit) in self.include.iter().zip(&mut self.include_hits) {
            if addresses(row).any(|address| pattern.matches(address)) {
                *hit = true;
                included = true;
            }
        }
        let mut excluded = false;
        for ((exclusion, hit), active) in
            self.exclude.iter().zip(&mut self.exclude_hits).zip(&self.active)
        {
            if addresses(row).any(|address| exclusion.pattern.matches(address)) {
                *hit = true;
                excluded |= active;
            }
        }
        self.matched += u64::from(included && !excluded);
        included && !excluded
    }

    /// Whether no row was selected so far.
    pub(crate) fn is_unused(&self) -> bool {
        self.matched == 0
    }

    /// A warning for each pattern that matched nothing. `owner` is what has them, in a word.
    pub(crate) fn unused_patterns(&self, owner: &str) -> Diagnostics {
        let include = self.include.iter().zip(&self.include_hits);
        let exclude = self.exclude.iter().map(|exclusion| &exclusion.pattern);
        let all = include.chain(exclude.zip(&self.exclude_hits));
        let mut found = Diagnostics::default();
        for (pattern, _) in all.filter(|(_, hit)| !**hit) {
            let place = format!("no such address among the mailbox types of this {owner}");
            found.push(
                Diagnostic::warning(
                    "pattern-matches-nothing",
                    format!("the pattern `{}` matches no mailbox", pattern.text()),
                )
                .at(pattern.span(), place),
            );
        }
        found
    }
}

fn addresses<'r>(row: &'r MailboxRow<'_>) -> impl Iterator<Item = &'r str> {
    let own = [row.upn.as_ref(), row.primary_address.as_ref()];
    own.into_iter()
        .filter(|address| !address.is_empty())
        .chain(row.addresses.iter().map(AsRef::as_ref))
}
