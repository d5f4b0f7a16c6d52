//! The embedded tenant: the emulator in this process, with its state in `.auditform/` beside the
//! spec, so that a newcomer needs nothing else. Its seed is `tenant.toml` beside the spec, or a
//! hundred generated mailboxes.

use std::fs;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::emulator::{self, Emulator, EmulatorError, Running, Seed};
use crate::ops::{EmbeddedTenant, STATE_DIRECTORY, Stopped, prepare_state_directory};

/// The seed beside the spec.
const SEED_FILE: &str = "tenant.toml";
const STATE_FILE: &str = "tenant.state";
const CREDENTIALS: &str = "credentials";

/// Starts the tenant of a spec's directory; it stops when dropped.
pub(super) async fn start(directory: &Path) -> Result<(Running, EmbeddedTenant), Stopped> {
    let state = prepare_state_directory(directory).map_err(|finding| Stopped::error(*finding))?;
    let mut options = emulator::Options::new(state.join(CREDENTIALS));
    options.state = Some(state.join(STATE_FILE));
    options.seed = seed(&directory.join(SEED_FILE))?;
    let running = Emulator::start(options).await.map_err(|error| stopped(&error, directory))?;
    let client_id = Uuid::parse_str(&running.client_id()).map_err(|error| {
        Stopped::error(Diagnostic::error("embedded-tenant", format!("its client id: {error}")))
    })?;
    let tenant = EmbeddedTenant {
        base_url: running.base_url(),
        organization: running.organization().to_owned(),
        client_id,
        certificate: running.certificate_pem().to_path_buf(),
    };
    Ok((running, tenant))
}

fn seed(path: &Path) -> Result<Option<Seed>, Stopped> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Stopped::error(Diagnostic::error(
                "unreadable-file",
                format!("the seed `{}` cannot be read: {error}", path.display()),
            )));
        }
    };
    Seed::parse(&text, &path.display().to_string())
        .map(Some)
        .map_err(|error| Stopped::error(Diagnostic::error("seed", error.to_string())))
}

fn stopped(error: &EmulatorError, directory: &Path) -> Stopped {
    let finding =
        Diagnostic::error("embedded-tenant", format!("the embedded tenant cannot start: {error}"));
    let reset = format!(
        "`auditform emulate --reset {}` starts afresh from the seed and forgets what was applied",
        directory.display()
    );
    Stopped::error(match error {
        EmulatorError::SeedChanged { .. } | EmulatorError::BadState { .. } => finding.help(reset),
        EmulatorError::InUse { .. } => finding.help("wait until the other command has ended"),
        _ => finding,
    })
}

/// Where the embedded tenant of a spec's directory keeps its state.
pub(super) fn state_file(directory: &Path) -> PathBuf {
    directory.join(STATE_DIRECTORY).join(STATE_FILE)
}
