//! The worker: hears events, starts processes, runs them.
//!
//! - [`registry`]: the one list of processes and activities that it runs
//! - [`subscriptions`]: the one list of events that it hears, and the process and id that each starts
//! - [`relay`]: claims events from the services' outboxes and starts their processes
//! - [`generation`], [`generations`]: the SDK's worker, and its replacement before it has grown too large
//! - [`temporal_watch`], [`search_attributes`], [`schedules`]: what is asserted about the connection
//! - [`owners`]: which process owes what the books lack
//! - [`limits`]: every time limit, and what they add up to
//! - [`replay`]: recorded histories against this build
//!
//! Any number of workers may run at once, each under its own `WORKER_NAME`.

pub mod config;
pub mod generation;
pub mod generations;
pub mod limits;
pub mod owners;
pub mod registry;
pub mod relay;
pub mod replay;
pub mod schedules;
pub mod sdk_metrics;
pub mod search_attributes;
pub mod subscriptions;
pub mod temporal_watch;
pub mod tools;

use activities::books::Books;
use anyhow::Context as _;
use axum::Router;
use chassis::config::Secret;
use chassis::serve::{self, App};
use config::{Config, Relaying};
use connections::call::{BearerKey, Service, install_crypto};
use connections::temporal::Target;
use generation::Current;
use generations::Generations;
use registry::{Runs, Services};
use relay::Relay;
use relay::outbox::Outbox;
use relay::start::Starter;
use schedules::Pace;
use sdk_metrics::SdkMetrics;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use temporal_watch::TemporalWatch;
use temporalio_sdk::Runtime;
use temporalio_sdk::runtime::RuntimeOptions;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Works until asked to stop, then finishes what is under way, within the grace that the settings give. `runs` is
/// [`registry::for_work`] but for workers that measure something.
///
/// # Errors
/// When a setting cannot work, the probes' address cannot be bound, or an SDK worker cannot be got rid of.
pub async fn run(config: Config, runs: Runs) -> anyhow::Result<()> {
    install_crypto();
    let asked_to_stop = serve::stop_asked(config.stop.exit_with_stdin)?;
    let generations = prepare(&config, runs)?;
    let watch = TemporalWatch::new();
    let probes = serve::start(config.listen, probes(&watch, &generations.sdk_metrics)).await?;
    info!(address = %probes.address(), "worker {} answers probes on http://{}", config.name, probes.address());

    let stop = CancellationToken::new();
    let mut work = Box::pin(work(&generations, watch, &config, stop.clone()));
    tokio::select! {
        ended = &mut work => return ended,
        () = asked_to_stop => {}
    }
    info!("asked to stop, finishing what is under way");
    stop.cancel();
    match tokio::time::timeout(config.stop.grace(), work).await {
        Ok(ended) => ended?,
        // Nothing is lost: leases and tasks that are cut here run out and are handed out again.
        Err(_) => warn!("cut what did not finish within {:?}", config.stop.grace()),
    }
    info!("stopped");
    Ok(())
}

fn prepare(config: &Config, runs: Runs) -> anyhow::Result<Generations> {
    let target = Target::from_environment()?;
    let key = key_in(&config.key_file).context("WORKER_KEY_FILE")?;
    let auditor = key_in(&config.auditor_key_file).context("WORKER_AUDITOR_KEY_FILE")?;
    let sdk_metrics = SdkMetrics::start()?;
    let options = RuntimeOptions::builder()
        .telemetry_options(sdk_metrics.telemetry())
        // Temporal shows pollers without it; it would cost one more poller.
        .heartbeat_interval(None)
        .build()
        .map_err(anyhow::Error::msg)?;
    info!(
        temporal.address = target.address(),
        temporal.namespace = target.namespace(),
        "worker {} starts",
        config.name
    );
    Ok(Generations {
        target,
        sdk_metrics,
        runtime: Runtime::from_current_tokio(options)?,
        name: config.name.clone(),
        services: services(config, &key, &auditor)?,
        runs,
        recycle_after: config.recycle_after,
        made: AtomicU64::new(0),
    })
}

/// Every service, with the worker's own key; and again, to be read only, with the auditor's.
fn services(config: &Config, key: &BearerKey, auditor: &BearerKey) -> anyhow::Result<Services> {
    let order_api =
        |key: &BearerKey| Service::new("order-api", config.order_api_url.clone(), key.clone());
    let voucher_api =
        |key: &BearerKey| Service::new("voucher-api", config.voucher_api_url.clone(), key.clone());
    let risk_api =
        |key: &BearerKey| Service::new("risk-api", config.risk_api_url.clone(), key.clone());
    Ok(Services {
        order_api: order_api(key)?,
        voucher_api: voucher_api(key)?,
        risk_api: risk_api(key)?,
        desk_api: Service::new("desk-api", config.desk_api_url.clone(), key.clone())?,
        books: Books {
            order_api: order_api(auditor)?,
            voucher_api: voucher_api(auditor)?,
            risk_api: risk_api(auditor)?,
        },
    })
}

fn key_in(file: &Path) -> anyhow::Result<BearerKey> {
    Ok(BearerKey::parse(Secret::read_file(file)?.expose())?)
}

fn probes(watch: &TemporalWatch, sdk_metrics: &SdkMetrics) -> App {
    let (watch, sdk_metrics) = (watch.clone(), sdk_metrics.clone());
    App::new(Router::new())
        .ready_when(move || {
            let seen = watch.seen();
            std::future::ready(seen.is_there && seen.is_polling)
        })
        .on_scrape(move || {
            let sdk_metrics = sdk_metrics.clone();
            async move { sdk_metrics.text().await }
        })
}

async fn work(
    generations: &Generations,
    watch: TemporalWatch,
    config: &Config,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Some(first) = stop.run_until_cancelled(generations.next()).await.transpose()? else {
        return Ok(());
    };
    let (announce, current) = watch::channel(Current::from(&first));
    let pace = Pace::of_setting(config.reconcile_every_s);
    let looking = tokio::spawn(watch.clone().run(current.clone(), pace, stop.clone()));
    let types = subscriptions::ORDER_EVENTS.map(|event| event.event_type.to_owned()).to_vec();
    let outbox = Outbox::new(generations.services.order_api.clone(), config.name.clone(), types);
    let relay = Relay::new(outbox, Starter::new(current), watch.clone());
    let relaying = match config.relay {
        Relaying::On => tokio::spawn(relay.run(stop.clone())),
        Relaying::Off => {
            warn!("WORKER_RELAY is off: this worker starts nothing for the services' events");
            let stop = stop.clone();
            tokio::spawn(async move {
                stop.cancelled().await;
                Ok(())
            })
        }
    };

    // The relay first: what it starts until its end is run by the worker beside it.
    let relay_ended = CancellationToken::new();
    let relayed = async {
        let ended = relaying.await;
        relay_ended.cancel();
        ended.context("the relay panicked")?
    };
    let ran = async {
        let ended = generations.run(first, announce, &watch, relay_ended.clone()).await;
        stop.cancel();
        ended
    };
    let (relayed, ran) = tokio::join!(relayed, ran);
    looking.await.context("looking after Temporal panicked")?;
    relayed.and(ran)
}
