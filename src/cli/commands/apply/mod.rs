//! `auditform apply`: plan, show, ask, apply in order, read back, report; or the same with a plan that
//! was saved and reviewed before (`saved`).

mod checks;
mod ending;
mod opened;
mod saved;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use self::checks::{forbidden, may_go_ahead, still_failing};
use self::ending::{end_journal, exit_of, half_made};
use self::opened::{Opened, ReviewedPlan, open_spec};
use crate::apply::Report;
use crate::cli::events::{Destination, Events};
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::selection::SelectionArguments;
use crate::cli::session::{Allow, Reading, Session, SpeedArguments, plan, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::{Diagnostic, Sources};
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
    let destination = Destination {
        stdout: arguments.json,
        file: arguments.json_into.as_deref(),
        taken: [Some(&arguments.path), None],
    };
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
    let is_saved = ops::is_saved_plan(&arguments.path);
    let opened = if is_saved {
        Box::pin(saved::open(arguments, terminal, ports)).await
    } else {
        Box::pin(open_spec(arguments, terminal, ports)).await
    };
    let Opened { session, plan, read, beside, reviewed, selection } = match opened {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let speed = arguments.speed.speed();
    let allow = &arguments.allow.allow;
    let reading = Reading { allow, selection: &selection, speed, applying: true };
    let mut run = Run { arguments, session, terminal, ports, interrupts, read, beside, reviewed };
    let mut exit = run.phase(&plan, arguments.auto_approve).await;
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
        let detail = if self.arguments.full { Detail::Full } else { Detail::Groups };
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

    /// Signs in as what the first phase has made, plans the rest, and asks for that too: nothing is
    /// done that nobody has seen. The first may have had nothing to do: an earlier run did it.
    async fn second_phase(&mut self, reading: Reading<'_>, was_idle: bool) -> Exit {
        let (terminal, ports) = (self.terminal, self.ports);
        let first = if was_idle { "had nothing to do" } else { "is done" };
        terminal
            .tell(&format!("The first phase {first}. Signing in to Exchange to plan the rest."));
        let mut progress = terminal.progress();
        let Session { loaded, connection, .. } = &mut self.session;
        let desired = &loaded.desired;
        match ops::second_phase(connection, desired, ports, &mut progress).await {
            Ok(None) => {}
            Ok(Some(why)) => {
                let mut finding =
                    Diagnostic::warning("not-yet", "Exchange does not let the application in yet")
                        .note(why);
                if !was_idle {
                    finding = finding.note("what the first phase did stays as it is");
                }
                let again = "run `auditform apply` again later: it goes on from here";
                terminal.finding(finding.help(again));
                return Exit::Pending;
            }
            Err(stopped) => {
                let exit = show(&stopped, &self.session.loaded.sources, terminal);
                return self.first_phase_stands(was_idle, exit);
            }
        }
        let is_allowed = desired.tenant.approve_second_phase;
        let stale = self.arguments.stale.into();
        self.read = LastRead { stale, ..LastRead::at(ports.now()) };
        // The second plan is another one; it has no digest before it is saved.
        self.beside = Provenance::default();
        self.reviewed = None;
        let plan = match plan(&mut self.session, reading, terminal, ports).await {
            Ok(plan) => plan,
            Err(exit) => return self.first_phase_stands(was_idle, exit),
        };
        let approved = self.arguments.auto_approve && is_allowed;
        let waits = !approved && !plan.is_empty() && may_go_ahead(&plan);
        // What is signed, or named by its digest, is the first plan alone.
        let is_bound = plan.approval.is_some() || self.arguments.approve.is_some();
        if is_bound && !plan.is_empty() && may_go_ahead(&plan) {
            return self.leave_for_approval(&plan, first);
        }
        if waits && (self.arguments.auto_approve || !Terminal::can_ask()) {
            return self.leave_for_approval(&plan, first);
        }
        match self.phase(&plan, approved).await {
            Exit::NotApproved => Exit::SecondPhase,
            exit => exit,
        }
    }

    /// What stopped the second phase says nothing of the first.
    fn first_phase_stands(&self, was_idle: bool, exit: Exit) -> Exit {
        let again = "run `auditform apply` again: it finds what is there and goes on from here";
        if !was_idle {
            self.terminal.finding(
                Diagnostic::warning("first-phase-done", "the rest could not be planned")
                    .note("what the first phase did stays as it is")
                    .help(again),
            );
        }
        exit
    }

    /// The second plan needs a yes of its own, and nobody is here to give it.
    fn leave_for_approval(&self, plan: &Plan, first: &str) -> Exit {
        if let Err(error) = self.show(plan, true) {
            return unwritten(&error, self.terminal);
        }
        let finding =
            Diagnostic::warning("second-phase", "the second phase waits for its own approval")
                .note(format!("the first phase {first}; nothing of the plan above was done"));
        self.terminal.finding(if plan.approval.is_some() || self.arguments.approve.is_some() {
            finding
                .help("save the rest with `auditform plan --out FILE`, and have that plan approved")
        } else {
            finding.help("run `auditform apply` again to approve it").help(
                "or write `approve_second_phase = true` in `[tenant]`, so that `--auto-approve` \
                     covers both phases",
            )
        });
        Exit::SecondPhase
    }

    /// Begins to write down what is done.
    fn begin_journal(&self, plan: &Plan) -> Result<Journal, Stopped> {
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
        let parallelism = usize::from(self.arguments.speed.parallelism);
        let cancel = self.interrupts.ask_first();
        let mut journal = match self.begin_journal(plan) {
            Ok(journal) => journal,
            Err(stopped) => return show(&stopped, &self.session.loaded.sources, self.terminal),
        };
        let read = self.read.clone();
        let options = ApplyOptions { parallelism, cancel, read, journal: &mut journal };
        let Session { loaded, connection, .. } = &mut self.session;
        let (desired, directory) = (&loaded.desired, &loaded.directory);
        let terminal = self.terminal;
        let mut progress = terminal.progress();
        let ports = self.ports;
        let applied =
            ops::apply(connection, desired, plan, directory, ports, options, &mut progress).await;
        self.interrupts.end_at_once();
        let sources = &loaded.sources;
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
        let exit = exit_of(&report, is_unknown, self.read.stale);
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
            Exit::Interrupted | Exit::StateUnknown | Exit::Stale => {
                // Where standard error is gone, nobody can be told so; the code still tells.
                let _ = terminal.talk(write);
                exit
            }
            _ => terminal.result(write).map_or_else(|error| unwritten(&error, terminal), |()| exit),
        }
    }
}

async fn confirmed(terminal: Terminal<'_>) -> bool {
    terminal.happens(|| CommandEvent::ApprovalAwaited {});
    let terminal = terminal.alone();
    tokio::task::spawn_blocking(move || terminal.confirm("Do you want to apply this plan?"))
        .await
        .unwrap_or(false)
}
