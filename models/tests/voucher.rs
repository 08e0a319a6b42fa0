//! The voucher protocol holds in every interleaving, and each of its guards is needed.

use models::voucher::{Guard, Voucher};
use models::{Counterexample, check};

#[test]
fn a_sent_order_over_the_limit_gets_exactly_one_voucher_and_no_other_order_gets_any() {
    let verdict = check(Voucher::guarded());

    match verdict {
        Ok(holds) => println!("{holds}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

#[test]
fn with_the_reconciler_even_a_terminated_run_costs_no_voucher() {
    let verdict = check(Voucher::guarded_and_reconciled());

    match verdict {
        Ok(holds) => println!("{holds}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

#[test]
fn an_event_that_waited_for_its_completed_run_would_repair_a_terminated_one_by_itself() {
    let verdict = check(Voucher::settling_only_on_completion());

    match verdict {
        Ok(holds) => println!("{holds}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

#[test]
fn without_the_event_in_the_same_transaction_a_kill_loses_the_voucher() {
    let counterexample = broken_without(&[Guard::EventInTheSameTransaction]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V2"));
}

#[test]
fn if_an_open_run_settled_the_event_the_voucher_would_be_lost_with_that_run() {
    let counterexample = broken_without(&[Guard::SettleOnlyOnACompletedRun]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V2"));
}

#[test]
fn if_a_completed_run_of_another_process_settled_the_event_the_voucher_would_be_lost() {
    let counterexample = broken_without(&[Guard::SettleOnlyOnTheSubscribedType]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V2"));
}

#[test]
fn a_completed_run_of_another_process_wedges_the_event_unless_it_is_started_over() {
    let counterexample = broken_without(&[Guard::StartOverAForeignRun]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("nothing is wedged"));
}

#[test]
fn if_a_failed_run_blocked_its_id_a_start_by_hand_would_wedge_the_order() {
    let counterexample = broken_without(&[Guard::FailedRunsFreeTheirId]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("nothing is wedged"));
}

#[test]
fn without_the_unique_key_a_lost_reply_doubles_the_voucher() {
    let counterexample = broken_without(&[Guard::UniqueKey]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V1"));
}

#[test]
fn if_the_run_id_did_not_have_to_match_the_input_one_order_could_block_another() {
    let counterexample = broken_without(&[Guard::IdMatchesInput]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V2"));
}

#[test]
fn if_the_process_believed_its_starter_an_unsent_order_would_earn_a_voucher() {
    let counterexample = broken_without(&[Guard::DecideReadsTheOrder]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V3"));
}

#[test]
fn if_an_unsent_order_completed_its_run_the_voucher_would_be_lost_when_it_is_sent_meanwhile() {
    let counterexample = broken_without(&[Guard::NotSentFailsTheRun]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V2"));
}

#[test]
fn if_a_cancel_request_stopped_the_run_it_would_lose_what_is_owed() {
    let counterexample = broken_without(&[Guard::StepsDetachedFromCancel]);

    println!("{counterexample}");
    assert!(counterexample.broken.starts_with("V2"));
}

fn broken_without(guards: &'static [Guard]) -> Box<Counterexample> {
    match check(Voucher::without(guards)) {
        Ok(holds) => panic!(
            "without {guards:?} the protocol still {holds}: the guard is not needed, or not modelled"
        ),
        Err(counterexample) => counterexample,
    }
}
