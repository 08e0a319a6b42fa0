//! Probes and metrics.

use crate::support::on_every_database;
use contracts::OrderId;
use serde_json::Value;

#[tokio::test]
async fn probes_and_metrics_are_open_to_everybody_and_name_no_customer() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        world.reserve(OrderId::make(), "cus_ada", 1_00).await;

        for path in ["/livez", "/readyz"] {
            assert_eq!(world.nobody().get(path).await.status, 200, "{path}");
        }
        let Value::String(metrics) = world.nobody().get("/metrics").await.body else {
            panic!("metrics are text")
        };
        assert!(metrics.contains(r#"route="/reservations/{order_id}""#), "{metrics}");
        assert!(metrics.contains("reservations_made_total"), "{metrics}");
        assert!(!metrics.contains("cus_ada"), "a customer is no label");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so() {
    on_every_database(|world| async move {
        world.database.close().await;

        assert_eq!(world.nobody().get("/readyz").await.status, 503);
        assert_eq!(world.nobody().get("/livez").await.status, 200);
        let refused = world.reserve(OrderId::make(), "cus_ada", 1).await;
        assert_eq!(refused.problem(), (503, "database_unavailable".into()));
        assert_eq!(refused.header("retry-after"), Some("1"));
    })
    .await;
}
