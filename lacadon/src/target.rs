//! Which running system a command is about: the one whose `run.json` lies in the data directory, or the one that
//! options and variables name.

use crate::api::{Api, CallError};
use crate::system::keys::{Keys, read_secret};
use crate::system::{Role, Running};
use connections::call::{BearerKey, parse_url};
use gateway::derivation::DerivationKey;
use gateway::services::Services;
use gateway::token::TokenKey;
use std::path::PathBuf;

/// Where the system is and who calls. Every verb takes these.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// The folder with keys, databases, logs and run.json.
    #[arg(long, global = true, env = "LACADON_DATA_DIR", default_value = ".lacadon")]
    pub data_dir: PathBuf,

    /// Another order-api than that of the data directory, as in http://127.0.0.1:8081.
    #[arg(long, global = true, env = "ORDER_API_URL")]
    pub order_api_url: Option<String>,

    /// Another voucher-api than that of the data directory.
    #[arg(long, global = true, env = "VOUCHER_API_URL")]
    pub voucher_api_url: Option<String>,

    /// Another risk-api than that of the data directory.
    #[arg(long, global = true, env = "RISK_API_URL")]
    pub risk_api_url: Option<String>,

    /// Another desk-api than that of the data directory.
    #[arg(long, global = true, env = "DESK_API_URL")]
    pub desk_api_url: Option<String>,

    /// Another gateway, the customers' front door, than that of the data directory.
    #[arg(long, global = true, env = "GATEWAY_URL")]
    pub gateway_url: Option<String>,

    /// The file with the key to call with, instead of the one in the data directory.
    #[arg(long, global = true, env = "LACADON_KEY_FILE")]
    pub key_file: Option<PathBuf>,

    /// The file with the derivation key, instead of the one in the data directory.
    #[arg(long, global = true, env = "LACADON_DERIVATION_KEY_FILE")]
    pub derivation_key_file: Option<PathBuf>,

    /// The file with the key that customers' tokens are signed with, instead of the one in the data directory.
    #[arg(long, global = true, env = "LACADON_TOKEN_KEY_FILE")]
    pub token_key_file: Option<PathBuf>,
}

impl Target {
    /// What `run.json` says; `None` when nothing runs on the data directory.
    ///
    /// # Errors
    /// When the file is there but cannot be understood.
    pub fn running(&self) -> anyhow::Result<Option<Running>> {
        Running::read(&self.data_dir)
    }

    /// order-api, called as `role`.
    ///
    /// # Errors
    /// When it is not known where it is or with which key to call.
    pub fn order_api(&self, role: Role) -> anyhow::Result<Api> {
        self.api("order-api", "ORDER_API_URL", self.order_api_url.as_deref(), role)
    }

    /// voucher-api, called as `role`.
    ///
    /// # Errors
    /// When it is not known where it is or with which key to call.
    pub fn voucher_api(&self, role: Role) -> anyhow::Result<Api> {
        self.api("voucher-api", "VOUCHER_API_URL", self.voucher_api_url.as_deref(), role)
    }

    /// risk-api, called as `role`.
    ///
    /// # Errors
    /// When it is not known where it is or with which key to call.
    pub fn risk_api(&self, role: Role) -> anyhow::Result<Api> {
        self.api("risk-api", "RISK_API_URL", self.risk_api_url.as_deref(), role)
    }

    /// desk-api, called as `role`.
    ///
    /// # Errors
    /// When it is not known where it is or with which key to call.
    pub fn desk_api(&self, role: Role) -> anyhow::Result<Api> {
        self.api("desk-api", "DESK_API_URL", self.desk_api_url.as_deref(), role)
    }

    /// All services at once, called as `role`.
    ///
    /// # Errors
    /// When it is not known where one of them is or with which key to call.
    pub fn services(&self, role: Role) -> anyhow::Result<Services> {
        let at = |service, variable, given: &Option<String>| {
            let base = self.base(service, variable, given.as_deref())?;
            parse_url(&base).map_err(|what| anyhow::anyhow!("{variable}: {what}"))
        };
        let orders = at("order-api", "ORDER_API_URL", &self.order_api_url)?;
        let vouchers = at("voucher-api", "VOUCHER_API_URL", &self.voucher_api_url)?;
        let risk = at("risk-api", "RISK_API_URL", &self.risk_api_url)?;
        let key = BearerKey::parse(&read_secret(&self.key_file_of(role)?)?)?;
        Services::at(orders, vouchers, risk, &key)
    }

