//! The wires of the system, and the proxies on them. The processes are told the proxies' addresses by their ordinary
//! settings, so nothing in them knows that it is in a laboratory.

use super::super::postgres::Postgres;
use super::super::proxy::Proxy;
use crate::system::SystemOptions;
use anyhow::Context;
use std::collections::BTreeMap;
use std::fmt;
use url::Url;

/// Parts that speak no HTTP.
pub(super) const TEMPORAL: &str = "temporal";
pub(super) const POSTGRESQL: &str = "postgresql";

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wire {
    /// `worker` (all of them), `gateway`, `client`, or who keeps something in a database.
    pub caller: &'static str,
    /// A process of the system, or `postgresql`.
    pub callee: &'static str,
}

impl Wire {
    /// Every wire between processes of the system, and from clients to it.
    pub const BETWEEN_PROCESSES: [Self; 10] = [
        Self { caller: "worker", callee: "order-api" },
        Self { caller: "worker", callee: "voucher-api" },
        Self { caller: "worker", callee: "risk-api" },
        Self { caller: "worker", callee: "temporal" },
        Self { caller: "gateway", callee: "order-api" },
        Self { caller: "gateway", callee: "voucher-api" },
        Self { caller: "gateway", callee: "risk-api" },
        Self { caller: "gateway", callee: "temporal" },
        Self { caller: "client", callee: "order-api" },
        Self { caller: "client", callee: "gateway" },
    ];

    /// Every wire to a database, where databases have a server.
    pub const TO_DATABASES: [Self; 4] = [
        Self { caller: "order-api", callee: POSTGRESQL },
        Self { caller: "voucher-api", callee: POSTGRESQL },
        Self { caller: "risk-api", callee: POSTGRESQL },
        Self { caller: "temporal", callee: POSTGRESQL },
    ];

    /// Whether HTTP/1.1 passes, so that one request can be told from the next.
    #[must_use]
    pub fn is_http(self) -> bool {
        ![TEMPORAL, POSTGRESQL].contains(&self.callee)
    }

    /// The setting by which the caller is told where the callee is.
    fn setting(self) -> Option<&'static str> {
        match self.callee {
            "order-api" => Some("ORDER_API_URL"),
            "voucher-api" => Some("VOUCHER_API_URL"),
            "risk-api" => Some("RISK_API_URL"),
            TEMPORAL => Some("TEMPORAL_ADDRESS"),
            _ => None,
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.caller, self.callee)
    }
}

/// A proxy for every wire between processes, and the settings that lead the callers to it.
pub(super) async fn lay(
    options: &mut SystemOptions,
    workers: u16,
    wires: &mut BTreeMap<Wire, Proxy>,
) -> anyhow::Result<()> {
    for wire in Wire::BETWEEN_PROCESSES {
        let proxy = Proxy::start().await?;
        let address = if wire.is_http() { proxy.url() } else { proxy.address() };
        for name in callers(workers).iter().filter(|name| name.starts_with(wire.caller)) {
            if let Some(setting) = wire.setting() {
                set(options, name, setting, &address);
            }
        }
        wires.insert(wire, proxy);
    }
    Ok(())
}

/// A proxy for each of these wires to a database. Who audits reads the databases directly.
pub(super) async fn lay_to_databases(
    options: &mut SystemOptions,
    postgres: &Postgres,
    [orders, vouchers, risk]: &[String; 3],
    laid: impl Iterator<Item = Wire>,
    wires: &mut BTreeMap<Wire, Proxy>,
) -> anyhow::Result<()> {
    let server = postgres.superuser_url();
    let host = server.host_str().context("PostgreSQL is on no host")?;
    let port = server.port().context("PostgreSQL has no port")?;
    let server = format!("{host}:{port}");
    for wire in laid {
        let proxy = Proxy::start().await?;
        proxy.forward_to(&server);
        let through = |url: &str| -> anyhow::Result<String> {
            let mut url = Url::parse(url)?;
            url.set_port(Some(proxy.port())).ok().context("a database URL without a host")?;
            Ok(url.to_string())
        };
        match wire.caller {
            "order-api" => set(options, wire.caller, "ORDER_DATABASE_URL", &through(orders)?),
            "voucher-api" => set(options, wire.caller, "VOUCHER_DATABASE_URL", &through(vouchers)?),
            "risk-api" => set(options, wire.caller, "RISK_DATABASE_URL", &through(risk)?),
            _ => set(options, wire.caller, "DB_PORT", &proxy.port().to_string()),
        }
        wires.insert(wire, proxy);
    }
    Ok(())
}

fn set(options: &mut SystemOptions, process: &str, setting: &str, value: &str) {
    let settings = options.env.entry(process.to_owned()).or_default();
    settings.insert(setting.to_owned(), value.to_owned());
}

/// The processes that call others.
pub(super) fn callers(count: u16) -> Vec<String> {
    workers(count).chain(["gateway".to_owned()]).collect()
}

/// The names of so many workers.
pub(in crate::crash) fn workers(count: u16) -> impl Iterator<Item = String> {
    (1..=count).map(|number| match number {
        1 => "worker".to_owned(),
        _ => format!("worker-{number}"),
    })
}
