//! How values of identity chains stand in documents, where that is not how they are held.

/// `requiredResourceAccess`: a list of services with the permissions of each.
pub(super) mod access {
    use schemars::JsonSchema;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use uuid::Uuid;

    use crate::state::RequiredAccess;

    /// A service, and the permissions that are asked of it.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[schemars(rename = "RequiredAccess")]
    pub(in super::super) struct Service {
        /// What is asked of it.
        permissions: Vec<Permission>,
        /// `appId` of the service.
        resource: Uuid,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Permission {
        /// `id` of the permission.
        id: Uuid,
        /// `Role` or `Scope`.
        r#type: String,
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(in super::super) fn serialize<S: Serializer>(
        access: &Option<Vec<RequiredAccess>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let permission = |(id, kind): &(Uuid, String)| Permission { id: *id, r#type: kind.clone() };
        let service = |one: &RequiredAccess| Service {
            permissions: one.permissions.iter().map(permission).collect(),
            resource: one.resource,
        };
        let services = access.as_ref().map(|all| all.iter().map(service).collect::<Vec<_>>());
        services.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<RequiredAccess>>, D::Error> {
        let permission = |one: Permission| (one.id, one.r#type);
        let service = |one: Service| RequiredAccess {
            resource: one.resource,
            permissions: one.permissions.into_iter().map(permission).collect(),
        };
        let services = Option::<Vec<Service>>::deserialize(deserializer)?;
        Ok(services.map(|all| all.into_iter().map(service).collect()))
    }
}

/// A SHA-1 thumbprint, as Entra writes it.
pub(super) mod thumbprint {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::resource::Thumbprint;

    pub(in super::super) fn serialize<S: Serializer>(
        sha1: &[u8; 20],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Thumbprint::Sha1(*sha1))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 20], D::Error> {
        let text = String::deserialize(deserializer)?;
        match Thumbprint::parse(&text) {
            Ok(Thumbprint::Sha1(sha1)) => Ok(sha1),
            _ => Err(D::Error::custom("not a SHA-1 thumbprint")),
        }
    }
}

/// The same, where it may not be known before the plan is applied.
pub(super) mod thumbprint_if_known {
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct Known(#[serde(with = "super::thumbprint")] [u8; 20]);

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(in super::super) fn serialize<S: Serializer>(
        sha1: &Option<[u8; 20]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match sha1 {
            Some(sha1) => super::thumbprint::serialize(sha1, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 20]>, D::Error> {
        Ok(Option::<Known>::deserialize(deserializer)?.map(|Known(sha1)| sha1))
    }
}
