//! `auditform apply`: plan, show, ask, apply in order, read back, report; or the same with a plan that
//! was saved and reviewed before (`saved`).

mod checks;
mod ending;
mod lease;
mod opened;
mod resume;
mod saved;
mod second_phase;
pub(in crate::cli) mod undo;
mod unfinished;
pub(in crate::cli) mod verify;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use self::checks::{forbidden, may_go_ahead, still_failing};
use self::ending::{end_journal, exit_of, half_made};
use self::opened::{Opened, Resumed, ReviewedPlan, open_spec};
use self::unfinished::Left;
use crate::apply::Report;
use crate::cli::duration;
use crate::cli::events::{Destination, Events};
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::selection::SelectionArguments;
use crate::cli::session::{Allow, Reading, Session, SpeedArguments, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::Sources;
use crate::ops::{
    self, Applied, ApplyOptions, Journal, LastRead, Ports, StalePolicy, Stopped, Undertaking,
};
use crate::plan::{CheckResult, Plan};
use crate::render::{
    CommandEvent, CommandName, Detail, Provenance, TextOptions, change_results, write_plan,
    write_report,
};
use crate::resource::PlanDigest;

/// Plan, ask, change the tenant in order, and read it back
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, a spec file, or a saved plan
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    speed: SpeedArguments,
    #[command(flatten)]
    allow: Allow,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Apply only the plan of this digest
    #[arg(long, value_name = "DIGEST")]
    approve: Option<PlanDigest>,
    /// Another file that holds an approval of the saved plan; those that lie beside it are found
    #[arg(long, value_name = "FILE")]
    approval: Vec<PathBuf>,
    /// What to do when an object is neither as planned nor as wanted any more
    #[arg(long, value_enum, value_name = "POLICY", default_value = "refuse-all")]
    stale: Stale,
    /// Apply a saved plan even though the spec has changed since
    #[arg(long)]
    plan_only: bool,
    /// Go on with the run of this spec that has not ended, or with the run of this name
    ///
    /// Nothing is planned anew and nothing is asked: what was in doubt is read again, and the rest of
    /// the run's own plan is carried out.
    #[arg(
        long,
        value_name = "RUN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["abandon", "approve", "approval"]
    )]
    resume: Option<String>,
    /// Close the run of this tenant that has not ended, and plan anew
    #[arg(long)]
    abandon: bool,
    /// How long to wait for another apply of the tenant to end
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration::parse)]
    lock_timeout: Duration,
    /// Print what happens, as one JSON object on each line, instead of plan and report; whoever is
    /// asked sees the plan on standard error
    #[arg(long, conflicts_with_all = ["json_into", "full"])]
    json: bool,
    /// Write the events of `--json` to a file, beside plan and report
    #[arg(long, value_name = "FILE")]
    json_into: Option<PathBuf>,
}

/// What to do with stale changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stale {
    /// Write nothing more
    RefuseAll,
    /// Leave them out, and what depends on them
    Skip,
}

impl From<Stale> for StalePolicy {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::RefuseAll => Self::RefuseAll,
            Stale::Skip => Self::Skip,
        }
    }
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let Arguments { variables, selection, approval, .. } = arguments;
    let files =
        variables.files().chain(selection.files()).chain(approval.iter().map(AsRef::as_ref));
    let taken: Vec<&Path> = [arguments.path.as_path()].into_iter().chain(files).collect();
    let file = arguments.json_into.as_deref();
    let destination = Destination { stdout: arguments.json, file, taken: &taken };
    let events = match Events::open(CommandName::Apply, destination, ports) {
        Ok(events) => events,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let exit = Box::pin(applied(arguments, terminal.with(&events), ports, interrupts)).await;
    events.end(exit, terminal)
}

async fn applied(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let mut opened = match &arguments.resume {
        Some(run) => {
            let named = Some(run.as_str()).filter(|run| !run.is_empty());
            Box::pin(resume::open(arguments, named, terminal, ports)).await
        }
        None if ops::is_saved_plan(&arguments.path) => {
            Box::pin(saved::open(arguments, terminal, ports)).await
        }
        None => Box::pin(open_spec(arguments, terminal, ports)).await,
    };
    if let Err(Left::ForRun(run)) = opened {
        opened = Box::pin(resume::open(arguments, Some(&run), terminal, ports)).await;
    }
    match opened {
        Ok(opened) => Box::pin(carried_out(opened, arguments, terminal, ports, interrupts)).await,
        Err(Left::Ended(exit)) => exit,
        Err(Left::ForRun(_)) => Exit::Unfinished,
    }
}

