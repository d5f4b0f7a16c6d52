//! One call to Exchange with all of its tries: signs in, sends, reads refusals, drops a refused
//! token once, and ends with a reason. Shared by reads and writes; knows nothing of either.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::failure::{Head, Meaning, Refusal, classify};
use super::{Denial, Inner, ReadError, TokenProblem, WriteError};
use crate::client::header::AUTHORIZATION;
use crate::client::{
    Answer, AnswerId, Attempts, EndpointClass, Failure, NoTurn, Outcome, Pressure, Request,
    RequestTrace, RetryPolicy, STOPPED, SignInError, Stop, Token,
};

/// Refusals are a few kilobytes; what is beyond this is not read.
const MAX_REFUSAL: usize = 1 << 20;

/// Why one try did not do it.
#[derive(Debug)]
pub(crate) enum Trouble {
    SignIn(SignInError),
    Token(TokenProblem),
    /// It was not sent.
    NoTurn(NoTurn),
    Failure(Failure),
    Refused(Refusal, AnswerId),
}

/// Why a call ended without success.
#[derive(Debug)]
pub(crate) enum Ended {
    SignIn(SignInError),
    Token(TokenProblem),
    Refused { refusal: Refusal, trace: Box<RequestTrace> },
    GaveUp { stop: Stop, text: String, trace: Box<RequestTrace> },
}

pub(crate) struct Effort<'e> {
    exchange: &'e Inner,
    attempts: Attempts<'e>,
    idempotent: bool,
    token: Option<Arc<Token>>,
    token_dropped: bool,
    /// Some try may have taken effect.
    doubtful: bool,
}

impl<'e> Effort<'e> {
    pub(crate) fn new(exchange: &'e Inner, policy: &'e RetryPolicy, idempotent: bool) -> Self {
        Self {
            exchange,
            attempts: Attempts::new(&exchange.client, policy),
            idempotent,
            token: None,
            token_dropped: false,
            doubtful: false,
        }
    }

    pub(crate) fn sent(&self) -> u32 {
        self.attempts.sent()
    }

    pub(crate) fn trace(&self, request: &Request, answer: &AnswerId) -> Box<RequestTrace> {
        self.attempts.trace(request, Some(answer))
    }

    /// Sends one try; `before` is told its number just before it leaves. Only a 200 is an `Ok`.
    pub(crate) async fn try_once(
        &mut self,
        request: &mut Request,
        before: &mut (dyn FnMut(u32) + Send),
    ) -> Result<Answer, Trouble> {
        let turn = self.attempts.turn(request.class).await.map_err(Trouble::NoTurn)?;
        // After the turn, since one that is long in coming may outlast a token.
        let scope = &self.exchange.options.scope;
        let token = self.exchange.tokens.token(scope).await.map_err(Trouble::SignIn)?;
        self.exchange.check(&token).map_err(Trouble::Token)?;
        if let Some(value) = token.header() {
            request.headers.insert(AUTHORIZATION, value);
        }
        self.token = Some(token);
        before(self.attempts.sent() + 1);
        let answer = self.attempts.send(turn, request).await.map_err(Trouble::Failure)?;
        if answer.status() == 200 { Ok(answer) } else { Err(self.refused(answer).await) }
    }

    async fn refused(&self, answer: Answer) -> Trouble {
        let id = answer.id();
        let owned = |name: &str| answer.header(name).map(str::to_owned);
        let diagnostics = owned("x-ms-diagnostics");
        let challenge = owned("www-authenticate");
        let exception = owned("x-exceptiontype");
        let retry_after = answer.retry_after(self.exchange.client.now());
        // The status stands even where its body does not arrive.
        let body = answer.collect(MAX_REFUSAL).await.unwrap_or_default();
        let head = Head {
            status: id.status,
            retry_after,
            diagnostics: diagnostics.as_deref(),
            challenge: challenge.as_deref(),
            exception: exception.as_deref(),
        };
        Trouble::Refused(classify(head, &body), id)
    }

    /// Waits until the call may be made again, or says how it ended.
    pub(crate) async fn again(&mut self, trouble: Trouble, request: &Request) -> Result<(), Ended> {
        let (outcome, text, answer, refusal) = match trouble {
            Trouble::SignIn(error) => return Err(Ended::SignIn(error)),
            Trouble::Token(problem) => return Err(Ended::Token(problem)),
            Trouble::NoTurn(NoTurn::Stopped) => {
                let trace = self.attempts.trace(request, None);
                let text = STOPPED.to_owned();
                return Err(Ended::GaveUp { stop: Stop::Stopped, text, trace });
            }
            Trouble::NoTurn(NoTurn::Held(after)) => {
                let outcome = Outcome::throttled(Some(after));
                let reason = self.exchange.client.limiter.reason(request.class);
                (outcome, reason, None, None)
            }
            Trouble::Failure(failure) => (failure.outcome, failure.text, None, None),
            Trouble::Refused(refusal, id) => {
                if refusal.meaning == Meaning::Unauthorized && !self.token_dropped {
                    self.drop_token().await;
                    return Ok(());
                }
                let outcome = outcome(&refusal, request.class);
                let text = words(&refusal);
                if matches!(outcome, Outcome::Throttled { .. } | Outcome::Transient { .. }) {
                    self.exchange.client.limiter.note(request.class, &text);
                }
                (outcome, text, Some(id), Some(refusal))
            }
        };
        self.doubtful |= matches!(outcome, Outcome::Interrupted)
            || matches!(outcome, Outcome::Transient { .. })
                && refusal.as_ref().is_none_or(|refusal| refusal.exception.is_none());
        let again = self.attempts.again(request.class, outcome, self.idempotent).await;
        again.map_err(|stop| {
            let trace = self.attempts.trace(request, answer.as_ref());
            match (stop, refusal) {
                (Stop::Permanent, Some(refusal)) => Ended::Refused { refusal, trace },
                _ => Ended::GaveUp { stop, text, trace },
            }
        })
    }

