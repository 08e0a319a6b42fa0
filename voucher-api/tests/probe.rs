//! Probes and metrics.

use crate::support::on_every_database;
use serde_json::Value;

#[tokio::test]
async fn probes_and_metrics_are_open_to_everybody_and_show_no_code() {
    on_every_database(|world| async move {
        let issued = world.issued_to("cus_ada").await;
        let code = issued.text("code").replace('-', "");
        let order_id = contracts::OrderId::make();
        world.shop().redeem(&code, "cus_ada", order_id).await;

        for path in ["/livez", "/readyz"] {
            assert_eq!(world.nobody().get(path).await.status, 200, "{path}");
        }
        let Value::String(metrics) = world.nobody().get("/metrics").await.body else {
            panic!("metrics are text")
        };
        assert!(metrics.contains(r#"route="/vouchers/{code}/redeem""#), "{metrics}");
        assert!(metrics.contains("vouchers_issued_total"), "{metrics}");
        assert!(metrics.contains("database_write_batch_size"), "{metrics}");
        assert!(!metrics.contains(&code), "a code is no label");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so_and_nothing_is_lost() {
    on_every_database(|world| async move {
        world.database.close().await;

        assert_eq!(world.nobody().get("/readyz").await.status, 503);
        assert_eq!(world.nobody().get("/livez").await.status, 200);
        let asked = crate::support::issue(contracts::OrderId::make(), "cus_ada");
        let refused = world.worker().post("/vouchers", &asked).await;
        assert_eq!(refused.problem(), (503, "database_unavailable".into()));
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(world.auditor().get("/vouchers").await.status, 503);
    })
    .await;
}