/// Shows what was opened, asks, and carries it out: one phase, or two.
async fn carried_out(
    opened: Opened,
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let Opened { session, plan, read, beside, reviewed, resumed, selection } = opened;
    let speed = arguments.speed.speed();
    let allow = &arguments.allow.allow;
    let reading = Reading { allow, selection: &selection, speed, applying: true };
    let is_resumed = resumed.is_some();
    let mut run =
        Run { arguments, session, terminal, ports, interrupts, read, beside, reviewed, resumed };
    let mut exit = if is_resumed {
        run.rest(&plan).await
    } else {
        run.phase(&plan, arguments.auto_approve).await
    };
    // A check that forbids nothing is judged again with the second phase.
    let goes_on = exit == Exit::Done || (exit == Exit::ChecksFailed && !plan.is_forbidden());
    if goes_on && !plan.deferred.is_empty() {
        exit = run.second_phase(reading, plan.is_empty()).await;
    }
    run.session.close().await;
    exit
}

/// One apply: a phase, or two where the first makes the application that the second works as.
struct Run<'a> {
    arguments: &'a Arguments,
    session: Session,
    terminal: Terminal<'a>,
    ports: &'a Ports,
    interrupts: &'a Interrupts,
    /// The reading that the plan goes by.
    read: LastRead,
    /// What is told beside the plan.
    beside: Provenance,
    /// What is known of a saved plan.
    reviewed: Option<ReviewedPlan>,
    /// The run that is gone on with.
    resumed: Option<Resumed>,
}

