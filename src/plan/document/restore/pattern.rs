//! From a pattern of a document back to what mailboxes share.

use super::super::row::{Datum, Members, Particulars};
use super::super::step::{ExchangeStep, ListRow, PatchRow, StepRow};
use super::{Unfit, unfit};
use crate::plan::evaluate::{Evaluation, ListChange, MailboxWrites, confirms};
use crate::plan::mailboxes::Pattern;
use crate::resource::{
    ActionSet, ActionVocabulary, AgeLimit, LogonType, LogonTypes, RecipientType,
};
use crate::state::AuditState;

/// Its policies are numbered in `policies`, its actions in `vocabulary`; both grow as they are met.
pub(super) fn pattern(
    row: &Particulars,
    policies: &mut Vec<String>,
    vocabulary: &mut ActionVocabulary,
) -> Result<Pattern, Unfit> {
    let mut places = Vec::new();
    for policy in &row.policies {
        let known = policies.iter().position(|name| name == policy);
        let place = known.unwrap_or_else(|| {
            policies.push(policy.clone());
            policies.len() - 1
        });
        places.push(u16::try_from(place).map_err(|_| Unfit("too many policies".to_owned()))?);
    }
    let kind = row.recipient_type.as_deref().and_then(RecipientType::parse);
    let Some(recipient_type) = kind else { return unfit("a pattern has no recipient type") };
    let before = audit(&row.before, vocabulary)?;
    let after = audit(&row.after, vocabulary)?;
    let writes = writes(&row.writes, vocabulary)?;
    if !confirms(&writes, &after, &after) {
        return unfit("a pattern's steps do not lead to what it says comes after");
    }
    let evaluation = Evaluation { writes, after, enabled_without_effect: false };
    Ok(Pattern { policies: places, recipient_type, before, evaluation })
}

fn audit(members: &Members<Datum>, vocabulary: &mut ActionVocabulary) -> Result<AuditState, Unfit> {
    let mut actions = |name: &str| match get(members, name)? {
        Datum::Set(names) => set(names, vocabulary),
        _ => unfit(format!("`{name}` is no list")),
    };
    let (admin, delegate, owner) = (actions("admin")?, actions("delegate")?, actions("owner")?);
    let (Datum::Bool(enabled), Datum::Text(limit), Datum::Set(managed)) = (
        get(members, "enabled")?,
        get(members, "log_age_limit")?,
        get(members, "default_audit_set")?,
    ) else {
        return unfit("an attribute has a value of another type");
    };
    Ok(AuditState {
        enabled: *enabled,
        admin,
        delegate,
        owner,
        default_audit_set: logon_types(managed)?,
        log_age_limit: age_limit(limit)?,
    })
}

fn get<'m>(members: &'m Members<Datum>, name: &str) -> Result<&'m Datum, Unfit> {
    let found = members.0.iter().find(|(member, _)| member == name);
    found.map(|(_, datum)| datum).ok_or_else(|| Unfit(format!("`{name}` is missing")))
}

fn set(names: &[String], vocabulary: &mut ActionVocabulary) -> Result<ActionSet, Unfit> {
    names.iter().try_fold(ActionSet::EMPTY, |set, name| {
        vocabulary.add(set, name).map_err(|error| Unfit(error.to_string()))
    })
}

fn logon_types(names: &[String]) -> Result<LogonTypes, Unfit> {
    names.iter().try_fold(LogonTypes::NONE, |types, name| {
        let logon = LogonType::parse(name);
        logon
            .map(|logon| types.with(logon))
            .ok_or_else(|| Unfit(format!("`{name}` is no logon type")))
    })
}

fn age_limit(text: &str) -> Result<AgeLimit, Unfit> {
    AgeLimit::parse_timespan(text).ok_or_else(|| Unfit(format!("`{text}` is no time span")))
}

fn writes(steps: &[StepRow], vocabulary: &mut ActionVocabulary) -> Result<MailboxWrites, Unfit> {
    let mut writes = MailboxWrites::default();
    for step in steps {
        match step {
            StepRow::Exchange(ExchangeStep::ResetDefaultAuditSet { logon_types: names }) => {
                for logon in logon_types(names)?.iter() {
                    writes.actions[logon as usize] = Some(ListChange::Reset);
                }
            }
            StepRow::Exchange(ExchangeStep::SetMailbox(patch)) => {
                patch_writes(patch, &mut writes, vocabulary)?;
            }
            _ => return unfit("a mailbox has a step that is none of a mailbox"),
        }
    }
    if writes.is_empty() {
        return unfit("a pattern writes nothing");
    }
    Ok(writes)
}

fn patch_writes(
    patch: &PatchRow,
    writes: &mut MailboxWrites,
    vocabulary: &mut ActionVocabulary,
) -> Result<(), Unfit> {
    writes.enabled = patch.enabled;
    writes.log_age_limit = patch.log_age_limit.as_deref().map(age_limit).transpose()?;
    let lists = [&patch.admin, &patch.delegate, &patch.owner];
    for (slot, list) in writes.actions.iter_mut().zip(lists) {
        match list {
            Some(ListRow::Replace(names)) => {
                *slot = Some(ListChange::Replace(set(names, vocabulary)?));
            }
            Some(ListRow::Add(names)) => *slot = Some(ListChange::Add(set(names, vocabulary)?)),
            None => {}
        }
    }
    Ok(())
}
