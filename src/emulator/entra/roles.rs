//! The roles that every tenant has: directory roles with their published template ids (Entra
//! permissions reference, 2026-01-20), and the management roles of Exchange, whose ids differ by
//! tenant.

use uuid::Uuid;

/// A built-in directory role; its id is its template's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryRole {
    pub(crate) name: &'static str,
    pub(crate) template_id: Uuid,
}

const fn role(name: &'static str, template_id: u128) -> DirectoryRole {
    DirectoryRole { name, template_id: Uuid::from_u128(template_id) }
}

pub(crate) const GLOBAL_ADMINISTRATOR: DirectoryRole =
    role("Global Administrator", 0x62e9_0394_69f5_4237_9190_0121_7714_5e10);
pub(crate) const EXCHANGE_ADMINISTRATOR: DirectoryRole =
    role("Exchange Administrator", 0x2923_2cdf_9323_42fd_ade2_1d09_7af3_e4de);
pub(crate) const EXCHANGE_RECIPIENT_ADMINISTRATOR: DirectoryRole =
    role("Exchange Recipient Administrator", 0x3139_2ffb_586c_42d1_9346_e594_15a2_cc4e);
pub(crate) const COMPLIANCE_ADMINISTRATOR: DirectoryRole =
    role("Compliance Administrator", 0x1731_5797_102d_40b4_93e0_4320_62ca_ca18);
pub(crate) const SECURITY_ADMINISTRATOR: DirectoryRole =
    role("Security Administrator", 0x194a_e4cb_b126_40b2_bd5b_6091_b380_977d);
pub(crate) const SECURITY_READER: DirectoryRole =
    role("Security Reader", 0x5d6b_6bb7_de71_4623_b4af_9638_0a35_2509);
pub(crate) const GLOBAL_READER: DirectoryRole =
    role("Global Reader", 0xf2ef_992c_3afb_46b9_b7cf_a126_ee74_c451);
pub(crate) const HELPDESK_ADMINISTRATOR: DirectoryRole =
    role("Helpdesk Administrator", 0x7298_27e3_9c14_49f7_bb1b_9608_f156_bbb8);
pub(crate) const APPLICATION_ADMINISTRATOR: DirectoryRole =
    role("Application Administrator", 0x9b89_5d92_2cd3_44c7_9d02_a6ac_2d5e_a5c3);
pub(crate) const CLOUD_APPLICATION_ADMINISTRATOR: DirectoryRole =
    role("Cloud Application Administrator", 0x158c_047a_c907_4556_b7ef_4465_51a6_b5f7);
pub(crate) const PRIVILEGED_ROLE_ADMINISTRATOR: DirectoryRole =
    role("Privileged Role Administrator", 0xe861_1ab8_c189_46e8_94e1_6021_3ab1_f814);

pub(crate) const DIRECTORY_ROLES: [DirectoryRole; 14] = [
    GLOBAL_ADMINISTRATOR,
    EXCHANGE_ADMINISTRATOR,
    EXCHANGE_RECIPIENT_ADMINISTRATOR,
    COMPLIANCE_ADMINISTRATOR,
    role("Compliance Data Administrator", 0xe6d1_a23a_da11_4be4_9570_befc_86d0_67a7),
    SECURITY_ADMINISTRATOR,
    SECURITY_READER,
    role("Security Operator", 0x5f22_22b1_57c3_48ba_8ad5_d475_9f1f_de6f),
    GLOBAL_READER,
    HELPDESK_ADMINISTRATOR,
    APPLICATION_ADMINISTRATOR,
    CLOUD_APPLICATION_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    role("Directory Readers", 0x88d8_e3e3_8f55_4a1e_953a_9b98_98b8_876b),
];

/// Management roles of Exchange: those that the cmdlets here ask for, and some that cover none.
pub(crate) const EXCHANGE_ROLES: [&str; 16] = [
    AUDIT_LOGS,
    "Compliance Admin",
    "Journaling",
    "Mail Recipient Creation",
    MAIL_RECIPIENTS,
    "Message Tracking",
    ORGANIZATION_CONFIGURATION,
    "Recipient Policies",
    "Retention Management",
    "Role Management",
    "Security Admin",
    "Transport Rules",
    "User Options",
    VIEW_ONLY_AUDIT_LOGS,
    VIEW_ONLY_CONFIGURATION,
    VIEW_ONLY_RECIPIENTS,
];
pub(crate) const AUDIT_LOGS: &str = "Audit Logs";
pub(crate) const MAIL_RECIPIENTS: &str = "Mail Recipients";
pub(crate) const ORGANIZATION_CONFIGURATION: &str = "Organization Configuration";
pub(crate) const VIEW_ONLY_AUDIT_LOGS: &str = "View-Only Audit Logs";
pub(crate) const VIEW_ONLY_CONFIGURATION: &str = "View-Only Configuration";
pub(crate) const VIEW_ONLY_RECIPIENTS: &str = "View-Only Recipients";

/// The directory role of a template id.
pub(crate) fn directory_role(template_id: Uuid) -> Option<DirectoryRole> {
    DIRECTORY_ROLES.into_iter().find(|role| role.template_id == template_id)
}

/// The id of a management role's definition in a tenant.
pub(crate) fn exchange_role_id(tenant_id: Uuid, name: &str) -> Uuid {
    super::derived(tenant_id, &format!("exchange role/{name}"))
}

/// The management role of a definition's id.
pub(crate) fn exchange_role(tenant_id: Uuid, id: Uuid) -> Option<&'static str> {
    EXCHANGE_ROLES.into_iter().find(|name| exchange_role_id(tenant_id, name) == id)
}
