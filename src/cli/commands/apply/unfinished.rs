//! Runs that have not ended: one of this tenant stands in the way of another apply, until it is gone on
//! with or given up.

use super::Arguments;
use crate::cli::exit::Exit;
use crate::cli::session::{Session, show};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::journal::Head;
use crate::ops::{self, Ports};

/// Why nothing was opened.
pub(super) enum Left {
    /// The command ends so.
    Ended(Exit),
    /// This run is to be gone on with first.
    ForRun(String),
}

impl From<Exit> for Left {
    fn from(exit: Exit) -> Self {
        Self::Ended(exit)
    }
}

/// Hands the session back where no unfinished run of its tenant stands in the way, or all of them are to be
/// closed. One that is being taken back does not: it is closed by that.
pub(super) async fn nothing_in_the_way(
    session: Session,
    arguments: &Arguments,
    undone: Option<&str>,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Session, Left> {
    let (directory, sources) = (&session.loaded.directory, &session.loaded.sources);
    let tenant = session.connection.tenant_id;
    let stopped = |stopped| show(&stopped, sources, terminal);
    let mut found = ops::unfinished(directory, Some(tenant)).map_err(stopped)?;
    found.retain(|head| undone != Some(head.run.as_str()));
    let Some(latest) = found.first() else { return Ok(session) };
    if arguments.abandon {
        for head in &found {
            ops::abandon(directory, &head.run, None, ports).map_err(stopped)?;
            terminal.tell(&format!("Run {} is closed: nobody goes on with it.", head.run));
        }
        return Ok(session);
    }
    let asks = !arguments.auto_approve && Terminal::can_ask();
    if asks && is_to_go_on(latest, terminal).await {
        let run = latest.run.clone();
        session.close().await;
        return Err(Left::ForRun(run));
    }
    terminal.finding(in_the_way(latest));
    Err(Exit::Unfinished.into())
}

/// When a run began and by whom, as far as is known.
fn begun(head: &Head) -> String {
    let by = head.actor.user.as_ref().map(|user| format!(" by {user}")).unwrap_or_default();
    let on = head.actor.host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
    format!("it was begun at {:.0}{by}{on}", head.started_at)
}

fn in_the_way(head: &Head) -> Diagnostic {
    let summary = format!("run `{}` of this tenant has not ended", head.run);
    Diagnostic::error("unfinished-run", summary)
        .note(begun(head))
        .note("nothing was planned or changed")
        .help("finish it with `auditform apply --resume`")
        .help("or close it and plan anew, with `auditform apply --abandon`")
}

async fn is_to_go_on(head: &Head, terminal: Terminal<'_>) -> bool {
    let terminal = terminal.alone();
    let question =
        format!("Run {} has not ended: {}. Do you want to finish it first?", head.run, begun(head));
    tokio::task::spawn_blocking(move || terminal.confirm(&question)).await.unwrap_or(false)
}
