//! A design at work: its process beside a system, and its workflow started from outside.

use crate::designs::{Design, TASK_QUEUE};
use anyhow::Context;
use clap::ValueEnum;
use contracts::OrderId;
use lacadon::system::{Role, System};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use temporalio_client::{Client, UntypedWorkflow, WorkflowStartOptions};
use temporalio_common::data_converters::{PayloadConverter, RawValue};

/// The process of a design; ends when it is dropped.
pub struct DesignProcess(Child);

impl DesignProcess {
    /// Starts `program`, which is `design-worker`, beside a system.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path, design: Design, system: &System) -> anyhow::Result<Self> {
        let name = design.to_possible_value().context("a design without a name")?;
        let child = Command::new(program)
            .arg(name.get_name())
            .args(["--order-api-url", system.order_api_url()])
            .args(["--voucher-api-url", system.voucher_api_url()])
            .arg("--key-file")
            .arg(system.key_file(Role::Worker))
            .env("TEMPORAL_ADDRESS", system.temporal_address())
            .env("TEMPORAL_NAMESPACE", system.namespace())
            .env("TEMPORAL_CONFIG_FILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{}", program.display()))?;
        Ok(Self(child))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for DesignProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the workflow of an order that was marked sent; nothing where somebody else sees to the rest.
///
/// # Errors
/// When Temporal does not accept it.
pub async fn start_from_outside(
    design: Design,
    client: &Client,
    order_id: OrderId,
) -> anyhow::Result<()> {
    let Some(workflow_type) = design.started_from_outside() else { return Ok(()) };
    let input = RawValue::from_value(&order_id, &PayloadConverter::default());
    let options = WorkflowStartOptions::new(TASK_QUEUE, format!("voucher-{order_id}")).build();
    client.start_workflow(UntypedWorkflow::new(workflow_type), input, options).await?;
    Ok(())
}
