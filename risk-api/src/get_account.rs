//! `GET /accounts/{customer_id}`: what a customer may owe, and what is left of it.

use crate::account_body::{AccountBody, MAX_SHOWN};
use crate::{Api, store};
use axum::extract::State;
use axum::http::StatusCode;
use chassis::problem::{Json, Path, Problem, ProblemBody};
use contracts::CustomerId;

/// Show an account.
///
/// Available credit and score are derived from the live reservations. The list of them is read a moment after the sums.
#[utoipa::path(
    get,
    path = "/accounts/{customer_id}",
    operation_id = "get_account",
    tag = "accounts",
    params(("customer_id" = String, Path, description = "The customer's id.")),
    responses(
        (status = 200, description = "The account.", body = AccountBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`account_unknown`: this customer has no account."
        ),
    )
)]
pub(crate) async fn get_account(
    State(api): State<Api>,
    Path(customer_id): Path<String>,
) -> Result<Json<AccountBody>, Problem> {
    // A text that is no id names no customer.
    let customer_id: CustomerId = customer_id.parse().map_err(|_| account_unknown())?;
    let reader = api.database.reader();
    let account = store::account(reader, &customer_id).await?.ok_or_else(account_unknown)?;
    let live = store::live_of(reader, &customer_id, MAX_SHOWN).await?;
    Ok(Json(AccountBody::of(account, live)))
}

fn account_unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "account_unknown",
        "this customer has no account; check the id, or have the back office open one",
    )
}
