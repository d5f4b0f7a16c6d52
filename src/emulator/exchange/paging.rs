//! Page links. A link names the server it came from, so it works only there: with the same anchor,
//! the affinity cookie and the same cmdlet, and for ten minutes. Links are signed and carry all
//! they need; the emulator remembers none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Call;
use super::anchor;
use super::failure::Failure;
use crate::emulator::directory::Row;
use crate::emulator::message::{Answer, Scheme};

/// Clients cite 5 to 10 minutes from the vendor's guide; the service's own text says 30.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// The most the service gives, and what it gives unasked.
const PAGE: usize = 1000;
const COOKIE: &str = "X-BackEndCookie";

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) row: Row,
    /// How many rows `ResultSize` still allows; none means all.
    pub(crate) left: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct SkipToken {
    position: Position,
    server: String,
    digest: String,
    /// Unix seconds.
    until: i64,
}

/// `Prefer: odata.maxpagesize=N`, up to 1000.
pub(crate) fn page_size(call: &Call<'_>) -> usize {
    call.request
        .headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|part| part.trim().split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("odata.maxpagesize"))
        .find_map(|(_, size)| size.trim().parse::<usize>().ok())
        .map_or(PAGE, |size| size.clamp(1, PAGE))
}

/// The position that the request's link holds; none for a first page.
pub(crate) fn position(call: &Call<'_>) -> Result<Option<Position>, Failure> {
    let Some(text) = call.request.query_value("$skiptoken") else {
        return Ok(None);
    };
    let (payload, signature) = text.split_once('.').ok_or_else(Failure::pagination)?;
    if signature != sign(call, payload) {
        return Err(Failure::pagination());
    }
    let token: SkipToken = URL_SAFE_NO_PAD
        .decode(payload)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(Failure::pagination)?;
    let here = server(call);
    let fits = token.server == here
        && token.digest == call.digest
        && call.now.as_second() <= token.until
        && cookie(call).as_deref() == Some(&cookie_value(&here));
    if fits { Ok(Some(token.position)) } else { Err(Failure::pagination()) }
}

/// An absolute URL, by the name with which the client reached us.
pub(crate) fn next_link(call: &Call<'_>, position: Position) -> String {
    let until = call.now.as_second() + LIFETIME.as_secs();
    let token = SkipToken { position, server: server(call), digest: call.digest.clone(), until };
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default());
    let signature = sign(call, &payload);
    let (origin, tenant) = (call.request.origin(), call.tenant);
    let select = call.request.query_value("$select").map(|select| {
        let encoded: String = url::form_urlencoded::byte_serialize(select.as_bytes()).collect();
        format!("$select={encoded}&")
    });
    let select = select.unwrap_or_default();
    format!(
        "{origin}/adminapi/beta/{tenant}/InvokeCommand?{select}$skiptoken={payload}.{signature}"
    )
}

/// Sends the cookie that later pages need, unless the client has it.
pub(crate) fn with_affinity(answer: Answer, call: &Call<'_>) -> Answer {
    let value = cookie_value(&server(call));
    if cookie(call).as_deref() == Some(&value) {
        return answer;
    }
    // The service's is always `Secure`; clients would not send that one over plain HTTP.
    let secure = if call.request.scheme == Scheme::Https { "; secure" } else { "" };
    answer.with_header("set-cookie", &format!("{COOKIE}={value}; path=/{secure}; HttpOnly"))
}

fn server(call: &Call<'_>) -> String {
    anchor::server(call.request.header("x-anchormailbox"), &call.service.tenant)
}

fn cookie_value(server: &str) -> String {
    URL_SAFE_NO_PAD.encode(server)
}

fn cookie(call: &Call<'_>) -> Option<String> {
    call.request
        .headers
        .get_all("cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

fn sign(call: &Call<'_>, payload: &str) -> String {
    let key = call.service.token_key.bytes();
    // Key on both sides: a plain prefix could be extended.
    let digest = Sha256::new()
        .chain_update(key)
        .chain_update(payload.as_bytes())
        .chain_update(key)
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}
