//! What an access token says about itself, read without verifying it: the resource verifies, we
//! only look whether it is worth sending. Formally a token is opaque, so one that cannot be read
//! has no claims and is not an error.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::resource;

/// The claims that are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Claims {
    tid: Option<String>,
    aud: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    oid: Option<String>,
    upn: Option<String>,
    idtyp: Option<String>,
    exp: Option<i64>,
    #[serde(default)]
    scp: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    wids: Vec<String>,
}

impl Claims {
    /// Reads the middle part of a JWT.
    pub fn of_token(token: &str) -> Option<Self> {
        serde_json::from_value(payload(token)?).ok()
    }

    /// `tid`: the tenant that issued it.
    pub fn tenant(&self) -> Option<Uuid> {
        self.tid.as_deref().and_then(|id| Uuid::parse_str(id).ok())
    }

    /// `aud`: the service that it is for.
    pub fn audience(&self) -> Option<&str> {
        self.aud.as_deref()
    }

    /// Whether `aud` is the resource of this scope, under any of its names.
    pub fn is_for(&self, scope: &str) -> bool {
        self.audience().is_some_and(|audience| resource::is_for(audience, scope))
    }

    /// `appid`, or `azp` in a token of version 2: the application that signed in.
    pub fn client_id(&self) -> Option<Uuid> {
        let id = self.appid.as_deref().or(self.azp.as_deref())?;
        Uuid::parse_str(id).ok()
    }

    /// `oid`: the object id of the user or service principal.
    pub fn object_id(&self) -> Option<&str> {
        self.oid.as_deref()
    }

    /// `upn`: the user, if it is one.
    pub fn user(&self) -> Option<&str> {
        self.upn.as_deref()
    }

    /// Whether it is an application's own token and no user's: by `idtyp`, which is optional, or
    /// since it has no delegated permissions.
    pub fn is_application(&self) -> bool {
        self.idtyp.as_deref().map_or(self.scp.is_empty(), |kind| kind == "app")
    }

    /// `exp`: when it ends.
    pub fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.exp?).ok()
    }

    /// `scp`: delegated permissions.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scp.split_whitespace()
    }

    /// `roles`: application permissions.
    pub fn permissions(&self) -> &[String] {
        &self.roles
    }

    /// `wids`: template ids of the directory roles of the caller.
    pub fn directory_roles(&self) -> &[String] {
        &self.wids
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

fn payload(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Who an assertion of another issuer says that it is: what has to match a federated credential.
/// The assertion itself is as good as a password and stays out.
pub(crate) fn federated_identity(assertion: &str) -> String {
    let Some(claims) = payload(assertion) else {
        return "the assertion is no token that can be read".to_owned();
    };
    let shown = |name: &str| match claims.get(name) {
        Some(Value::String(text)) => format!("{name} `{text}`"),
        Some(other) => format!("{name} `{other}`"),
        None => format!("no {name}"),
    };
    format!("the assertion says {}, {}, {}", shown("iss"), shown("sub"), shown("aud"))
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
        assert_eq!(claims.expires(), Timestamp::from_second(1).ok());
        assert!(claims.is_application() && claims.client_id().is_none());
    }

    #[test]
    fn a_users_token_is_told_from_an_applications() {
        let payload = r#"{"aud":"https://graph.microsoft.com","appid":
            "14d82eec-204b-4c2f-b7e8-296a70dab67e","oid":"o","upn":"ada@contoso.com",
            "idtyp":"user","scp":"Directory.Read.All  User.Read","wids":["w"]}"#;
        let claims = Claims::of_token(&token(payload)).unwrap();
        assert!(claims.is_for("https://graph.microsoft.com/.default"));
        assert!(!claims.is_application());
        let scopes: Vec<&str> = claims.scopes().collect();
        assert_eq!(scopes, ["Directory.Read.All", "User.Read"]);
        assert_eq!((claims.user(), claims.object_id()), (Some("ada@contoso.com"), Some("o")));
        assert_eq!(claims.directory_roles(), ["w"]);
        let azp = r#"{"azp":"00000000-0000-0000-0000-000000000002","scp":"a"}"#;
        let claims = Claims::of_token(&token(azp)).unwrap();
        assert_eq!(claims.client_id(), Some(Uuid::from_u128(2)));
        assert!(!claims.is_application());
    }

    #[test]
    fn an_opaque_token_has_no_claims() {
        for opaque in ["", "opaque", "a.b.c", "e30.!!.x", &token("[1]"), &token("{\"tid\":7}")] {
            assert_eq!(Claims::of_token(opaque), None, "{opaque}");
        }
    }

    #[test]
    fn an_assertion_is_shown_by_what_has_to_match() {
        let payload = r#"{"iss":"https://i","sub":"repo:o/r:ref:refs/heads/main","aud":["a"]}"#;
        let shown = r#"the assertion says iss `https://i`, sub `repo:o/r:ref:refs/heads/main`, aud `["a"]`"#;
        assert_eq!(federated_identity(&token(payload)), shown);
        assert!(federated_identity(&token("{}")).ends_with("no iss, no sub, no aud"));
        assert!(federated_identity("opaque").contains("no token that can be read"));
    }
}
