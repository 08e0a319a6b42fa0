//! The process of a design: a worker with the SDK's stock settings, or the poller.

use crate::designs::{Design, Empty, GrantVoucherLocal, GrantVoucherPlain, TASK_QUEUE};
use crate::poller;
use activities::voucher::VoucherActivities;
use anyhow::Context;
use connections::call::{BearerKey, Service, install_crypto, parse_url};
use lacadon::temporal::connect_from_environment;
use std::path::PathBuf;
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use url::Url;

/// What the process of a design needs to run. Temporal is found as every Temporal tool finds it.
#[derive(Debug, clap::Parser)]
#[command(name = "design-worker", about = "Runs one of the designs that are compared.")]
pub struct DesignWorker {
    /// Which.
    #[arg(value_enum)]
    pub design: Design,
    /// Where order-api is.
    #[arg(long, value_parser = parse_url)]
    pub order_api_url: Url,
    /// Where voucher-api is.
    #[arg(long, value_parser = parse_url)]
    pub voucher_api_url: Url,
    /// The file with the key that it shows to the services.
    #[arg(long)]
    pub key_file: PathBuf,
}

impl DesignWorker {
    /// Works until it is dropped.
    ///
    /// # Errors
    /// When a setting cannot work, or the worker breaks.
    pub async fn run(self) -> anyhow::Result<()> {
        install_crypto();
        let key = std::fs::read_to_string(&self.key_file)
            .with_context(|| format!("{}", self.key_file.display()))?;
        let key = BearerKey::parse(&key)?;
        let voucher = VoucherActivities {
            order_api: Service::new("order-api", self.order_api_url, key.clone())?,
            voucher_api: Service::new("voucher-api", self.voucher_api_url, key)?,
        };
        if self.design == Design::Poller {
            return poller::run(voucher).await;
        }
        let runtime = RuntimeOptions::builder().build().map_err(anyhow::Error::msg)?;
        let runtime = Runtime::from_current_tokio(runtime)?;
        let mut options = WorkerOptions::new(TASK_QUEUE).build();
        options.register_workflow::<GrantVoucherPlain>()?;
        options.register_workflow::<GrantVoucherLocal>()?;
        options.register_workflow::<Empty>()?;
        options.register_activities(voucher);
        Ok(Worker::new(&runtime, connect_from_environment().await?, options)?.run().await?)
    }
}
