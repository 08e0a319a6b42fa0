//! Whether a process can do its work: an HTTP process says so itself, of Temporal a real call is asked.

use anyhow::{Context, bail};
use std::str::FromStr;
use std::time::Duration;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Connection, ConnectionOptions, Url};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;

/// One question. A process that takes longer to answer is not ready.
pub(super) const ONE_QUESTION: Duration = Duration::from_secs(2);

/// How to ask.
#[derive(Debug, Clone)]
pub(super) enum Readiness {
    /// `GET` of this URL answers 200.
    Http(String),
    /// The server at this URL describes this namespace: its health alone says too little (it answers before the
    /// namespace is there).
    Temporal { url: String, namespace: String },
}

impl Readiness {
    /// Asks once, an HTTP process by this client.
    pub(super) async fn ask(&self, client: &reqwest::Client) -> anyhow::Result<()> {
        match self {
            Self::Http(url) => ask_http(client, url).await,
            Self::Temporal { url, namespace } => {
                tokio::time::timeout(ONE_QUESTION, ask_temporal(url, namespace))
                    .await
                    .context("no answer in time")?
            }
        }
    }
}

async fn ask_http(client: &reqwest::Client, url: &str) -> anyhow::Result<()> {
    let response =
        client.get(url).send().await.with_context(|| format!("{url} does not answer"))?;
    if !response.status().is_success() {
        bail!("{url} answers {}", response.status());
    }
    Ok(())
}

async fn ask_temporal(url: &str, namespace: &str) -> anyhow::Result<()> {
    let options = ConnectionOptions::new(Url::from_str(url)?)
        .identity("lacadon")
        .connect_timeout(ONE_QUESTION)
        .dns_load_balancing(None)
        .build();
    let connection = Connection::connect(options).await?;
    let request =
        DescribeNamespaceRequest { namespace: namespace.to_owned(), ..Default::default() };
    connection.workflow_service().describe_namespace(request.into_request()).await?;
    Ok(())
}
