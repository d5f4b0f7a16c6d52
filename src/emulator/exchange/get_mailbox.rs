//! Get-Mailbox: which mailboxes a call means, and one page of them. Settings are shown as the
//! service shows them (`mailbox_record.rs`), while the filter sees what is stored.

use serde_json::Value;

use super::failure::Failure;
use super::mailbox_record::{self, Shown};
use super::paging::{self, Position};
use super::{Call, Reply, row};
use crate::emulator::audit::Audit;
use crate::emulator::directory::{Directory, NotOne, Row};
use crate::emulator::recipient::RecipientType;
use crate::emulator::tenant::Tenant;

/// Get-Mailbox docs: the default of `ResultSize`.
const DEFAULT_SIZE: u64 = 1000;
const TRUNCATED: &str = "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned. To return all items, specify \"-ResultSize Unlimited\". Be aware that, depending on the actual number of items, returning all items can take a long time and consume a large amount of memory. Also, we don't recommend storing the results in a variable. Instead, pipe the results to another task or script to perform batch changes.";
const MORE: &str = "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter.";

/// Which mailboxes a call asks for.
#[derive(Debug)]
struct Wanted {
    kinds: u16,
    active: bool,
    inactive: bool,
    /// What the stored switch must be.
    enabled: Option<bool>,
}

pub(crate) fn run(call: &Call<'_>) -> Result<Reply, Failure> {
    let tenant = &call.service.tenant;
    let wanted = Wanted::by(call)?;
    let position = paging::position(call)?;
    // Get-Mailbox docs, caution: a null or empty Identity returns everything.
    let identity = call.parameters.text("Identity")?.filter(|text| !text.trim().is_empty());
    if let Some(identity) = identity {
        let row = find(&tenant.directory, &identity, |row| {
            wanted.takes_recipient(&tenant.directory, row)
        })?;
        let one = tenant.select(row, 1, call.seen, |_, audit| wanted.takes_audit(audit));
        return Ok(Reply { rows: rows(call, &one), ..Reply::default() });
    }
    let (size, chosen) = result_size(call)?;
    let position = position.unwrap_or(Position { row: 0, left: size });
    Ok(page(call, &wanted, &position, chosen))
}

fn page(call: &Call<'_>, wanted: &Wanted, position: &Position, size_chosen: bool) -> Reply {
    let tenant = &call.service.tenant;
    let left = position.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
    let size = paging::page_size(call).min(left);
    // One more than fits says whether there is more.
    let mut found = tenant.select(position.row, size.saturating_add(1), call.seen, |row, audit| {
        wanted.takes_recipient(&tenant.directory, row) && wanted.takes_audit(audit)
    });
    let beyond = if found.len() > size { found.pop().map(|(row, _)| row) } else { None };
    let mut reply = Reply { rows: rows(call, &found), ..Reply::default() };
    let Some(next) = beyond else {
        return reply;
    };
    let remaining = position.left.map(|left| left.saturating_sub(found.len() as u64));
    if remaining == Some(0) {
        reply.warnings.push(if size_chosen { MORE } else { TRUNCATED }.to_owned());
    } else {
        reply.next_link = Some(paging::next_link(call, Position { row: next, left: remaining }));
    }
    reply
}

fn rows(call: &Call<'_>, found: &[(Row, Audit)]) -> Vec<u8> {
    let tenant = &call.service.tenant;
    let auditing = tenant.organization(call.seen).mailbox_auditing;
    let properties = mailbox_record::properties(call.selected().as_deref());
    let annotated = call.annotated();
    let mut out = Vec::with_capacity(found.len() * properties.len() * 64);
    for (row, audit) in found {
        let shown = Shown { tenant, row: *row, audit, auditing };
        row::write(&mut out, annotated, shown.cells(&properties));
    }
    out
}

/// How many rows are asked for (none: all), and whether the caller said so.
fn result_size(call: &Call<'_>) -> Result<(Option<u64>, bool), Failure> {
    let Some(text) = call.parameters.text("ResultSize")? else {
        return Ok((Some(DEFAULT_SIZE), false));
    };
    if text.eq_ignore_ascii_case("Unlimited") {
        return Ok((None, true));
    }
    match text.parse::<u64>() {
        Ok(size) if size > 0 => Ok((Some(size), true)),
        _ => {
            let legal = "Legal values are Unlimited and numbers from 1.";
            Err(Failure::transformation("ResultSize", &Value::from(text), legal))
        }
    }
}

/// The one mailbox that `identity` means.
pub(crate) fn find(
    directory: &Directory,
    identity: &str,
    visible: impl Fn(Row) -> bool,
) -> Result<Row, Failure> {
    directory.resolve(identity, visible).map_err(|error| match error {
        NotOne::Absent => Failure::not_found(identity),
        NotOne::Ambiguous => Failure::ambiguous(identity),
    })
}

impl Wanted {
    fn by(call: &Call<'_>) -> Result<Self, Failure> {
        let parameters = &call.parameters;
        let mut kinds = !RecipientType::Group.bit();
        let asked = parameters.list("RecipientTypeDetails")?.unwrap_or_default();
        if !asked.is_empty() {
            kinds = asked.iter().try_fold(0, |kinds, name| {
                let kind = RecipientType::parse(name).ok_or_else(|| {
                    let legal = format!("Legal values are {}.", RecipientType::names());
                    let value = Value::from(name.as_str());
                    Failure::transformation("RecipientTypeDetails", &value, &legal)
                })?;
                Ok(kinds | kind.bit())
            })?;
        }
        if parameters.switch("GroupMailbox")? {
            kinds = RecipientType::Group.bit();
        }
        // office-docs-powershell#2758: these return such mailboxes and no others.
        let only =
            parameters.switch("InactiveMailboxOnly")? || parameters.switch("SoftDeletedMailbox")?;
        let also = parameters.switch("IncludeInactiveMailbox")?;
        let filter = parameters.text("Filter")?.filter(|filter| !filter.trim().is_empty());
        Ok(Self {
            kinds,
            active: !only,
            inactive: only || also,
            enabled: filter.map(|filter| audit_enabled_filter(&filter)).transpose()?,
        })
    }

    fn takes_recipient(&self, directory: &Directory, row: Row) -> bool {
        let wanted = if directory.is_inactive(row) { self.inactive } else { self.active };
        wanted && self.kinds & directory.kind(row).bit() != 0
    }

    fn takes_audit(&self, audit: &Audit) -> bool {
        self.enabled.is_none_or(|enabled| audit.enabled == enabled)
    }
}

/// `AuditEnabled -eq $true` and its kin; the only property whose filter reaches what is stored.
fn audit_enabled_filter(filter: &str) -> Result<bool, Failure> {
    let parts: Vec<_> = filter.split_whitespace().collect();
    let [property, operator, value] = parts[..] else {
        return Err(Failure::filter(filter));
    };
    let value = value.trim_matches(['\'', '"']).trim_start_matches('$').to_ascii_lowercase();
    let value = match value.as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(Failure::filter(filter)),
    };
    let known = property.eq_ignore_ascii_case("AuditEnabled");
    match operator.to_ascii_lowercase().as_str() {
        "-eq" if known => Ok(value),
        "-ne" if known => Ok(!value),
        _ => Err(Failure::filter(filter)),
    }
}

/// Inactive and group mailboxes are invisible to cmdlets that do not ask for them.
pub(crate) fn is_plain(tenant: &Tenant, row: Row) -> bool {
    !tenant.directory.is_inactive(row) && tenant.directory.kind(row) != RecipientType::Group
}
