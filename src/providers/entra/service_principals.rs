//! Service principals, and consent to application permissions: an assignment of a role that a
//! service defines. All identifiers are object ids of service principals.

use serde_json::json;
use uuid::Uuid;

use super::call::Call;
use super::errors::GraphError;
use super::needs::{APPLICATION_READ, APPLICATION_WRITE, CONSENT};
use super::rows::{ConsentRow, SERVICE_PRINCIPAL_FIELDS, ServicePrincipalRow};
use super::wire::by_key;
use super::{Entra, Upserted};
use crate::state::{ObservedConsent, ObservedServicePrincipal};

impl Entra {
    /// The service principal of the application with this client id. Without it the tenant does
    /// not have the application, or the service.
    pub async fn service_principal(
        &self,
        app_id: Uuid,
    ) -> Result<Option<ObservedServicePrincipal>, GraphError> {
        let key = by_key("servicePrincipals", "appId", &app_id.to_string());
        let url = self.inner.url(&[&key], &[("$select", SERVICE_PRINCIPAL_FIELDS)]);
        let call = Call::get(url, "service principal", &APPLICATION_READ);
        let row = self.inner.find::<ServicePrincipalRow>(&call).await?;
        Ok(row.map(Into::into))
    }

    /// Creates the service principal of an application, unless there is one, which stays as it is:
    /// nothing but its key is sent.
    pub async fn upsert_service_principal(
        &self,
        app_id: Uuid,
    ) -> Result<Upserted<ObservedServicePrincipal>, GraphError> {
        let key = by_key("servicePrincipals", "appId", &app_id.to_string());
        let (url, body) = (self.inner.url(&[&key], &[]), json!({ "appId": app_id }));
        let call = Call::patch(url, "new service principal", &APPLICATION_WRITE, body);
        let reply = self.inner.call(&call.upserting()).await?;
        if reply.status != 201 {
            return Ok(Upserted::Existed);
        }
        let row: ServicePrincipalRow = reply.parse()?;
        Ok(Upserted::Created(row.into()))
    }

    /// Deletes a service principal, and with it its consents and roles.
    pub async fn delete_service_principal(&self, object_id: &str) -> Result<(), GraphError> {
        let url = self.inner.url(&["servicePrincipals", object_id], &[]);
        let call = Call::delete(url, "deletion of a service principal", &APPLICATION_WRITE);
        self.inner.call(&call).await.map(drop)
    }

    /// The application permissions that a service principal was granted, of all services. The list
    /// lags behind a grant by up to a minute.
    pub async fn consents(&self, object_id: &str) -> Result<Vec<ObservedConsent>, GraphError> {
        let path = ["servicePrincipals", object_id, "appRoleAssignments"];
        let call = Call::get(self.inner.url(&path, &[]), "consents", &APPLICATION_READ);
        let rows = self.inner.list::<ConsentRow>(call).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Grants the permission `role` of the service `resource` to the service principal `client`.
    /// It is granted once: a second time is [`super::GraphErrorKind::AlreadyThere`].
    pub async fn grant_consent(
        &self,
        client: &str,
        resource: &str,
        role: Uuid,
    ) -> Result<ObservedConsent, GraphError> {
        let url = self.inner.url(&["servicePrincipals", resource, "appRoleAssignedTo"], &[]);
        let body = json!({ "principalId": client, "resourceId": resource, "appRoleId": role });
        let call = Call::post(url, "consent", &CONSENT, body);
        let row: ConsentRow = self.inner.call(&call).await?.parse()?;
        Ok(row.into())
    }

    /// Takes back a permission of the service `resource`.
    pub async fn revoke_consent(&self, resource: &str, id: &str) -> Result<(), GraphError> {
        let url = self.inner.url(&["servicePrincipals", resource, "appRoleAssignedTo", id], &[]);
        let call = Call::delete(url, "withdrawal of a consent", &CONSENT);
        self.inner.call(&call).await.map(drop)
    }
}
