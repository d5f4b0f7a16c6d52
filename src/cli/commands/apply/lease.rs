//! The lease on the tenant: taken once the tenant is known and before anything of it is read, and held for
//! as long as the session.

use std::time::Duration;

use super::Run;
use crate::cli::exit::Exit;
use crate::cli::session::{Session, show};
use crate::cli::terminal::Terminal;
use crate::ops::{self, LeftUndone, Loss, Ports, TenantLease, Wanted};
use crate::render::visible;

/// Hands the session back with the lease on its tenant in it; waits for it as long as `--lock-timeout` says.
pub(super) async fn locked(
    mut session: Session,
    timeout: Duration,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Session, Exit> {
    let (loaded, connection) = (&session.loaded, &session.connection);
    let wanted =
        Wanted { tenant_id: connection.tenant_id, organization: &connection.organization, timeout };
    let waits = format!("Waiting up to {} s for another apply of this tenant", timeout.as_secs());
    let mut waiting = |holder: &ops::Holder| {
        terminal.tell(&format!("{waits}, {}.", visible(&holder.words())));
    };
    let taken = ops::take_lease(wanted, &loaded.directory, ports, &mut waiting).await;
    match taken {
        Ok(lease) => {
            session.lease = Some(lease);
            Ok(session)
        }
        Err(stopped) => Err(show(&stopped, &session.loaded.sources, terminal)),
    }
}

/// Whether the lease is still held; where it is not, that is told.
pub(super) fn nothing_lost(session: &Session, terminal: Terminal<'_>) -> Result<(), Exit> {
    let Some(loss) = session.lease.as_ref().and_then(TenantLease::loss) else { return Ok(()) };
    terminal.finding(loss.finding(LeftUndone::All));
    Err(Exit::Locked)
}

impl Run<'_> {
    fn loss(&self) -> Option<Loss> {
        self.session.lease.as_ref().and_then(TenantLease::loss)
    }

    /// Nothing is begun by who has lost the lease while it planned or asked.
    pub(super) fn may_begin(&self) -> Result<(), Exit> {
        nothing_lost(&self.session, self.terminal)
    }

    /// How an apply ends that may have lost its lease on the way. An interrupt comes first in the table.
    pub(super) fn ends_locked(&self, exit: Exit) -> Exit {
        let Some(loss) = self.loss() else { return exit };
        if exit != Exit::Interrupted {
            self.terminal.finding(loss.finding(LeftUndone::Nothing));
            return exit;
        }
        self.terminal.finding(loss.finding(LeftUndone::Rest));
        if self.interrupts.was_signalled() { exit } else { Exit::Locked }
    }
}
