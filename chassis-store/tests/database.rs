//! What the database promises, on every database that is there.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

use chassis_store::{Database, DatabaseError, Migrations, Tx};
use service_tests::databases::on_every_database;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Row, SqlSafeStr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

fn migrations() -> Migrations {
    let tables = "create table notes (id text primary key, body text not null);
                  create table counters (id text primary key, count bigint not null);
                  insert into counters values ('one', 0);";
    let migrator = || {
        let sql = AssertSqlSafe(tables).into_sql_str();
        let first = Migration::new(1, "notes".into(), MigrationType::Simple, sql, false);
        Migrator::with_migrations(vec![first])
    };
    Migrations { sqlite: migrator(), postgres: migrator() }
}

async fn open(url: &str) -> Database {
    Database::connect(url, &migrations()).await.expect("the database opens")
}

async fn insert(tx: &mut Tx, id: &str) -> Result<(), DatabaseError> {
    sqlx::query("insert into notes (id, body) values ($1, 'x')").bind(id).execute(tx).await?;
    Ok(())
}

async fn notes(database: &Database) -> i64 {
    let row = sqlx::query("select count(*) from notes").fetch_one(database.reader()).await;
    row.expect("a count").try_get(0).expect("a number")
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        database
            .write("a", |tx, id| Box::pin(async move { insert(tx, id).await }))
            .await
            .expect("written");
        assert!(database.is_ready().await);
        database.close().await;
        assert!(!database.is_ready().await);

        let reopened = open(&url).await;

        assert_eq!(notes(&reopened).await, 1);
        reopened.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_write_that_fails_is_undone_and_harms_no_other() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        let writes = (0..200).map(|number| {
            let database = database.clone();
            tokio::spawn(async move {
                let work = database.write(number, |tx, number| {
                    Box::pin(async move {
                        insert(tx, &format!("note {number}")).await?;
                        if number % 10 == 0 {
                            return Err(DatabaseError::bad_row("refused after the insert"));
                        }
                        assert_ne!(number % 10, 1, "a panic after the insert");
                        Ok(*number)
                    })
                });
                (number, work.await)
            })
        });
        let writes: Vec<_> = writes.collect();

        for write in writes {
            let (number, outcome) = write.await.expect("the caller lives");
            match number % 10 {
                0 => assert!(matches!(outcome, Err(DatabaseError::BadRow(_)))),
                1 => assert!(matches!(outcome, Err(DatabaseError::Panicked))),
                _ => assert_eq!(outcome.expect("written"), number),
            }
        }
        assert_eq!(notes(&database).await, 160);
        database.close().await;
    })
    .await;
}

/// It may have taken all the time that a write may take, and the others wait.
#[tokio::test]
async fn a_write_that_fails_among_others_is_not_run_again() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        let runs = Arc::new(AtomicUsize::new(0));
        let good = |id: &'static str| {
            database.write(id, |tx, id| Box::pin(async move { insert(tx, id).await }))
        };
        let bad = database.write(runs.clone(), |_, runs| {
            Box::pin(async move {
                runs.fetch_add(1, Ordering::SeqCst);
                Err::<(), _>(DatabaseError::bad_row("refused"))
            })
        });

        let (first, bad, second) = tokio::join!(good("first"), bad, good("second"));

        assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
        assert!(matches!(bad, Err(DatabaseError::BadRow(_))));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(notes(&database).await, 2);
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn concurrent_counting_loses_nothing() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        let writes: Vec<_> = (0..200)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { database.write((), |tx, ()| Box::pin(count(tx))).await })
            })
            .collect();

        for write in writes {
            write.await.expect("the caller lives").expect("counted");
        }

        let row = sqlx::query("select count from counters").fetch_one(database.reader()).await;
        assert_eq!(row.expect("a row").try_get::<i64, _>(0).expect("a number"), 200);
        database.close().await;
    })
    .await;
}

