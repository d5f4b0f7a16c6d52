//! Roles by unified RBAC: directory roles (v1.0), and management roles of Exchange by its provider
//! (beta). Both have definitions, and assignments of one to a principal within a scope.

use serde_json::{Value, json};
use url::Url;

use super::Entra;
use super::call::{Call, Reply};
use super::errors::GraphError;
use super::needs::{
    DIRECTORY_ROLE_READ, DIRECTORY_ROLE_WRITE, EXCHANGE_ROLE_READ, EXCHANGE_ROLE_WRITE, Needs,
};
use super::rows::{RoleDefinitionRow, RoleRow};
use super::wire::quoted;
use crate::state::{ObservedRole, RoleDefinition};

/// The whole tenant.
const TENANT: &str = "/";

#[derive(Debug, Clone, Copy)]
enum Provider {
    Directory,
    Exchange,
}

impl Provider {
    fn url(self, entra: &Entra, path: &[&str], query: &[(&str, &str)]) -> Url {
        match self {
            Self::Directory => {
                let path = [&["roleManagement", "directory"], path].concat();
                entra.inner.url(&path, query)
            }
            Self::Exchange => {
                let path = [&["roleManagement", "exchange"], path].concat();
                entra.inner.beta_url(&path, query)
            }
        }
    }

    /// How a service principal is named.
    fn principal(self, object_id: &str) -> String {
        match self {
            Self::Directory => object_id.to_owned(),
            Self::Exchange => format!("/ServicePrincipals/{object_id}"),
        }
    }

    fn body(self, object_id: &str, definition: &str) -> Value {
        let principal = self.principal(object_id);
        let mut body = json!({ "principalId": principal, "roleDefinitionId": definition,
            "directoryScopeId": TENANT });
        match self {
            Self::Directory => {
                body["@odata.type"] = json!("#microsoft.graph.unifiedRoleAssignment");
            }
            Self::Exchange => body["appScopeId"] = Value::Null,
        }
        body
    }

    fn reading(self) -> &'static Needs {
        match self {
            Self::Directory => &DIRECTORY_ROLE_READ,
            Self::Exchange => &EXCHANGE_ROLE_READ,
        }
    }

    fn writing(self) -> &'static Needs {
        match self {
            Self::Directory => &DIRECTORY_ROLE_WRITE,
            Self::Exchange => &EXCHANGE_ROLE_WRITE,
        }
    }
}

fn without_scope(reply: &Reply) -> GraphError {
    reply.unreadable("a role assignment names no scope")
}

impl Entra {
    /// All directory roles that can be given; the id of a built-in one is its template id.
    pub async fn directory_role_definitions(&self) -> Result<Vec<RoleDefinition>, GraphError> {
        self.definitions(Provider::Directory, "directory roles").await
    }

    /// The directory roles that a service principal has itself, in any scope.
    pub async fn directory_roles(&self, object_id: &str) -> Result<Vec<ObservedRole>, GraphError> {
        self.assignments(Provider::Directory, object_id, "directory roles given").await
    }

    /// Gives a directory role in the whole tenant.
    pub async fn assign_directory_role(
        &self,
        object_id: &str,
        definition: &str,
    ) -> Result<ObservedRole, GraphError> {
        self.assign(Provider::Directory, object_id, definition, "directory role").await
    }

    /// Takes back an assignment of a directory role.
    pub async fn remove_directory_role(&self, id: &str) -> Result<(), GraphError> {
        self.remove(Provider::Directory, id, "withdrawal of a directory role").await
    }

    /// All management roles of Exchange that can be given (beta).
    pub async fn exchange_role_definitions(&self) -> Result<Vec<RoleDefinition>, GraphError> {
        self.definitions(Provider::Exchange, "Exchange roles").await
    }

    /// The management roles of Exchange that a service principal has itself, in any scope (beta).
    pub async fn exchange_roles(&self, object_id: &str) -> Result<Vec<ObservedRole>, GraphError> {
        self.assignments(Provider::Exchange, object_id, "Exchange roles given").await
    }

    /// Gives a management role of Exchange in the whole tenant (beta).
    pub async fn assign_exchange_role(
        &self,
        object_id: &str,
        definition: &str,
    ) -> Result<ObservedRole, GraphError> {
        self.assign(Provider::Exchange, object_id, definition, "Exchange role").await
    }

    /// Takes back an assignment of a management role of Exchange (beta).
    pub async fn remove_exchange_role(&self, id: &str) -> Result<(), GraphError> {
        self.remove(Provider::Exchange, id, "withdrawal of an Exchange role").await
    }

    async fn definitions(
        &self,
        provider: Provider,
        label: &'static str,
    ) -> Result<Vec<RoleDefinition>, GraphError> {
        let url = provider.url(self, &["roleDefinitions"], &[]);
        let call = Call::get(url, label, provider.reading());
        let rows = self.inner.list::<RoleDefinitionRow>(call).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn assignments(
        &self,
        provider: Provider,
        object_id: &str,
        label: &'static str,
    ) -> Result<Vec<ObservedRole>, GraphError> {
        let filter = format!("principalId eq {}", quoted(&provider.principal(object_id)));
        let url = provider.url(self, &["roleAssignments"], &[("$filter", &filter)]);
        let call = Call::get(url, label, provider.reading());
        let (rows, last) = self.inner.list_with_reply::<RoleRow>(call).await?;
        rows.into_iter().map(|row| row.role().ok_or_else(|| without_scope(&last))).collect()
    }

    async fn assign(
        &self,
        provider: Provider,
        object_id: &str,
        definition: &str,
        label: &'static str,
    ) -> Result<ObservedRole, GraphError> {
        let url = provider.url(self, &["roleAssignments"], &[]);
        let body = provider.body(object_id, definition);
        let call = Call::post(url, label, provider.writing(), body);
        let reply = self.inner.call(&call).await?;
        reply.parse::<RoleRow>()?.role().ok_or_else(|| without_scope(&reply))
    }

    async fn remove(
        &self,
        provider: Provider,
        id: &str,
        label: &'static str,
    ) -> Result<(), GraphError> {
        let url = provider.url(self, &["roleAssignments", id], &[]);
        self.inner.call(&Call::delete(url, label, provider.writing())).await.map(drop)
    }
}
