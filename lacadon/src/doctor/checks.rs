//! What the doctor looks at, in the order in which somebody would: what runs, whether it answers, whether it is allowed
//! to, and whether the business is in order.

use super::books;
use super::temporal_side;
use super::{Check, Finding};
use crate::api::CallError;
use crate::system::keys::read_secret;
use crate::system::{Role, Running, RunningProcess};
use crate::target::Target;
use futures::future::join_all;
use rustix::process::{Pid, test_kill_process};
use std::time::Duration;
use tokio::net::TcpStream;

/// A port on this machine answers at once or not at all.
const CONNECT: Duration = Duration::from_secs(2);

/// `/readyz` asks the database behind it.
const READY: Duration = Duration::from_secs(5);

pub(super) async fn all(target: &Target) -> Vec<Check> {
    let running = match target.running() {
        Ok(running) => running,
        Err(e) => {
            let mend = "stop the system and start it again: cargo dev";
            return vec![Check::wrong("run.json", format!("{e:#}"), mend)];
        }
    };
    let mut checks = vec![processes(target, running.as_ref())];
    if let Some(running) = &running {
        // Of a process that is down nothing further is worth a word.
        let up: Vec<&RunningProcess> =
            running.processes.iter().filter(|process| process.pid.is_some_and(is_alive)).collect();
        checks.push(ports(&up, target).await);
        checks.push(ready(&up, target).await);
    }
    checks.push(keys(target).await);
    checks.extend(temporal_side::checks(running.as_ref()).await);
    checks.extend(books::checks(target, running.as_ref()).await);
    checks
}

fn processes(target: &Target, running: Option<&Running>) -> Check {
    let name = "processes";
    let Some(running) = running else {
        if target.order_api_url.is_some() && target.voucher_api_url.is_some() {
            return Check::well(name, "started by somebody else");
        }
        let what = format!("nothing runs on {}", target.data_dir.display());
        return Check::wrong(name, what, "cargo dev");
    };
    let is_down = |process: &&RunningProcess| !process.pid.is_some_and(is_alive);
    let down: Vec<&str> =
        running.processes.iter().filter(is_down).map(|process| process.name.as_str()).collect();
    let findings = match down.as_slice() {
        [] => Vec::new(),
        _ => vec![Finding {
            what: format!("down, and nobody starts them again: {}", down.join(", ")),
            mend: "cargo dev".to_owned(),
        }],
    };
    let restarts: u32 = running.processes.iter().map(|process| process.restarts).sum();
    let seen = format!("{} processes, restarted {restarts} times", running.processes.len());
    Check::of(name, findings, seen)
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid).is_ok())
}

async fn ports(up: &[&RunningProcess], target: &Target) -> Check {
    let mut findings = Vec::new();
    for process in up {
        let address = process.address.trim_start_matches("http://");
        let connected = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
        if !matches!(connected, Ok(Ok(_))) {
            findings.push(Finding {
                what: format!("{} does not listen on {address}", process.name),
                mend: format!("see why in its log: tail {}", log_of(process, target)),
            });
        }
    }
    Check::of("ports", findings, "every process that is up listens")
}

/// Services are ready when their database answers, the gateway when Temporal does, workers when they poll it.
async fn ready(up: &[&RunningProcess], target: &Target) -> Check {
    let mut findings = Vec::new();
    for process in up.iter().filter(|process| process.address.starts_with("http")) {
        if let Err(why) = is_ready(&process.address).await {
            let name = &process.name;
            let what = match name.as_str() {
                "gateway" => format!("{name} cannot reach Temporal: {why}"),
                worker if worker.starts_with("worker") => {
                    format!("{name} does not poll Temporal: {why}")
                }
                _ => format!("{name} cannot reach its database: {why}"),
            };
            let mend = format!("see why in its log: tail {}", log_of(process, target));
            findings.push(Finding { what, mend });
        }
    }
    Check::of("databases, gateway, workers", findings, "all that are up are ready")
}

