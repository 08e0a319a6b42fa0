//! `PUT /accounts/{customer_id}`: opens an account or gives it other terms.
//!
//! A limit below what is live only blocks new reservations: what was granted stays granted.

use crate::account::{Account, Terms};
use crate::account_body::{AccountBody, MAX_SHOWN};
use crate::audit_trail::{Action, record};
use crate::reservation::Reservation;
use crate::{Api, store};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chassis::auth::{Actor, Caller};
use chassis::problem::{FieldError, Json, Path, Problem, ProblemBody};
use chassis_store::{DatabaseError, Tx, now_ms};
use contracts::{CustomerId, Money};
use serde::Deserialize;
use tracing::info;
use utoipa::ToSchema;

/// What the customer is granted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutAccount {
    /// What live reservations may come to together. Its currency stays the account's for ever.
    #[schema(value_type = crate::reservation_body::MoneyBody)]
    limit: Money,
    /// The score without any live reservation.
    #[schema(minimum = 0)]
    base_score: i64,
    /// An order must leave at least this score.
    minimum_score: i64,
}

/// Open or change an account.
///
/// Repeatable. A limit below what is live takes nothing back: it only blocks new reservations.
#[utoipa::path(
    put,
    path = "/accounts/{customer_id}",
    operation_id = "put_account",
    tag = "accounts",
    params(("customer_id" = String, Path, description = "The customer's id.", pattern = "^cus_[A-Za-z0-9_-]{1,60}$")),
    request_body = PutAccount,
    responses(
        (status = 201, description = "Opened.", body = AccountBody),
        (status = 200, description = "Changed, or as it was.", body = AccountBody),
        (
            status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: the id is not one that a customer can have."
        ),
        (
            status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`currency_differs`: the account is kept in another currency."
        ),
    )
)]
pub(crate) async fn put_account(
    State(api): State<Api>,
    caller: Caller,
    Path(customer_id): Path<String>,
    Json(asked): Json<PutAccount>,
) -> Result<impl IntoResponse, Problem> {
    let customer_id: CustomerId = customer_id.parse().map_err(|_| Problem::not_found())?;
    let terms = terms_of(&asked)?;
    let input = (customer_id, terms, Actor::of(caller));
    let put = api
        .database
        .at(&crash_points::RISK_API_PUT_ACCOUNT)
        .write(input, |tx, (customer_id, terms, actor)| {
            Box::pin(put(tx, customer_id, *terms, actor))
        })
        .await?;
    let (status, account, live) = match put {
        Put::Opened(account) => (StatusCode::CREATED, account, Vec::new()),
        Put::Kept(account, live) => (StatusCode::OK, account, live),
        Put::CurrencyDiffers => return Err(currency_differs()),
    };
    let (customer_id, limit) = (&account.customer_id, account.terms.limit);
    info!(customer.id = %customer_id, limit_minor = limit.amount_minor, "customer {customer_id} may owe {limit}");
    Ok((status, Json(AccountBody::of(account, live))))
}

/// What became of the request, and the account as it stands with its oldest live reservations.
enum Put {
    Opened(Account),
    Kept(Account, Vec<Reservation>),
    CurrencyDiffers,
}

async fn put(
    tx: &mut Tx,
    customer_id: &CustomerId,
    terms: Terms,
    actor: &Actor,
) -> Result<Put, DatabaseError> {
    let at_ms = now_ms();
    let is_new = store::open_account(tx, customer_id, &terms, at_ms).await?;
    let account = store::lock_account(tx, customer_id).await?;
    let account = account.ok_or_else(|| DatabaseError::bad_row("an opened account is gone"))?;
    if account.terms.limit.currency != terms.limit.currency {
        return Ok(Put::CurrencyDiffers);
    }
    let contents = (customer_id.as_str(), &*written(&terms));
    if is_new {
        record(tx, actor, Action::Opened, contents, at_ms).await?;
        return Ok(Put::Opened(account));
    }
    if account.terms != terms {
        store::change_terms(tx, customer_id, &terms, at_ms).await?;
        record(tx, actor, Action::Changed, contents, at_ms).await?;
    }
    let live = store::live_of(tx, customer_id, MAX_SHOWN).await?;
    Ok(Put::Kept(Account { terms, ..account }, live))
}

/// As the audit trail keeps them.
fn written(terms: &Terms) -> String {
    let Terms { limit, base_score, minimum_score } = terms;
    format!("limit {limit}, base score {base_score}, minimum score {minimum_score}")
}

fn terms_of(asked: &PutAccount) -> Result<Terms, Problem> {
    let mut errors = Vec::new();
    if asked.limit.amount_minor < 0 {
        errors.push(FieldError::new("/limit/amount", "must not be negative"));
    }
    if asked.base_score < 0 {
        errors.push(FieldError::new("/base_score", "must not be negative"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid_body(errors));
    }
    let PutAccount { limit, base_score, minimum_score } = *asked;
    Ok(Terms { limit, base_score, minimum_score })
}

fn currency_differs() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "currency_differs",
        "this account is kept in another currency, and stays in it; grant its limit in that one",
    )
}
