//! `auditform certificate`: certificate files by hand. What they have in common is here: how a
//! certificate is asked for, and how long it may live.

mod create;
mod rotate;
mod show;
mod text;

use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use clap::ValueEnum;
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::certificate::{
    IssueError, KeySize, LONGEST_LIFE, PfxEncryption, Store, StoreError, USUAL_LIFE,
};
use crate::cli::duration;
use crate::cli::exit::Exit;
use crate::cli::session::unwritten;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::ops::{Ports, certificate_finding, certificate_password};

/// Show, make and rotate certificate files by hand
///
/// A certificate is three files in a directory: `NAME.pem` (key and certificate, without a
/// password), `NAME.pfx` (the same, with or without one) and `NAME.cer` (the certificate alone,
/// which is what is uploaded to the application).
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Show(show::Arguments),
    Create(create::Arguments),
    Rotate(rotate::Arguments),
}

/// What was found instead of a result.
type Stopped = Diagnostics;

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let result = match &arguments.action {
        Action::Show(arguments) => show::run(arguments, ports),
        Action::Create(arguments) => create::run(arguments, terminal, ports),
        Action::Rotate(arguments) => rotate::run(arguments, terminal, ports),
    };
    match result {
        Ok(text) => terminal
            .result(|out| out.write_all(text.as_bytes()))
            .map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done),
        Err(findings) => {
            terminal.diagnostics(&Sources::default(), &findings);
            Exit::Error
        }
    }
}

/// How a certificate is to be made and written.
#[derive(Debug, clap::Args)]
struct Making {
    /// How long it is valid from now on, at most 731 days [default: 365d]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    valid_for: Option<Duration>,
    /// The last day on which it is valid (`2027-11-23`, in UTC), or the last moment
    #[arg(long, value_name = "DATE", conflicts_with = "valid_for", value_parser = last_moment)]
    valid_until: Option<Timestamp>,
    #[command(flatten)]
    protection: Protection,
}

/// The password of a `.pfx` and its encryption.
#[derive(Debug, clap::Args)]
struct Protection {
    /// The environment variable that holds the password of the .pfx
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,
    /// Encrypt the .pfx for old programs (Triple DES, SHA-1) and not with AES-256
    #[arg(long, value_enum)]
    pfx_compatibility: Option<Compatibility>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Compatibility {
    Legacy,
}

/// `2048`, `3072` or `4096`.
fn key_size(text: &str) -> Result<KeySize, String> {
    let size = text.parse().ok().and_then(KeySize::from_bits);
    size.ok_or_else(|| format!("`{text}` is not a size of an RSA key; take 2048, 3072 or 4096"))
}

/// A day as a whole counts to its last second.
fn last_moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let day: Date =
        text.parse().map_err(|_| format!("`{text}` is not a date; write it as `2027-11-23`"))?;
    let end = day.to_datetime(time(23, 59, 59, 0)).to_zoned(TimeZone::UTC);
    end.map(|end| end.timestamp()).map_err(|error| error.to_string())
}

impl Making {
    /// The first and the last moment; a long life is warned of, a longer one refused.
    fn dates(&self, terminal: Terminal, ports: &Ports) -> Result<(Timestamp, Timestamp), Stopped> {
        let now = ports.now();
        // Certificates know whole seconds.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let until = match (self.valid_until, self.valid_for) {
            (Some(until), _) => Ok(until),
            (None, Some(life)) => now.checked_add(life),
            (None, None) => now.checked_add(USUAL_LIFE),
        };
        let Some(until) = until.ok().filter(|until| until.duration_since(now) <= LONGEST_LIFE)
        else {
            let summary = "the certificate would be valid for more than 731 days";
            return Err(stopped(
                Diagnostic::error("certificate-lifetime", summary)
                    .help("take `--valid-for 365d`, and rotate it in time"),
            ));
        };
        let life = until.duration_since(now);
        if life > USUAL_LIFE {
            let summary = format!("the certificate is valid for {}", text::days(life));
            terminal
                .finding(Diagnostic::warning("long-certificate-lifetime", summary).note(
                    "Microsoft's how-to allows a year, and a tenant's policy may allow less",
                ));
        }
        Ok((now, until))
    }
}

impl Protection {
    /// The files of one name, with their password.
    fn store(
        &self,
        directory: &Path,
        name: &str,
        terminal: Terminal,
        ports: &Ports,
    ) -> Result<Store, Stopped> {
        let password = certificate_password(self.password_env.as_deref(), ports);
        let password = password.map_err(|finding| stopped(*finding))?;
        let encryption = match self.pfx_compatibility {
            Some(Compatibility::Legacy) => PfxEncryption::Legacy,
            None => PfxEncryption::Aes256,
        };
        let store = Store::new(directory, name).map_err(|error| refused(&error))?;
        let store = store.with_password(password).with_encryption(encryption);
        if !store.password_is_portable() {
            let summary = "the password has letters that Java cannot open a .pfx with";
            terminal.finding(
                Diagnostic::warning("password-not-portable", summary)
                    .help("take a password of Latin letters without accents, digits and signs"),
            );
        }
        Ok(store)
    }
}

fn stopped(finding: Diagnostic) -> Stopped {
    finding.into()
}

fn refused(error: &StoreError) -> Stopped {
    stopped(certificate_finding(error))
}

fn unfinished_switch(store: &Store) -> Stopped {
    let summary = format!("a switch of `{}` was interrupted", store.name());
    stopped(
        Diagnostic::error("unfinished-switch", summary)
            .help("`auditform certificate rotate` with `--switch` completes it"),
    )
}

fn not_made(error: &IssueError) -> Stopped {
    let summary = format!("no certificate was made: {error}");
    stopped(Diagnostic::error("certificate-not-made", summary))
}

/// Whole days between two moments, of a life or until its end.
fn whole_days(life: SignedDuration) -> i64 {
    life.as_hours().div_euclid(24)
}