async fn is_ready(address: &str) -> Result<(), String> {
    let url = format!("{address}/readyz");
    let client = crate::http::client(READY).map_err(|e| e.to_string())?;
    let response =
        client.get(&url).send().await.map_err(|_| "/readyz does not answer".to_owned())?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("/readyz answers {status}")) }
}

fn log_of(process: &RunningProcess, target: &Target) -> String {
    target.data_dir.join("logs").join(format!("{}.log", process.name)).display().to_string()
}

/// The files are there and closed to others, and each service takes each caller's key.
async fn keys(target: &Target) -> Check {
    let mut findings = Vec::new();
    if let Err(e) = target.derivation_key() {
        findings.push(Finding {
            what: format!("{e:#}"),
            mend: "restore it from the backup; a new one would make strangers of known customers"
                .to_owned(),
        });
    }
    if let Err(e) = target.token_key() {
        findings.push(Finding {
            what: format!("{e:#}"),
            mend: "stop the system and start it again: cargo dev makes what is missing; customers need new tokens then"
                .to_owned(),
        });
    }
    let roles: &[Role] = if target.key_file.is_some() { &[Role::BackOffice] } else { &Role::ALL };
    let mut untried = false;
    // Side by side: a service that hangs costs one time-out and not one per key.
    for tried in join_all(roles.iter().map(|role| key_of(target, *role))).await {
        match tried {
            Tried::Taken => {}
            Tried::NobodyAnswers => untried = true,
            Tried::Wrong(finding) => findings.push(finding),
        }
    }
    let seen = if untried {
        "closed to others; not tried where nobody answers"
    } else {
        "closed to others, taken by the services"
    };
    Check::of("keys", findings, seen)
}

enum Tried {
    Taken,
    NobodyAnswers,
    Wrong(Finding),
}

async fn key_of(target: &Target, role: Role) -> Tried {
    let wrong = |what: String, mend: String| Tried::Wrong(Finding { what, mend });
    let file = match target.key_file_of(role) {
        Ok(file) => file,
        Err(e) => return wrong(format!("{e:#}"), "cargo dev".to_owned()),
    };
    if let Err(e) = read_secret(&file) {
        let mend = if file.exists() {
            format!("chmod 600 {}", file.display())
        } else {
            "stop the system and start it again: cargo dev makes what is missing".to_owned()
        };
        return wrong(format!("{e:#}"), mend);
    }
    let mut tried = Tried::Taken;
    for (service, api, path) in [
        ("order-api", target.order_api(role), "/orders"),
        ("voucher-api", target.voucher_api(role), "/vouchers"),
        // Every role may ask for an account, also for one that is not there.
        ("risk-api", target.risk_api(role), "/accounts/cus_nobody"),
        ("desk-api", target.desk_api(role), "/cases"),
    ] {
        // The customers' front door has no business at the stuck desk.
        if (service, role) == ("desk-api", Role::Shop) {
            continue;
        }
        let Ok(api) = api else { continue };
        match api.get(path, &[("limit", "1".to_owned())]).await {
            Err(CallError::Refused { problem, .. }) if matches!(problem.status, 401 | 403) => {
                let (name, shown) = (role.name(), file.display());
                return wrong(
                    format!("{service} does not take the key of {name} ({shown})"),
                    format!(
                        "put its line into the service's keys file and restart {service}: \
                         echo \"{name} {name} $(tr -d '\\n' < {shown} | sha256sum | cut -d' ' -f1)\" >> {}",
                        file.with_file_name(format!("{service}.keys")).display()
                    ),
                );
            }
            Err(CallError::Unreachable { .. } | CallError::NothingRuns { .. }) => {
                tried = Tried::NobodyAnswers;
            }
            Err(CallError::Refused { .. }) | Ok(_) => {}
        }
    }
    tried
}
