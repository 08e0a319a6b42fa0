//! Everything that is in a database, as text: equal before and after means that nothing is left.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Column, Connection, Row};

/// Every row of every table but those named, one line each, in a stable order.
///
/// # Panics
/// When the database cannot be read.
pub async fn dump(url: &str, without: &[&str]) -> Vec<String> {
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(url).await.expect("the database opens");
    let tables = if url.starts_with("postgres") {
        "select cast(tablename as text) as name from pg_tables where schemaname = 'public' order by 1"
    } else {
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by 1"
    };
    let tables = sqlx::query(tables).fetch_all(&mut database).await.expect("the tables");
    let mut lines = Vec::new();
    for table in tables {
        let table: String = table.get("name");
        // What sqlx keeps of the migrations has types that not every driver reads.
        if table.starts_with("_sqlx") || without.contains(&table.as_str()) {
            continue;
        }
        let all = AssertSqlSafe(format!("select * from {table}"));
        let rows = sqlx::query(all).fetch_all(&mut database).await.expect("the rows");
        let mut rows: Vec<String> =
            rows.iter().map(|row| format!("{table}: {}", written(row))).collect();
        rows.sort();
        lines.append(&mut rows);
    }
    database.close().await.expect("closed");
    lines
}

fn written(row: &AnyRow) -> String {
    let columns = row.columns().iter().map(|column| {
        let at = column.ordinal();
        let value = match row.try_get::<Option<String>, _>(at) {
            Ok(text) => text,
            Err(_) => {
                row.try_get::<Option<i64>, _>(at).expect("text or number").map(|n| n.to_string())
            }
        };
        format!("{}={}", column.name(), value.unwrap_or_else(|| "null".to_owned()))
    });
    columns.collect::<Vec<_>>().join(" ")
}
