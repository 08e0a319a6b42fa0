//! The shop's page: the same as the API, for people. It decides nothing that the API does not.
//!
//! Every answer is HTML, also a refusal. Asked by htmx, an endpoint answers its part of the page; asked by a browser
//! without scripts, a whole page. A service that is down leaves its part marked as such.

mod explanation;
mod form;
mod home;
mod outcome;
mod parts;
mod place;
mod placement;

use crate::assets;
use crate::customer::{Stranger, known};
use crate::shop::Shop;
use askama::Template;
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chassis::problem::Problem;
use contracts::CustomerId;

/// Scripts, styles and everything else from here only; nobody shows this page inside another.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                                       frame-ancestors 'none'; object-src 'none'";

const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// The list of pages and their parts.
pub(crate) fn routes() -> Router<Shop> {
    Router::new()
        .route("/", get(home::home))
        .route("/page/session", post(home::log_in))
        .route("/page/session/end", post(home::log_out))
        .route("/page/orders", get(parts::orders).post(place::place))
        .route("/page/vouchers", get(parts::vouchers))
        .route("/page/credit", get(parts::credit))
        .route("/page/orders/{id}/cancel", post(placement::cancel_order))
        .route("/page/orders/{id}/explanation", get(explanation::explanation))
        .route("/page/placements/{id}", get(placement::placement))
        .route("/page/placements/{id}/events", get(placement::events))
        .layer(middleware::map_response(with_headers))
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        // What is shown is somebody's own, and a part must not be taken for the whole page.
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "hx-request"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A known person; anybody else is sent to the start page. Take it as a handler's argument.
pub(crate) struct Person {
    customer_id: CustomerId,
    reader: Reader,
}

/// What reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// htmx, which puts the part where it belongs.
    Htmx,
    /// A browser, which shows a whole page.
    Browser,
}

impl FromRequestParts<Shop> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        let reader = Reader::of(&parts.headers);
        match known(&parts.method, &parts.headers, shop.token_key()) {
            Ok(customer_id) => Ok(Self { customer_id, reader }),
            Err(Stranger::Nobody) => Err(reader.to_start()),
            Err(Stranger::CrossSite) => {
                let sentence = "This was sent by another page than ours, and nothing was done.";
                Err(message(StatusCode::FORBIDDEN, None, "Not from here", sentence))
            }
        }
    }
}

impl Reader {
    fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key(HX_REQUEST) { Self::Htmx } else { Self::Browser }
    }

    /// Sends to the start page, where one logs in.
    fn to_start(self) -> Response {
        match self {
            Self::Htmx => [(HX_REDIRECT, HeaderValue::from_static("/"))].into_response(),
            Self::Browser => Redirect::to("/").into_response(),
        }
    }
}

impl Person {
    /// Shows this part, or the whole page with nothing but this part.
    fn show(&self, status: StatusCode, title: &str, part: &impl Template) -> Response {
        match self.reader {
            // htmx shows answers of success only.
            Reader::Htmx => rendered(StatusCode::OK, part),
            Reader::Browser => whole(status, Some(&self.customer_id), title, &Part { title, part }),
        }
    }
}

#[derive(Template)]
#[template(path = "whole.html")]
struct Whole<'a> {
    customer_id: Option<&'a CustomerId>,
    title: &'a str,
    content: &'a str,
    htmx: &'static str,
    htmx_sse: &'static str,
    style: &'static str,
}

/// A part by itself needs the heading that the start page has around it.
#[derive(Template)]
#[template(source = "<section><h2>{{ title }}</h2>{{ part|safe }}</section>", ext = "html")]
struct Part<'a, T: Template> {
    title: &'a str,
    part: &'a T,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    headline: &'a str,
    sentence: &'a str,
}

fn message(
    status: StatusCode,
    customer_id: Option<&CustomerId>,
    headline: &str,
    sentence: &str,
) -> Response {
    whole(status, customer_id, headline, &Message { headline, sentence })
}

fn whole(
    status: StatusCode,
    customer_id: Option<&CustomerId>,
    title: &str,
    content: &impl Template,
) -> Response {
    match content.render() {
        Ok(content) => {
            let (htmx, htmx_sse, style) = (assets::HTMX, assets::HTMX_SSE, assets::STYLE);
            rendered(
                status,
                &Whole { customer_id, title, content: &content, htmx, htmx_sse, style },
            )
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn rendered(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// A moment as people read it: `2026-11-20 10:00 UTC`.
fn readable(moment: &str) -> String {
    let minutes = moment.get(..16).unwrap_or(moment);
    format!("{} UTC", minutes.replace('T', " "))
}
