//! Each design leads from an order that was marked sent to its voucher, through the same services.
//!
//! All but the product's own and the poller are started *from outside*, as most code on Temporal is: whoever marks an
//! order sent starts its workflow in a second call. (It is lost when that caller dies in between, which is why the product
//! does not do so. What is compared here is what it costs.)

#![expect(missing_docs, reason = "the macro makes markers without docs; their methods have them")]

use capabilities::voucher::{Decide, Issue};
use contracts::vouchers::{DecideVoucher, IssueVoucher, VoucherDecision, VoucherVerdict};
use contracts::{OrderId, Reply};
use std::time::Duration;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ActivityCloseTimeouts, ActivityOptions, LocalActivityOptions, WorkflowContext, WorkflowResult,
};

/// The queue of the designs' worker. The product's own worker polls another one.
pub const TASK_QUEUE: &str = "designs";

/// Long enough for every attempt; the SDK wants one to be set.
const START_TO_CLOSE: Duration = Duration::from_secs(10);

/// A way to a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// The product: outbox, relay, eager start, two local activities.
    Product,
    /// Two plain activities, with the SDK's stock settings.
    PlainActivities,
    /// Two local activities.
    LocalActivities,
    /// A workflow that does nothing.
    EmptyWorkflow,
    /// Starts that nobody runs.
    StartsOnly,
    /// A transactional outbox whose poller calls voucher-api itself. No Temporal.
    Poller,
}

impl Design {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 6] = [
        Self::Product,
        Self::PlainActivities,
        Self::LocalActivities,
        Self::EmptyWorkflow,
        Self::StartsOnly,
        Self::Poller,
    ];

    /// As in tables.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Product => "(1) Lacadon: outbox, relay, eager start, local activities",
            Self::PlainActivities => {
                "(2) two plain activities, stock settings, started from outside"
            }
            Self::LocalActivities => "(3) two local activities, started from outside",
            Self::EmptyWorkflow => "(4) an empty workflow, started from outside",
            Self::StartsOnly => "(5) starts only, nobody runs them",
            Self::Poller => "(6) outbox and poller, no Temporal",
        }
    }

    /// The workflow type that whoever marks an order sent starts; `None` where somebody else sees to the rest.
    #[must_use]
    pub fn started_from_outside(self) -> Option<&'static str> {
        match self {
            Self::Product | Self::Poller => None,
            Self::PlainActivities => Some(PLAIN),
            Self::LocalActivities => Some(LOCAL),
            Self::EmptyWorkflow | Self::StartsOnly => Some(EMPTY),
        }
    }

    /// Whether orders get their vouchers.
    #[must_use]
    pub fn gives_vouchers(self) -> bool {
        !matches!(self, Self::EmptyWorkflow | Self::StartsOnly)
    }

    /// Whether it has a process of its own beside the services.
    #[must_use]
    pub fn has_worker(self) -> bool {
        !matches!(self, Self::Product | Self::StartsOnly)
    }
}

const PLAIN: &str = "GrantVoucherPlain";
const LOCAL: &str = "GrantVoucherLocal";
const EMPTY: &str = "Empty";

/// Two plain activities.
#[workflow]
#[derive(Default)]
pub struct GrantVoucherPlain;

#[workflow_methods]
impl GrantVoucherPlain {
    /// Decides, issues.
    #[run(name = PLAIN)]
    pub async fn run(ctx: &mut WorkflowContext<Self>, order_id: OrderId) -> WorkflowResult<bool> {
        let options = || {
            ActivityOptions::with_close_timeouts(ActivityCloseTimeouts::StartToClose(
                START_TO_CLOSE,
            ))
            .build()
        };
        let decided = ctx.execute_activity(Decide, DecideVoucher { order_id }, options()).await?;
        let Some(voucher) = owed(decided) else { return Ok(false) };
        ctx.execute_activity(Issue, voucher, options()).await?;
        Ok(true)
    }
}

/// Two local activities.
#[workflow]
#[derive(Default)]
pub struct GrantVoucherLocal;

#[workflow_methods]
impl GrantVoucherLocal {
    /// Decides, issues.
    #[run(name = LOCAL)]
    pub async fn run(ctx: &mut WorkflowContext<Self>, order_id: OrderId) -> WorkflowResult<bool> {
        let decided =
            ctx.execute_local_activity(Decide, DecideVoucher { order_id }, local()).await?;
        let Some(voucher) = owed(decided) else { return Ok(false) };
        ctx.execute_local_activity(Issue, voucher, local()).await?;
        Ok(true)
    }
}

/// Nothing.
#[workflow]
#[derive(Default)]
pub struct Empty;

#[workflow_methods]
impl Empty {
    /// Ends.
    #[run(name = EMPTY)]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, _order_id: OrderId) -> WorkflowResult<()> {
        Ok(())
    }
}

/// How a local activity is run.
pub(crate) fn local() -> LocalActivityOptions {
    LocalActivityOptions::builder().start_to_close_timeout(START_TO_CLOSE).build()
}

/// The voucher that follows from a decision; `None` where none is owed.
#[must_use]
pub fn owed<R>(decided: Reply<VoucherDecision, R>) -> Option<IssueVoucher> {
    let Reply::Granted(VoucherDecision {
        order_id, customer_id, rule, rule_version, verdict, ..
    }) = decided
    else {
        return None;
    };
    match verdict {
        VoucherVerdict::Qualified { value } => {
            Some(IssueVoucher { order_id, customer_id, rule, rule_version, value })
        }
        VoucherVerdict::NotQualified { .. } => None,
    }
}
