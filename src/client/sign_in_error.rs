//! Why signing in failed, typed, with words and advice: a table for the reasons that say the same
//! each time (`words`), and here what depends on the case. What a refusal of Microsoft Entra means
//! is read in `refusal`.

mod refusal;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;

use super::trace::RequestTrace;

pub(crate) use refusal::{Judge, Refusal, managed_identity_refusal, reason_of_stop, refusal};
pub(crate) use refusal::{code_in, other_refusal, reason_of, without_identifiers};

/// Signing in failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInError {
    /// Why.
    pub reason: SignInReason,
    /// The service's words, without its trailing identifiers.
    pub text: String,
    /// The request that failed; without any try where it came to no request.
    pub trace: Box<RequestTrace>,
}

/// Why signing in failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInReason {
    /// AADSTS90002.
    TenantNotFound,
    /// AADSTS90038 and kin: the tenant is in another of Microsoft's clouds.
    WrongCloud,
    /// The host answered for another tenant than the one that the spec names.
    OtherTenant,
    /// Whoever gave out the token has signed in to another tenant.
    TokenOfOtherTenant,
    /// AADSTS700016.
    AppNotFound,
    /// AADSTS7000229: the application has no service principal in the tenant.
    NoServicePrincipal,
    /// AADSTS7000112, 70001.
    AppDisabled,
    /// AADSTS700027.
    CertificateNotRegistered,
    /// AADSTS700030: sign-in by the certificate's subject, and the subject is another.
    SubjectNotAuthorised,
    /// AADSTS700024: the assertion is outside of its time window.
    AssertionTime {
        /// How far this machine's clock is ahead of the service's, in seconds, if it said its time.
        ahead_seconds: Option<i64>,
    },
    /// AADSTS50012 and kin.
    AssertionRefused,
    /// AADSTS7000215.
    SecretWrong,
    /// AADSTS7000222.
    SecretExpired,
    /// AADSTS7000218: the application is no public client and sent no credential.
    NoCredential,
    /// AADSTS700025.
    PublicClient,
    /// AADSTS70021, 700211, 700212, 700213: no federated credential matches the token.
    FederationMismatch,
    /// AADSTS700229.
    AppOnlyFederation,
    /// AADSTS500011: the resource has no service principal in the tenant.
    ResourceNotFound,
    /// AADSTS650052: the organisation has not subscribed to the resource.
    NotSubscribed,
    /// AADSTS70011 and kin.
    ScopeRefused,
    /// AADSTS65001.
    ConsentMissing,
    /// AADSTS65002: one of Microsoft's own clients asks for what it is not preauthorised for.
    NotPreauthorised,
    /// AADSTS90094.
    AdminConsent,
    /// Signed in, and not all of the delegated permissions that were asked for were given.
    ScopesNotGranted {
        /// Those that lack.
        missing: Vec<String>,
    },
    /// AADSTS50034, 50020, 50057, 50126: the account or its password.
    UserRefused,
    /// AADSTS50076, 50079, 50074: a person has to do more than was possible here.
    InteractionNeeded,
    /// AADSTS53000 to 53003, 530035, 530036: Conditional Access or security defaults.
    Blocked {
        /// The number after `AADSTS`.
        code: u32,
    },
    /// AADSTS50105.
    NotAssigned,
    /// AADSTS70016: nobody has entered the device code yet.
    CodePending,
    /// The service wants to be asked less often.
    CodeSlowDown,
    /// The person said no.
    Declined,
    /// AADSTS70019.
    CodeExpired,
    /// AADSTS70018, 90119.
    CodeWrong,
    /// AADSTS90120.
    CodeUsed,
    /// AADSTS50196: too many of the same request.
    LoopDetected,
    /// The token of another issuer cannot be got hold of.
    NoAssertion,
    /// The Azure CLI cannot be started.
    CliMissing,
    /// The Azure CLI gives no token.
    CliRefused,
    /// None of the given tokens is for the resource.
    NoToken,
    /// A given token is over.
    TokenExpired {
        /// Since when.
        since: Timestamp,
    },
    /// This machine has no managed identity, or not that one.
    NoManagedIdentity,
    /// The service asks to come back later than the bound allows.
    Throttled {
        /// When to come back.
        come_back: Timestamp,
    },
    /// The host has never answered.
    Unreachable,
    /// It answered with failures until the bound was reached.
    Unavailable,
    /// An answer that is not what a sign-in service sends.
    NotASignInService,
    /// The certificate's key could not sign.
    CannotSign,
    /// Anything else that the service refuses.
    Other,
}

