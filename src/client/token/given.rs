//! Tokens that were given beforehand: which of them is for a service, and why none will do.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::call::{Grant, without_request};
use crate::client::claims::Claims;
use crate::client::resource;
use crate::client::sign_in_error::{SignInError, SignInReason};

/// The token for the resource of a scope: one whose `aud` is that resource, or else the one that
/// cannot be read, since a token may be opaque.
pub(super) fn pick(
    tokens: &[SecretString],
    scope: &str,
    now: Timestamp,
) -> Result<Grant, SignInError> {
    let read = tokens.iter().filter(|token| !token.expose_secret().is_empty());
    let read: Vec<(&SecretString, Option<Claims>)> =
        read.map(|token| (token, Claims::of_token(token.expose_secret()))).collect();
    let mut matching: Vec<(&SecretString, Timestamp)> = read
        .iter()
        .filter_map(|(token, claims)| {
            let claims = claims.as_ref().filter(|claims| claims.is_for(scope))?;
            Some((*token, claims.expires().unwrap_or(Timestamp::MAX)))
        })
        .collect();
    matching.sort_by_key(|(_, expires)| *expires);
    match matching.last() {
        Some((_, since)) if *since <= now => {
            let text = format!("the one for `{}`", resource::of_scope(scope));
            return Err(without_request(SignInReason::TokenExpired { since: *since }, text));
        }
        Some((token, expires)) => {
            return Ok(Grant { secret: (*token).clone(), expires: *expires });
        }
        None => {}
    }
    let mut opaque = read.iter().filter(|(_, claims)| claims.is_none());
    match (opaque.next(), opaque.next()) {
        (Some((token, _)), None) => Ok(Grant { secret: (*token).clone(), expires: Timestamp::MAX }),
        _ => Err(without_request(SignInReason::NoToken, found(&read, scope))),
    }
}

fn found(read: &[(&SecretString, Option<Claims>)], scope: &str) -> String {
    let wanted = resource::of_scope(scope);
    let audiences = read.iter().filter_map(|(_, claims)| claims.as_ref()?.audience());
    let audiences: Vec<String> = audiences.map(|audience| format!("`{audience}`")).collect();
    if audiences.is_empty() {
        return format!("`{wanted}` is wanted");
    }
    format!("`{wanted}` is wanted, there is {}", audiences.join(", "))
}
