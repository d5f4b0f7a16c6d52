//! The cmdlets about the organization: its two switches and the one-way step out of the dehydrated
//! state.

use std::borrow::Cow;

use super::anchor::{self, Anchor};
use super::failure::Failure;
use super::row::{self, Cell};
use super::set_mailbox::unchanged;
use super::{Call, Reply};
use crate::emulator::state_file::Organization;
use crate::emulator::tenant::NotChanged;

type Cells<'a> = Vec<(&'static str, Cell<'a>)>;

pub(crate) fn get_config(call: &Call<'_>) -> Reply {
    let tenant = &call.service.tenant;
    let organization = tenant.organization(call.seen);
    let name = Cow::Borrowed(tenant.organization.as_str());
    let cells = vec![
        ("AuditDisabled", Cell::Bool(!organization.mailbox_auditing)),
        ("CustomerLockboxEnabled", Cell::Bool(false)),
        ("DisplayName", Cell::Text(name.clone())),
        ("DistinguishedName", Cell::text(format!("CN=Configuration,CN={name}"))),
        ("ExchangeObjectId", Cell::Guid(tenant.id)),
        ("Guid", Cell::Guid(tenant.id)),
        ("Identity", Cell::Text(name.clone())),
        ("IsDehydrated", Cell::Bool(organization.dehydrated)),
        ("IsMixedMode", Cell::Bool(false)),
        ("Name", Cell::Text(name.clone())),
        ("OAuth2ClientProfileEnabled", Cell::Bool(true)),
        ("OrganizationId", Cell::Text(name)),
        ("WhenCreatedUTC", Cell::TypedJson("System.DateTime", "\"2019-05-06T07:08:09Z\"")),
    ];
    one_row(call, cells)
}

pub(crate) fn get_audit_log_config(call: &Call<'_>) -> Reply {
    let organization = call.service.tenant.organization(call.seen);
    let cells = vec![
        ("AdminAuditLogAgeLimit", Cell::TypedJson("System.TimeSpan", "\"90.00:00:00\"")),
        ("AdminAuditLogCmdlets", Cell::List(vec!["*".into()])),
        ("AdminAuditLogEnabled", Cell::Bool(true)),
        ("AdminAuditLogExcludedCmdlets", Cell::List(Vec::new())),
        ("AdminAuditLogParameters", Cell::List(vec!["*".into()])),
        ("Identity", Cell::text("Admin Audit Log Settings")),
        ("LogLevel", Cell::text("None")),
        ("Name", Cell::text("Admin Audit Log Settings")),
        ("TestCmdletLoggingEnabled", Cell::Bool(false)),
        ("UnifiedAuditLogFirstOptInDate", Cell::Json("null")),
        ("UnifiedAuditLogIngestionEnabled", Cell::Bool(organization.unified_audit_log)),
    ];
    one_row(call, cells)
}

fn one_row(call: &Call<'_>, mut cells: Cells<'_>) -> Reply {
    if let Some(names) = call.selected() {
        cells.retain(|(name, _)| names.iter().any(|asked| asked.eq_ignore_ascii_case(name)));
    }
    let mut rows = Vec::new();
    row::write(&mut rows, call.annotated(), cells.into_iter());
    Reply { rows, ..Reply::default() }
}

pub(crate) fn set_config(call: &Call<'_>) -> Result<Reply, Failure> {
    let disabled = call.parameters.boolean("AuditDisabled")?;
    refuse_dehydrated(call)?;
    change(call, |organization| {
        let mailbox_auditing = disabled.map_or(organization.mailbox_auditing, |disabled| !disabled);
        Ok(Organization { mailbox_auditing, ..organization })
    })
}

/// Runs only where the arbitration mailbox of its configuration is (CIPP; pnp#4677).
pub(crate) fn set_audit_log_config(call: &Call<'_>) -> Result<Reply, Failure> {
    let ingestion = call.parameters.boolean("UnifiedAuditLogIngestionEnabled")?;
    let tenant = &call.service.tenant;
    let header = call.request.header("x-anchormailbox");
    if anchor::resolve(header, tenant) != Anchor::AuditLogConfig {
        let (current, required) =
            (anchor::server(header, tenant), anchor::audit_log_server(tenant));
        return Err(Failure::needs_proxy(&current, &required));
    }
    refuse_dehydrated(call)?;
    change(call, |organization| {
        let unified_audit_log = ingestion.unwrap_or(organization.unified_audit_log);
        Ok(Organization { unified_audit_log, ..organization })
    })
}

pub(crate) fn enable_customization(call: &Call<'_>) -> Result<Reply, Failure> {
    change(call, |organization| {
        if !organization.dehydrated {
            return Err(Failure::already_customized());
        }
        Ok(Organization { dehydrated: false, ..organization })
    })
}

/// Judged by what reads show: Azure/SimuLand#17 had the refusal go on after the customization.
fn refuse_dehydrated(call: &Call<'_>) -> Result<(), Failure> {
    if call.service.tenant.organization(call.now).dehydrated {
        return Err(Failure::dehydrated());
    }
    Ok(())
}

fn change(
    call: &Call<'_>,
    edit: impl FnOnce(Organization) -> Result<Organization, Failure>,
) -> Result<Reply, Failure> {
    let tenant = &call.service.tenant;
    if call.asks_to_confirm()? || call.is_what_if()? {
        edit(tenant.stored_organization())?;
        let text = format!("{} on {}.", call.cmdlet.name(), tenant.organization);
        let confirmation = call.asks_to_confirm()?.then_some(text);
        return Ok(Reply { confirmation, ..Reply::default() });
    }
    let done = tenant.change_organization(call.now, edit).map_err(|error| match error {
        NotChanged::Refused(failure) => failure,
        NotChanged::NotWritten(error) => Failure::not_written(&error),
    })?;
    if done.before == done.after {
        return Ok(Reply::warning(unchanged(&tenant.organization)));
    }
    Ok(Reply::default())
}
