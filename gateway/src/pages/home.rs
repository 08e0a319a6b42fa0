//! The start page: for strangers, where one logs in; for customers, the shop. And logging in and out.

use super::form::ShopForm;
use super::{message, whole};
use crate::customer::known;
use crate::session;
use crate::shop::Shop;
use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    is_refused: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    form: ShopForm,
}

/// What the log-in form sends.
#[derive(Deserialize)]
pub(crate) struct LogIn {
    token: String,
}

/// `GET /`.
pub(crate) async fn home(State(shop): State<Shop>, headers: HeaderMap) -> Response {
    match known(&Method::GET, &headers, shop.token_key()) {
        Ok(customer_id) => {
            whole(StatusCode::OK, Some(&customer_id), "Shop", &Home { form: ShopForm::empty() })
        }
        Err(_) => whole(StatusCode::OK, None, "Log in", &Login { is_refused: false }),
    }
}

/// `POST /page/session`.
pub(crate) async fn log_in(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Form(asked): Form<LogIn>,
) -> Response {
    match session::begun(&shop, &headers, &asked.token) {
        Ok(cookie) => (cookie, Redirect::to("/")).into_response(),
        Err(refused) => whole(refused.status(), None, "Log in", &Login { is_refused: true }),
    }
}

/// `POST /page/session/end`.
pub(crate) async fn log_out(headers: HeaderMap) -> Response {
    match session::ended(&headers) {
        Ok(cookie) => (cookie, Redirect::to("/")).into_response(),
        Err(refused) => {
            let sentence = "This was sent by another page than ours, and nothing was done.";
            message(refused.status(), None, "Not from here", sentence)
        }
    }
}
