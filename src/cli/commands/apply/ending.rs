//! How an apply ends: its exit code, the end of its journal, and what there is to say of a chain that is
//! not whole.

use crate::apply::{Report, StepState, Verdict};
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::ops::{Journal, StalePolicy};
use crate::plan::Plan;

/// What could not be written down any more is told: what was done is done.
pub(super) fn end_journal(
    journal: Journal,
    plan: &Plan,
    report: &Report,
    exit: Exit,
    terminal: Terminal,
) {
    let run = journal.run.clone();
    let is_to_look_again = match exit {
        Exit::Pending => report.verdicts(Verdict::Pending) > 0,
        Exit::StateUnknown => !report.is_open(),
        _ => false,
    };
    if is_to_look_again {
        terminal.tell(&format!("Look again with: auditform verify {run}"));
    }
    if let Err(error) = journal.end(plan, report, exit as u8) {
        terminal.finding(
            Diagnostic::warning(
                "journal-not-ended",
                "the end of the run could not be written down",
            )
            .note(format!("the journal of run `{run}`: {error}"))
            .help("run `auditform plan`: it shows what is left to do, if anything"),
        );
    }
}

/// A chain that is not whole lets nobody in, and none of it is taken back.
pub(super) fn half_made(plan: &Plan, report: &Report) -> Option<Diagnostic> {
    let all = plan.identity.len();
    let count = |wanted: StepState| {
        (0u32..).take(all).filter(|place| report.state(*place) == wanted).count()
    };
    let (done, already) = (count(StepState::Done), count(StepState::AlreadyThere));
    let steps = if done == 1 { "step" } else { "steps" };
    let again = "mend what failed, then run `auditform apply` again: it finds what is there and does \
                 the rest";
    (done + already < all).then(|| {
        Diagnostic::warning("half-made", "the identity chain is not whole")
            .note(format!("{done} {steps} took effect and stay as they are"))
            .help(again)
    })
}

/// The most telling code where several hold, in the order of the table.
pub(super) fn exit_of(report: &Report, unverified: bool, stale: StalePolicy) -> Exit {
    if report.interrupted {
        Exit::Interrupted
    } else if unverified {
        Exit::StateUnknown
    } else if stale == StalePolicy::RefuseAll && report.count(StepState::Stale) > 0 {
        Exit::Stale
    } else if !report.is_good() {
        Exit::Partly
    } else if report.verdicts(Verdict::Pending) > 0 || report.awaited.is_some() {
        Exit::Pending
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use StalePolicy::RefuseAll;

    use super::*;
    use crate::apply::{Failure, FailureKind};

    fn failure() -> Failure {
        let message = "the service refused it".to_owned();
        Failure { kind: FailureKind::Refused, message, request_id: None }
    }

    #[test]
    fn where_several_codes_hold_the_first_of_the_table_is_given() {
        let mut report = Report::new(2);
        let mut codes = vec![exit_of(&report, false, RefuseAll)];
        report.awaited = Some("Exchange".to_owned());
        codes.push(exit_of(&report, false, RefuseAll));
        report.sign_in = Some(failure());
        codes.push(exit_of(&report, false, RefuseAll));
        codes.push(exit_of(&report, true, RefuseAll));
        report.interrupted = true;
        codes.push(exit_of(&report, true, RefuseAll));
        let expected =
            [Exit::Done, Exit::Pending, Exit::Partly, Exit::StateUnknown, Exit::Interrupted];
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_switch_that_does_not_show_yet_is_pending_unless_something_else_is_wrong() {
        let mut report = Report::new(2);
        report.verify(0, Verdict::Pending);
        assert_eq!(exit_of(&report, false, RefuseAll), Exit::Pending);
        report.verify(1, Verdict::Refuted);
        assert_eq!(exit_of(&report, false, RefuseAll), Exit::Partly);
    }
}
