//! Starts the process again that would have done what the books lack, under the id that it always has.
//!
//! Safe to repeat: an open run is left alone, and what a run of before did is recognised by the services' unique keys.

use super::run::{one_attempt, order_on_file};
use crate::api::text;
use crate::target::Target;
use crate::temporal;
use anyhow::{Context, anyhow, bail};
use contracts::OrderId;
use contracts::cases::{Case, CaseKind};
use serde_json::{Value, json};
use temporalio_client::errors::WorkflowStartError;
use temporalio_client::{
    UntypedWorkflow, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use workflows::grant_voucher::{self, GRANT_VOUCHER};
use workflows::place_order::{self, PLACE_ORDER, PlaceOrderInput};
use workflows::release_credit::{self, RELEASE_CREDIT};
use workflows::{TASK_LIMIT, TASK_QUEUE};

/// The process to start, and its id.
pub(super) struct ProcessStart {
    workflow_type: &'static str,
    pub(super) workflow_id: String,
    input: Value,
}

/// What starting it came to.
pub(super) enum Started {
    /// It runs.
    Now,
    /// A run of it was open.
    UnderWay,
}

/// The process that would mend this case.
pub(super) async fn again(case: &Case, target: &Target) -> anyhow::Result<ProcessStart> {
    let order_id: OrderId = case
        .subject
        .parse()
        .with_context(|| format!("{} names no order; nothing was recorded", case.subject))?;
    if case.kind == CaseKind::SentOrderWithoutVoucher {
        return Ok(ProcessStart {
            workflow_type: GRANT_VOUCHER,
            workflow_id: grant_voucher::workflow_id(order_id),
            input: json!({ "order_id": order_id }),
        });
    }
    let Some(order) = order_on_file(order_id, target).await? else {
        bail!(
            "order-api knows no order {order_id}, so no process can be started for it: see to it by hand, then skip or \
             abandon the case and say what was done; nothing was recorded"
        )
    };
    match text(&order, "status").as_str() {
        // Its credit is not needed any more: the process reads the order again, and closes the reservation.
        "sent" | "cancelled" => Ok(ProcessStart {
            workflow_type: RELEASE_CREDIT,
            workflow_id: release_credit::workflow_id(order_id),
            input: json!({ "order_id": order_id }),
        }),
        // The placement decides it, completes what is owed, or takes it back.
        _ => Ok(ProcessStart {
            workflow_type: PLACE_ORDER,
            workflow_id: place_order::workflow_id(order_id),
            input: serde_json::to_value(placement_of(order_id, &order)?)?,
        }),
    }
}

/// What the customer had asked for, as it is on file.
fn placement_of(order_id: OrderId, order: &Value) -> anyhow::Result<PlaceOrderInput> {
    let asked = json!({
        "order_id": order_id,
        "customer_id": order.get("customer_id"),
        "lines": order.get("lines"),
    });
    serde_json::from_value(asked).with_context(|| {
        format!("order {order_id} was not placed in the shop, so no placement can be started again for it")
    })
}

impl ProcessStart {
    /// Starts it, unless a run of it is open.
    pub(super) async fn start(&self, target: &Target) -> anyhow::Result<Started> {
        let client = temporal::connect_to(target.running()?.as_ref()).await?;
        let options = WorkflowStartOptions::new(TASK_QUEUE, self.workflow_id.clone())
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
            .task_timeout(TASK_LIMIT)
            .static_summary(format!("{} again, from the stuck desk", self.workflow_id))
            .rpc_options(one_attempt())
            .build();
        let input = RawValue::from_value(&self.input, &PayloadConverter::default());
        let workflow = UntypedWorkflow::new(self.workflow_type);
        match client.start_workflow(workflow, input, options).await {
            Ok(_) => Ok(Started::Now),
            Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(Started::UnderWay),
            Err(error) => Err(anyhow!("Temporal does not start {}: {error}", self.workflow_id)),
        }
    }
}
