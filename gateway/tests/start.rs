//! What the gateway refuses to start with.

use crate::support::NOWHERE;
use crate::support::stub::Stub;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;

/// A start that is to fail does so within this.
const PATIENCE: Duration = Duration::from_secs(20);

fn key_file(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
    path
}

async fn start(order_api: &str, derivation_key_mode: u32) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let hex = "07".repeat(32);
    let derivation = key_file(folder.path(), "derivation.key", &hex, derivation_key_mode);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command
        .env_clear()
        .env("GATEWAY_LISTEN", "127.0.0.1:0")
        .env("GATEWAY_KEY_FILE", key_file(folder.path(), "shop.key", "shop-key", 0o600))
        .env("GATEWAY_TOKEN_KEY_FILE", key_file(folder.path(), "token.key", &hex, 0o600))
        .env("GATEWAY_DERIVATION_KEY_FILE", derivation)
        .env("ORDER_API_URL", order_api)
        .env("VOUCHER_API_URL", NOWHERE)
        .env("RISK_API_URL", NOWHERE)
        .env("TEMPORAL_ADDRESS", "127.0.0.1:9")
        .env("TEMPORAL_CONFIG_FILE", "/dev/null")
        .kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").expect("it ran")
}

#[tokio::test]
async fn with_another_installations_derivation_key_it_refuses_to_start() {
    let stub = Stub::start().await;
    stub.refuse_the_key();

    let ended = start(stub.url(), 0o600).await;

    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert!(said.contains("restore the original key from its backup"), "{said}");
}

#[tokio::test]
async fn with_a_key_that_others_may_read_it_refuses_to_start() {
    let ended = start(NOWHERE, 0o644).await;

    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert!(said.contains("GATEWAY_DERIVATION_KEY_FILE") && said.contains("chmod 600"), "{said}");
}
