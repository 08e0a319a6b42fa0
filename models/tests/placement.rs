//! The placement protocol holds in every interleaving, and each of its guards is needed.

use models::placement::{Guard, Placement};
use models::{Counterexample, check};

#[test]
fn an_order_and_its_credit_are_both_or_neither_and_the_customer_is_told_the_truth() {
    let verdict = check(Placement::guarded());

    match verdict {
        Ok(holds) => println!("{holds}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

#[test]
fn without_the_tombstone_row_of_the_order_a_late_create_leaves_an_order_that_nobody_wants() {
    let counterexample = broken_without(&[Guard::OrderTombstone]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "when quiet, a refused placement has left nothing");
}

#[test]
fn without_the_tombstone_row_of_the_reservation_a_late_reserve_holds_credit_for_no_order() {
    let counterexample = broken_without(&[Guard::ReservationTombstone]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "whoever is told 409 has the credit back");
}

#[test]
fn a_tombstone_that_is_read_in_a_transaction_of_its_own_is_overtaken_by_its_undo() {
    let counterexample = broken_without(&[Guard::TombstoneInTheSameTransaction]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "when quiet, a refused placement has left nothing");
}

#[test]
fn without_the_lock_on_the_account_two_orders_share_the_last_credit() {
    let counterexample = broken_without(&[Guard::AccountLocked]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "live reservations never exceed the limit");
}

#[test]
fn if_credit_were_released_before_the_order_is_discarded_an_approved_order_would_lose_it() {
    let counterexample = broken_without(&[Guard::DiscardFirst]);

    println!("{counterexample}");
    assert_eq!(
        counterexample.broken,
        "an approved order has its reservation until it is sent or cancelled"
    );
}

#[test]
fn if_an_approved_order_did_not_turn_its_run_forward_it_would_be_unwound() {
    let counterexample = broken_without(&[Guard::ApprovedTurnsForward]);

    println!("{counterexample}");
    assert_eq!(
        counterexample.broken,
        "an approved order has its reservation until it is sent or cancelled"
    );
}

#[test]
fn a_pivot_that_is_not_awaited_is_made_up_for_by_the_discard_that_is() {
    let verdict = check(Placement::without(&[Guard::PivotAwaited]));

    match verdict {
        Ok(holds) => println!("{holds}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

#[test]
fn a_pivot_that_is_not_awaited_and_no_discard_first_unwind_an_approved_order() {
    let counterexample = broken_without(&[Guard::PivotAwaited, Guard::DiscardFirst]);

    println!("{counterexample}");
    assert_eq!(
        counterexample.broken,
        "an approved order has its reservation until it is sent or cancelled"
    );
}

#[test]
fn without_the_detached_pivot_a_cancel_stops_what_is_owed_behind_it() {
    let counterexample = broken_without(&[Guard::PivotAwaited, Guard::DetachedBehindThePivot]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "when quiet, the credit of an approved order is confirmed");
}

#[test]
fn without_the_undo_of_a_refused_step_its_earlier_attempt_lands_and_stays() {
    let counterexample = broken_without(&[Guard::UndoOfRefusedSteps]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "whoever is told 409 has the credit back");
}

#[test]
fn a_run_that_undoes_only_its_own_steps_leaves_those_of_an_execution_that_was_lost() {
    let counterexample = broken_without(&[Guard::UndoWhatAnEarlierRunDid]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "whoever is told 409 has the credit back");
}

#[test]
fn a_run_that_is_cancelled_before_it_asked_for_anything_must_unwind_all_the_same() {
    let counterexample = broken_without(&[Guard::UndoEvenIfNothingWasAsked]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "when quiet, a refused placement has left nothing");
}

#[test]
fn a_customer_who_is_told_409_before_the_release_is_denied_for_credit_that_no_order_uses() {
    let counterexample = broken_without(&[Guard::ReleaseBeforeTold]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "whoever is told 409 has the credit back");
}

#[test]
fn if_todays_status_decided_an_order_sent_meanwhile_would_be_unwound() {
    let counterexample = broken_without(&[Guard::DecidedByApprovedAt]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "no order is both approved and unwound");
}

#[test]
fn a_run_that_ends_without_a_last_look_forgets_an_accepted_cancel() {
    let counterexample = broken_without(&[Guard::CancelSeenBeforeTheEnd]);

    println!("{counterexample}");
    assert_eq!(counterexample.broken, "when quiet, an accepted cancel was honoured");
}

#[test]
fn if_credit_were_given_back_on_anybodys_word_an_approved_order_would_lose_it() {
    let counterexample = broken_without(&[Guard::CloseReadsTheOrder]);

    println!("{counterexample}");
    assert_eq!(
        counterexample.broken,
        "an approved order has its reservation until it is sent or cancelled"
    );
}

fn broken_without(guards: &'static [Guard]) -> Box<Counterexample> {
    match check(Placement::without(guards)) {
        Ok(holds) => panic!(
            "without {guards:?} the protocol still {holds}: the guard is not needed, or not modelled"
        ),
        Err(counterexample) => counterexample,
    }
}
