//! The seed: a TOML text that says which tenant to stand up. Text in, a checked `Seed` out, or an
//! error with the line, the column and what to do. The rules are in `seed/raw.rs`; building the tenant from it is `populate.rs`.

mod raw;
mod sign_in;

use std::fmt;
use std::ops::Range;

use uuid::Uuid;

use self::raw::{Mistake, RawSeed};
pub(crate) use self::sign_in::SignInSeed;
use super::audit::Audit;
use super::recipient::RecipientType;

/// A tenant as its owner wants it to begin.
#[derive(Clone, Debug)]
pub struct Seed {
    text: String,
    pub(crate) tenant: TenantSeed,
    pub(crate) mailboxes: Vec<MailboxSeed>,
    pub(crate) generate: Option<Generate>,
    pub(crate) applications: Vec<ApplicationSeed>,
    pub(crate) sign_in: SignInSeed,
}

/// Comments and layout of the text do not make another seed.
impl PartialEq for Seed {
    fn eq(&self, other: &Self) -> bool {
        self.tenant == other.tenant
            && self.mailboxes == other.mailboxes
            && self.generate == other.generate
            && self.applications == other.applications
            && self.sign_in == other.sign_in
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TenantSeed {
    pub(crate) organization: String,
    pub(crate) tenant_id: Uuid,
    pub(crate) dehydrated: bool,
    pub(crate) unified_audit_log: bool,
    pub(crate) mailbox_auditing: bool,
    /// Actions that Microsoft's default has gained since the built-in table was written.
    pub(crate) added_defaults: [Vec<String>; 3],
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MailboxSeed {
    pub(crate) upn: String,
    pub(crate) kind: RecipientType,
    pub(crate) inactive: bool,
    pub(crate) proxy_addresses: Vec<String>,
    pub(crate) audit: Audit,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Generate {
    pub(crate) mailboxes: usize,
    pub(crate) seed: u64,
    pub(crate) compliant: f64,
    /// Empty: the usual mix, with group and inactive mailboxes on top.
    pub(crate) types: Vec<(RecipientType, f64)>,
}

/// An application that is there before anybody makes one; without credential or service principal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApplicationSeed {
    pub(crate) display_name: String,
    pub(crate) unique_name: Option<String>,
}

/// A seed that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError {
    /// The file, as the caller named it.
    pub file: String,
    /// Counted from one.
    pub line: usize,
    /// Counted from one, in characters.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for SeedError {}

/// More would not fit the row numbers and the address column.
const MAILBOXES_AT_MOST: usize = 5_000_000;
const DEFAULT_ORGANIZATION: &str = "contoso.onmicrosoft.com";

impl Seed {
    /// Reads a seed; `file` is only for messages.
    pub fn parse(text: &str, file: &str) -> Result<Self, SeedError> {
        let place = |span: Option<Range<usize>>, message: String| {
            let before = &text[..span.map_or(0, |span| span.start).min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
            SeedError { file: file.to_owned(), line, column, message }
        };
        let raw: RawSeed = toml::from_str(text)
            .map_err(|error| place(error.span(), error.message().to_owned()))?;
        raw.check(text).map_err(|Mistake(span, message)| place(Some(span), message))
    }

    /// A tenant of `mailboxes` mailboxes of every type that the default listing shows; group and
    /// inactive ones come on top.
    pub fn generated(mailboxes: usize) -> Self {
        let mailboxes = mailboxes.min(MAILBOXES_AT_MOST);
        let text = format!("[generate]\nmailboxes = {mailboxes}\n");
        Self {
            text,
            tenant: TenantSeed::named(DEFAULT_ORGANIZATION.to_owned()),
            mailboxes: Vec::new(),
            generate: Some(Generate { mailboxes, seed: 0, compliant: 0.1, types: Vec::new() }),
            applications: Vec::new(),
            sign_in: SignInSeed::default(),
        }
    }

    /// The text this seed was read from.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl TenantSeed {
    fn named(organization: String) -> Self {
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_DNS, organization.as_bytes());
        Self {
            organization,
            tenant_id: uuid::Builder::from_random_bytes(digest.into_bytes()).into_uuid(),
            dehydrated: false,
            unified_audit_log: true,
            mailbox_auditing: true,
            added_defaults: [const { Vec::new() }; 3],
        }
    }
}

impl Default for Seed {
    /// A hundred generated mailboxes.
    fn default() -> Self {
        Self::generated(100)
    }
}
