//! `auditform validate --roles`: the least permissions and roles for a spec, word for word.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use auditform::render::write_requirements;
use auditform::state::{NeedKind, Requirements, requirements};
use snapbox::{assert_data_eq, str};

use crate::specs::desired;
use crate::support::World;

const REAL: &str = "[tenant]\norganization = 'contoso.onmicrosoft.com'\n";
const AS_APPLICATION: &str = "[tenant.sign_in]\napplication = 'application.audit'\n\
                              [tenant.bootstrap]\nmethod = 'device_code'\n\
                              [certificate.audit]\n";
const POLICY: &str =
    "[mailbox_audit.people]\nrecipient_types = ['UserMailbox']\nadmin = 'default'\n";

fn needs(text: &str) -> Requirements {
    requirements(&desired(text))
}

fn printed(text: &str) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write_requirements(&mut out, &needs(text)).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

fn names(requirements: &Requirements, kind: NeedKind) -> [Vec<&'static str>; 2] {
    [&requirements.planning, &requirements.applying]
        .map(|needs| needs.iter().filter(|need| need.kind == kind).map(|need| need.name).collect())
}

#[test]
fn the_chain_of_the_guide_needs_a_person_first_and_the_application_then() {
    let text = printed(&format!(
        "{REAL}{AS_APPLICATION}\
         [application.audit]\ndisplay_name = 'Auditform'\n\
         api_permissions = ['Exchange.ManageAsApp']\n\
         directory_roles = ['Exchange Administrator']\n\
         certificates = ['certificate.audit']\n\
         [unified_audit_log]\ningestion = true\n[organization]\nmailbox_auditing = true\n{POLICY}"
    ));
    assert_data_eq!(
        text,
        str![[r#"
To plan
  in Microsoft Graph, as [tenant.bootstrap]:
    Application.Read.All              reads application.audit [1]
    RoleManagement.Read.Directory     reads the directory roles of application.audit [2]
    a person also: Directory Readers  reads the directory roles of application.audit [2]
  in Exchange, as application.audit:
    Exchange.ManageAsApp             lets an application in, for unified_audit_log, organization, mailbox_audit.people [3]
    View-Only Audit Logs             reads unified_audit_log [4]
    View-Only Configuration          reads what decides on unified_audit_log, organization [5]
    View-Only Recipients             reads mailbox_audit.people [5]
    or directory role Global Reader  instead of these Exchange roles [3]

To apply
  in Microsoft Graph, as [tenant.bootstrap]:
    Application.ReadWrite.All                       makes, changes or deletes application.audit [1]
    AppRoleAssignment.ReadWrite.All                 consents to the permissions of application.audit [6]
    RoleManagement.ReadWrite.Directory              gives directory roles to application.audit [2]
    a person also: Cloud Application Administrator  makes, changes or deletes application.audit [6]
    a person also: Privileged Role Administrator    gives directory roles or Microsoft Graph permissions to application.audit [2]
  in Exchange, as application.audit:
    Exchange.ManageAsApp                      lets an application in, for unified_audit_log, organization, mailbox_audit.people [3]
    Audit Logs                                sets unified_audit_log [4]
    Organization Configuration                sets organization [5]
    Mail Recipients                           sets mailbox_audit.people [5]
    or directory role Exchange Administrator  instead of these Exchange roles [3]

Sources
  [1] Microsoft Graph, "Upsert application"
  [2] Microsoft Graph, "Create unifiedRoleAssignment"
  [3] Microsoft, "App-only authentication for unattended scripts"
  [4] Microsoft, "Turn auditing on or off"
  [5] Microsoft, "Permissions in Exchange Online"
  [6] Microsoft Graph, "Grant an appRoleAssignment to a service principal"

"#]]
    );
}

#[test]
fn least_privilege_is_marked_as_beta() {
    let text = printed(&format!(
        "{REAL}{AS_APPLICATION}\
         [application.audit]\ndisplay_name = 'Auditform'\n\
         api_permissions = ['Exchange.ManageAsApp']\n\
         exchange_roles = ['Mail Recipients']\n\
         certificates = ['certificate.audit']\nowners = ['admin@contoso.com']\n{POLICY}"
    ));
    assert_data_eq!(
        text,
        str![[r#"
To plan
  in Microsoft Graph, as [tenant.bootstrap]:
    Application.Read.All                 reads application.audit [1]
    RoleManagement.Read.Exchange (beta)  reads the Exchange roles of application.audit [2]
    User.Read.All                        looks up the owners of application.audit [3]
    a person also: Global Reader         reads the Exchange roles of application.audit [2]
  in Exchange, as application.audit:
    Exchange.ManageAsApp             lets an application in, for mailbox_audit.people [4]
    View-Only Recipients             reads mailbox_audit.people [5]
    or directory role Global Reader  instead of these Exchange roles [4]

To apply
  in Microsoft Graph, as [tenant.bootstrap]:
    Application.ReadWrite.All                       makes, changes or deletes application.audit [1]
    AppRoleAssignment.ReadWrite.All                 consents to the permissions of application.audit [6]
    RoleManagement.ReadWrite.Exchange (beta)        gives Exchange roles to application.audit [2]
    User.Read.All                                   looks up the owners of application.audit [3]
    a person also: Cloud Application Administrator  makes, changes or deletes application.audit [6]
    a person also: Exchange Administrator           gives Exchange roles to application.audit [2]
  in Exchange, as application.audit:
    Exchange.ManageAsApp                      lets an application in, for mailbox_audit.people [4]
    Mail Recipients                           sets mailbox_audit.people [5]
    or directory role Exchange Administrator  instead of these Exchange roles [4]

What is marked (beta) may be changed by Microsoft at any time.

Sources
  [1] Microsoft Graph, "Upsert application"
  [2] Microsoft Graph beta, "Create unifiedRoleAssignment"
  [3] Microsoft Graph, "Get a user"
  [4] Microsoft, "App-only authentication for unattended scripts"
  [5] Microsoft, "Permissions in Exchange Online"
  [6] Microsoft Graph, "Grant an appRoleAssignment to a service principal"

"#]]
    );
}

#[test]
fn a_spec_without_applications_needs_nothing_of_microsoft_graph() {
    let policies: String = ["a", "b", "c", "d", "e"]
        .map(|name| {
            format!(
                "[mailbox_audit.{name}]\nrecipient_types = ['UserMailbox']\n\
                 include = ['{name}@contoso.com']\nadmin = 'default'\n"
            )
        })
        .concat();
    let text = printed(&format!(
        "{REAL}[tenant.sign_in]\nmethod = 'certificate'\n\
         client_id = '402b12a2-fb2b-4222-8f54-5596def1a0c3'\ncertificate = 'a.pfx'\n{policies}"
    ));
    assert_data_eq!(
        text,
        str![[r#"
To plan
  in Exchange, as [tenant.sign_in]:
    Exchange.ManageAsApp             lets an application in, for mailbox_audit.a, mailbox_audit.b, mailbox_audit.c and 2 more [1]
    View-Only Recipients             reads mailbox_audit.a, mailbox_audit.b, mailbox_audit.c and 2 more [2]
    or directory role Global Reader  instead of these Exchange roles [1]

To apply
  in Exchange, as [tenant.sign_in]:
    Exchange.ManageAsApp                      lets an application in, for mailbox_audit.a, mailbox_audit.b, mailbox_audit.c and 2 more [1]
    Mail Recipients                           sets mailbox_audit.a, mailbox_audit.b, mailbox_audit.c and 2 more [2]
    or directory role Exchange Administrator  instead of these Exchange roles [1]

Sources
  [1] Microsoft, "App-only authentication for unattended scripts"
  [2] Microsoft, "Permissions in Exchange Online"

"#]]
    );
}

#[test]
fn a_spec_that_manages_nothing_needs_nothing() {
    let text = printed("[tenant]\nendpoint = 'embedded'\n");
    assert_eq!(text, "This spec manages nothing in the tenant: it needs no permission.\n");
}

#[test]
fn the_unified_audit_log_alone_needs_what_its_two_cmdlets_need() {
    let needs = needs(&format!(
        "{REAL}[tenant.sign_in]\nmethod = 'azure_cli'\n[unified_audit_log]\ningestion = true\n"
    ));
    let [planning, applying] = names(&needs, NeedKind::ExchangeRole);
    assert_eq!(planning, ["View-Only Audit Logs", "View-Only Configuration"]);
    assert_eq!(applying, ["Audit Logs", "Organization Configuration"]);
}

#[test]
fn deleting_an_application_takes_its_consents_and_roles_away_first() {
    let needs = needs(
        "[tenant]\nendpoint = 'embedded'\n[application.audit]\nensure = 'absent'\n\
         api_permissions = ['Exchange.ManageAsApp']\ndirectory_roles = ['Exchange Administrator']\n",
    );
    let [planning, applying] = names(&needs, NeedKind::GraphPermission);
    assert_eq!(
        planning,
        ["Application.Read.All", "RoleManagement.Read.Directory", "RoleManagement.Read.Exchange"]
    );
    assert_eq!(
        applying,
        [
            "Application.ReadWrite.All",
            "AppRoleAssignment.ReadWrite.All",
            "RoleManagement.ReadWrite.Directory",
            "RoleManagement.ReadWrite.Exchange",
        ]
    );
}

#[test]
fn giving_and_taking_away_are_named_apart_and_never_twice_for_one_application() {
    let needs = needs(&format!(
        "{REAL}[tenant.sign_in]\nmethod = 'device_code'\n\
         [application.gone]\nensure = 'absent'\n\
         [application.kept]\ndisplay_name = 'A'\nexclusive = true\n\
         directory_roles = ['Global Reader']\nowners = ['3b8bd3d4-3bd6-4c3e-9c5b-1b3c1d0a5a11']\n",
    ));
    let of = |name: &str| -> Vec<(&str, Vec<String>)> {
        let named = needs.applying.iter().filter(|need| need.name == name);
        named
            .map(|need| (need.purpose, need.reasons.iter().map(ToString::to_string).collect()))
            .collect()
    };
    let kept = vec!["application.kept".to_owned()];
    let gone = vec!["application.gone".to_owned()];
    assert_eq!(
        of("RoleManagement.ReadWrite.Directory"),
        [("gives directory roles to", kept.clone()), ("takes directory roles from", gone.clone())]
    );
    assert_eq!(
        of("AppRoleAssignment.ReadWrite.All"),
        [("takes back the consents of", [gone, kept.clone()].concat())]
    );
    // Whoever is named by an id is looked up among the users too.
    assert_eq!(of("User.Read.All"), [("looks up the owners of", kept)]);
}

#[test]
fn consent_to_permissions_of_microsoft_graph_needs_a_privileged_person() {
    let spec = |permission: &str| {
        format!(
            "{REAL}{AS_APPLICATION}[application.audit]\ndisplay_name = 'Auditform'\n\
             api_permissions = ['{permission}']\nexchange_roles = ['Audit Logs']\n\
             certificates = ['audit']\n"
        )
    };
    let privileged = |text: &str| {
        let [_, applying] = names(&needs(text), NeedKind::PersonRole);
        applying.contains(&"Privileged Role Administrator")
    };
    assert!(privileged(&spec("Organization.Read.All")));
    assert!(!privileged(&spec("Exchange.ManageAsApp")));
}

#[test]
fn an_exclusive_application_may_lose_consents_and_roles() {
    let needs = needs(
        "[tenant]\nendpoint = 'embedded'\n[application.audit]\ndisplay_name = 'A'\nexclusive = true\n",
    );
    let [_, applying] = names(&needs, NeedKind::GraphPermission);
    assert!(applying.contains(&"AppRoleAssignment.ReadWrite.All"), "{applying:?}");
    assert!(applying.contains(&"RoleManagement.ReadWrite.Directory"), "{applying:?}");
}

#[test]
fn the_command_prints_them_without_a_call() {
    let world = World::new();
    world.write(
        "auditform.toml",
        "version = 1\n[tenant]\norganization = 'contoso.onmicrosoft.com'\n\
         [tenant.endpoints]\nauthority = 'https://nowhere.invalid'\n\
         [tenant.sign_in]\nmethod = 'azure_cli'\n[organization]\nmailbox_auditing = true\n",
    );
    let output = world.run(&["validate", "--roles"]).ended(0);
    assert!(output.stdout.contains("Organization Configuration"), "{}", output.stdout);
    let output = world.run(&["validate"]).ended(0);
    assert_eq!(output.stdout, "The spec is valid: 0 mailbox_audit policies.\n");
}
