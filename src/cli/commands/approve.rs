//! `auditform approve`: show what a saved plan takes away, sign its digest, and check signatures.
//! Makes no call.

use std::path::{Path, PathBuf};

use clap::ArgGroup;
use secrecy::SecretString;

use crate::approval::{PrivateKey, Statement, Subject};
use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Sources};
use crate::ops::{
    self, ApprovalKey, ApprovalQuestion, Ports, Stopped, approval_subject, certificate_password,
    check_approval, read_approval_key,
};
use crate::render::{write_approved, write_subject};

/// Sign a saved plan, or check who has signed it
///
/// Signs the plan's digest, its tenant and the time, and writes the approval beside the plan as
/// `PLAN.NAME.approval`, where `apply` finds it. The key is one of OpenSSH or an Ed25519 key in
/// PKCS#8. A key in an agent or a security key signs what `--statement` prints:
///
///   auditform approve plan.json --statement > approval
///   ssh-keygen -Y sign -n auditform-approval -f KEY.pub approval
///   cat approval approval.sig > plan.json.NAME.approval
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, group(ArgGroup::new("what").required(true)))]
pub(in crate::cli) struct Arguments {
    /// A saved plan
    plan: PathBuf,
    /// Sign with this private key
    #[arg(long, value_name = "FILE", group = "what")]
    key: Option<PathBuf>,
    /// Print what is to be signed, for a key that is elsewhere
    #[arg(long, group = "what")]
    statement: bool,
    /// Check the approvals that lie beside the plan; exits with 4 if they are not enough
    #[arg(long, group = "what")]
    check: bool,
    /// With `--check`, another file that holds an approval
    #[arg(long, value_name = "FILE", requires = "check")]
    approval: Vec<PathBuf>,
    /// The environment variable that holds the key's passphrase
    #[arg(long, value_name = "VARIABLE", requires = "key")]
    passphrase_env: Option<String>,
    /// Write the approval to this file
    #[arg(long, value_name = "FILE", requires = "key")]
    out: Option<PathBuf>,
    /// Do not ask
    #[arg(long, requires = "key")]
    auto_approve: bool,
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let done = match approval_subject(&arguments.plan) {
        Err(stopped) => Err(stopped),
        Ok(subject) if arguments.check => check(arguments, &subject, terminal, ports),
        Ok(subject) => match &arguments.key {
            Some(key) => sign(arguments, key, &subject, terminal, ports).await,
            None => Ok(print_statement(&subject, terminal, ports)),
        },
    };
    done.unwrap_or_else(|stopped| show(&stopped, &Sources::default(), terminal))
}

fn check(
    arguments: &Arguments,
    subject: &Subject,
    terminal: Terminal,
    ports: &Ports,
) -> Result<Exit, Stopped> {
    let question = ApprovalQuestion {
        path: &arguments.plan,
        named: &arguments.approval,
        rules: subject.rules.as_ref(),
        plan: subject.plan,
        tenant: subject.tenant,
    };
    let approved = check_approval(&question, ports.now())?;
    let written = terminal.result(|out| match &approved {
        Some(approved) => write_approved(out, approved),
        None => writeln!(out, "This plan asks for no signature."),
    });
    Ok(written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done))
}

/// The statement alone goes to standard output, since each of its bytes is signed.
fn print_statement(subject: &Subject, terminal: Terminal, ports: &Ports) -> Exit {
    let statement = statement(subject, ports);
    let shown =
        if terminal.quiet { Ok(()) } else { terminal.talk(|out| write_subject(out, subject)) };
    let written =
        shown.and_then(|()| terminal.result(|out| out.write_all(statement.to_string().as_bytes())));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

fn statement(subject: &Subject, ports: &Ports) -> Statement {
    Statement::new(subject.plan, subject.tenant, ports.now())
}

async fn sign(
    arguments: &Arguments,
    path: &Path,
    subject: &Subject,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Exit, Stopped> {
    if !arguments.auto_approve && !Terminal::can_ask() {
        return Err(Stopped::not_approved(
            Diagnostic::error("no-terminal", "there is no terminal to ask on")
                .note("nothing was signed")
                .help("run it on a terminal, or with `--auto-approve`"),
        ));
    }
    let key = read_approval_key(path)?;
    let passphrase = certificate_password(arguments.passphrase_env.as_deref(), ports);
    let passphrase = passphrase.map_err(|finding| Stopped::error(*finding))?;
    // Whether the key is any good is known before somebody reads the plan.
    let opened = key.open(passphrase.as_ref())?;
    if let Some(opened) = &opened {
        ops::may_approve(subject, opened)?;
    }
    // What is asked about is shown in any case.
    if !(arguments.auto_approve && terminal.quiet)
        && let Err(error) = terminal.talk(|out| write_subject(out, subject))
    {
        return Ok(unwritten(&error, terminal));
    }
    if !arguments.auto_approve && !confirmed(terminal).await {
        terminal.say("Not approved: nothing was signed.");
        return Ok(Exit::NotApproved);
    }
    let opened = match opened {
        Some(opened) => opened,
        None => unlock(&key, path, terminal).await?,
    };
    let statement = statement(subject, ports);
    let out =
        ops::approve(&arguments.plan, subject, &statement, &opened, arguments.out.as_deref())?;
    let written =
        terminal.result(|to| writeln!(to, "Signed at {}: {}", statement.time, out.display()));
    Ok(written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done))
}

async fn confirmed(terminal: Terminal<'_>) -> bool {
    let terminal = terminal.alone();
    let ask = move || terminal.confirm("Do you want to approve this plan?");
    tokio::task::spawn_blocking(ask).await.unwrap_or(false)
}

/// Asks for the passphrase.
async fn unlock(
    key: &ApprovalKey,
    path: &Path,
    terminal: Terminal<'_>,
) -> Result<PrivateKey, Stopped> {
    let name = path.display().to_string();
    let needed = |reason: &str| {
        let summary = format!("the key `{name}` takes a passphrase: {reason}");
        Stopped::error(
            Diagnostic::error("no-passphrase", summary)
                .help("name the environment variable that holds it with `--passphrase-env`"),
        )
    };
    if !Terminal::can_ask() {
        return Err(needed("there is no terminal to ask on"));
    }
    let (asked, terminal) = (name.clone(), terminal.alone());
    let typed = tokio::task::spawn_blocking(move || terminal.passphrase(&asked)).await;
    let typed = match typed {
        Ok(Ok(typed)) => SecretString::from(typed),
        Ok(Err(error)) => return Err(needed(&error.to_string())),
        Err(_) => return Err(needed("nothing was typed")),
    };
    key.open(Some(&typed))?.ok_or_else(|| needed("it was not given"))
}
