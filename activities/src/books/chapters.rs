//! Going through the books, page by page, in the order in which one chapter is of use when the next cannot be read: runs
//! need Temporal alone, events and pending orders order-api, the rest every service.

use super::records::{OrderRecord, Page, ReservationRecord, VoucherRecord};
use super::rules::{self, Patience};
use super::{Reader, runs};
use connections::call::CallError;
use contracts::OrderId;
use contracts::books::{Chapter, LookAtBooks, Looked, Place, Suspect};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// The chapters in their order.
const CHAPTERS: [Chapter; 11] = [
    Chapter::RunsWithProblems,
    Chapter::OpenRuns,
    Chapter::QuarantinedEvents,
    Chapter::WaitingEvents,
    Chapter::LeasedEvents,
    Chapter::PostponedEvents,
    Chapter::PendingOrders,
    Chapter::Orders,
    Chapter::Vouchers,
    Chapter::ReservedCredit,
    Chapter::ConfirmedCredit,
];

/// How long one look takes at most, the page under way apart: the worker must be able to stop soon.
const LOOK_TIME: Duration = Duration::from_secs(2);

/// A look that has found so many ends: its answer must stay small.
const MOST_SUSPECTS: usize = 300;

/// Records that are looked up at the same time.
const AT_ONCE: usize = 16;

/// What one page came to.
struct Seen {
    read: u64,
    suspects: Vec<Suspect>,
    after: Option<String>,
}

/// Looks from the place that is asked for on, until the end or for as long as one look may take. What cannot be read ends
/// the look before it; a look that cannot read its first page fails.
pub(super) async fn look(reader: &Reader<'_>, asked: &LookAtBooks) -> anyhow::Result<Looked> {
    let began = Instant::now();
    let first = || Place { chapter: Chapter::RunsWithProblems, after: None };
    let mut place = asked.place.clone().unwrap_or_else(first);
    let mut looked = Looked { read: 0, suspects: Vec::new(), next: None };
    let mut has_seen_any = false;
    loop {
        let seen = match page_at(reader, asked, &place).await {
            Ok(seen) => seen,
            Err(_) if has_seen_any => return Ok(Looked { next: Some(place), ..looked }),
            Err(error) => return Err(error),
        };
        has_seen_any = true;
        looked.read = looked.read.saturating_add(seen.read);
        looked.suspects.extend(seen.suspects);
        match behind(place.chapter, seen.after) {
            Some(next) => place = next,
            None => return Ok(looked),
        }
        if began.elapsed() >= LOOK_TIME || looked.suspects.len() >= MOST_SUSPECTS {
            return Ok(Looked { next: Some(place), ..looked });
        }
    }
}

/// The place behind a page.
fn behind(chapter: Chapter, after: Option<String>) -> Option<Place> {
    if after.is_some() {
        return Some(Place { chapter, after });
    }
    let next = CHAPTERS.iter().skip_while(|known| **known != chapter).nth(1)?;
    Some(Place { chapter: *next, after: None })
}

async fn page_at(reader: &Reader<'_>, asked: &LookAtBooks, place: &Place) -> anyhow::Result<Seen> {
    let after = place.after.as_deref();
    let since = asked.since_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let since = since.map(|since| format!("{since:.3}"));
    let since = since.as_deref();
    let patience = reader.patience(asked.patience_ms);
    let Reader { books, attempt, client, task_queue, .. } = reader;
    match place.chapter {
        Chapter::RunsWithProblems => Ok(whole(runs::with_problems(client, task_queue).await?)),
        Chapter::OpenRuns => {
            let before = patience.before_ms();
            let attempts = asked.failing_attempts;
            Ok(whole(runs::failing_steps(client, task_queue, before, attempts).await?))
        }
        Chapter::QuarantinedEvents => events(reader, "quarantined", after, patience).await,
        Chapter::WaitingEvents => events(reader, "waiting", after, patience).await,
        Chapter::LeasedEvents => events(reader, "leased", after, patience).await,
        Chapter::PostponedEvents => events(reader, "postponed", after, patience).await,
        Chapter::PendingOrders => {
            // All of them: what has been pending for long has not changed for long.
            let page = books.orders(attempt, Some("pending"), None, after).await?;
            let is_due = |order: &OrderRecord| patience.is_over(&order.updated_at);
            each(page, is_due, |order| async move { reader.undecided(&order).await }).await
        }
        Chapter::Orders => {
            let page = books.orders(attempt, None, since, after).await?;
            let is_due = |order: &OrderRecord| patience.is_over(&order.updated_at);
            each(page, is_due, |order| async move { Ok(reader.what_order_lacks(&order).await?) })
                .await
        }
        Chapter::Vouchers => {
            let page = books.vouchers(attempt, since, after).await?;
            let is_due = |voucher: &VoucherRecord| patience.is_over(&voucher.issued_at);
            each(page, is_due, |voucher| async move { Ok(reader.not_owed(&voucher).await?) }).await
        }
        Chapter::ReservedCredit => credit(reader, "reserved", since, after, patience).await,
        Chapter::ConfirmedCredit => credit(reader, "confirmed", since, after, patience).await,
    }
}