async fn count(tx: &mut Tx) -> Result<(), DatabaseError> {
    sqlx::query("update counters set count = count + 1 where id = 'one'").execute(tx).await?;
    Ok(())
}

#[tokio::test]
async fn a_caller_who_hangs_up_neither_undoes_the_write_nor_hides_it() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let committed = database.committed();
        let write = database.write((begun.clone(), go_on.clone()), |tx, (begun, go_on)| {
            Box::pin(async move {
                begun.notify_one();
                go_on.notified().await;
                insert(tx, "hung up").await
            })
        });

        // The caller leaves while its write is under way.
        tokio::select! {
            _ = write => panic!("the write waits"),
            () = begun.notified() => {}
        }
        go_on.notify_one();

        tokio::time::timeout(Duration::from_secs(5), committed).await.expect("woken by the commit");
        assert_eq!(notes(&database).await, 1);
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_unique_key_in_the_way_is_recognised() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        let write = async || {
            database.write((), |tx, ()| Box::pin(async move { insert(tx, "one").await })).await
        };
        write().await.expect("the first");

        let error = write().await.expect_err("the second");

        assert!(error.is_unique_violation(), "{error}");
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_the_database_aborted_for_another_is_run_again() {
    on_every_database(async |url: String| {
        let database = open(&url).await;
        insert_two_counters(&database).await;
        // Two by two they lock the same rows in opposite order.
        let writes: Vec<_> = (0..4)
            .map(|number| {
                let database = database.clone();
                let order = if number % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
                let work = async move {
                    database.write(order, |tx, order| Box::pin(count_both(tx, order))).await
                };
                tokio::spawn(work)
            })
            .collect();

        for write in writes {
            write.await.expect("the caller lives").expect("counted");
        }

        let row = sqlx::query("select cast(sum(count) as bigint) from counters where id <> 'one'")
            .fetch_one(database.reader())
            .await
            .expect("a row");
        assert_eq!(row.try_get::<i64, _>(0).expect("a number"), 8);
        database.close().await;
    })
    .await;
}

async fn insert_two_counters(database: &Database) {
    let work = database.write((), |tx, ()| {
        Box::pin(async move {
            let sql = "insert into counters values ('a', 0), ('b', 0)";
            sqlx::query(sql).execute(tx).await?;
            Ok(())
        })
    });
    work.await.expect("written");
}

async fn count_both(tx: &mut Tx, order: &[&str; 2]) -> Result<(), DatabaseError> {
    for id in order {
        sqlx::query("update counters set count = count + 1 where id = $1")
            .bind(*id)
            .execute(&mut *tx)
            .await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_by_itself_is_not_the_end_of_writing() {
    on_every_database(async |url: String| {
        let database = open(&url).await;

        // A full disk makes SQLite roll back, whatever its client believes.
        let ended = database.write((), |tx, ()| {
            Box::pin(async move {
                sqlx::raw_sql("rollback").execute(&mut *tx).await?;
                Err::<(), _>(DatabaseError::bad_row("the disk is full"))
            })
        });
        assert!(ended.await.is_err());

        for id in ["a", "b"] {
            let write = database.write(id, |tx, id| Box::pin(async move { insert(tx, id).await }));
            write.await.expect("written again");
        }
        assert_eq!(notes(&database).await, 2);
        database.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_url_of_neither_kind_is_refused() {
    for url in ["mysql://localhost/x", "sqlite://:memory:", "lacadon.sqlite"] {
        let refused = Database::connect(url, &migrations()).await.err();

        assert!(matches!(refused, Some(DatabaseError::UnknownUrl)), "{url}");
    }
}

#[tokio::test]
async fn a_closed_sqlite_database_is_one_file_and_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = open(&format!("sqlite://{}/one.sqlite", folder.path().display())).await;
    database
        .write((), |tx, ()| Box::pin(async move { insert(tx, "a").await }))
        .await
        .expect("written");

    database.close().await;

    let files = std::fs::read_dir(folder.path()).expect("a listing").count();
    assert_eq!(files, 1);
}
