//! The schema of both databases.

use chassis_store::outbox;
use order_api::MIGRATIONS;

#[test]
fn both_databases_take_the_same_steps() {
    let steps = |migrator: &sqlx::migrate::Migrator| {
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
