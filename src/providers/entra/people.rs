//! Owners of applications, and users.

use serde_json::json;
use uuid::Uuid;

use super::Entra;
use super::call::Call;
use super::errors::GraphError;
use super::needs::{APPLICATION_READ, APPLICATION_WRITE, USER_READ};
use super::rows::OwnerRow;
use crate::state::ObservedOwner;

impl Entra {
    /// The owners of an application.
    pub async fn owners(&self, object_id: &str) -> Result<Vec<ObservedOwner>, GraphError> {
        let url = self.inner.url(&["applications", object_id, "owners"], &[]);
        let call = Call::get(url, "owners", &APPLICATION_READ);
        let rows = self.inner.list::<OwnerRow>(call).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// A user by name or object id, or a service principal by object id: who can own an
    /// application.
    pub async fn user(&self, name_or_id: &str) -> Result<Option<ObservedOwner>, GraphError> {
        let query = [("$select", "id,displayName,userPrincipalName")];
        let url = self.inner.url(&["users", name_or_id], &query);
        let call = Call::get(url, "user", &USER_READ);
        let found = self.inner.find::<OwnerRow>(&call).await?;
        if found.is_some() || Uuid::parse_str(name_or_id).is_err() {
            return Ok(found.map(Into::into));
        }
        let query = [("$select", "id,displayName")];
        let url = self.inner.url(&["servicePrincipals", name_or_id], &query);
        let call = Call::get(url, "service principal", &APPLICATION_READ);
        let found = self.inner.find::<OwnerRow>(&call).await?;
        Ok(found.map(Into::into))
    }

    /// Makes a user or service principal an owner.
    pub async fn add_owner(&self, object_id: &str, owner: &str) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id, "owners", "$ref"], &[]);
        let reference = self.inner.url(&["directoryObjects", owner], &[]);
        let body = json!({ "@odata.id": reference.as_str() });
        let call = Call::post(url, "owner", &APPLICATION_WRITE, body);
        self.inner.call(&call).await.map(drop)
    }

    /// Takes ownership away; the last owner of an application can be taken away too.
    pub async fn remove_owner(&self, object_id: &str, owner: &str) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id, "owners", owner, "$ref"], &[]);
        let call = Call::delete(url, "withdrawal of an owner", &APPLICATION_WRITE);
        self.inner.call(&call).await.map(drop)
    }
}
