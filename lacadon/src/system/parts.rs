//! Every process of the system before it runs: its program, its settings, where it listens, how it says that it is ready.

use super::facts::Facts;
use super::ports::{self, PortPlan};
use super::readiness::Readiness;
use super::supervisor::Part;
use super::{
    DESK_API, GATEWAY, ORDER_API, RISK_API, Role, SERVICES, SystemOptions, TEMPORAL,
    TemporalServer, VOUCHER_API,
};
use anyhow::bail;
use std::collections::BTreeMap;
use std::path::Path;

/// Milliseconds that a process of ours may take to finish what it is doing; a little less than its supervisor's grace.
const SHUTDOWN_GRACE_MS: &str = "8000";

/// The server hands a workflow task that failed again and again out after ever longer waits, by default up to ten minutes.
/// A run whose workers died would wait as long, and so would one whose mended code is there. As in `deploy/temporal`.
const TASK_RETRY: &str = "history.workflowTaskRetryMaxInterval=\"5s\"";

/// A process before it runs.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) readiness: Readiness,
    pub(super) part: Part,
}

/// Every process of the system.
pub(super) fn parts(
    options: &SystemOptions,
    facts: &Facts,
    ports: &PortPlan,
) -> anyhow::Result<Vec<Planned>> {
    if options.workers > ports::MOST_WORKERS {
        bail!("a system has at most {} workers", ports::MOST_WORKERS);
    }
    let binaries = &options.binaries;
    let programs =
        [&binaries.order_api, &binaries.voucher_api, &binaries.risk_api, &binaries.desk_api];
    let mut parts = Vec::new();
    match &options.temporal {
        TemporalServer::Own { cli, extra_args } => {
            parts.push(temporal_part(options, facts, ports, cli, extra_args));
        }
        TemporalServer::Program { server, settings, .. } => {
            parts.push(program_part(options, facts, ports, server, settings));
        }
        TemporalServer::Given { .. } => {}
    }
    for (number, ((name, family), program)) in (1..).zip(SERVICES.into_iter().zip(programs)) {
        parts.push(service_part(facts, ports.service(number), name, family, program));
    }
    parts.push(gateway_part(options, facts, ports.gateway()));
    for index in 0..options.workers {
        let name = if index == 0 { "worker".to_owned() } else { format!("worker-{}", index + 1) };
        parts.push(worker_part(options, facts, ports.worker(index), name));
    }
    for part in &mut parts {
        part.part.env.extend(options.env.get(&part.name).cloned().unwrap_or_default());
    }
    Ok(parts)
}

/// A program of ours listens where it is told, and stops when its standard input ends.
fn our_part(name: String, port: u16, program: &Path, env: &[(String, String)]) -> Planned {
    let address = format!("http://127.0.0.1:{port}");
    let mut all = BTreeMap::from([
        ("EXIT_WITH_STDIN".to_owned(), "1".to_owned()),
        ("SHUTDOWN_GRACE_MS".to_owned(), SHUTDOWN_GRACE_MS.to_owned()),
        ("RUST_LOG".to_owned(), std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned())),
        // A log that ends in thirty frames of an error's making hides the error; panics keep theirs.
        ("RUST_LIB_BACKTRACE".to_owned(), "0".to_owned()),
        // Its calls stay on this machine, whatever proxy the web is behind.
        ("NO_PROXY".to_owned(), "127.0.0.1,localhost".to_owned()),
    ]);
    all.extend(env.iter().cloned());
    Planned {
        name,
        readiness: Readiness::Http(format!("{address}/readyz")),
        address,
        port,
        part: Part { program: program.to_path_buf(), arguments: Vec::new(), env: all },
    }
}

fn service_part(facts: &Facts, port: u16, name: &str, family: &str, program: &Path) -> Planned {
    let env = [
        (format!("{family}_DATABASE_URL"), facts.database_url(name).to_owned()),
        (format!("{family}_LISTEN"), format!("127.0.0.1:{port}")),
        (format!("{family}_KEYS_FILE"), facts.keys.of_service(name).display().to_string()),
    ];
    our_part(name.to_owned(), port, program, &env)
}

