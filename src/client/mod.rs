//! HTTP, once: transport, limits, retries, sign-in, and the splitting of streamed lists. Knows no
//! audit vocabulary and imports nothing of ours; what an answer means is for `providers` to say.
//!
//! Nothing here is global: a [`Client`] and a [`TokenSource`] belong to one tenant.

mod assertion;
mod attempts;
mod certificate;
mod claims;
mod context;
mod http_date;
mod json_rows;
mod limiter;
mod resource;
mod retry;
mod sign_in;
mod sign_in_error;
mod token;
mod trace;
mod transport;

#[cfg(test)]
pub(crate) mod scripted;

pub use certificate::{Credential, CredentialError};
pub use claims::Claims;
pub use context::{Client, ClientOptions, Clock, RequestCounts};
pub use limiter::Limits;
pub use retry::RetryPolicy;
pub use sign_in::{
    AssertionSource, DeviceCode, DevicePrompt, GRAPH_COMMAND_LINE_TOOLS, ManagedIdentityEndpoint,
    SignInMethod,
};
pub use sign_in_error::{SignInError, SignInReason};
pub use token::{Token, TokenSource, TokenSourceOptions};
pub use trace::RequestTrace;
pub use transport::{TransportError, TransportOptions};

pub(crate) use attempts::{Answer, AnswerId, Attempts, Failure, NoTurn, Request, STOPPED};
pub(crate) use json_rows::{PushError, RowSplitter, SplitError};
pub(crate) use limiter::{EndpointClass, Pressure};
pub(crate) use retry::{Outcome, Stop};
pub(crate) use trace::without_tokens;
// So that reqwest is named in this folder alone.
pub(crate) use reqwest::{Method, header};

#[cfg(test)]
pub(crate) use certificate::tests::credential as test_credential;
