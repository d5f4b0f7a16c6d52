//! `[tenant.sign_in] application`: whether the application that the run signs in with can be made,
//! can sign in, and can do anything then. Settings in; findings out.

use super::application::APPLICATIONS;
use super::chain::{self, Chain};
use super::read::Reader;
use crate::diagnostic::Diagnostic;
use crate::resource::DirectoryRole;
use crate::state::{
    ApplicationKey, ApplicationSettings, Declared, Endpoint, Ensure, SignIn, TenantSettings,
};

/// What opens Exchange to an application, besides a role.
const EXCHANGE_PERMISSION: &str = "Exchange.ManageAsApp";

pub(super) fn check(reader: &mut Reader, chain: &Chain, tenant: &TenantSettings) {
    let Some(SignIn::Application(named)) = &tenant.sign_in else { return };
    if !chain::known(reader, named, &APPLICATIONS, &chain.applications.names) {
        return;
    }
    let Some(application) = chain.applications.all.iter().find(|one| one.name == named.value)
    else {
        return;
    };
    // The embedded tenant brings an identity that may make and delete applications.
    let has_bootstrap = tenant.bootstrap.is_some() || tenant.endpoint == Endpoint::Embedded;
    if application.ensure == Ensure::Absent {
        if !has_bootstrap {
            deletes_itself(reader, named, application);
        }
        return;
    }
    without_credential(reader, named, application);
    if !has_bootstrap {
        without_maker(reader, named, application);
    }
    if !matches!(application.key, ApplicationKey::AppId(_)) {
        without_permission(reader, named, application);
        without_role(reader, named, application);
    }
}

fn deletes_itself(
    reader: &mut Reader,
    named: &Declared<String>,
    application: &ApplicationSettings,
) {
    let summary = format!("`application.{}` cannot delete itself", application.name);
    reader.report(
        Diagnostic::error("deletes-own-identity", summary)
            .at(application.span, "`ensure = \"absent\"` here")
            .at(named.span, "the run signs in with it")
            .note("in the middle of the run nothing could be read or written any more")
            .help(
                "name another identity, which then deletes it last:\n\
                 [tenant.bootstrap]\nmethod = \"device_code\"",
            ),
    );
}

fn without_credential(
    reader: &mut Reader,
    named: &Declared<String>,
    application: &ApplicationSettings,
) {
    if !application.certificates.is_empty() || !application.federated_credentials.is_empty() {
        return;
    }
    let summary = format!("`application.{}` has nothing to sign in with", application.name);
    reader.report(
        Diagnostic::error("application-without-credential", summary)
            .at(named.span, "the run signs in with it")
            .at(application.span, "neither `certificates` nor `federated_credentials`")
            .help("add `[certificate.audit]`, and here `certificates = [\"certificate.audit\"]`"),
    );
}

/// An application that is to make itself must at least be able to look at itself.
fn without_maker(reader: &mut Reader, named: &Declared<String>, application: &ApplicationSettings) {
    // Whoever adopts one knows that it is there.
    let is_adopted = matches!(application.key, ApplicationKey::AppId(_));
    let manages_applications = |name: &str| name.starts_with("Application.Read");
    if is_adopted || application.api_permissions.iter().any(|one| manages_applications(&one.name)) {
        return;
    }
    let summary = format!("nothing says who makes `application.{}`", application.name);
    reader.report(
        Diagnostic::warning("no-bootstrap", summary)
            .at(named.span, "the run signs in with it, which works once it is there")
            .note("without permissions for applications in Microsoft Graph it cannot see itself")
            .help("add the identity that makes it:\n[tenant.bootstrap]\nmethod = \"device_code\""),
    );
}

fn without_permission(
    reader: &mut Reader,
    named: &Declared<String>,
    application: &ApplicationSettings,
) {
    let permissions = &application.api_permissions;
    let has = permissions.iter().any(|one| one.name == EXCHANGE_PERMISSION);
    if has && application.admin_consent {
        return;
    }
    let (place, help) = if has {
        ("it has the permission, without consent", "write `admin_consent = true`".to_owned())
    } else {
        ("without the permission", format!("add `{EXCHANGE_PERMISSION}` to `api_permissions`"))
    };
    let summary = format!("Exchange will not let `application.{}` in", application.name);
    reader.report(
        Diagnostic::warning("no-exchange-permission", summary)
            .at(application.span, place)
            .at(named.span, "the run signs in with it")
            .note(format!("Exchange answers 401 without consent to `{EXCHANGE_PERMISSION}`"))
            .help(help),
    );
}

/// A role that is not in the table may open Exchange; a known one that does not is no help.
fn without_role(reader: &mut Reader, named: &Declared<String>, application: &ApplicationSettings) {
    let may_open = |role: &Declared<String>| {
        DirectoryRole::find(&role.value).is_none_or(|role| role.opens_exchange)
    };
    if !application.exchange_roles.is_empty() || application.directory_roles.iter().any(may_open) {
        return;
    }
    let summary = format!("`application.{}` can read nothing in Exchange", application.name);
    let place = if application.directory_roles.is_empty() {
        "neither `directory_roles` nor `exchange_roles`"
    } else {
        "none of its roles opens Exchange"
    };
    reader.report(
        Diagnostic::warning("no-exchange-role", summary)
            .at(application.span, place)
            .at(named.span, "the run signs in with it")
            .note("Exchange answers 403 to an application without a role")
            .help("write `directory_roles = [\"Exchange Administrator\"]`")
            .help("or the least: `auditform validate --roles` prints the `exchange_roles`"),
    );
}