impl Run<'_> {
    /// Shows a plan, asks, and carries it out.
    async fn phase(&mut self, plan: &Plan, approved: bool) -> Exit {
        if let Err(error) = self.show(plan, approved) {
            return unwritten(&error, self.terminal);
        }
        if !plan.refused.is_empty() {
            return Exit::Refused;
        }
        if plan.is_forbidden() {
            self.terminal.finding(forbidden(plan));
            return Exit::ChecksFailed;
        }
        if plan.is_empty() {
            let is_pending = !plan.pending.is_empty();
            let exit = if is_pending { Exit::Pending } else { Exit::Done };
            return self.with_checks(plan, exit);
        }
        if !approved && !confirmed(self.terminal).await {
            self.terminal.say("Not approved: nothing was changed.");
            return Exit::NotApproved;
        }
        let exit = self.carry_out(plan).await;
        self.with_checks(plan, exit)
    }

    /// Carries out what is left of a run that was shown and approved when it began.
    async fn rest(&mut self, plan: &Plan) -> Exit {
        self.terminal.planned(plan, self.beside.digest.clone(), None);
        let exit = self.carry_out(plan).await;
        self.with_checks(plan, exit)
    }

    /// Checks on the observed state forbid nothing, and an apply may have mended what failed. What it
    /// wrote was read back, so that by now the tenant is what was planned.
    fn with_checks(&self, plan: &Plan, exit: Exit) -> Exit {
        let failed: Vec<&CheckResult> =
            plan.checks.iter().filter(|check| check.is_error_after()).collect();
        if exit != Exit::Done || failed.is_empty() {
            return exit;
        }
        self.terminal.finding(still_failing(&failed));
        Exit::ChecksFailed
    }

    /// A plan that is asked about is part of the talk; one that is applied or turned down without
    /// asking is part of the result.
    fn show(&self, plan: &Plan, approved: bool) -> io::Result<()> {
        let detail = detail(self.arguments.full);
        let asks = !approved && !plan.is_empty() && may_go_ahead(plan);
        self.terminal.planned(plan, self.beside.digest.clone(), None);
        let speed = self.arguments.speed.assumed();
        let width = if asks { Terminal::talk_width() } else { Terminal::result_width() };
        let options = TextOptions { detail, width, speed, ..TextOptions::default() };
        if asks {
            self.terminal.talk(|out| write_plan(out, plan, &self.beside, options))
        } else {
            self.terminal.result(|out| write_plan(out, plan, &self.beside, options))
        }
    }

    /// Begins to write down what is done, or goes on with it. From here on it is this run that has to be
    /// finished, and not the one that it takes back.
    fn begin_journal(&self, plan: &Plan) -> Result<Journal, Stopped> {
        let directory = &self.session.loaded.directory;
        let journal = match &self.resumed {
            Some(Resumed { run, settled, .. }) => {
                Journal::take_up(run, settled, directory, self.ports)?
            }
            None => self.new_journal(plan)?,
        };
        if let Some(undone) = plan.undone_run() {
            ops::close_undone(directory, undone, &journal.run, self.ports)?;
        }
        Ok(journal)
    }

    fn new_journal(&self, plan: &Plan) -> Result<Journal, Stopped> {
        let loaded = &self.session.loaded;
        let spec = ops::spec_text(loaded);
        let reviewed = self.reviewed.as_ref();
        let made = reviewed.and_then(|plan| plan.made.clone());
        let made = made.unwrap_or_else(|| ops::made(&loaded.directory, None, self.ports));
        let approved = reviewed.and_then(|plan| plan.digest);
        let approvers = reviewed.map_or(&[][..], |plan| &plan.approvers);
        let about = Undertaking { plan, spec: &spec, made: &made, approved, approvers };
        Journal::begin(about, &loaded.directory, self.ports)
    }

    async fn carry_out(&mut self, plan: &Plan) -> Exit {
        if let Err(exit) = self.may_begin() {
            return exit;
        }
        let mut journal = match self.begin_journal(plan) {
            Ok(journal) => journal,
            Err(stopped) => return show(&stopped, &self.session.loaded.sources, self.terminal),
        };
        if let Some(lease) = &self.session.lease {
            lease.carries(&journal.run);
        }
        let applied = self.send(plan, &mut journal).await;
        let terminal = self.terminal;
        let sources = &self.session.loaded.sources;
        let Applied { report, unverified, unread } = match applied {
            Ok(applied) => applied,
            Err(stopped) => {
                let exit = show(&stopped, sources, terminal);
                end_journal(journal, plan, &Report::new(plan.len()), exit, terminal);
                return exit;
            }
        };
        for stopped in unread.iter().chain(&unverified) {
            show(stopped, sources, terminal);
        }
        let is_unknown = unverified.is_some() || unread.is_some();
        let exit = self.ends_locked(exit_of(&report, is_unknown, self.read.stale));
        end_journal(journal, plan, &report, exit, terminal);
        if let Some(finding) = half_made(plan, &report).filter(|_| exit == Exit::Partly) {
            terminal.finding(finding);
        }
        let write = |out: &mut dyn Write| {
            write_report(out, plan, &report, unverified.is_none())?;
            plan.notes.iter().try_for_each(|note| writeln!(out, "Note: {note}"))
        };
        if let Some(events) = terminal.events {
            change_results(plan, &report).for_each(|event| events.tell(&event));
        }
        // What was done is told in any case; as a result only where it can be taken for one.
        match exit {
            Exit::Interrupted | Exit::Locked | Exit::StateUnknown | Exit::Stale => {
                // Where standard error is gone, nobody can be told so; the code still tells.
                let _ = terminal.talk(write);
                exit
            }
            _ => terminal.result(write).map_or_else(|error| unwritten(&error, terminal), |()| exit),
        }
    }

    /// Sends what the plan says, until it is done or has to stop: for a signal, or since the lease is lost.
    async fn send(&mut self, plan: &Plan, journal: &mut Journal) -> Result<Applied, Stopped> {
        let parallelism = usize::from(self.arguments.speed.parallelism);
        let cancel = self.interrupts.ask_first();
        let read = self.read.clone();
        let taken_up = self.resumed.take().map(|run| run.taken_up).unwrap_or_default();
        let options = ApplyOptions { parallelism, cancel, read, taken_up, journal };
        let Session { loaded, connection, lease, .. } = &mut self.session;
        let (desired, directory) = (&loaded.desired, &loaded.directory);
        let mut progress = self.terminal.progress();
        let ports = self.ports;
        let lost = async {
            match lease {
                Some(lease) => lease.lost().await,
                None => std::future::pending().await,
            }
            self.interrupts.stop();
            std::future::pending().await
        };
        let applying =
            ops::apply(connection, desired, plan, directory, ports, options, &mut progress);
        let applied = tokio::select! {
            applied = applying => applied,
            never = lost => never,
        };
        self.interrupts.end_at_once();
        applied
    }
}

fn detail(full: bool) -> Detail {
    if full { Detail::Full } else { Detail::Groups }
}

async fn confirmed(terminal: Terminal<'_>) -> bool {
    terminal.happens(|| CommandEvent::ApprovalAwaited {});
    let terminal = terminal.alone();
    tokio::task::spawn_blocking(move || terminal.confirm("Do you want to apply this plan?"))
        .await
        .unwrap_or(false)
}
