//! What an access token says about itself, read without verifying it: the resource verifies, we
//! only look whether it is worth sending. Formally a token is opaque, so one that cannot be read
//! has no claims and is not an error.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use uuid::Uuid;

/// The claims that are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Claims {
    tid: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    wids: Vec<String>,
}

impl Claims {
    /// Reads the middle part of a JWT.
    pub fn of_token(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1)?;
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// The tenant that issued it.
    pub fn tenant(&self) -> Option<Uuid> {
        self.tid.as_deref().and_then(|id| Uuid::parse_str(id).ok())
    }

    /// Whether it holds this application permission.
    pub fn has_permission(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role == name)
    }

    /// Whether it names any directory role (`wids`).
    pub fn has_directory_role(&self) -> bool {
        !self.wids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_are_read_without_a_key() {
        let payload = r#"{"tid":"00000000-0000-0000-0000-000000000001","roles":["A.B"],"exp":1}"#;
        let claims = Claims::of_token(&token(payload)).unwrap();
        assert_eq!(claims.tenant(), Some(Uuid::from_u128(1)));
        assert!(claims.has_permission("A.B") && !claims.has_permission("A"));
        assert!(!claims.has_directory_role());
    }

    #[test]
    fn an_opaque_token_has_no_claims() {
        for opaque in ["", "opaque", "a.b.c", "e30.!!.x", &token("[1]"), &token("{\"tid\":7}")] {
            assert_eq!(Claims::of_token(opaque), None, "{opaque}");
        }
    }
}
