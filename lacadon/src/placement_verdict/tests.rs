//! What the comparison of placements finds, and what it leaves alone.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

const DENIED: Standing = Standing::Rejected { reason: RejectReason::InsufficientCredit };

fn customer(id: &str) -> CustomerId {
    id.parse().expect("a customer id")
}

fn order_id(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

/// The order of this number, which costs so many euro as its number says.
fn placed(number: u128, told: Standing) -> ToldPlacement {
    ToldPlacement {
        order_id: order_id(number),
        customer_id: customer("cus_ada"),
        total: euro(number),
        told,
        is_called_off: told == Standing::Cancelled,
    }
}

fn euro(number: u128) -> Money {
    Money::eur_cents(i64::try_from(number).expect("small") * 1_00)
}

/// What should be on file when customers were told this.
fn books_of(placements: &[ToldPlacement]) -> Books {
    let mut books = Books {
        limits: BTreeMap::from([(customer("cus_ada"), Money::eur_cents(100_000_00))]),
        ..Books::default()
    };
    for placement in placements {
        let ToldPlacement { order_id, customer_id, total, told, .. } = placement.clone();
        let (status, state) = match told {
            Standing::Approved => (OrderStatus::Approved, CreditState::Confirmed),
            Standing::Cancelled => (OrderStatus::Cancelled, CreditState::Released),
            Standing::Rejected { reason } => {
                books.discarded.insert(order_id, reason);
                continue;
            }
            Standing::Undecided | Standing::Unknown => continue,
        };
        let facts = OrderFacts {
            id: order_id,
            status,
            customer_id: customer_id.clone(),
            total,
            sent_at: None,
        };
        books.orders.push(facts);
        books.noticed.insert(order_id);
        books.reservations.push(ReservationOnFile { order_id, customer_id, amount: total, state });
    }
    books
}

/// One order that is there, one that was called off, one that is none.
fn three() -> (Vec<ToldPlacement>, Books) {
    let told =
        vec![placed(1, Standing::Approved), placed(2, Standing::Cancelled), placed(3, DENIED)];
    let books = books_of(&told);
    (told, books)
}

#[test]
fn an_order_with_its_credit_a_called_off_one_and_a_refused_one_without_a_trace_hold() {
    let (told, books) = three();

    let verdict = compare(&told, &books);

    assert!(verdict.holds(), "{verdict:?}");
    assert_eq!((verdict.placed, verdict.approved, verdict.cancelled), (3, 1, 1));
    assert_eq!(verdict.rejected, BTreeMap::from([(RejectReason::InsufficientCredit, 1)]));
    assert_eq!((verdict.live_orders, verdict.live_reservations), (1, 1));
}

#[test]
fn credit_without_an_order_is_found_however_it_came_about() {
    for fate in [None, Some(OrderStatus::Cancelled), Some(OrderStatus::Sent)] {
        let told = [placed(1, Standing::Approved)];
        let mut books = books_of(&told);
        match fate {
            None => books.orders.clear(),
            Some(status) => books.orders[0].status = status,
        }

        let found = compare(&told, &books).deviations;

        let expected = Unbalanced::CreditWithoutOrder {
            order_id: order_id(1),
            customer_id: customer("cus_ada"),
            amount: euro(1),
        };
        assert!(found.contains(&expected), "{fate:?}: {found:?}");
    }
}

#[test]
fn an_order_without_its_credit_is_found_whether_that_never_was_or_was_released() {
    let (told, mut released) = three();
    let mut missing = released.clone();
    missing.reservations.remove(0);
    released.reservations[0].state = CreditState::Released;

    for books in [missing, released] {
        let expected = Unbalanced::OrderWithoutCredit { order_id: order_id(1), total: euro(1) };
        assert_eq!(compare(&told, &books).deviations, [expected]);
    }
}

#[test]
fn credit_that_is_not_confirmed_is_found() {
    let (told, mut books) = three();
    books.reservations[0].state = CreditState::Reserved;

    let expected = Unbalanced::NotConfirmed { order_id: order_id(1) };
    assert_eq!(compare(&told, &books).deviations, [expected]);
}

#[test]
fn a_reservation_or_an_order_of_another_amount_or_customer_is_found() {
    let (told, books) = three();
    let mut amount = books.clone();
    amount.reservations[0].amount = euro(2);
    let mut owner = books.clone();
    owner.reservations[0].customer_id = customer("cus_eve");
    owner.limits.insert(customer("cus_eve"), euro(1));
    let mut cancelled = books.clone();
    cancelled.orders[1].total = euro(5);

    for books in [amount, owner, cancelled] {
        let found = compare(&told, &books).deviations;
        assert!(matches!(found[..], [Unbalanced::Differs { .. }]), "{found:?}");
    }
}

#[test]
fn a_pending_order_is_found() {
    let told = [placed(1, Standing::Undecided)];
    let mut books = books_of(&[placed(1, Standing::Approved)]);
    books.orders[0].status = OrderStatus::Pending;
    books.reservations.clear();

    let expected = Unbalanced::Pending { order_id: order_id(1) };
    assert_eq!(compare(&told, &books).deviations, [expected]);
}

#[test]
fn whatever_a_refused_placement_has_left_is_found() {
    let told = [placed(1, DENIED)];
    let nothing = books_of(&told);
    let all = books_of(&[placed(1, Standing::Cancelled)]);
    let order = Books { orders: all.orders.clone(), ..nothing.clone() };
    let reservation = Books { reservations: all.reservations.clone(), ..nothing.clone() };
    let notice = Books { noticed: all.noticed.clone(), ..nothing.clone() };

    for (books, what) in [(order, "an order"), (reservation, "a reservation"), (notice, "a notice")]
    {
        let found = compare(&told, &books).deviations;
        let expected = Unbalanced::LeftBehind { order_id: order_id(1), what };
        assert!(found.contains(&expected), "{what}: {found:?}");
    }
    assert!(compare(&told, &nothing).holds());
}

#[test]
fn an_order_that_nobody_asked_for_is_found() {
    let (told, books) = three();

    let expected = Unbalanced::NotAskedFor { order_id: order_id(1) };
    assert!(compare(&told[1..], &books).deviations.contains(&expected));
}

#[test]
fn a_limit_may_be_reached_and_not_exceeded() {
    let told = [placed(10, Standing::Approved), placed(20, Standing::Approved)];
    let mut books = books_of(&told);
    books.limits.insert(customer("cus_ada"), euro(30));
    assert!(compare(&told, &books).holds());

    books.limits.insert(customer("cus_ada"), euro(29));

    let expected =
        Unbalanced::OverLimit { customer_id: customer("cus_ada"), limit: euro(29), live: euro(30) };
    assert_eq!(compare(&told, &books).deviations, [expected]);
}

#[test]
fn what_a_customer_was_told_is_what_is_on_file_also_the_reason() {
    let other = Standing::Rejected { reason: RejectReason::RiskTooHigh };
    for (told, on_file) in [
        (Standing::Approved, Standing::Cancelled),
        (Standing::Cancelled, Standing::Approved),
        (Standing::Approved, DENIED),
        (other, DENIED),
        (DENIED, Standing::Unknown),
        (Standing::Undecided, Standing::Approved),
        (Standing::Unknown, Standing::Approved),
    ] {
        let books = books_of(&[placed(1, on_file)]);

        let found = compare(&[placed(1, told)], &books).deviations;

        let expected = Unbalanced::ToldOtherwise { order_id: order_id(1), told, on_file };
        assert!(found.contains(&expected), "{found:?}");
    }
}

#[test]
fn a_cancel_that_was_accepted_and_ignored_is_found() {
    let told = [ToldPlacement { is_called_off: true, ..placed(1, Standing::Approved) }];

    let expected = Unbalanced::CancelIgnored { order_id: order_id(1) };
    assert_eq!(compare(&told, &books_of(&told)).deviations, [expected]);
}

#[test]
fn denied_for_no_order_is_whoever_is_refused_while_credit_is_held_for_an_order_that_is_not_there() {
    let eve = |told| ToldPlacement { customer_id: customer("cus_eve"), ..placed(9, told) };
    let too_high = Standing::Rejected { reason: RejectReason::RiskTooHigh };
    let cancelled = Standing::Rejected { reason: RejectReason::CancelledByCustomer };
    let (mut told, mut books) = three();
    told.push(eve(too_high));
    assert!(compare(&told, &books).denied_for_no_order(&told).is_empty());

    books.reservations.push(ReservationOnFile {
        order_id: order_id(8),
        customer_id: customer("cus_eve"),
        amount: euro(8),
        state: CreditState::Reserved,
    });

    let denied = |told: &[ToldPlacement]| compare(told, &books).denied_for_no_order(told);
    assert_eq!(denied(&told), BTreeSet::from([customer("cus_eve")]));
    assert!(denied(&[eve(cancelled)]).is_empty());
}

proptest! {
    /// Whatever single thing is changed in a state that holds, the verdict no longer holds.
    #[test]
    fn every_single_fault_among_many_placements_is_found(
        fates in prop::collection::vec(0..3, 1..40),
        victim in any::<prop::sample::Index>(),
        fault in 0..5,
    ) {
        let standing = [Standing::Approved, Standing::Cancelled, DENIED];
        let mut told: Vec<ToldPlacement> = (1..)
            .zip(&fates)
            .map(|(number, fate)| placed(number, standing[usize::try_from(*fate).expect("small")]))
            .collect();
        told.push(placed(1_000, Standing::Approved));
        let mut books = books_of(&told);
        prop_assert!(compare(&told, &books).holds());

        match fault {
            0 => drop(books.orders.remove(victim.index(books.orders.len()))),
            1 => {
                let live = books.reservations.iter().position(|r| r.state == CreditState::Confirmed);
                books.reservations.remove(live.expect("one is live"));
            }
            2 => {
                let at = victim.index(books.orders.len());
                let is_live = books.orders[at].status == OrderStatus::Approved;
                let other = if is_live { OrderStatus::Cancelled } else { OrderStatus::Approved };
                books.orders[at].status = other;
            }
            3 => {
                let at = victim.index(told.len());
                let left = ReservationOnFile {
                    order_id: order_id(2_000),
                    customer_id: told[at].customer_id.clone(),
                    amount: told[at].total,
                    state: CreditState::Reserved,
                };
                books.reservations.push(left);
            }
            _ => drop(told.remove(told.len() - 1)),
        }

        prop_assert!(!compare(&told, &books).holds());
    }
}
