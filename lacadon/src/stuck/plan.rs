//! What a decision comes to, found out before it is recorded: what cannot be carried out is refused with a sentence, and
//! leaves no trace.

use super::act::Act;
use super::run::{Looked, Run};
use super::start;
use crate::target::Target;
use anyhow::bail;
use contracts::cases::{Case, CaseKind, Decision};

/// What this decision of this case comes to.
pub(super) async fn plan(case: &Case, decision: Decision, target: &Target) -> anyhow::Result<Act> {
    match case.kind {
        CaseKind::EventUnsettled | CaseKind::EventQuarantined => Ok(of_event(case, decision)),
        CaseKind::UndoKeepsFailing | CaseKind::StepKeepsFailing => {
            of_step(case, decision, target).await
        }
        CaseKind::RunReportsProblems => of_run(case, decision, target).await,
        CaseKind::SentOrderWithoutVoucher
        | CaseKind::PendingOrderWithoutProcess
        | CaseKind::ApprovedOrderWithoutReservation
        | CaseKind::LiveReservationWithoutLiveOrder => match decision {
            Decision::Retry => start::again(case, target).await.map(Act::Start),
            Decision::Skip | Decision::Abandon => Ok(as_the_books_are()),
        },
        CaseKind::VoucherWithoutSentOrder | CaseKind::VoucherNotOwed => match decision {
            Decision::Retry => bail!(
                "no process takes a voucher back: see to it with its customer, then skip or abandon the case and say \
                 what was done; nothing was recorded"
            ),
            Decision::Skip | Decision::Abandon => Ok(as_the_books_are()),
        },
    }
}

fn as_the_books_are() -> Act {
    Act::RecordOnly("the books stay as they are; the case stays closed when it is found again")
}

fn of_event(case: &Case, decision: Decision) -> Act {
    let event_id = case.report.event_id.as_ref().unwrap_or(&case.subject).clone();
    match decision {
        Decision::Retry => Act::ReleaseEvent(event_id),
        Decision::Skip | Decision::Abandon => Act::SettleEvent(event_id),
    }
}

async fn of_step(case: &Case, decision: Decision, target: &Target) -> anyhow::Result<Act> {
    let run = match Run::look(case, target).await? {
        Looked::Open(run) => run,
        Looked::Ended => return done_before(case, decision),
    };
    if decision == Decision::Abandon {
        return Ok(Act::Terminate(run));
    }
    let Some(step) = run.stuck_step(case.report.activity_id.as_deref())? else {
        return done_before(case, decision);
    };
    match decision {
        Decision::Retry => Ok(Act::TryNow { run, step }),
        Decision::Skip | Decision::Abandon => {
            let answer = run.answer_that_says_done(&step, target).await?;
            Ok(Act::Complete { run, step, answer })
        }
    }
}

async fn of_run(case: &Case, decision: Decision, target: &Target) -> anyhow::Result<Act> {
    let looked = Run::look(case, target).await?;
    match (decision, looked) {
        (Decision::Skip, _) => bail!(
            "a run whose own code fails has no step to skip: deploy mended workers and it goes on by itself, or \
             abandon it; nothing was recorded"
        ),
        (_, Looked::Ended) => done_before(case, decision),
        (Decision::Retry, Looked::Open(_)) => Ok(Act::RecordOnly(
            "Temporal tries the run again by itself: it goes on as soon as workers with mended code are up",
        )),
        (Decision::Abandon, Looked::Open(run)) => Ok(Act::Terminate(run)),
    }
}

/// Nothing is stuck any more: fine if this very decision was taken before, otherwise nobody needs one.
fn done_before(case: &Case, decision: Decision) -> anyhow::Result<Act> {
    if case.state == decision.leaves() {
        return Ok(Act::RecordOnly("it was carried out before: nothing is stuck any more"));
    }
    bail!(
        "{} is not stuck any more: nothing was recorded, and the case is resolved by itself when it is looked for next",
        case.report.workflow_id.as_ref().unwrap_or(&case.subject)
    )
}
