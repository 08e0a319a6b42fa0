//! Asserts that the namespace knows the search attributes of our processes: a run that upserts an unknown one hangs
//! until somebody registers it. So it is done before the first run, when Temporal comes back, and every minute.

use crate::limits::LOOK_LIMIT;
use anyhow::{Context as _, bail, ensure};
use connections::back_off::BackOff;
use temporalio_client::Client;
use temporalio_client::tonic::{Code, IntoRequest as _, Request};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};
use tracing::{info, warn};

/// Registers what is missing. Cheap when nothing is.
///
/// # Errors
/// When Temporal is away, when this caller may not register what is missing, or when a name is taken by another type.
pub async fn assert(client: &Client) -> anyhow::Result<()> {
    let missing = missing(client).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let keyword = i32::from(IndexedValueType::Keyword);
    let request = AddSearchAttributesRequest {
        namespace: client.options().namespace.clone(),
        search_attributes: missing.iter().map(|name| ((*name).to_owned(), keyword)).collect(),
    };
    match client.connection().operator_service().add_search_attributes(limited(request)).await {
        Ok(_) => info!("registered the search attributes {}", missing.join(", ")),
        // Another worker was faster.
        Err(status) if status.code() == Code::AlreadyExists => {}
        Err(status) => bail!(
            "the search attributes {} are missing and cannot be registered: {}",
            missing.join(", "),
            status.message()
        ),
    }
    Ok(())
}

/// Asserts them before the first run, trying until it works.
pub async fn assert_with_patience(client: &Client) {
    let mut back_off = BackOff::new();
    let mut has_failed = false;
    while let Err(error) = assert(client).await {
        if !has_failed {
            warn!("nothing is run before the search attributes are registered: {error:#}");
        }
        has_failed = true;
        tokio::time::sleep(back_off.wait()).await;
    }
}

async fn missing(client: &Client) -> anyhow::Result<Vec<&'static str>> {
    let namespace = client.options().namespace.clone();
    let request = ListSearchAttributesRequest { namespace };
    let known = client
        .connection()
        .operator_service()
        .list_search_attributes(limited(request))
        .await
        .context("the search attributes cannot be listed")?
        .into_inner()
        .custom_attributes;
    let mut missing = Vec::new();
    for key in workflows::search_attributes::ALL {
        match known.get(key.name()) {
            None => missing.push(key.name()),
            Some(kind) => ensure!(
                *kind == i32::from(IndexedValueType::Keyword),
                "the search attribute {} exists with another type than Keyword; remove or rename it",
                key.name()
            ),
        }
    }
    Ok(missing)
}

fn limited<T>(request: T) -> Request<T> {
    let mut request = request.into_request();
    request.set_timeout(LOOK_LIMIT);
    request
}
