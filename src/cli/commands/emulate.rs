//! `auditform emulate`: a Microsoft 365 tenant in memory, for trying things out and for tests.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::embedded;
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::emulator::{
    self, DeviceApproval, Emulator, EmulatorError, FaultError, FaultFile, Running, Seed,
};

/// Serve a Microsoft 365 tenant from memory
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Where to serve; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Build the tenant from this file
    #[arg(long, value_name = "FILE", conflicts_with = "mailboxes")]
    seed: Option<PathBuf>,
    /// Build a tenant of this many generated mailboxes
    #[arg(long, value_name = "NUMBER")]
    mailboxes: Option<usize>,
    /// Keep the tenant's changes in this file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Log every request to this file (JSON Lines)
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,
    /// Write this file (JSON) once the tenant is served: where, and a working credential
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Answer every request this much later
    #[arg(long, value_name = "MILLISECONDS", default_value = "0")]
    latency: u64,
    /// Show changes in reads this much later
    #[arg(long, value_name = "MILLISECONDS", default_value = "0")]
    lag: u64,
    /// Fail in the ways that this file says (TOML)
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Serve https, and nothing else, at that address
    #[arg(long)]
    tls: bool,
    /// Be a forward proxy here that stands for Microsoft's hosts
    #[arg(long, value_name = "ADDRESS")]
    proxy: Option<SocketAddr>,
    /// Give the generated application no rights in Exchange
    #[arg(long)]
    bootstrap_only: bool,
    /// Who answers device codes: ask, approve-after:POLLS, decline or expire
    #[arg(long, value_name = "ANSWER", default_value = "ask")]
    device_code: DeviceApproval,
    /// How often programs are told to ask whether a device code was approved
    #[arg(long, value_name = "SECONDS", default_value = "5")]
    device_interval: u64,
    /// Forget what was applied to the embedded tenant of the spec at this path, and end
    #[arg(long, value_name = "PATH", exclusive = true)]
    reset: Option<PathBuf>,
}

pub(in crate::cli) async fn run(
    arguments: Arguments,
    terminal: Terminal<'_>,
    interrupts: &Interrupts,
) -> Exit {
    let done = match &arguments.reset {
        Some(path) => reset(path, terminal),
        None => serve(&arguments, terminal, interrupts).await,
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            match error.downcast_ref::<EmulatorError>() {
                Some(EmulatorError::Faults(error)) => show(error, terminal),
                _ => terminal.finding(Diagnostic::error("emulator", error.to_string())),
            }
            Exit::Error
        }
    }
}

/// With the line of the file that is at fault.
fn show(error: &FaultError, terminal: Terminal<'_>) {
    let mut sources = Sources::default();
    let file = sources.add(error.file.as_str(), error.text.as_str());
    let finding = Diagnostic::error("faults", error.message.as_str());
    let finding = finding.at(Span::new(file, &error.span), "");
    terminal.diagnostics(&sources, &finding.into());
}

type Failed = Box<dyn std::error::Error>;

fn reset(path: &Path, terminal: Terminal) -> Result<(), Failed> {
    let directory = match path.parent() {
        Some(parent) if path.is_file() && parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) if path.is_file() => parent,
        _ => path,
    };
    if !directory.is_dir() {
        return Err(format!("there is no spec at `{}`", path.display()).into());
    }
    let known = emulator::reset(&embedded::state_file(directory))?;
    terminal.tell(if known {
        "The embedded tenant starts afresh from its seed."
    } else {
        "There was nothing to forget: no embedded tenant has been used here."
    });
    Ok(())
}

async fn serve(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    interrupts: &Interrupts,
) -> Result<(), Failed> {
    // Kept until the end: the files of the credential live in it.
    let mut temporary = None;
    let credentials = match &arguments.state {
        Some(state) => {
            let mut name = state.as_os_str().to_owned();
            name.push(".credentials");
            PathBuf::from(name)
        }
        None => temporary
            .insert(tempfile::Builder::new().prefix("auditform-").tempdir()?)
            .path()
            .join("credentials"),
    };
    let mut options = emulator::Options::new(credentials);
    options.listen = arguments.listen;
    options.seed = seed(arguments)?;
    options.state.clone_from(&arguments.state);
    options.request_log.clone_from(&arguments.request_log);
    options.latency = Duration::from_millis(arguments.latency);
    options.lag = Duration::from_millis(arguments.lag);
    options.faults = faults(arguments)?;
    options.tls = arguments.tls;
    options.proxy = arguments.proxy;
    options.bootstrap_only = arguments.bootstrap_only;
    options.device_code = arguments.device_code;
    options.device_interval = Duration::from_secs(arguments.device_interval);
    let mut stop = interrupts.ask_first();
    let running = Emulator::start(options).await?;
    announce(&running, arguments.ready_file.as_deref(), terminal)?;
    tokio::select! {
        () = stop.wait() => {}
        () = terminated() => {}
    }
    running.shutdown().await;
    Ok(())
}

fn seed(arguments: &Arguments) -> Result<Option<Seed>, Failed> {
    if let Some(path) = &arguments.seed {
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| format!("the seed `{name}` cannot be read: {error}"))?;
        return Ok(Some(Seed::parse(&text, &name)?));
    }
    Ok(arguments.mailboxes.map(Seed::generated))
}

fn faults(arguments: &Arguments) -> Result<Option<FaultFile>, Failed> {
    let Some(path) = &arguments.faults else {
        return Ok(None);
    };
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| format!("the file of faults `{name}` cannot be read: {error}"))?;
    Ok(Some(FaultFile::parse(&text, &name).map_err(EmulatorError::from)?))
}

fn announce(running: &Running, ready_file: Option<&Path>, terminal: Terminal) -> io::Result<()> {
    let document = running.ready_document();
    if let Some(path) = ready_file {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        serde_json::to_writer_pretty(&mut file, &document)?;
        file.write_all(b"\n")?;
        file.persist(path).map_err(|error| error.error)?;
    }
    let quoted = |key: &str, path: &Path| format!("{key} = '{}'\n", path.display());
    let ca_file = running.ca_file().map(|path| quoted("ca_file", path)).unwrap_or_default();
    let proxy = running.proxy_url().map(|url| {
        format!(
            "Programs with built-in hosts reach it through the proxy {url}, trusting that CA.\n\n"
        )
    });
    terminal.tell(&format!(
        "Serving {} at {}\n\nA spec reaches it with:\n\n\
         [tenant]\norganization = \"{}\"\nendpoint = \"{}\"\n{ca_file}\n\
         [tenant.sign_in]\nmethod = \"certificate\"\nclient_id = \"{}\"\n{}\n\
         {}Ctrl-C ends it.",
        running.organization(),
        running.base_url(),
        running.organization(),
        running.base_url(),
        running.client_id(),
        quoted("certificate", running.certificate_pem()),
        proxy.unwrap_or_default(),
    ));
    Ok(())
}

/// The signal by which service managers and scripts end a program.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut signal) = signal(SignalKind::terminate()) {
            signal.recv().await;
            return;
        }
    }
    std::future::pending::<()>().await;
}