    /// The customers' front door, called with the token that `issue` makes.
    ///
    /// # Errors
    /// When it is not known where it is, or there is no token.
    pub fn gateway(&self, issue: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<Api> {
        // First: where nothing runs, that is worth a word, and not that there is no key either.
        let base = self.base("gateway", "GATEWAY_URL", self.gateway_url.as_deref())?;
        Api::new("gateway", &base, issue()?)
    }

    /// The key that customers' tokens are signed with.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn token_key(&self) -> anyhow::Result<TokenKey> {
        let kept = || Keys::of(&self.data_dir).customer_token();
        TokenKey::read(&self.token_key_file.clone().unwrap_or_else(kept))
    }

    /// The key that customer ids are derived with.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn derivation_key(&self) -> anyhow::Result<DerivationKey> {
        let kept = || Keys::of(&self.data_dir).derivation();
        DerivationKey::read(&self.derivation_key_file.clone().unwrap_or_else(kept))
    }

    /// The file with the key of `role`.
    ///
    /// # Errors
    /// When `run.json` cannot be understood.
    pub fn key_file_of(&self, role: Role) -> anyhow::Result<PathBuf> {
        if let Some(given) = &self.key_file {
            return Ok(given.clone());
        }
        let running = self.running()?;
        let named = running.and_then(|running| running.keys.get(role.name()).cloned());
        Ok(named.unwrap_or_else(|| Keys::of(&self.data_dir).of_role(role)))
    }

    fn api(
        &self,
        service: &'static str,
        variable: &'static str,
        given: Option<&str>,
        role: Role,
    ) -> anyhow::Result<Api> {
        let base = self.base(service, variable, given)?;
        Api::new(service, &base, read_secret(&self.key_file_of(role)?)?)
    }

    fn base(
        &self,
        service: &'static str,
        variable: &'static str,
        given: Option<&str>,
    ) -> anyhow::Result<String> {
        let known = match given {
            Some(given) => Some(given.to_owned()),
            None => self.running()?.and_then(|r| r.address(service).map(str::to_owned)),
        };
        let nothing_runs = || CallError::NothingRuns {
            service,
            data_dir: self.data_dir.display().to_string(),
            variable,
        };
        Ok(known.ok_or_else(nothing_runs)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> (tempfile::TempDir, Target) {
        let folder = tempfile::tempdir().expect("a folder");
        let target = Target {
            data_dir: folder.path().to_path_buf(),
            order_api_url: None,
            voucher_api_url: None,
            risk_api_url: None,
            desk_api_url: None,
            gateway_url: None,
            key_file: None,
            derivation_key_file: None,
            token_key_file: None,
        };
        (folder, target)
    }

    #[test]
    fn where_nothing_runs_one_is_told_how_to_start_it() {
        let (_folder, target) = target();

        let refused = target.order_api(Role::Auditor).expect_err("nothing runs").to_string();

        assert!(refused.contains("cargo dev") && refused.contains("ORDER_API_URL"), "{refused}");
    }

    #[test]
    fn the_running_system_is_found_through_its_file_and_another_one_by_name() {
        let (folder, target) = target();
        let keys = Keys::make(folder.path(), &["order-api"]).expect("keys");
        let running = serde_json::json!({
            "temporal": {"address": "127.0.0.1:7233", "ui": null},
            "processes": [{"name": "order-api", "pid": 1, "address": "http://127.0.0.1:8081", "restarts": 0}],
            "keys": {"auditor": keys.of_role(Role::Auditor)},
        });
        std::fs::write(folder.path().join("run.json"), running.to_string()).expect("written");
        let named = Target { order_api_url: Some("http://elsewhere/".into()), ..target.clone() };

        let found = target.order_api(Role::Auditor).expect("found");
        let other = named.order_api(Role::Auditor).expect("found");

        assert_eq!((found.base(), other.base()), ("http://127.0.0.1:8081", "http://elsewhere"));
    }
}
