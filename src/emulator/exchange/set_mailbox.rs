//! Set-Mailbox, as far as auditing goes: which calls the service refuses, and what the rest leave
//! behind. A call either changes everything it says or nothing.

use serde_json::Value;

use super::anchor::{self, Anchor};
use super::failure::Failure;
use super::get_mailbox::{find, is_plain};
use super::parameters::ListEdit;
use super::{Call, Reply};
use crate::emulator::actions::{ActionError, ActionTable, Logon, not_accepted_text};
use crate::emulator::audit::{Audit, parse_time_span};
use crate::emulator::directory::Row;
use crate::emulator::recipient::RecipientType;
use crate::emulator::tenant::{NotChanged, Tenant};

/// Changes of one call, read but not judged.
#[derive(Debug)]
struct Wish {
    enabled: Option<bool>,
    age_seconds: Option<i64>,
    restore: Vec<Logon>,
    lists: [Option<ListEdit>; 3],
}

const LISTS: [(&str, Logon); 3] = [
    ("AuditAdmin", Logon::Admin),
    ("AuditDelegate", Logon::Delegate),
    ("AuditOwner", Logon::Owner),
];
/// Read from `EnhancedTimeSpan` limits of the decompiled schema; not published for this cmdlet.
const LONGEST_AGE_DAYS: i64 = 24_855;

pub(crate) fn run(call: &Call<'_>) -> Result<Reply, Failure> {
    let tenant = &call.service.tenant;
    let wish = Wish::read(call)?;
    let identity = call
        .parameters
        .text("Identity")?
        .filter(|identity| !identity.trim().is_empty())
        .ok_or_else(|| call.parameters.missing("Identity"))?;
    let row = target(call, &identity)?;
    let header = call.request.header("x-anchormailbox");
    if anchor::resolve(header, tenant) != Anchor::Mailbox(row) {
        let current = anchor::server(header, tenant);
        return Err(Failure::needs_proxy(&current, &tenant.server_of(row)));
    }
    refuse_unchangeable(tenant, row, &wish)?;
    let edit = |audit: Audit| wish.apply(audit, &tenant.actions);
    if call.asks_to_confirm()? {
        edit(tenant.stored_audit(row))?;
        let text = format!("Setting mailbox {identity}.");
        return Ok(Reply { confirmation: Some(text), ..Reply::default() });
    }
    if call.is_what_if()? {
        edit(tenant.stored_audit(row))?;
        return Ok(Reply::default());
    }
    let done = tenant.change_audit(row, call.now, edit);
    let done = done.map_err(|error| match error {
        NotChanged::Refused(failure) => failure,
        NotChanged::NotWritten(error) => Failure::not_written(&error),
    })?;
    if done.before == done.after {
        return Ok(Reply::warning(unchanged(tenant.directory.alias(row))));
    }
    Ok(Reply::default())
}

/// OfficeDocs-o365seccomp#385; the console puts "WARNING: " before it.
pub(crate) fn unchanged(name: &str) -> String {
    format!("The command completed successfully but no settings of '{name}' have been modified.")
}

/// A group is found only with its switch, an inactive mailbox likewise.
fn target(call: &Call<'_>, identity: &str) -> Result<Row, Failure> {
    let tenant = &call.service.tenant;
    let (group, inactive) =
        (call.parameters.switch("GroupMailbox")?, call.parameters.switch("InactiveMailbox")?);
    find(&tenant.directory, identity, |row| {
        if inactive {
            tenant.directory.is_inactive(row)
        } else if group {
            tenant.directory.kind(row) == RecipientType::Group
        } else {
            is_plain(tenant, row)
        }
    })
}

fn refuse_unchangeable(tenant: &Tenant, row: Row, wish: &Wish) -> Result<(), Failure> {
    if tenant.directory.is_inactive(row) {
        // Set-Mailbox docs: "You can't use this switch to modify other properties on inactive
        // mailboxes" than those of litigation hold.
        return Err(Failure::recipient(
            "The InactiveMailbox switch can't be used to modify these properties on an inactive mailbox; it allows only the litigation hold parameters.",
        ));
    }
    let more_than_age = wish.enabled.is_some()
        || !wish.restore.is_empty()
        || wish.lists.iter().any(Option::is_some);
    if tenant.directory.kind(row) == RecipientType::Group && more_than_age {
        // "Manage mailbox auditing": the actions of group mailboxes are fixed. Text not published.
        return Err(Failure::recipient(
            "The mailbox audit settings of a Microsoft 365 group mailbox can't be customized; only AuditLogAgeLimit can be set.",
        ));
    }
    Ok(())
}