impl SignInError {
    /// Whether it is what a directory answers for a while after something was made: an application,
    /// its service principal, its certificate, a federated credential. Only who made it just now
    /// knows that waiting helps.
    pub fn is_not_yet(&self) -> bool {
        matches!(
            self.reason,
            SignInReason::AppNotFound
                | SignInReason::NoServicePrincipal
                | SignInReason::CertificateNotRegistered
                | SignInReason::FederationMismatch
        )
    }

    /// Whether it says nothing about who signs in: the service did not get to judge.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self.reason,
            SignInReason::Unreachable
                | SignInReason::Unavailable
                | SignInReason::Throttled { .. }
                | SignInReason::LoopDetected
                | SignInReason::NotASignInService
        )
    }

    /// What to do about it, in one or two sentences.
    pub fn help(&self) -> String {
        match &self.reason {
            SignInReason::AssertionTime { ahead_seconds } => clock_help(*ahead_seconds),
            SignInReason::Throttled { come_back } => {
                format!("the service asks to wait; run this again after {come_back}")
            }
            SignInReason::Blocked { code } => blocked_help(*code).to_owned(),
            // rustls' words, the only form in which the cause comes through.
            SignInReason::Unreachable if self.text.contains("UnknownIssuer") => {
                "nobody here trusts the authority that issued the host's certificate: name its PEM \
                 file in `ca_file` or SSL_CERT_FILE, if it is a proxy's or an emulator's that you \
                 trust"
                    .to_owned()
            }
            SignInReason::TokenExpired { .. } => "put a new token into the variable".to_owned(),
            SignInReason::ScopesNotGranted { missing } => format!(
                "sign in as somebody who may consent to {}, such as a Privileged Role \
                 Administrator, and accept all that is asked for",
                missing.join(", ")
            ),
            reason => words::of(reason).1.to_owned(),
        }
    }
}

fn clock_help(ahead: Option<i64>) -> String {
    match ahead {
        Some(seconds) if seconds.abs() > 60 => {
            let way = if seconds > 0 { "ahead of" } else { "behind" };
            let seconds = seconds.abs();
            format!("this machine's clock is {seconds} s {way} the service's; set it right")
        }
        // A minute is less than what the service lets pass.
        Some(_) => "this machine's clock agrees with the service's; a workload's token lives for \
                    minutes, so get a new one for each run"
            .to_owned(),
        None => "check this machine's clock and time zone".to_owned(),
    }
}

/// Trying again helps against none of these. A device code proves no device (AzureAD/MSAL.PS#51);
/// 530036 is about a session that one began (Entra docs, "authentication flows").
fn blocked_help(code: u32) -> &'static str {
    match code {
        53000 | 53001 => {
            "a Conditional Access policy asks for a managed device, which a device code cannot \
             prove; sign in to the Azure CLI on one, or use an identity that the policy leaves out"
        }
        53002 => {
            "a Conditional Access policy asks for an approved client application; sign in another \
             way, or with an identity that the policy leaves out"
        }
        530_035 => {
            "the tenant's security defaults block this way to sign in; use another `method`, such \
             as `certificate`"
        }
        530_036 => {
            "a Conditional Access policy does not take a session that began with a device code; \
             sign in to the Azure CLI with a browser, or use another `method`"
        }
        _ => {
            "a Conditional Access policy blocks this identity, this place or this way to sign in, \
             as many do with device codes; the sign-in log names the policy: have an exception made, \
             or use another `method`"
        }
    }
}

impl fmt::Display for SignInError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            SignInReason::AssertionTime { .. } => {
                formatter.write_str("the signed assertion is outside of its times")?;
            }
            SignInReason::Throttled { .. } => {
                formatter.write_str("the sign-in service throttles")?;
            }
            SignInReason::Blocked { code: 530_035 } => {
                formatter.write_str("sign-in is blocked by security defaults")?;
            }
            SignInReason::Blocked { .. } => {
                formatter.write_str("sign-in is blocked by Conditional Access")?;
            }
            SignInReason::ScopesNotGranted { missing } => {
                write!(formatter, "not all permissions were granted: {} lack", missing.join(", "))?;
            }
            SignInReason::TokenExpired { since } => {
                write!(formatter, "the token has been expired since {since}")?;
            }
            reason => formatter.write_str(words::of(reason).0)?,
        }
        if !self.text.is_empty() {
            write!(formatter, ": {}", self.text)?;
        }
        if self.trace.attempts > 0 {
            write!(formatter, " [{}]", self.trace)?;
        }
        Ok(())
    }
}

impl std::error::Error for SignInError {}
