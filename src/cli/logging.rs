//! `--log-level`, `AUDITFORM_LOG` and `--log-file`: what the program does, for those who look for
//! the cause of something. Secrets never reach it: their types do not print.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use clap::ValueEnum;
use tracing::Level;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Trace => Level::TRACE,
        }
    }
}

/// Starts logging to a file, or to standard error.
pub(super) fn start(level: LogLevel, file: Option<&Path>) -> io::Result<()> {
    let builder = tracing_subscriber::fmt().with_max_level(Level::from(level)).with_target(false);
    let started = match file {
        None => builder.with_writer(io::stderr).with_ansi(false).try_init(),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            builder.with_writer(Mutex::new(file)).with_ansi(false).try_init()
        }
    };
    // A second start in one process (as tests do) keeps the first.
    drop(started);
    Ok(())
}