impl Wish {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let parameters = &call.parameters;
        let mut lists = [None, None, None];
        for (name, logon) in LISTS {
            lists[logon as usize] = parameters.list_edit(name)?;
            check_names(call, name, lists[logon as usize].as_ref())?;
        }
        Ok(Self {
            enabled: parameters.boolean("AuditEnabled")?,
            age_seconds: age_limit(call)?,
            restore: restored(call)?,
            lists,
        })
    }

    /// Microsoft's defaults come back first, then lists are written: the order in which
    /// o365soa/Scripts makes two calls of it.
    fn apply(&self, mut audit: Audit, actions: &ActionTable) -> Result<Audit, Failure> {
        for logon in &self.restore {
            audit.restore_default(*logon, actions);
        }
        for (_, logon) in LISTS {
            if let Some(edit) = &self.lists[logon as usize] {
                let list = edited(edit, audit.list(logon), logon, actions)?;
                audit.write_list(logon, list);
            }
        }
        if let Some(enabled) = self.enabled {
            audit.enabled = enabled;
        }
        if let Some(seconds) = self.age_seconds {
            audit.limit_age(seconds);
        }
        Ok(audit)
    }
}

/// Names outside the enum fail when parameters are bound, before any mailbox is looked for.
fn check_names(call: &Call<'_>, parameter: &str, edit: Option<&ListEdit>) -> Result<(), Failure> {
    let names = match edit {
        None => return Ok(()),
        Some(ListEdit::Replace(names)) => vec![names],
        Some(ListEdit::Edit { add, remove }) => vec![add, remove],
    };
    let actions = &call.service.tenant.actions;
    for list in names {
        if let Err(ActionError::Unknown(name)) = actions.any(list) {
            let legal = format!(
                "The value is not one of the enumeration's: \"{}\".",
                actions.enum_values()
            );
            return Err(Failure::transformation(parameter, &Value::from(name), &legal));
        }
    }
    Ok(())
}

fn edited(edit: &ListEdit, list: u64, logon: Logon, actions: &ActionTable) -> Result<u64, Failure> {
    let written = |names: &[String]| {
        actions.written(names, logon).map_err(|error| Failure::recipient(refusal(&error, logon)))
    };
    match edit {
        ListEdit::Replace(names) => written(names),
        // What is there already is added in silence (o365soa/Scripts, 2025); what an earlier year
        // left behind may be removed, so removals are not judged.
        ListEdit::Edit { add, remove } => {
            let removed = actions.any(remove).unwrap_or_default();
            Ok((list | written(add)?) & !removed)
        }
    }
}

fn refusal(error: &ActionError, logon: Logon) -> String {
    match error {
        ActionError::Deprecated => {
            // o365soa/Scripts#29.
            "MessageBind audit operation type is deprecated. Use MailItemsAccessed audit operation \
             type instead."
                .to_owned()
        }
        ActionError::NoneAmongOthers => format!(
            "Invalid audit operation specified. None can't be combined with other audit operations \
             for {}.",
            logon.name()
        ),
        ActionError::NotAccepted | ActionError::Unknown(_) => not_accepted_text(logon),
    }
}

fn age_limit(call: &Call<'_>) -> Result<Option<i64>, Failure> {
    if !call.parameters.has("AuditLogAgeLimit") {
        return Ok(None);
    }
    let given = call.parameters.given("AuditLogAgeLimit");
    let seconds = given.as_str().and_then(parse_time_span);
    if seconds.is_none_or(|seconds| seconds > LONGEST_AGE_DAYS * 86_400) {
        let legal = "The value is not a time span such as \"90.00:00:00\".";
        return Err(Failure::transformation("AuditLogAgeLimit", &given, legal));
    }
    Ok(seconds)
}

/// Writing `DefaultAuditSet` restores; it never takes a type out of Microsoft's hands.
fn restored(call: &Call<'_>) -> Result<Vec<Logon>, Failure> {
    let names = call.parameters.list("DefaultAuditSet")?.unwrap_or_default();
    names
        .iter()
        .map(|name| {
            Logon::parse(name).ok_or_else(|| {
                let legal = "Legal values are Admin, Delegate and Owner.";
                Failure::transformation("DefaultAuditSet", &Value::from(name.as_str()), legal)
            })
        })
        .collect()
}
