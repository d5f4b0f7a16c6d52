//! Who may run which cmdlet: the directory roles that Exchange takes from a token ("App-only
//! authentication in Exchange Online PowerShell"), each by the management roles of its role group,
//! and the management roles that the Exchange provider gave directly. What a management role
//! covers is from the cmdlets' own pages and from `Microsoft365DSC`'s permission lists.

use uuid::Uuid;

use super::cmdlet::Cmdlet;
use crate::emulator::entra::roles::{
    AUDIT_LOGS, COMPLIANCE_ADMINISTRATOR, EXCHANGE_ADMINISTRATOR, EXCHANGE_RECIPIENT_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR, GLOBAL_READER, HELPDESK_ADMINISTRATOR, MAIL_RECIPIENTS,
    ORGANIZATION_CONFIGURATION, SECURITY_ADMINISTRATOR, SECURITY_READER, VIEW_ONLY_AUDIT_LOGS,
    VIEW_ONLY_CONFIGURATION, VIEW_ONLY_RECIPIENTS, directory_role,
};

/// The management roles of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permitted(Vec<&'static str>);

impl Permitted {
    /// From the `wids` of a token and the roles given directly.
    pub(crate) fn of(wids: &[String], direct: Vec<&'static str>) -> Self {
        let mut roles = direct;
        for wid in wids {
            roles.extend(Uuid::try_parse(wid).ok().map_or(&[][..], management_roles));
        }
        Self(roles)
    }

    /// Neither a directory role that Exchange takes nor a role of its own.
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn covers(&self, cmdlet: Cmdlet) -> bool {
        let wanted: &[&str] = match cmdlet {
            Cmdlet::GetMailbox => &[MAIL_RECIPIENTS, VIEW_ONLY_RECIPIENTS],
            Cmdlet::SetMailbox => &[MAIL_RECIPIENTS],
            Cmdlet::GetOrganizationConfig => &[ORGANIZATION_CONFIGURATION, VIEW_ONLY_CONFIGURATION],
            Cmdlet::SetOrganizationConfig | Cmdlet::EnableOrganizationCustomization => {
                &[ORGANIZATION_CONFIGURATION]
            }
            Cmdlet::GetAdminAuditLogConfig => {
                &[AUDIT_LOGS, VIEW_ONLY_AUDIT_LOGS, VIEW_ONLY_CONFIGURATION]
            }
            Cmdlet::SetAdminAuditLogConfig => &[AUDIT_LOGS],
        };
        self.0.iter().any(|role| wanted.contains(role))
    }
}

const READING: &[&str] = &[VIEW_ONLY_AUDIT_LOGS, VIEW_ONLY_CONFIGURATION, VIEW_ONLY_RECIPIENTS];

/// What the role group behind a directory role holds, as far as the cmdlets here go.
fn management_roles(template_id: Uuid) -> &'static [&'static str] {
    match directory_role(template_id) {
        Some(GLOBAL_ADMINISTRATOR | EXCHANGE_ADMINISTRATOR) => {
            &[AUDIT_LOGS, MAIL_RECIPIENTS, ORGANIZATION_CONFIGURATION]
        }
        Some(EXCHANGE_RECIPIENT_ADMINISTRATOR) => &[MAIL_RECIPIENTS],
        Some(COMPLIANCE_ADMINISTRATOR) => {
            &[AUDIT_LOGS, VIEW_ONLY_CONFIGURATION, VIEW_ONLY_RECIPIENTS]
        }
        Some(GLOBAL_READER | SECURITY_ADMINISTRATOR | SECURITY_READER) => READING,
        Some(HELPDESK_ADMINISTRATOR) => &[VIEW_ONLY_RECIPIENTS],
        _ => &[],
    }
}