    async fn drop_token(&mut self) {
        self.token_dropped = true;
        if let Some(token) = &self.token {
            let scope = &self.exchange.options.scope;
            self.exchange.tokens.drop_token(scope, token).await;
        }
    }

    fn denial(&self, text: String, cmdlet: &str) -> Denial {
        let claims = self.token.as_ref().and_then(|token| token.claims.as_ref());
        let without_directory_role = claims.is_some_and(|claims| !claims.has_directory_role());
        Denial { text, roles: roles(cmdlet), without_directory_role }
    }

    pub(crate) fn read_error(&self, ended: Ended, page: u64) -> ReadError {
        match ended {
            Ended::SignIn(error) => error.into(),
            Ended::Token(problem) => problem.into(),
            Ended::Refused { refusal, trace } => match refusal.meaning {
                Meaning::Denied | Meaning::Unauthorized => {
                    ReadError::Denied { denial: self.denial(refusal.text, &trace.label), trace }
                }
                Meaning::LinkExpired => ReadError::LinkExpired { page, trace },
                _ => {
                    let text = words(&refusal);
                    ReadError::Refused { text, exception: refusal.exception, trace }
                }
            },
            Ended::GaveUp { stop, text, trace } => match stop {
                Stop::ComeBack { after } => {
                    ReadError::Throttled { come_back: self.come_back(after), trace }
                }
                Stop::Unreachable => ReadError::Unreachable { text, trace },
                _ => ReadError::Unavailable { text, trace },
            },
        }
    }

    pub(crate) fn write_error(&self, ended: Ended) -> WriteError {
        match ended {
            Ended::SignIn(error) if !self.doubtful => error.into(),
            Ended::SignIn(error) => {
                WriteError::InDoubt { text: error.to_string(), trace: error.trace }
            }
            Ended::Token(problem) => problem.into(),
            Ended::Refused { refusal, trace } => match refusal.meaning {
                Meaning::Denied | Meaning::Unauthorized => {
                    WriteError::Denied { denial: self.denial(refusal.text, &trace.label), trace }
                }
                Meaning::NotFound => WriteError::NotFound { text: words(&refusal), trace },
                Meaning::Unlicensed => WriteError::Unlicensed { text: words(&refusal), trace },
                Meaning::Dehydrated => WriteError::Dehydrated { text: words(&refusal), trace },
                _ => {
                    let text = words(&refusal);
                    WriteError::Refused { text, exception: refusal.exception, trace }
                }
            },
            Ended::GaveUp { stop, text, trace } => match stop {
                Stop::NotSafeToRepeat => WriteError::InDoubt { text, trace },
                _ if self.doubtful => WriteError::InDoubt { text, trace },
                Stop::ComeBack { after } => {
                    WriteError::Throttled { come_back: self.come_back(after), trace }
                }
                Stop::Unreachable => WriteError::Unreachable { text, trace },
                Stop::Stopped => WriteError::Stopped { trace },
                _ => WriteError::Unavailable { text, trace },
            },
        }
    }

    fn come_back(&self, after: Duration) -> Timestamp {
        self.exchange.client.now().saturating_add(after).unwrap_or(Timestamp::MAX)
    }
}

fn outcome(refusal: &Refusal, class: EndpointClass) -> Outcome {
    let retry_after = refusal.retry_after;
    match refusal.meaning {
        Meaning::Throttled => Outcome::throttled(retry_after),
        Meaning::TooManyAtOnce => {
            Outcome::Throttled { retry_after, pressure: Pressure::Concurrency }
        }
        Meaning::Transient => Outcome::Transient { retry_after },
        // A read may run anywhere; a write was anchored anew before it comes to this.
        Meaning::WrongServer if class == EndpointClass::ExchangeRead => {
            Outcome::Transient { retry_after }
        }
        _ => Outcome::Permanent,
    }
}

/// The service's words, or its status where it has none.
fn words(refusal: &Refusal) -> String {
    match refusal.status {
        _ if !refusal.text.is_empty() => refusal.text.clone(),
        300..400 => "it redirects elsewhere, which is not followed".to_owned(),
        status => format!("status {status} without a reason"),
    }
}

/// The roles that would do (Microsoft, "App-only authentication": supported roles; the
/// `settings.json` of `Microsoft365DSC` for the roles of role groups; graph2otel measured the two readers).
fn roles(cmdlet: &str) -> &'static str {
    match cmdlet {
        "Get-AdminAuditLogConfig" => {
            "the role Global Reader or Security Reader, or a role group with View-Only Configuration"
        }
        "Get-OrganizationConfig" => {
            "the role Global Reader or Exchange Administrator, or a role group with View-Only \
             Configuration"
        }
        "Get-Mailbox" => {
            "the role Global Reader or Exchange Administrator, or a role group with View-Only \
             Recipients"
        }
        "Set-Mailbox" => {
            "the role Exchange Administrator or Exchange Recipient Administrator, or a role group \
             with Mail Recipients"
        }
        "Set-AdminAuditLogConfig" => {
            "the role Exchange Administrator or Compliance Administrator, or a role group with \
             Audit Logs"
        }
        _ => "the role Exchange Administrator, or a role group with Organization Configuration",
    }
}
