//! What is settled about a system before its first process starts: where everything is and what it is called.

use super::keys::Keys;
use super::parts::Planned;
use super::ports::PortPlan;
use super::{
    NAMESPACE, Running, RunningProcess, RunningTemporal, SERVICES, SystemOptions, TemporalServer,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is settled before the first process starts.
pub(super) struct Facts {
    pub(super) data_dir: PathBuf,
    pub(super) keys: Keys,
    pub(super) temporal_address: String,
    pub(super) temporal_ui: Option<String>,
    pub(super) temporal_metrics_url: Option<String>,
    pub(super) namespace: String,
    pub(super) database_urls: BTreeMap<&'static str, String>,
    pub(super) service_urls: BTreeMap<&'static str, String>,
    pub(super) gateway_url: String,
}

impl Facts {
    pub(super) fn settle(
        options: &SystemOptions,
        data_dir: PathBuf,
        keys: Keys,
        ports: &PortPlan,
    ) -> Self {
        let (temporal_address, temporal_ui, namespace) = match &options.temporal {
            TemporalServer::Own { .. } => (
                format!("127.0.0.1:{}", ports.temporal()),
                Some(format!("http://127.0.0.1:{}", ports.temporal_ui())),
                NAMESPACE.to_owned(),
            ),
            TemporalServer::Program { namespace, .. } => {
                (format!("127.0.0.1:{}", ports.temporal()), None, namespace.clone())
            }
            TemporalServer::Given { address, namespace, ui, .. } => {
                (address.clone(), ui.clone(), namespace.clone())
            }
        };
        let temporal_metrics_url = match &options.temporal {
            TemporalServer::Own { .. } => {
                let (_, metrics) = ports.temporal_http_and_metrics();
                Some(format!("http://127.0.0.1:{metrics}/metrics"))
            }
            TemporalServer::Program { .. } | TemporalServer::Given { .. } => None,
        };
        let given = [
            &options.order_database_url,
            &options.voucher_database_url,
            &options.risk_database_url,
            &options.desk_database_url,
        ];
        let mut database_urls = BTreeMap::new();
        let mut service_urls = BTreeMap::new();
        for (number, ((name, family), given)) in (1..).zip(SERVICES.into_iter().zip(given)) {
            let file = data_dir.join(format!("{}.sqlite", family.to_lowercase()));
            let url = given.clone().unwrap_or_else(|| format!("sqlite://{}", file.display()));
            database_urls.insert(name, url);
            service_urls.insert(name, format!("http://127.0.0.1:{}", ports.service(number)));
        }
        Self {
            data_dir,
            keys,
            temporal_address,
            temporal_ui,
            temporal_metrics_url,
            namespace,
            database_urls,
            service_urls,
            gateway_url: format!("http://127.0.0.1:{}", ports.gateway()),
        }
    }

    pub(super) fn service_url(&self, name: &str) -> &str {
        self.service_urls.get(name).map_or("", String::as_str)
    }

    pub(super) fn database_url(&self, name: &str) -> &str {
        self.database_urls.get(name).map_or("", String::as_str)
    }

    pub(super) fn before_the_start(&self, planned: &[Planned]) -> Running {
        let processes = planned.iter().map(|part| RunningProcess {
            name: part.name.clone(),
            pid: None,
            address: part.address.clone(),
            restarts: 0,
        });
        Running {
            temporal: RunningTemporal {
                address: self.temporal_address.clone(),
                ui: self.temporal_ui.clone(),
            },
            processes: processes.collect(),
            keys: self.keys.by_role(),
        }
    }
}
