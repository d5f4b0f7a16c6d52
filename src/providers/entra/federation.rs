//! Federated credentials of an application: at most 20, names unique and immutable. One that was
//! made or changed takes some minutes to be in force.

use serde_json::json;

use super::Entra;
use super::call::Call;
use super::errors::GraphError;
use super::needs::{APPLICATION_READ, APPLICATION_WRITE};
use super::rows::FederatedRow;
use super::wire::federated;
use crate::plan::FederatedWrite;
use crate::state::ObservedFederatedCredential;

const COLLECTION: &str = "federatedIdentityCredentials";

impl Entra {
    /// All federated credentials of an application.
    pub async fn federated_credentials(
        &self,
        object_id: &str,
    ) -> Result<Vec<ObservedFederatedCredential>, GraphError> {
        let url = self.inner.url(&["applications", object_id, COLLECTION], &[]);
        let call = Call::get(url, "federated credentials", &APPLICATION_READ);
        let rows = self.inner.list::<FederatedRow>(call).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Adds a federated credential.
    pub async fn create_federated_credential(
        &self,
        object_id: &str,
        credential: &FederatedWrite,
    ) -> Result<ObservedFederatedCredential, GraphError> {
        let url = self.inner.url(&["applications", object_id, COLLECTION], &[]);
        let mut body = federated(credential);
        body["name"] = json!(credential.name);
        let call = Call::post(url, "federated credential", &APPLICATION_WRITE, body);
        let row: FederatedRow = self.inner.call(&call).await?.parse()?;
        Ok(row.into())
    }

    /// Changes issuer, subject and audience of a federated credential.
    pub async fn update_federated_credential(
        &self,
        object_id: &str,
        id: &str,
        credential: &FederatedWrite,
    ) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id, COLLECTION, id], &[]);
        let label = "change of a federated credential";
        let call = Call::patch(url, label, &APPLICATION_WRITE, federated(credential));
        self.inner.call(&call).await.map(drop)
    }

    /// Removes a federated credential.
    pub async fn delete_federated_credential(
        &self,
        object_id: &str,
        id: &str,
    ) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id, COLLECTION, id], &[]);
        let call = Call::delete(url, "deletion of a federated credential", &APPLICATION_WRITE);
        self.inner.call(&call).await.map(drop)
    }
}
