//! Probes, metrics, request ids, and what is not there.

use crate::support::on_every_database;
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn probes_and_metrics_are_open_to_everybody() {
    on_every_database(|world| async move {
        for path in ["/livez", "/readyz", "/metrics"] {
            assert_eq!(world.nobody().get(path).await.status, 200, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_business_and_its_outbox_are_counted() {
    on_every_database(|world| async move {
        world.sent("a", 100_01).await;
        let id = world.placed("b", 100_01).await;
        world.shop().cancel(&id).await;
        let pending = world.pending(100_01).await;
        world.worker().approve(&pending).await;
        world
            .run("update outbox_events set occurred_at = occurred_at - 60000")
            .await
            .expect("a minute passes");

        let metrics = match world.nobody().get("/metrics").await.body {
            Value::String(text) => text,
            other => panic!("not a text: {other}"),
        };

        let value_of = |name: &str| {
            let line = metrics
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap_or_else(|| panic!("no {name} in {metrics}"));
            line.rsplit(' ').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
        };
        assert!(value_of(r#"orders_placed_total{origin="back_office"}"#) >= 2.0);
        assert!(value_of(r#"orders_placed_total{origin="shop"}"#) >= 1.0);
        assert!(value_of(r#"orders_placed_total{origin="import"}"#) >= 0.0);
        assert!(value_of("orders_sent_total") >= 1.0);
        assert!(value_of("orders_cancelled_total") >= 1.0);
        assert!(value_of("outbox_oldest_event_age_seconds") >= 0.0);
        assert!(metrics.contains(r#"route="/orders/{id}/mark-sent""#), "{metrics}");
        assert!(!metrics.contains(&id), "an id is no label");
    })
    .await;
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    on_every_database(|world| async move {
        let request =
            world.worker().request(Method::GET, "/orders/none").header("x-request-id", "trace-7");
        let given = crate::support::answer(request).await;
        let made = world.worker().get("/orders/none").await;

        assert_eq!(given.header("x-request-id"), Some("trace-7"));
        assert_eq!(given.text("request_id"), "trace-7");
        assert!(made.header("x-request-id").is_some_and(|id| !id.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    on_every_database(|world| async move {
        let nowhere = world.back_office().get("/nowhere").await;
        let not_so =
            crate::support::answer(world.back_office().request(Method::DELETE, "/orders")).await;

        assert_eq!(nowhere.problem(), (404, "not_found".into()));
        assert_eq!(not_so.problem(), (405, "method_not_allowed".into()));
    })
    .await;
}

#[tokio::test]
async fn a_service_without_its_database_is_alive_and_not_ready() {
    on_every_database(|world| async move {
        world.close_database().await;

        assert_eq!(world.nobody().get("/livez").await.status, 200);
        assert_eq!(world.nobody().get("/readyz").await.problem(), (503, "not_ready".into()));
        let read = world.worker().get("/orders").await;
        let written = world.back_office().place("a", &crate::support::cart(1)).await;
        for refused in [read, written] {
            assert_eq!(refused.problem(), (503, "database_unavailable".into()));
            assert_eq!(refused.header("retry-after"), Some("1"));
        }
    })
    .await;
}