fn whole((read, suspects): (u64, Vec<Suspect>)) -> Seen {
    Seen { read, suspects, after: None }
}

/// Looks at each record of a page that is due, several at once.
async fn each<T, F, S>(
    page: Page<T>,
    is_due: impl Fn(&T) -> bool,
    look: impl Fn(T) -> F,
) -> anyhow::Result<Seen>
where
    F: Future<Output = anyhow::Result<S>>,
    S: IntoIterator<Item = Suspect>,
{
    let after = page.next();
    let read = u64::try_from(page.data.len()).unwrap_or(u64::MAX);
    let due = page.data.into_iter().filter(is_due);
    let found: Vec<S> =
        futures::stream::iter(due).map(look).buffered(AT_ONCE).try_collect().await?;
    Ok(Seen { read, suspects: found.into_iter().flatten().collect(), after })
}

async fn events(
    reader: &Reader<'_>,
    state: &str,
    after: Option<&str>,
    patience: Patience,
) -> anyhow::Result<Seen> {
    let page = reader.books.events(reader.attempt, state, after).await?;
    let after = page.next();
    let read = u64::try_from(page.data.len()).unwrap_or(u64::MAX);
    let old = page.data.iter().filter(|event| patience.is_over(&event.occurred_at));
    Ok(Seen { read, suspects: old.map(rules::event_is_settled).collect(), after })
}

async fn credit(
    reader: &Reader<'_>,
    state: &str,
    since: Option<&str>,
    after: Option<&str>,
    patience: Patience,
) -> anyhow::Result<Seen> {
    let page = reader.books.reservations(reader.attempt, state, since, after).await?;
    let is_due = |one: &ReservationRecord| patience.is_over(&one.updated_at);
    each(page, is_due, |one| async move { reader.not_needed(&one).await }).await
}

impl Reader<'_> {
    /// What a decided order must have beside it and has not.
    pub(super) async fn what_order_lacks(
        &self,
        order: &OrderRecord,
    ) -> Result<Vec<Suspect>, CallError> {
        let mut found = Vec::new();
        if rules::earned(order).is_some() {
            let its = self.books.vouchers_of(self.attempt, order.facts.id).await?;
            found.extend(rules::voucher_is_there(order, &its));
        }
        if rules::is_from_the_shop(order) {
            let reservation = self.books.reservation(self.attempt, order.facts.id).await?;
            found.extend(rules::credit_is_held(order, reservation.as_ref()));
            let held = reservation.as_ref();
            found.extend(held.and_then(|held| rules::credit_is_needed(held, Some(order))));
        }
        Ok(found)
    }

    /// Whether a voucher is not the one that its order earned.
    pub(super) async fn not_owed(
        &self,
        voucher: &VoucherRecord,
    ) -> Result<Option<Suspect>, CallError> {
        let order = self.books.order(self.attempt, voucher.order_id).await?;
        Ok(rules::voucher_is_owed(voucher, order.as_ref()))
    }

    /// Whether credit is held for nothing. While its placement is open it may be undone any moment.
    pub(super) async fn not_needed(
        &self,
        reservation: &ReservationRecord,
    ) -> anyhow::Result<Option<Suspect>> {
        let order = self.books.order(self.attempt, reservation.order_id).await?;
        let found = rules::credit_is_needed(reservation, order.as_ref());
        let is_open = found.is_some()
            && order.is_none()
            && self.placement_is_open(reservation.order_id).await?;
        Ok(found.filter(|_| !is_open))
    }

    /// Whether a pending order has nobody who would decide it.
    pub(super) async fn undecided(&self, order: &OrderRecord) -> anyhow::Result<Option<Suspect>> {
        let workflow_id = (self.owners.placement)(order.facts.id);
        let found = rules::order_is_decided(order, &workflow_id);
        let is_open = found.is_some() && self.placement_is_open(order.facts.id).await?;
        Ok(found.filter(|_| !is_open))
    }

    async fn placement_is_open(&self, order_id: OrderId) -> anyhow::Result<bool> {
        let standing = runs::standing(&self.client, &(self.owners.placement)(order_id)).await?;
        Ok(matches!(standing, runs::Standing::Open { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chapter_is_gone_through_once_and_page_by_page() {
        let mut place = Some(Place { chapter: Chapter::RunsWithProblems, after: None });
        let mut read = Vec::new();
        while let Some(at) = place {
            read.push(at.chapter);
            place = behind(at.chapter, None);
        }

        assert_eq!(read, CHAPTERS);
        let second_page = behind(Chapter::Orders, Some("cursor".to_owned())).expect("a page");
        assert_eq!(second_page.chapter, Chapter::Orders);
        assert_eq!(second_page.after.as_deref(), Some("cursor"));
    }
}
