//! Applications and their keys.

use uuid::Uuid;

use super::call::Call;
use super::errors::{GraphError, GraphErrorKind};
use super::needs::{APPLICATION_READ, APPLICATION_WRITE};
use super::rows::{APPLICATION_FIELDS, ApplicationRow, CreatedRow};
use super::wire::{KeyElement, SINGLE_TENANT, application, by_key, keys, new_application, quoted};
use super::{Entra, Upserted};
use crate::plan::ApplicationPatch;
use crate::state::ObservedApplication;

impl Entra {
    /// The application with this client id.
    pub async fn application_by_app_id(
        &self,
        app_id: Uuid,
    ) -> Result<Option<ObservedApplication>, GraphError> {
        self.read_application(&[&by_key("applications", "appId", &app_id.to_string())]).await
    }

    /// The application with this `uniqueName`.
    pub async fn application_by_unique_name(
        &self,
        unique_name: &str,
    ) -> Result<Option<ObservedApplication>, GraphError> {
        self.read_application(&[&by_key("applications", "uniqueName", unique_name)]).await
    }

    /// The application with this object id.
    pub async fn application(
        &self,
        object_id: &str,
    ) -> Result<Option<ObservedApplication>, GraphError> {
        self.read_application(&["applications", object_id]).await
    }

    async fn read_application(
        &self,
        path: &[&str],
    ) -> Result<Option<ObservedApplication>, GraphError> {
        let url = self.inner.url(path, &[("$select", APPLICATION_FIELDS)]);
        let call = Call::get(url, "application", &APPLICATION_READ);
        let row = self.inner.find::<ApplicationRow>(&call).await?;
        Ok(row.map(Into::into))
    }

    /// All applications with this display name, which need not be unique.
    pub async fn applications_named(
        &self,
        display_name: &str,
    ) -> Result<Vec<ObservedApplication>, GraphError> {
        let filter = format!("displayName eq {}", quoted(display_name));
        let query = [("$filter", filter.as_str()), ("$select", APPLICATION_FIELDS)];
        let url = self.inner.url(&["applications"], &query);
        let call = Call::get(url, "applications by name", &APPLICATION_READ);
        let rows = self.inner.list::<ApplicationRow>(call).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Creates the application with this `uniqueName`, unless there is one. One that exists takes
    /// these attributes, so whoever must not touch it reads first.
    pub async fn upsert_application(
        &self,
        unique_name: &str,
        attributes: &ApplicationPatch,
    ) -> Result<Upserted<ObservedApplication>, GraphError> {
        let url = self.inner.url(&[&by_key("applications", "uniqueName", unique_name)], &[]);
        let call =
            Call::patch(url, "new application", &APPLICATION_WRITE, new_application(attributes));
        let reply = self.inner.call(&call.upserting()).await?;
        if reply.status != 201 {
            return Ok(Upserted::Existed);
        }
        let row: CreatedRow = reply.parse()?;
        Ok(Upserted::Created(ObservedApplication {
            object_id: row.id,
            app_id: row.app_id,
            display_name: attributes.display_name.clone().unwrap_or_default(),
            unique_name: Some(unique_name.to_owned()),
            notes: attributes.notes.clone(),
            tags: attributes.tags.clone().unwrap_or_default(),
            sign_in_audience: Some(SINGLE_TENANT.to_owned()),
            created: row.created_date_time,
            required_access: attributes.required_access.clone().unwrap_or_default(),
            keys: Vec::new(),
        }))
    }

    /// Changes what the patch names.
    pub async fn update_application(
        &self,
        object_id: &str,
        patch: &ApplicationPatch,
    ) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id], &[]);
        let call =
            Call::patch(url, "change of an application", &APPLICATION_WRITE, application(patch));
        self.inner.call(&call).await.map(drop)
    }

    /// Writes all of `keyCredentials`: a key that the elements do not name is deleted, and an
    /// expired one that is kept makes the service refuse. Read just before and again after, since
    /// nothing tells of another writer in between; for the same reason a conflict is not tried again
    /// here.
    pub async fn set_keys(
        &self,
        object_id: &str,
        elements: &[KeyElement],
    ) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id], &[]);
        let call = Call::patch(url, "keys of an application", &APPLICATION_WRITE, keys(elements));
        self.inner.call(&call.computed()).await.map(drop)
    }

    /// Deletes the application; the directory keeps it for 30 days, to be restored.
    pub async fn delete_application(&self, object_id: &str) -> Result<(), GraphError> {
        let url = self.inner.url(&["applications", object_id], &[]);
        let call = Call::delete(url, "deletion of an application", &APPLICATION_WRITE);
        self.inner.call(&call).await.map(drop)
    }
}

impl super::Inner {
    /// An object that may be absent, which is no error of a read.
    pub(super) async fn find<T: serde::de::DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Option<T>, GraphError> {
        match self.call(call).await {
            Ok(reply) => reply.parse().map(Some),
            Err(error) if error.kind == GraphErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