fn worker_part(options: &SystemOptions, facts: &Facts, port: u16, name: String) -> Planned {
    let mut env = vec![
        ("WORKER_NAME".to_owned(), name.clone()),
        ("WORKER_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
        ("WORKER_KEY_FILE".to_owned(), facts.keys.of_role(Role::Worker).display().to_string()),
        (
            "WORKER_AUDITOR_KEY_FILE".to_owned(),
            facts.keys.of_role(Role::Auditor).display().to_string(),
        ),
        ("WORKER_RECONCILE_EVERY_S".to_owned(), options.reconcile_every_s.to_string()),
        ("DESK_API_URL".to_owned(), facts.service_url(DESK_API).to_owned()),
    ];
    env.extend(of_services_and_temporal(options, facts));
    our_part(name, port, &options.binaries.worker, &env)
}

fn gateway_part(options: &SystemOptions, facts: &Facts, port: u16) -> Planned {
    let keys = &facts.keys;
    let mut env = vec![("GATEWAY_LISTEN".to_owned(), format!("127.0.0.1:{port}"))];
    for (setting, file) in [
        ("GATEWAY_KEY_FILE", keys.of_role(Role::Shop)),
        ("GATEWAY_TOKEN_KEY_FILE", keys.customer_token()),
        ("GATEWAY_DERIVATION_KEY_FILE", keys.derivation()),
    ] {
        env.push((setting.to_owned(), file.display().to_string()));
    }
    env.extend(of_services_and_temporal(options, facts));
    our_part(GATEWAY.to_owned(), port, &options.binaries.gateway, &env)
}

/// Where the services and Temporal are, for whoever calls both.
fn of_services_and_temporal(options: &SystemOptions, facts: &Facts) -> Vec<(String, String)> {
    let mut env = vec![
        ("ORDER_API_URL".to_owned(), facts.service_url(ORDER_API).to_owned()),
        ("VOUCHER_API_URL".to_owned(), facts.service_url(VOUCHER_API).to_owned()),
        ("RISK_API_URL".to_owned(), facts.service_url(RISK_API).to_owned()),
        ("TEMPORAL_ADDRESS".to_owned(), facts.temporal_address.clone()),
        ("TEMPORAL_NAMESPACE".to_owned(), facts.namespace.clone()),
    ];
    match &options.temporal {
        TemporalServer::Given { env: given, .. } => env.extend(given.iter().cloned()),
        // A profile in the user's own configuration file would add its TLS and keys to our server's address.
        TemporalServer::Own { .. } | TemporalServer::Program { .. } => {
            env.push(("TEMPORAL_CONFIG_FILE".to_owned(), "/dev/null".to_owned()));
        }
    }
    env
}

/// The store is a file in WAL mode: what was acknowledged survives kill -9. Search attributes are not preset, because
/// a kept file keeps the set that it was made with; the worker registers them.
fn temporal_part(
    options: &SystemOptions,
    facts: &Facts,
    ports: &PortPlan,
    cli: &Path,
    extra_args: &[String],
) -> Planned {
    let (http, metrics) = ports.temporal_http_and_metrics();
    let store = facts.data_dir.join("temporal.sqlite");
    let mut arguments = guarded(cli);
    arguments.extend(["server", "start-dev", "--ip", "127.0.0.1", "--db-filename"].map(Into::into));
    arguments.push(store.display().to_string());
    arguments.extend(["--sqlite-pragma", "journal_mode=wal"].map(Into::into));
    for (flag, port) in [
        ("--port", ports.temporal()),
        ("--ui-port", ports.temporal_ui()),
        ("--http-port", http),
        ("--metrics-port", metrics),
    ] {
        arguments.extend([flag.to_owned(), port.to_string()]);
    }
    arguments.extend(["--ui-disable-news-fetch", "--log-level", "warn"].map(Into::into));
    arguments.extend(["--dynamic-config-value", TASK_RETRY].map(Into::into));
    arguments.extend(extra_args.iter().cloned());
    let env = BTreeMap::from([("TEMPORAL_CONFIG_FILE".to_owned(), "/dev/null".to_owned())]);
    guarded_temporal(
        facts,
        ports,
        Part { program: options.binaries.lacadon.clone(), arguments, env },
    )
}

/// All four roles of the server in one process, as in a container of its own.
fn program_part(
    options: &SystemOptions,
    facts: &Facts,
    ports: &PortPlan,
    server: &Path,
    settings: &BTreeMap<String, String>,
) -> Planned {
    let mut arguments = guarded(server);
    arguments.push("start".to_owned());
    let (http, metrics) = ports.temporal_http_and_metrics();
    let mut env = settings.clone();
    env.insert("FRONTEND_GRPC_PORT".to_owned(), ports.temporal().to_string());
    env.insert("FRONTEND_HTTP_PORT".to_owned(), http.to_string());
    env.insert("PROMETHEUS_ENDPOINT".to_owned(), format!("127.0.0.1:{metrics}"));
    env.extend(ports.temporal_roles().map(|(name, port)| (name.to_owned(), port.to_string())));
    guarded_temporal(
        facts,
        ports,
        Part { program: options.binaries.lacadon.clone(), arguments, env },
    )
}

/// The first arguments with which `lacadon` becomes a foreign program that does not outlive us.
fn guarded(program: &Path) -> Vec<String> {
    let parent = std::process::id().to_string();
    let words = ["guard".to_owned(), "--parent".to_owned(), parent, "--".to_owned()];
    words.into_iter().chain([program.display().to_string()]).collect()
}

fn guarded_temporal(facts: &Facts, ports: &PortPlan, part: Part) -> Planned {
    Planned {
        name: TEMPORAL.to_owned(),
        address: facts.temporal_address.clone(),
        port: ports.temporal(),
        readiness: Readiness::Temporal {
            url: format!("http://{}", facts.temporal_address),
            namespace: facts.namespace.clone(),
        },
        part,
    }
}
