//! The SQL of cases.
//!
//! Whatever changes a case has locked its row first, by being the one that inserts or updates it.

use crate::case::{Case, Name};
use crate::cursor::Cursor;
use chassis_store::{DatabaseError, Tx};
use contracts::cases::{CaseKind, CaseState, ReportCase};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyPool, Executor, Row};

/// Which cases to list.
#[derive(Debug, Clone)]
pub(crate) struct CaseFilter {
    pub(crate) state: Option<CaseState>,
    pub(crate) kind: Option<CaseKind>,
    /// Only those behind this one.
    pub(crate) after: Option<Cursor>,
    pub(crate) limit: i64,
}

/// The open cases of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenCases {
    pub(crate) kind: CaseKind,
    pub(crate) count: i64,
    pub(crate) oldest_opened_at_ms: i64,
}

/// Records a case that was never found before. Whether that is so.
pub(crate) async fn insert(
    tx: &mut Tx,
    name: &Name,
    report: &ReportCase,
    at_ms: i64,
) -> Result<bool, DatabaseError> {
    let result = sqlx::query(
        "insert into cases
           (kind, subject, state, summary, workflow_id, run_id, activity_id, event_id,
            times_seen, first_seen_at, last_seen_at, opened_at)
         values ($1, $2, 'open', $3, $4, $5, $6, $7, 1, $8, $8, $8)
         on conflict do nothing",
    )
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .bind(&*report.summary)
    .bind(report.workflow_id.as_deref())
    .bind(report.run_id.as_deref())
    .bind(report.activity_id.as_deref())
    .bind(report.event_id.as_deref())
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Counts that a case was found once more, and what is said of it now. Locks it.
pub(crate) async fn see_again(
    tx: &mut Tx,
    name: &Name,
    report: &ReportCase,
    at_ms: i64,
) -> Result<Option<Case>, DatabaseError> {
    let row = sqlx::query(
        "update cases
         set summary = $3,
             workflow_id = $4,
             run_id = $5,
             activity_id = $6,
             event_id = $7,
             times_seen = times_seen + 1,
             last_seen_at = $8
         where kind = $1
           and subject = $2
         returning *",
    )
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .bind(&*report.summary)
    .bind(report.workflow_id.as_deref())
    .bind(report.run_id.as_deref())
    .bind(report.activity_id.as_deref())
    .bind(report.event_id.as_deref())
    .bind(at_ms)
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Locks the case until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, name: &Name) -> Result<Option<Case>, DatabaseError> {
    let row = sqlx::query(
        "update cases
         set state = state
         where kind = $1
           and subject = $2
         returning *",
    )
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Opens a closed case again.
pub(crate) async fn open_again(tx: &mut Tx, name: &Name, at_ms: i64) -> Result<(), DatabaseError> {
    sqlx::query(
        "update cases
         set state = 'open',
             opened_at = $3
         where kind = $1
           and subject = $2
           and state <> 'open'",
    )
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .bind(at_ms)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Closes a case that is open, or retried.
pub(crate) async fn close(tx: &mut Tx, name: &Name, state: CaseState) -> Result<(), DatabaseError> {
    sqlx::query(
        "update cases
         set state = $3
         where kind = $1
           and subject = $2
           and state in ('open', 'retried')",
    )
    .bind(name.kind.as_str())
    .bind(&*name.subject)
    .bind(state.as_str())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The case of this name.
pub(crate) async fn case<'e>(
    database: impl Executor<'e, Database = Any>,
    name: &Name,
) -> Result<Option<Case>, DatabaseError> {
    let row = sqlx::query("select * from cases where kind = $1 and subject = $2")
        .bind(name.kind.as_str())
        .bind(&*name.subject)
        .fetch_optional(database)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Cases by (found first, name).
pub(crate) async fn list(pool: &AnyPool, filter: &CaseFilter) -> Result<Vec<Case>, DatabaseError> {
    let (after_ms, after_kind, after_subject) = match &filter.after {
        Some(Cursor { first_seen_at_ms, name }) => {
            (*first_seen_at_ms, name.kind.as_str(), &*name.subject)
        }
        None => (i64::MIN, "", ""),
    };
    let rows = sqlx::query(
        "select *
         from cases
         where (cast($1 as text) is null or state = $1)
           and (cast($2 as text) is null or kind = $2)
           and (first_seen_at, kind, subject) > ($3, $4, $5)
         order by first_seen_at, kind, subject
         limit $6",
    )
    .bind(filter.state.map(CaseState::as_str))
    .bind(filter.kind.map(CaseKind::as_str))
    .bind(after_ms)
    .bind(after_kind)
    .bind(after_subject)
    .bind(filter.limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(read).collect()
}

/// The open cases, counted by kind; no row for a kind of which none is open.
pub(crate) async fn open_cases(pool: &AnyPool) -> Result<Vec<OpenCases>, DatabaseError> {
    let rows = sqlx::query(
        "select kind, count(*) as open_count, min(opened_at) as oldest
         from cases
         where state = 'open'
         group by kind",
    )
    .fetch_all(pool)
    .await?;
    let read = |row: &AnyRow| {
        Ok(OpenCases {
            kind: word(row, "kind")?,
            count: row.try_get("open_count")?,
            oldest_opened_at_ms: row.try_get("oldest")?,
        })
    };
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Case, DatabaseError> {
    let name = Name { kind: word(row, "kind")?, subject: row.try_get("subject")? };
    let report = ReportCase {
        summary: row.try_get("summary")?,
        workflow_id: row.try_get("workflow_id")?,
        run_id: row.try_get("run_id")?,
        activity_id: row.try_get("activity_id")?,
        event_id: row.try_get("event_id")?,
    };
    Ok(Case {
        name,
        state: word(row, "state")?,
        report,
        times_seen: row.try_get("times_seen")?,
        first_seen_at_ms: row.try_get("first_seen_at")?,
        last_seen_at_ms: row.try_get("last_seen_at")?,
        opened_at_ms: row.try_get("opened_at")?,
    })
}

fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &AnyRow,
    column: &str,
) -> Result<T, DatabaseError> {
    row.try_get::<String, _>(column)?.parse().map_err(DatabaseError::bad_row)
}
