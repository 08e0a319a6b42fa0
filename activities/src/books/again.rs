//! The second look, at what a first one found or what a case is about: each is looked at where it is true now.

use super::records::EventRecord;
use super::{Reader, rules, runs};
use contracts::books::Suspect;
use contracts::cases::CaseKind;
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;

/// Suspects that are looked at at the same time.
const AT_ONCE: usize = 16;

/// What is not settled, by the event's id.
type Events = BTreeMap<String, EventRecord>;

/// Those that are still not as they should be, told as they are now.
pub(super) async fn look_again(
    reader: &Reader<'_>,
    suspects: Vec<Suspect>,
    failing_attempts: u32,
) -> anyhow::Result<Vec<Suspect>> {
    let is_event = |suspect: &Suspect| {
        matches!(suspect.kind, CaseKind::EventUnsettled | CaseKind::EventQuarantined)
    };
    let events = if suspects.iter().any(is_event) {
        reader.books.unsettled_events(reader.attempt).await?
    } else {
        Vec::new()
    };
    let events: Events = events.into_iter().map(|event| (event.event_id.clone(), event)).collect();
    let events = &events;
    let seen: Vec<Option<Suspect>> = futures::stream::iter(suspects)
        .map(|suspect| async move { still(reader, &suspect, events, failing_attempts).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(seen.into_iter().flatten().collect())
}

/// The same violation of the same subject, if it is there still.
async fn still(
    reader: &Reader<'_>,
    suspect: &Suspect,
    events: &Events,
    failing_attempts: u32,
) -> anyhow::Result<Option<Suspect>> {
    let Suspect { kind, subject, .. } = suspect;
    let found = match kind {
        CaseKind::SentOrderWithoutVoucher
        | CaseKind::ApprovedOrderWithoutReservation
        | CaseKind::PendingOrderWithoutProcess => of_order(reader, subject).await?,
        CaseKind::LiveReservationWithoutLiveOrder => of_reservation(reader, subject).await?,
        CaseKind::VoucherWithoutSentOrder | CaseKind::VoucherNotOwed => {
            of_voucher(reader, subject).await?
        }
        CaseKind::EventUnsettled | CaseKind::EventQuarantined => {
            events.get(subject).map(rules::event_is_settled).into_iter().collect()
        }
        CaseKind::UndoKeepsFailing | CaseKind::StepKeepsFailing => {
            runs::failing_steps_of(&reader.client, subject, failing_attempts).await?
        }
        CaseKind::RunReportsProblems => {
            runs::problem_of(&reader.client, subject).await?.into_iter().collect()
        }
    };
    Ok(found.into_iter().find(|now| now.kind == *kind))
}

// A subject that is no id is of a case that somebody else made: nothing is wrong with nothing.

async fn of_order(reader: &Reader<'_>, subject: &str) -> anyhow::Result<Vec<Suspect>> {
    let Ok(order_id) = subject.parse() else { return Ok(Vec::new()) };
    let Some(order) = reader.books.order(reader.attempt, order_id).await? else {
        return Ok(Vec::new());
    };
    let mut found = reader.what_order_lacks(&order).await?;
    found.extend(reader.undecided(&order).await?);
    Ok(found)
}

async fn of_reservation(reader: &Reader<'_>, subject: &str) -> anyhow::Result<Vec<Suspect>> {
    let Ok(order_id) = subject.parse() else { return Ok(Vec::new()) };
    let Some(reservation) = reader.books.reservation(reader.attempt, order_id).await? else {
        return Ok(Vec::new());
    };
    Ok(reader.not_needed(&reservation).await?.into_iter().collect())
}

async fn of_voucher(reader: &Reader<'_>, subject: &str) -> anyhow::Result<Vec<Suspect>> {
    let Ok(voucher_id) = subject.parse() else { return Ok(Vec::new()) };
    let Some(voucher) = reader.books.voucher(reader.attempt, voucher_id).await? else {
        return Ok(Vec::new());
    };
    Ok(reader.not_owed(&voucher).await?.into_iter().collect())
}
