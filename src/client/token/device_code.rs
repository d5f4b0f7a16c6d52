//! Sign-in of a person elsewhere: a code is asked for, shown, and then the service is asked over and
//! over whether it was entered (RFC 8628; Entra documentation, "Device authorization grant").

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use url::Url;
use uuid::Uuid;

use super::call::{Caller, Grant, Seconds, TokenAnswer, post};
use crate::client::resource;
use crate::client::sign_in::{DeviceCode, DevicePrompt};
use crate::client::sign_in_error::{SignInError, SignInReason};
use crate::client::trace::RequestTrace;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628, 3.2 and 3.5.
const INTERVAL: Duration = Duration::from_secs(5);
const SLOWER: Duration = Duration::from_secs(5);
/// The published default.
const LIFETIME: Duration = Duration::from_secs(900);

pub(super) struct DeviceSignIn<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) client_id: Uuid,
    /// Delegated permissions of Graph.
    pub(super) permissions: &'a [String],
    pub(super) prompt: &'a dyn DevicePrompt,
    pub(super) code_url: Url,
    pub(super) token_url: Url,
    pub(super) scope: &'a str,
}

#[derive(Deserialize)]
struct CodeAnswer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: Option<Seconds>,
    interval: Option<Seconds>,
    #[serde(default)]
    message: String,
}

impl DeviceSignIn<'_> {
    pub(super) async fn fetch(&self) -> Result<Grant, SignInError> {
        let scope = self.wanted();
        let client_id = self.client_id.to_string();
        let form = [("client_id", client_id.as_str()), ("scope", &scope)];
        let request = post(self.code_url.clone(), "device code", &form);
        let (answer, trace) = self.caller.call::<CodeAnswer>(&request).await?;
        let started = Instant::now();
        let mut poll = Poll::new(&answer, self.caller.policy.connection_backoff);
        let code = SecretString::from(answer.device_code);
        self.prompt.show(&DeviceCode {
            message: plain(&answer.message),
            user_code: plain(&answer.user_code),
            verification_uri: plain(&answer.verification_uri),
            expires_in: poll.lifetime,
        });
        let form = [
            ("grant_type", GRANT_TYPE),
            ("client_id", &client_id),
            ("device_code", code.expose_secret()),
        ];
        let request = post(self.token_url.clone(), "access token", &form);
        let mut last = trace;
        loop {
            let Some(wait) = poll.wait(started.elapsed()) else {
                let (reason, text) = (SignInReason::CodeExpired, String::new());
                return Err(SignInError { reason, text, trace: last });
            };
            sleep(wait).await;
            let asked = self.caller.client.now();
            match self.caller.call::<TokenAnswer>(&request).await {
                Ok((answer, trace)) => {
                    self.check(&answer.scope, &trace)?;
                    return answer.grant(asked, trace);
                }
                Err(error) => {
                    match error.reason {
                        SignInReason::CodePending => {}
                        SignInReason::CodeSlowDown => poll.slow_down(),
                        _ => return Err(error),
                    }
                    last = error.trace;
                }
            }
        }
    }

    /// What to ask for: permissions by their full names, so that they are those of this cloud's
    /// Graph; no `offline_access`, since nothing is to outlive the run.
    fn wanted(&self) -> String {
        if self.permissions.is_empty() || !resource::is_graph(self.scope) {
            return self.scope.to_owned();
        }
        let graph = resource::of_scope(self.scope);
        let full = self.permissions.iter().map(|name| format!("{graph}/{name}"));
        full.collect::<Vec<_>>().join(" ")
    }

    fn check(&self, granted: &str, trace: &RequestTrace) -> Result<(), SignInError> {
        if !resource::is_graph(self.scope) {
            return Ok(());
        }
        let missing = missing(self.permissions, granted);
        if missing.is_empty() {
            return Ok(());
        }
        let reason = SignInReason::ScopesNotGranted { missing };
        Err(SignInError { reason, text: String::new(), trace: Box::new(trace.clone()) })
    }
}

/// Those of the wanted permissions that were not granted. They come with or without the resource
/// before their names.
fn missing(wanted: &[String], granted: &str) -> Vec<String> {
    let short = |name: &str| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let granted: Vec<String> = granted.split_whitespace().map(short).collect();
    wanted.iter().filter(|name| !granted.contains(&short(name))).cloned().collect()
}

/// Words of a service that go to a terminal, without what could steer it.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// When to ask next; pure.
struct Poll {
    interval: Duration,
    lifetime: Duration,
}

impl Poll {
    /// `shortest` bounds what the service says, which could be nothing.
    fn new(answer: &CodeAnswer, shortest: Duration) -> Self {
        let seconds = |given: &Option<Seconds>| {
            let seconds = given.as_ref().and_then(Seconds::get);
            seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
        };
        Self {
            interval: seconds(&answer.interval).unwrap_or(INTERVAL).max(shortest),
            lifetime: seconds(&answer.expires_in).unwrap_or(LIFETIME),
        }
    }

    /// How long to wait before the next question; `None` once the code is over by then.
    fn wait(&self, elapsed: Duration) -> Option<Duration> {
        (elapsed + self.interval <= self.lifetime).then_some(self.interval)
    }

    fn slow_down(&mut self) {
        self.interval += SLOWER;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn poll(answer: &str) -> Poll {
        let answer =
            format!(r#"{{"device_code":"d","user_code":"u","verification_uri":"v"{answer}}}"#);
        Poll::new(&serde_json::from_str(&answer).unwrap(), Duration::from_millis(200))
    }

    #[test]
    fn the_interval_is_the_services_and_grows_when_it_asks_for_less() {
        let second = Duration::from_secs(1);
        for (answer, interval) in [
            (r#","interval":3"#, 3 * second),
            (r#","interval":"7""#, 7 * second),
            (r#","interval":0"#, Duration::from_millis(200)),
            (r#","interval":"soon""#, 5 * second),
            ("", 5 * second),
        ] {
            let mut poll = poll(answer);
            assert_eq!(poll.wait(Duration::ZERO), Some(interval), "{answer}");
            poll.slow_down();
            assert_eq!(poll.wait(Duration::ZERO), Some(interval + 5 * second), "{answer}");
        }
    }

    #[test]
    fn a_code_that_will_be_over_is_not_asked_about() {
        let poll = poll(r#","interval":5,"expires_in":"20""#);
        assert!(poll.wait(Duration::from_secs(15)).is_some());
        assert_eq!(poll.wait(Duration::from_secs(16)), None);
    }

    #[test]
    fn permissions_that_lack_are_named_whatever_the_form_of_those_granted() {
        let wanted = ["Application.ReadWrite.All".to_owned(), "User.Read".to_owned()];
        let granted = "https://graph.microsoft.com/application.readwrite.all openid";
        assert_eq!(missing(&wanted, granted), ["User.Read"]);
        assert!(missing(&wanted, "User.Read Application.ReadWrite.All").is_empty());
        assert_eq!(missing(&wanted, ""), wanted);
    }

    #[test]
    fn words_of_the_service_cannot_steer_the_terminal() {
        assert_eq!(plain("enter\u{1b}[2J\r\nABC"), "enter [2J  ABC");
    }
}
