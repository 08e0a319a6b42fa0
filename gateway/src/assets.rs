//! `/assets`: the style, the icon and the two scripts of the page, compiled in. Nothing comes from anywhere else.
//!
//! htmx and its extension are unchanged files of the npm packages `htmx.org` and `htmx-ext-sse`; their licences stand
//! beside them. Their names hold their versions, so that a browser may keep them for ever.

use crate::shop::Shop;
use axum::Router;
use axum::http::{HeaderName, header};
use axum::routing::get;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_MINUTE: &str = "public, max-age=60";

/// htmx.
pub(crate) const HTMX: &str = "/assets/htmx-2.0.11.min.js";
/// Its extension for server-sent events.
pub(crate) const HTMX_SSE: &str = "/assets/htmx-ext-sse-2.2.4.min.js";
/// The style.
pub(crate) const STYLE: &str = "/assets/shop.css";
/// The icon; the template names it.
const ICON: &str = "/assets/shop.svg";

pub(crate) fn routes() -> Router<Shop> {
    let asset = |text: &'static str, media_type: &'static str, keep: &'static str| {
        let headers: [(HeaderName, &str); 3] = [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, keep),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        get(move || std::future::ready((headers, text)))
    };
    Router::new()
        .route(HTMX, asset(include_str!("../assets/htmx-2.0.11.min.js"), JAVASCRIPT, FOR_EVER))
        .route(
            HTMX_SSE,
            asset(include_str!("../assets/htmx-ext-sse-2.2.4.min.js"), JAVASCRIPT, FOR_EVER),
        )
        .route(
            STYLE,
            asset(include_str!("../assets/shop.css"), "text/css; charset=utf-8", FOR_A_MINUTE),
        )
        .route(ICON, asset(include_str!("../assets/shop.svg"), "image/svg+xml", FOR_A_MINUTE))
}
