//! The SDK's own metrics. Its exporter brings a server of its own: it listens on a free loopback port, and what it
//! says is appended to this worker's `/metrics`, so that there is one place to scrape.

use anyhow::Context as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use temporalio_common::telemetry::metrics::CoreMeter;
use temporalio_common::telemetry::metrics::{NewAttributes, TemporalMeter};
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TaskQueueLabelStrategy, TelemetryOptions,
    start_prometheus_metric_exporter,
};

/// Loopback and text in memory.
const SCRAPE_LIMIT: Duration = Duration::from_millis(800);

/// Collects what the SDK measures.
#[derive(Clone)]
pub struct SdkMetrics {
    meter: Arc<dyn CoreMeter>,
    url: String,
    client: reqwest::Client,
}

impl SdkMetrics {
    /// Starts collecting.
    ///
    /// # Errors
    /// When no loopback port is free.
    pub fn start() -> anyhow::Result<Self> {
        let options = PrometheusExporterOptions::builder()
            .socket_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .use_seconds_for_durations(true)
            .counters_total_suffix(true)
            .unit_suffix(true)
            .build();
        let started =
            start_prometheus_metric_exporter(options).context("the metrics of the SDK")?;
        let client = reqwest::Client::builder().no_proxy().timeout(SCRAPE_LIMIT).build()?;
        let url = format!("http://{}/metrics", started.bound_addr);
        Ok(Self { meter: started.meter, url, client })
    }

    /// For the SDK's runtime.
    #[must_use]
    pub fn telemetry(&self) -> TelemetryOptions {
        TelemetryOptions::builder().metrics(self.meter.clone()).build()
    }

    /// For the connections: how long calls take and how they fail.
    #[must_use]
    pub fn for_connections(&self) -> TemporalMeter {
        let attributes = NewAttributes::new(vec![]);
        TemporalMeter::new(self.meter.clone(), attributes, TaskQueueLabelStrategy::UseNormal)
    }

    /// What was measured so far, in Prometheus' text format; empty when it cannot be read.
    pub async fn text(&self) -> String {
        let answer = self.client.get(&self.url).send().await;
        match answer {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }
}
