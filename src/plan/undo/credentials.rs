//! What is seen of certificates and federated credentials on a registration.

use super::steps::{Seen, other, registered, taken, text_before, there, unshown};
use crate::plan::identity::key_name;
use crate::plan::{FederatedWrite, IdentityChange, IdentityWrite};
use crate::state::{ObservedChain, ObservedFederatedCredential, ObservedIdentity};

pub(super) fn key(
    change: &IdentityChange,
    chain: &ObservedChain,
    step: &IdentityWrite,
    observed: &ObservedIdentity,
) -> Result<Seen, Seen> {
    match step {
        IdentityWrite::AddKey { application, certificate, staged, thumbprint } => {
            let found = registered(chain, application)?;
            let on_disk = observed.certificates.get(certificate);
            let facts =
                on_disk.and_then(|one| if *staged { &one.staged } else { &one.current }.as_ref());
            let Some(thumbprint) = thumbprint.or_else(|| facts.map(|facts| facts.thumbprint))
            else {
                let why =
                    "its files are not here, so which certificate was registered is not known";
                return Err(Seen::Otherwise(why.to_owned()));
            };
            Ok(there(found.keys.iter().any(|key| key.thumbprint == Some(thumbprint))))
        }
        IdentityWrite::RemoveKey { application, key_id } => {
            taken(registered(chain, application), |found| {
                let is_it = |text: &str| text_before(change, "thumbprint") == Some(text);
                let again = found.keys.iter().find(|key| is_it(&key_name(key)));
                match again {
                    _ if found.keys.iter().any(|key| key.key_id == *key_id) => Seen::Open,
                    Some(key) => other("key_id", &key_id.to_string(), &key.key_id.to_string()),
                    None => Seen::Done,
                }
            })
        }
        _ => Err(unshown()),
    }
}

pub(super) fn federated(
    change: &IdentityChange,
    chain: &ObservedChain,
    step: &IdentityWrite,
) -> Result<Seen, Seen> {
    let of = |id: &str| chain.federated.iter().find(|found| found.id == id);
    let named =
        |name: Option<&str>| chain.federated.iter().find(|found| Some(found.name.as_str()) == name);
    match step {
        IdentityWrite::AddFederatedCredential { application, credential } => {
            registered(chain, application)?;
            Ok(match named(Some(&credential.name)) {
                None => Seen::Open,
                Some(found) if is(found, credential) => Seen::Done,
                Some(_) => Seen::Otherwise("it trusts another issuer or subject by now".to_owned()),
            })
        }
        IdentityWrite::UpdateFederatedCredential { application, id, credential } => {
            registered(chain, application)?;
            match of(id) {
                None => Err(Seen::Gone),
                Some(found) if is(found, credential) => Ok(Seen::Done),
                Some(found) => Ok(as_before(change, found)),
            }
        }
        IdentityWrite::RemoveFederatedCredential { application, id } => {
            taken(registered(chain, application), |_| match (of(id), named(change.address.key())) {
                (Some(found), _) => as_before(change, found),
                (None, Some(again)) => other("id", id, &again.id),
                (None, None) => Seen::Done,
            })
        }
        _ => Err(unshown()),
    }
}

fn is(found: &ObservedFederatedCredential, wanted: &FederatedWrite) -> bool {
    found.issuer == wanted.issuer
        && found.subject == wanted.subject
        && found.audiences == [wanted.audience.as_str()]
}

/// Whether a federated credential trusts what the plan saw.
fn as_before(change: &IdentityChange, found: &ObservedFederatedCredential) -> Seen {
    let audience = found.audiences.join(" ");
    let held = [("issuer", &found.issuer), ("subject", &found.subject), ("audience", &audience)];
    for (name, is) in held {
        if let Some(was) = text_before(change, name).filter(|was| was != is) {
            return other(name, was, is);
        }
    }
    Seen::Open
}
