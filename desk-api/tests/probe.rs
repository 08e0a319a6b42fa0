//! Probes and metrics.

use crate::support::{UNDO, World, on_every_database};
use contracts::cases::CaseKind;
use serde_json::Value;

async fn metrics(world: &World) -> String {
    let Value::String(metrics) = world.nobody().get("/metrics").await.body else {
        panic!("metrics are text")
    };
    metrics
}

/// The metrics are those of this process, in which other tests run: only what no other test changes is looked at.
#[tokio::test]
async fn every_kind_of_case_is_measured_at_zero_too_and_nobody_is_named() {
    on_every_database(|world| async move {
        world.report(UNDO, "the order of cus_ada").await;

        for path in ["/livez", "/readyz"] {
            assert_eq!(world.nobody().get(path).await.status, 200, "{path}");
        }
        let metrics = metrics(&world).await;
        for kind in CaseKind::ALL {
            for gauge in ["desk_cases_open", "desk_oldest_open_case_seconds"] {
                let series = format!("{gauge}{{kind=\"{}\"}} ", kind.as_str());
                assert!(metrics.contains(&series), "{series} is not in {metrics}");
            }
        }
        assert!(metrics.contains(r#"route="/cases/{kind}/{subject}""#), "{metrics}");
        assert!(!metrics.contains("ord_1") && !metrics.contains("cus_ada"), "{metrics}");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so() {
    on_every_database(|world| async move {
        world.database.close().await;

        assert_eq!(world.nobody().get("/readyz").await.status, 503);
        assert_eq!(world.nobody().get("/livez").await.status, 200);
        assert_eq!(world.nobody().get("/metrics").await.status, 200);
        let refused = world.report(UNDO, "it fails").await;
        assert_eq!(refused.problem(), (503, "database_unavailable".into()));
        assert_eq!(refused.header("retry-after"), Some("1"));
    })
    .await;
}
