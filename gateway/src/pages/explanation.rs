//! `GET /page/orders/{id}/explanation`: what became of an order and how, for its customer.

use super::placement::untold;
use super::{Person, readable};
use crate::explanation::{Entry, Explanation};
use crate::get_explanation::explanation_of;
use crate::placement::Untold;
use crate::shop::Shop;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use contracts::OrderId;

#[derive(Template)]
#[template(path = "explanation.html")]
struct Timeline {
    explanation: Explanation,
}

/// `GET /page/orders/{id}/explanation`.
pub(crate) async fn explanation(
    State(shop): State<Shop>,
    person: Person,
    Path(id): Path<String>,
) -> Response {
    let Ok(order_id) = id.parse::<OrderId>() else {
        return untold(&person.customer_id, Untold::Unknown);
    };
    match explanation_of(&shop, &person.customer_id, order_id).await {
        Ok(explanation) => {
            person.show(StatusCode::OK, "How your order went", &Timeline { explanation })
        }
        Err(why) => untold(&person.customer_id, why),
    }
}

impl Timeline {
    fn missing(&self) -> String {
        self.explanation.missing.join(", ")
    }
}

impl Entry {
    /// As its customer reads it; nothing where nobody has kept it.
    fn time(&self) -> String {
        self.at.map(|at| readable(&at.to_string())).unwrap_or_default()
    }

    /// As machines read it.
    fn moment(&self) -> String {
        self.at.map(|at| at.to_string()).unwrap_or_default()
    }
}
