//! The second phase of an apply: what could not be planned before the application existed that Exchange is
//! read as.

use super::Run;
use super::checks::may_go_ahead;
use crate::cli::exit::Exit;
use crate::cli::session::{Reading, Session, plan, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::ops::{self, LastRead};
use crate::plan::Plan;
use crate::render::Provenance;

impl Run<'_> {
    /// Signs in as what the first phase has made, plans the rest, and asks for that too: nothing is
    /// done that nobody has seen. The first may have had nothing to do: an earlier run did it.
    pub(super) async fn second_phase(&mut self, reading: Reading<'_>, was_idle: bool) -> Exit {
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
        let at = ports.now();
        // The second plan is another one; it has no digest before it is saved.
        self.beside = Provenance::default();
        self.reviewed = None;
        let plan = match plan(&mut self.session, reading, terminal, ports).await {
            Ok(plan) => plan,
            Err(exit) => return self.first_phase_stands(was_idle, exit),
        };
        self.read = LastRead { stale, ended: ports.now(), ..LastRead::at(at) };
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
}
