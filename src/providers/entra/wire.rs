//! Addresses and bodies of requests. Pure.
//!
//! A PATCH leaves alone what it does not name, and replaces whole each collection that it names;
//! so a caller that adds to one sends what is to stay as well.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use super::Inner;
use crate::plan::{ApplicationPatch, FederatedWrite};
use crate::state::{ObservedKey, RequiredAccess};

const V1: &str = "v1.0";
const BETA: &str = "beta";

/// `signInAudience` of an application that is of its own tenant alone.
pub(super) const SINGLE_TENANT: &str = "AzureADMyOrg";

/// An element of `keyCredentials`, which is written whole: what is not named is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyElement {
    /// Stays as it was read.
    Keep(ObservedKey),
    /// Is added.
    New {
        /// Chosen by us, so that a write that is repeated adds it once.
        key_id: Uuid,
        /// The certificate, without its key.
        der: Vec<u8>,
        /// At most 90 characters.
        display_name: String,
        /// Within the certificate's own validity.
        start: Timestamp,
        /// Within the certificate's own validity.
        end: Timestamp,
    },
}

/// What a new application is made of. It is of this tenant alone.
pub(super) fn new_application(attributes: &ApplicationPatch) -> Value {
    let mut body = application(attributes);
    body["signInAudience"] = json!(SINGLE_TENANT);
    body
}

/// What changes of an application: what is `None` is not sent and stays, empty notes take them away.
pub(super) fn application(patch: &ApplicationPatch) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("displayName", patch.display_name.as_ref().map(|name| json!(name)));
    let notes = |notes: &String| if notes.is_empty() { Value::Null } else { json!(notes) };
    set("notes", patch.notes.as_ref().map(notes));
    set("tags", patch.tags.as_ref().map(|tags| json!(tags)));
    set("requiredResourceAccess", patch.required_access.as_deref().map(access));
    Value::Object(body)
}

fn access(required: &[RequiredAccess]) -> Value {
    let permission = |(id, kind): &(Uuid, String)| json!({ "id": id, "type": kind });
    let resource = |one: &RequiredAccess| {
        let permissions: Vec<Value> = one.permissions.iter().map(permission).collect();
        json!({ "resourceAppId": one.resource, "resourceAccess": permissions })
    };
    required.iter().map(resource).collect()
}

impl KeyElement {
    fn json(&self) -> Value {
        match self {
            // Any difference in what stays is refused: a key that is there cannot be changed.
            Self::Keep(key) => json!({
                "keyId": key.key_id,
                "customKeyIdentifier": key.custom_key_identifier,
                "displayName": key.display_name,
                "type": key.kind,
                "usage": key.usage,
                "startDateTime": key.start.map(|start| start.to_string()),
                "endDateTime": key.end.map(|end| end.to_string()),
                "key": null,
            }),
            // `customKeyIdentifier` is left out: the sources differ on its form, and the service
            // makes it from the certificate.
            Self::New { key_id, der, display_name, start, end } => json!({
                "keyId": key_id,
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
                "key": STANDARD.encode(der),
                "displayName": display_name,
                "startDateTime": start.to_string(),
                "endDateTime": end.to_string(),
            }),
        }
    }
}

pub(super) fn keys(elements: &[KeyElement]) -> Value {
    json!({ "keyCredentials": elements.iter().map(KeyElement::json).collect::<Vec<_>>() })
}

/// The name is immutable, so it is sent where a credential is made and not where it changes.
pub(super) fn federated(credential: &FederatedWrite) -> Value {
    json!({
        "issuer": credential.issuer,
        "subject": credential.subject,
        "audiences": [credential.audience],
    })
}

/// `collection(key='value')`, an alternate key as a segment of a path.
pub(super) fn by_key(collection: &str, key: &str, value: &str) -> String {
    format!("{collection}({key}={})", quoted(value))
}

/// A text in a filter or a key.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Inner {
    /// An address below v1.0; the query's names and values are encoded here.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        self.versioned(V1, path, query)
    }

    pub(super) fn beta_url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        self.versioned(BETA, path, query)
    }

    fn versioned(&self, version: &str, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.options.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(version).extend(path);
        }
        if !query.is_empty() {
            let pairs = query.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
            url.set_query(Some(&pairs.collect::<Vec<_>>().join("&")));
        }
        url
    }
}

/// Percent-encoded, a space as `%20`: whether a service takes `+` for one is its own affair.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
