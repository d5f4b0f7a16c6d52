//! Everything an answer may depend on, in one place: the tenant, its directory, the key of the
//! tokens and the clock. Shared by all connections; only the tenant and the directory change.

use jiff::{SignedDuration, Timestamp};

use super::clock::Clock;
use super::entra::Directory;
use super::entra::certificate::RegisteredCertificate;
use super::entra::generated::{Beginning, Generated, administrator};
use super::entra::objects::User;
use super::errors::EmulatorError;
use super::identity::credentials::TokenKey;
use super::identity::{Settings, SignIn};
use super::seed::Seed;
use super::state_file::{Change, Journal, Line, StateFile};
use super::tenant::Tenant;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) tenant: Tenant,
    pub(crate) directory: Directory,
    /// The one who answers device codes.
    pub(crate) administrator: User,
    pub(crate) sign_in: SignIn,
    pub(crate) token_key: TokenKey,
    pub(crate) clock: Clock,
}

/// What a service is made of, besides its tenant.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    /// Of the generated application.
    pub(crate) certificate: &'a RegisteredCertificate,
    pub(crate) token_key: TokenKey,
    pub(crate) clock: Clock,
    pub(crate) lag: SignedDuration,
    /// How far back single reads may ask beyond that.
    pub(crate) memory: SignedDuration,
    /// The generated application gets nothing on Exchange.
    pub(crate) bootstrap_only: bool,
    pub(crate) sign_in: Settings,
}

impl Service {
    /// As the seed has it.
    pub(crate) fn new(seed: &Seed, parts: Parts<'_>) -> Self {
        let tenant = Tenant::new(seed, parts.lag, parts.memory);
        let beginning = Beginning {
            tenant_id: tenant.id,
            certificate: parts.certificate,
            bootstrap_only: parts.bootstrap_only,
            sign_in: &seed.sign_in,
            applications: &seed.applications,
        };
        let mut administrator = administrator(tenant.id, &tenant.organization);
        if let Some(upn) = &seed.sign_in.upn {
            administrator.user_principal_name.clone_from(upn);
        }
        Self {
            directory: Directory::new(&beginning, parts.lag),
            administrator,
            sign_in: SignIn::new(&seed.sign_in, parts.sign_in),
            tenant,
            token_key: parts.token_key,
            clock: parts.clock,
        }
    }

    /// Makes every change of `file` again, and writes the coming ones there.
    pub(crate) fn resume(&self, mut file: StateFile) -> Result<(), EmulatorError> {
        file.replay(|line| self.replay(line))?;
        let journal = Journal::of(file);
        self.tenant.keep(journal.clone());
        self.directory.keep(journal);
        Ok(())
    }

    fn replay(&self, line: &Line) -> bool {
        let Ok(at) = line.at.parse::<Timestamp>() else {
            return false;
        };
        match &line.change {
            Change::Directory(entries) => {
                self.directory.replay(at, entries);
                true
            }
            change => self.tenant.replay(at, change),
        }
    }

    /// The ids of the application that is made for the user.
    pub(crate) fn generated(&self) -> Generated {
        Generated::of(self.tenant.id)
    }
}
