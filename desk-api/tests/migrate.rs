//! The schema of both databases.

use desk_api::MIGRATIONS;

#[test]
fn both_databases_take_the_same_steps() {
    let steps = |migrator: &sqlx::migrate::Migrator| {
        migrator.iter().map(|step| (step.version, step.description.to_string())).collect::<Vec<_>>()
    };

    assert_eq!(steps(&MIGRATIONS.sqlite), steps(&MIGRATIONS.postgres));
}
