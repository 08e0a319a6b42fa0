//! Whoever speaks to a service, with the key of a role, with an unknown one or with none.

use crate::service::Served;
use crate::{Answer, answer};
use chassis::auth::{Role, sha256_hex};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::sync::Once;

/// Whoever speaks to the service.
pub struct Caller<'a> {
    served: &'a Served,
    secret: Option<String>,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(served: &'a Served, secret: Option<String>) -> Self {
        Self { served, secret }
    }

    /// A request with this caller's key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.served.address());
        let request = self.served.http.request(method, url);
        match &self.secret {
            Some(secret) => request.bearer_auth(secret),
            None => request,
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Posts this body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// Puts this body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }
}

/// The key of a role, the same in every run.
#[must_use]
pub fn secret_of(role: Role) -> String {
    sha256_hex(role.name())
}

/// reqwest makes no client without it.
pub fn install_tls() {
    static TLS: Once = Once::new();
    TLS.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().expect("the first provider");
    });
}
