//! What `auditform validate --roles` prints: the least permissions and roles for planning and for
//! applying a spec, in columns, with numbered sources below.

use std::io::{self, Write};

use super::style::{FAINT, STRONG};
use crate::resource::Address;
use crate::state::{Need, NeedKind, Requirements};

/// As many resources are named as causes of a need; the others are counted.
const SHOWN: usize = 3;

/// Writes the permissions and roles that a spec needs.
pub fn write_requirements(out: &mut dyn Write, requirements: &Requirements) -> io::Result<()> {
    let Requirements { entra, exchange, planning, applying } = requirements;
    if planning.is_empty() && applying.is_empty() {
        return writeln!(out, "This spec manages nothing in the tenant: it needs no permission.");
    }
    let mut sources: Vec<&str> = Vec::new();
    for (title, needs) in [("To plan", planning), ("To apply", applying)] {
        writeln!(out, "{STRONG}{title}{STRONG:#}")?;
        for (service, who, is_of) in [
            ("Microsoft Graph", entra, is_entra as fn(NeedKind) -> bool),
            ("Exchange", exchange, |kind| !is_entra(kind)),
        ] {
            let needs: Vec<&Need> = needs.iter().filter(|need| is_of(need.kind)).collect();
            if needs.is_empty() {
                continue;
            }
            writeln!(out, "  in {service}, as {who}:")?;
            write_needs(out, &needs, &mut sources)?;
        }
        writeln!(out)?;
    }
    if planning.iter().chain(applying).any(|need| need.is_beta) {
        writeln!(out, "What is marked (beta) may be changed by Microsoft at any time.\n")?;
    }
    writeln!(out, "{STRONG}Sources{STRONG:#}")?;
    for (number, source) in (1..).zip(sources) {
        writeln!(out, "  {FAINT}[{number}]{FAINT:#} {source}")?;
    }
    Ok(())
}

fn is_entra(kind: NeedKind) -> bool {
    matches!(kind, NeedKind::GraphPermission | NeedKind::PersonRole)
}

fn write_needs<'n>(
    out: &mut dyn Write,
    needs: &[&'n Need],
    sources: &mut Vec<&'n str>,
) -> io::Result<()> {
    let names: Vec<String> = needs.iter().map(|need| name(need)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    for (need, name) in needs.iter().zip(&names) {
        let number = sources.iter().position(|known| *known == need.source);
        let number = number.unwrap_or_else(|| {
            sources.push(need.source);
            sources.len() - 1
        });
        let why = why(need);
        writeln!(out, "    {name:width$}  {why} {FAINT}[{}]{FAINT:#}", number + 1)?;
    }
    Ok(())
}

fn name(need: &Need) -> String {
    let beta = if need.is_beta && need.kind == NeedKind::GraphPermission { " (beta)" } else { "" };
    match need.kind {
        NeedKind::PersonRole => format!("a person also: {}", need.name),
        NeedKind::InsteadOfExchangeRoles => format!("or directory role {}", need.name),
        _ => format!("{}{beta}", need.name),
    }
}

fn why(need: &Need) -> String {
    if need.kind == NeedKind::InsteadOfExchangeRoles {
        return "instead of these Exchange roles".to_owned();
    }
    let named: Vec<String> = need.reasons.iter().take(SHOWN).map(Address::to_string).collect();
    let others = need.reasons.len().saturating_sub(SHOWN);
    let more = if others == 0 { String::new() } else { format!(" and {others} more") };
    format!("{} {}{more}", need.purpose, named.join(", "))
}
