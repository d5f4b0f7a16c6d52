//! `[tenant.sign_in]` and `[tenant.bootstrap]`: how to sign in, a choice tagged by `method`, or an
//! application that the same spec makes. A table in; the choice out. It reads neither the
//! certificate nor the environment. The certificate's own keys are in `sign_in_certificate`.

use super::read::{Entry, Reader, Reported, Table};
use super::{application, keys, lists, named, secrets, sign_in_certificate, tenant};
use crate::diagnostic::{Diagnostic, nearest};
use crate::state::{Declared, DeviceCodeSignIn, SignIn, WorkloadIdentitySignIn};

/// Where the portal shows the client id of an application.
pub(super) const CLIENT_ID_PAGE: &str =
    "the application's Overview page, `Application (client) ID`";

/// `[tenant.sign_in]`.
pub(super) fn read(
    reader: &mut Reader,
    tenant: &Table<'_>,
    may_be_absent: bool,
) -> Result<Option<SignIn>, Reported> {
    let Some(entry) = reader.entry(tenant, "sign_in") else {
        if !may_be_absent {
            missing(reader, tenant);
        }
        return Ok(None);
    };
    let table = reader.table(&entry).ok_or(Reported)?;
    if let Some(named) = reader.entry(&table, "application") {
        return application_of(reader, &table, &named).map(Some);
    }
    method(reader, &table).map(Some)
}

/// `[tenant.bootstrap]`.
pub(super) fn bootstrap(reader: &mut Reader, entry: &Entry<'_>) -> Option<SignIn> {
    let table = reader.table(entry)?;
    let Some(named) = reader.entry(&table, "application") else {
        return method(reader, &table).ok();
    };
    reader.report(
        Diagnostic::error(
            "bootstrap-application",
            "`[tenant.bootstrap]` cannot be an application that this spec makes",
        )
        .at(named.whole(), "")
        .note("it is the identity that makes the application, so it has to be there before")
        .help("sign in as a person: `method = \"device_code\"`")
        .help(
            "or as an application that exists: `method = \"certificate\"` with its `client_id` \
             and `certificate`",
        ),
    );
    None
}

fn missing(reader: &mut Reader, tenant: &Table<'_>) {
    reader.report_absence(
        Diagnostic::error("missing-sign-in", "the spec does not say how to sign in to the tenant")
            .at(tenant.span, "")
            .help(
                "add:\n[tenant.sign_in]\nmethod = \"certificate\"\n\
                 client_id = \"the application's client id\"\n\
                 certificate = \"application.pfx\"",
            )
            .note("only `endpoint = \"embedded\"` does without: that tenant brings its own"),
    );
}

fn application_of(
    reader: &mut Reader,
    table: &Table<'_>,
    entry: &Entry<'_>,
) -> Result<SignIn, Reported> {
    let help = "remove `method` and what belongs to it: the application signs in with its own \
                certificate";
    let alone = named::conflict(reader, table, ("application", "method"), help);
    if alone.is_ok() {
        reader.only(table, keys::SIGN_IN_APPLICATION);
    }
    let name = named::reference(reader, entry, &application::APPLICATIONS);
    alone?;
    name.map(SignIn::Application).ok_or(Reported)
}

fn method(reader: &mut Reader, table: &Table<'_>) -> Result<SignIn, Reported> {
    let method = reader.required(table, "method", "\"certificate\"");
    let method = method.and_then(|entry| method_name(reader, &entry));
    reader.only(table, keys::of_method(method));
    let Some(method) = method else {
        if table.has("certificate") {
            let _ = sign_in_certificate::read(reader, table);
        }
        return Err(Reported);
    };
    let span = table.span;
    match method {
        "certificate" => {
            sign_in_certificate::read(reader, table).map(SignIn::Certificate).ok_or(Reported)
        }
        "device_code" => client_id(reader, table)
            .map(|client_id| SignIn::DeviceCode(DeviceCodeSignIn { client_id, span })),
        "azure_cli" => Ok(SignIn::AzureCli(span)),
        "environment" => environment(reader, table).map(SignIn::Environment).ok_or(Reported),
        "workload_identity" => workload_identity(reader, table).map(SignIn::WorkloadIdentity),
        _ => client_id(reader, table).map(|client_id| SignIn::ManagedIdentity { client_id, span }),
    }
}

