//! The token of whoever is signed in to the Azure CLI, by its own command. Its output holds the
//! token, so nothing of the output is ever shown; what goes wrong it says on standard error.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::call::{Grant, Seconds, without_request};
use crate::client::sign_in_error::{
    SignInError, SignInReason, code_in, reason_of, without_identifiers,
};

/// Where the command does not say when its token ends, it is used at once and not kept.
const UNKNOWN_LIFETIME: SignedDuration = SignedDuration::from_secs(300);

/// `expiresOn` is local time without a zone, and is not read.
#[derive(Deserialize)]
struct Output {
    #[serde(rename = "accessToken")]
    access_token: String,
    expires_on: Option<Seconds>,
}

/// `az account get-access-token`, within `limit`.
pub(super) async fn fetch(
    program: &Path,
    scope: &str,
    tenant: &str,
    limit: Duration,
    now: Timestamp,
) -> Result<Grant, SignInError> {
    let name = program.display();
    let mut command = Command::new(program);
    command
        .args(["account", "get-access-token", "--scope", scope, "--tenant", tenant, "-o", "json"])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match timeout(limit, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            let text = format!("there is no `{name}`");
            return Err(without_request(SignInReason::CliMissing, text));
        }
        Ok(Err(error)) => {
            return Err(without_request(SignInReason::CliMissing, format!("`{name}`: {error}")));
        }
        Err(_) => {
            let text = format!("`{name}` has not answered in {} s", limit.as_secs());
            return Err(without_request(SignInReason::CliRefused, text));
        }
    };
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(refused(&String::from_utf8_lossy(&output.stderr)));
    }
    let parsed = serde_json::from_slice::<Output>(&stdout).ok();
    let Some(parsed) = parsed.filter(|parsed| !parsed.access_token.is_empty()) else {
        let text = format!("the answer of `{name}` cannot be read");
        return Err(without_request(SignInReason::CliRefused, text));
    };
    let epoch = parsed.expires_on.as_ref().and_then(Seconds::get);
    let expires = epoch
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .or_else(|| now.checked_add(UNKNOWN_LIFETIME).ok())
        .unwrap_or(now);
    Ok(Grant { secret: parsed.access_token.into(), expires })
}

/// The CLI passes on what Entra answered; what it adds is a command to sign in. Without such an
/// answer its last line says the most.
fn refused(stderr: &str) -> SignInError {
    let code = code_in(stderr).and_then(|code| reason_of(code, None));
    let reason = code.unwrap_or(SignInReason::CliRefused);
    // No version of it is known to print a token here; one that did must not make us show it.
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines = lines.filter(|line| !line.contains("eyJ"));
    let said = lines.clone().find(|line| code_in(line).is_some()).or_else(|| lines.next_back());
    let said = said.unwrap_or_default().trim_start_matches("ERROR: ");
    without_request(reason, without_identifiers(said))
}
