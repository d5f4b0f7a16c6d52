//! What a new spec can begin as: the examples, on the tenant in memory, and real tenants by the way
//! of signing in. All are part of the program.

/// A file of a starting point: its name and its text.
pub type StartingFile = (&'static str, &'static str);

/// What a new spec begins as.
#[derive(Debug, Clone, Copy)]
pub struct StartingPoint {
    /// The name that it is asked for by.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// What has to be replaced before it can be used; nothing on the tenant in memory.
    pub replace: &'static [&'static str],
    /// Its files; the first is the spec.
    pub(super) files: &'static [StartingFile],
    /// What Git must not see, as lines of `.gitignore`.
    pub(super) ignored: &'static [&'static str],
}

const STATE: &str = ".auditform/";

/// Every starting point, the most useful first.
pub const STARTING_POINTS: &[StartingPoint] = &[
    StartingPoint {
        name: "non-owner-mailbox-audit",
        about: "who opens other people's mailboxes; on a tenant in memory, to try",
        replace: &[],
        files: &[
            (
                "auditform.toml",
                include_str!("../../examples/non-owner-mailbox-audit/auditform.toml"),
            ),
            ("tenant.toml", include_str!("../../examples/non-owner-mailbox-audit/tenant.toml")),
        ],
        ignored: &[STATE],
    },
    StartingPoint {
        name: "from-scratch",
        about: "from no application at all to audited mailboxes; on a tenant in memory, to try",
        replace: &[],
        files: &[
            ("auditform.toml", include_str!("../../examples/from-scratch/auditform.toml")),
            ("tenant.toml", include_str!("../../examples/from-scratch/tenant.toml")),
        ],
        ignored: &[STATE],
    },
    StartingPoint {
        name: "guide-as-written",
        about: "a widely used guide's lists, and what they lose; on a tenant in memory, to try",
        replace: &[],
        files: &[
            ("auditform.toml", include_str!("../../examples/guide-as-written/auditform.toml")),
            ("tenant.toml", include_str!("../../examples/guide-as-written/tenant.toml")),
        ],
        ignored: &[STATE],
    },
    StartingPoint {
        name: "certificate",
        about: "a real tenant, as an application that exists, with its certificate",
        replace: &["organization", "client_id"],
        files: &[("auditform.toml", include_str!("starting_points/certificate.toml"))],
        ignored: &[STATE, "*.pfx"],
    },
    StartingPoint {
        name: "device-code",
        about: "a real tenant, by an administrator in a browser, who makes the application",
        replace: &["organization"],
        files: &[("auditform.toml", include_str!("starting_points/device-code.toml"))],
        ignored: &[STATE],
    },
    StartingPoint {
        name: "ci",
        about: "a real tenant, from GitHub Actions or another pipeline, without any key",
        replace: &["organization", "client_id"],
        files: &[("auditform.toml", include_str!("starting_points/ci.toml"))],
        ignored: &[STATE],
    },
];
