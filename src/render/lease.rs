//! Leases on tenants: who holds each, and whether it counts.

use std::io::{self, Write};

use serde::Serialize;

use super::wording::visible;
use crate::lease::{KeptLease, Lease, Standing};

/// Writes the leases beside a spec for people.
pub fn write_leases(out: &mut dyn Write, leases: &[KeptLease]) -> io::Result<()> {
    if leases.is_empty() {
        return writeln!(out, "No apply holds a lease here.");
    }
    for (place, kept) in leases.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        match &kept.lease {
            Ok((lease, standing)) => write_lease(out, lease, *standing)?,
            Err(problem) => {
                writeln!(out, "Tenant {}: unreadable", visible(&kept.name))?;
                writeln!(out, "  {}", visible(problem))?;
            }
        }
    }
    Ok(())
}

fn write_lease(out: &mut dyn Write, lease: &Lease, standing: Standing) -> io::Result<()> {
    let organization = visible(&lease.organization);
    writeln!(out, "Tenant {} ({organization}): {}", lease.tenant_id, standing.words())?;
    let owner = lease.owner.words();
    writeln!(out, "  Taken: {:.0} by {}", lease.acquired_at, visible(&owner))?;
    match &lease.run {
        Some(run) => writeln!(out, "  Run: {}", visible(run))?,
        None => writeln!(out, "  Run: none was begun")?,
    }
    writeln!(out, "  Renewed: {:.0}, good until {:.0}", lease.renewed_at, lease.expires_at)?;
    if let Some(broken) = &lease.broken {
        writeln!(out, "  Broken: {:.0} by {}", broken.at, visible(&broken.by.words()))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'l> {
    format_version: &'static str,
    leases: Vec<Row<'l>>,
}

#[derive(Serialize)]
struct Row<'l> {
    tenant: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<&'l Lease>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'l str>,
}

/// Writes the leases beside a spec as one JSON document.
pub fn write_leases_json(out: &mut dyn Write, leases: &[KeptLease]) -> io::Result<()> {
    let rows = leases.iter().map(|kept| Row {
        tenant: &kept.name,
        standing: kept.lease.as_ref().ok().map(|(_, standing)| *standing),
        lease: kept.lease.as_ref().ok().map(|(lease, _)| lease),
        unreadable: kept.lease.as_ref().err().map(String::as_str),
    });
    let document = Document { format_version: "1.0", leases: rows.collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
