//! The schema of both databases.

use crate::support::{SERVICE, answer};
use chassis_store::{Database, Migrations, outbox};
use order_api::MIGRATIONS;
use order_api::access::{AUDITOR, BACK_OFFICE};
use reqwest::Method;
use serde_json::json;
use service_tests::databases::on_every_database;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Connection};

/// The last step of the first release, in which the shop placed orders by itself.
const LAST_BEFORE_PLACEMENT: i64 = 4;

const ORDER_OF_THE_SHOP: &str = r#"insert into orders
    (id, status, origin, placed_by, idempotency_key, contents_hash, customer_id, lines, total_minor, currency,
     placed_at_ms, approved_at_ms, created_at_ms, updated_at_ms)
    values ('ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01', 'approved', 'shop', 'shop-1', 'a', 'ab', 'cus_ada',
        '[{"sku":"lamp-01","quantity":1,"unit_price":{"amount":1,"currency":"EUR"}}]', 1, 'EUR', 1, 1, 1, 1)"#;

#[test]
fn both_databases_take_the_same_steps() {
    let steps = |migrator: &Migrator| {
        migrator.iter().map(|step| (step.version, step.description.to_string())).collect::<Vec<_>>()
    };

    assert_eq!(steps(&MIGRATIONS.sqlite), steps(&MIGRATIONS.postgres));
}

#[test]
fn the_outbox_is_the_one_that_the_chassis_works_with() {
    for migrator in [&MIGRATIONS.sqlite, &MIGRATIONS.postgres] {
        let step = migrator.iter().find(|step| step.description == "outbox").expect("a step");

        assert_eq!(step.sql.as_str(), outbox::SCHEMA);
    }
}

#[tokio::test]
async fn orders_that_the_shop_placed_before_placements_were_decided_stay_as_they_are() {
    on_every_database(async |url: String| {
        let before = Migrations {
            sqlite: up_to(&MIGRATIONS.sqlite, LAST_BEFORE_PLACEMENT),
            postgres: up_to(&MIGRATIONS.postgres, LAST_BEFORE_PLACEMENT),
        };
        let database = Database::connect(&url, &before).await.expect("the former schema");
        database.close().await;
        let mut connection = AnyConnection::connect(&url).await.expect("the former database");
        sqlx::query(ORDER_OF_THE_SHOP).execute(&mut connection).await.expect("a former order");
        connection.close().await.expect("it closes");

        let world = SERVICE.start(&url).await;

        let path = "/orders/ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";
        let read = world.caller(AUDITOR).get(path).await;
        assert_eq!(
            (&read.body["origin"], &read.body["status"]),
            (&json!("shop"), &json!("approved"))
        );
        let listed = world.caller(AUDITOR).get("/orders").await.list("data");
        assert_eq!(listed, [read.body]);
        let placement = world.caller(AUDITOR).get(&format!("{path}/placement")).await;
        assert_eq!(placement.text("state"), "approved");
        let sent =
            answer(world.caller(BACK_OFFICE).request(Method::POST, &format!("{path}/mark-sent")));
        assert_eq!(sent.await.status, 200);
        world.stop().await;
    })
    .await;
}

fn up_to(migrator: &Migrator, version: i64) -> Migrator {
    let steps = migrator.iter().filter(|step| step.version <= version);
    Migrator::with_migrations(steps.cloned().collect())
}
