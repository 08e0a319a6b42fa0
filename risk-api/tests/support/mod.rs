//! A running risk-api on a fresh database, and callers that speak to it.

pub(crate) use service_tests::{Answer, answer, secret_of};

use contracts::OrderId;
use reqwest::{Method, RequestBuilder};
use risk_api::{ACCESS, AUDITOR, Api, BACK_OFFICE, MIGRATIONS, ROLES, SHOP, WORKER};
use serde_json::{Value, json};
use service_tests::{PATIENCE, Service};
use sqlx::Row;
use std::time::{Duration, Instant};

pub(crate) static SERVICE: Service = Service {
    migrations: &MIGRATIONS,
    access: ACCESS,
    roles: &ROLES,
    app: |database, keys| risk_api::app(Api::new(database), keys),
};

service_tests::world!(SERVICE {
    back_office: BACK_OFFICE,
    shop: SHOP,
    worker: WORKER,
    auditor: AUDITOR,
});

impl World {
    /// Grants a customer so many euro cents; the score stands in nobody's way.
    pub(crate) async fn grant(&self, customer_id: &str, limit_minor: i64) -> Answer {
        self.put_account(customer_id, &terms(limit_minor, i64::MAX, i64::MIN)).await
    }

    pub(crate) async fn put_account(&self, customer_id: &str, terms: &Value) -> Answer {
        self.back_office().put(&format!("/accounts/{customer_id}"), terms).await
    }

    pub(crate) async fn account(&self, customer_id: &str) -> Answer {
        let shown = self.auditor().get(&format!("/accounts/{customer_id}")).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        shown
    }

    /// What is left of a customer's limit.
    pub(crate) async fn available(&self, customer_id: &str) -> i64 {
        self.account(customer_id).await.body["available"]["amount"].as_i64().expect("an amount")
    }

    pub(crate) async fn reserve(&self, order_id: OrderId, customer_id: &str, cents: i64) -> Answer {
        answer(self.reserving(order_id, customer_id, cents)).await
    }

    pub(crate) fn reserving(
        &self,
        order_id: OrderId,
        customer_id: &str,
        cents: i64,
    ) -> RequestBuilder {
        let path = format!("/reservations/{order_id}");
        let asked = json!({"customer_id": customer_id, "amount": euro(cents)});
        self.worker().request(Method::PUT, &path).json(&asked)
    }

    pub(crate) async fn confirm(&self, order_id: OrderId) -> Answer {
        self.worker().post(&format!("/reservations/{order_id}/confirm"), &json!({})).await
    }

    pub(crate) async fn undo(&self, order_id: OrderId, reason: &str) -> Answer {
        answer(self.releasing(order_id, "undo", reason)).await
    }

    pub(crate) async fn close(&self, order_id: OrderId, reason: &str) -> Answer {
        answer(self.releasing(order_id, "close", reason)).await
    }

    pub(crate) fn releasing(&self, order_id: OrderId, kind: &str, reason: &str) -> RequestBuilder {
        let path = format!("/reservations/{order_id}?kind={kind}&reason={reason}");
        self.worker().request(Method::DELETE, &path)
    }

    /// Every account and reservation, whole and in order.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let accounts = "select customer_id || '|' || currency || '|' || limit_minor || '|' || base_score || '|' ||
            minimum_score || '|' || created_at || '|' || updated_at from accounts order by 1";
        let reservations = "select order_id || '|' || customer_id || '|' || amount_minor || '|' || currency || '|' ||
            score_delta || '|' || state || '|' || coalesce(reason, '') || '|' || created_at || '|' || updated_at
            from reservations order by 1";
        [self.rows(accounts).await, self.rows(reservations).await].concat()
    }

    /// Every order that was ever locked, and why it reserves no more.
    pub(crate) async fn tombstones(&self) -> Vec<String> {
        self.rows("select order_id || '|' || coalesce(reason, '') from tombstones order by 1").await
    }

    /// Waits until a query finds a row, for a while.
    pub(crate) async fn wait_for(&self, sql: &'static str) {
        let deadline = Instant::now() + PATIENCE;
        while self.rows(sql).await.is_empty() {
            assert!(Instant::now() < deadline, "waited in vain for {sql}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The first column of a query, as text.
    pub(crate) async fn rows(&self, sql: &'static str) -> Vec<String> {
        let rows = sqlx::query(sql).fetch_all(self.database.reader()).await.expect("rows");
        rows.iter().map(|row| row.try_get(0).expect("a text")).collect()
    }
}

/// So many euro cents on the wire.
pub(crate) fn euro(cents: i64) -> Value {
    json!({"amount": cents, "currency": "EUR"})
}

/// The terms of an account.
pub(crate) fn terms(limit_minor: i64, base_score: i64, minimum_score: i64) -> Value {
    json!({"limit": euro(limit_minor), "base_score": base_score, "minimum_score": minimum_score})
}