fn method_name(reader: &mut Reader, entry: &Entry<'_>) -> Option<&'static str> {
    let text = reader.text(entry, "certificate")?;
    let names = || keys::METHODS.iter().map(|method| method.word.value);
    if let Some(known) = names().find(|name| *name == text) {
        return Some(known);
    }
    let help = match nearest(text, names()).or_else(|| other_name(text)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the methods are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    let summary = format!("there is no sign-in method `{text}`");
    let finding = Diagnostic::error("unknown-method", summary).at(entry.span, "");
    let is_secret = ["client_secret", "secret", "password"].contains(&text);
    reader.report(if is_secret {
        finding.note("neither passwords nor client secrets are taken").help(help)
    } else {
        finding.help(help)
    });
    None
}

/// The method that another tool calls so.
fn other_name(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "cli" | "az" | "azurecli" => "azure_cli",
        "oidc" | "github" | "federated" | "workload" => "workload_identity",
        "msi" | "system_assigned" | "user_assigned" => "managed_identity",
        "token" | "env" | "access_token" => "environment",
        "interactive" | "browser" | "devicecode" => "device_code",
        "thumbprint" | "pfx" | "pem" => "certificate",
        _ => return None,
    })
}

fn client_id(
    reader: &mut Reader,
    table: &Table<'_>,
) -> Result<Option<Declared<uuid::Uuid>>, Reported> {
    reader.optional(table, "client_id", |reader, entry| {
        let value = tenant::guid(reader, entry, CLIENT_ID_PAGE)?;
        Some(Declared { value, span: entry.span })
    })
}

fn environment(reader: &mut Reader, table: &Table<'_>) -> Option<Vec<Declared<String>>> {
    let entry = reader.required(table, "token_env", "\"AUDITFORM_TOKEN\"")?;
    if let toml::de::DeValue::String(_) = entry.node {
        return Some(vec![variable(reader, &entry, "AUDITFORM_TOKEN")?]);
    }
    let items = reader.list(&entry, "[\"GRAPH_TOKEN\", \"EXCHANGE_TOKEN\"]")?;
    if items.is_empty() {
        reader.report(
            Diagnostic::error("empty-list", format!("`{}` is empty", entry.path))
                .at(entry.span, "")
                .help("name the variable that holds the token: `token_env = \"AUDITFORM_TOKEN\"`"),
        );
        return None;
    }
    lists::distinct(reader, &items, |reader, item| {
        let name = variable(reader, item, "GRAPH_TOKEN")?;
        Some((name.value.clone(), name))
    })
}

/// The name of an environment variable; anything else may be the secret itself.
pub(super) fn variable(
    reader: &mut Reader,
    entry: &Entry<'_>,
    example: &str,
) -> Option<Declared<String>> {
    let name = reader.text(entry, example)?;
    if secrets::is_variable_name(name) {
        return Some(Declared { value: name.to_owned(), span: entry.span });
    }
    let summary = format!("`{}` is not the name of an environment variable", entry.name);
    reader.report_secret(entry, &summary);
    None
}

fn workload_identity(
    reader: &mut Reader,
    table: &Table<'_>,
) -> Result<WorkloadIdentitySignIn, Reported> {
    let client_id = client_id(reader, table);
    let token_file = reader.optional(table, "token_file", |reader, entry| {
        reader.path(entry, "/var/run/secrets/token")
    });
    let audience = reader.optional(table, "audience", |reader, entry| {
        let value = reader.text(entry, "api://AzureADTokenExchange")?.to_owned();
        Some(Declared { value, span: entry.span })
    });
    Ok(WorkloadIdentitySignIn {
        client_id: client_id?,
        token_file: token_file?,
        audience: audience?,
        span: table.span,
    })
}
