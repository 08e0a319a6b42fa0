//! Logs and metrics: JSON lines when standard output is not a terminal, readable lines when it is; `RUST_LOG` filters.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing::error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

/// Answers from a memory read to a request that ran into its limit.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Powers of two up to the largest batch.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts logging, and logs panics too. Call it once, first of all.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = if std::io::stdout().is_terminal() {
        tracing_subscriber::fmt::layer().boxed()
    } else {
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false).boxed()
    };
    // An earlier subscriber (a test's) stays in place.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| error!("panicked: {panic}")));
    let _ = metrics();
}

/// The metrics of this process, collected since the first call.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = with_buckets(PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            error!("another metrics recorder is installed; /metrics will stay empty");
        }
        handle
    })
}

fn with_buckets(builder: PrometheusBuilder) -> PrometheusBuilder {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let sizes = Matcher::Suffix("_size".to_owned());
    builder
        .set_buckets_for_metric(seconds, SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(sizes, SIZES))
        // Only an empty list of buckets is refused.
        .unwrap_or_default()
}
