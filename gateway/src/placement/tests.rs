//! Who is told what of a placement.

use super::*;

fn ada() -> CustomerId {
    "cus_ada".parse().expect("a customer id")
}

fn bob() -> CustomerId {
    "cus_bob".parse().expect("a customer id")
}

fn order_id() -> OrderId {
    "ord_019a9f0c-52d1-8c3e-9d2b-6f1f0f6f7a01".parse().expect("an order id")
}

fn open(customer_id: Option<CustomerId>) -> Run {
    Run::Open { customer_id, contents_hash: None }
}

fn completed(ending: Ending) -> Run {
    Run::Completed(Box::new(PlaceOrderOutcome {
        order_id: order_id(),
        customer_id: ada(),
        contents_hash: "ab".to_owned(),
        total: None,
        ending,
    }))
}

fn status(state: PlacementState, decision: Option<Decision>) -> PlaceOrderStatus {
    PlaceOrderStatus { state, decision, customer_id: Some(ada()), ..PlaceOrderStatus::default() }
}

fn by_process(
    run: &Run,
    status: Option<PlaceOrderStatus>,
    asker: &CustomerId,
) -> Option<Result<Placement, Untold>> {
    told_by_process(run, status, asker, order_id())
}

fn by_record(
    run: &Run,
    recorded: Result<Option<RecordedPlacement>, Untold>,
) -> Result<Placement, Untold> {
    told_by_record(run, recorded, &ada(), order_id())
}

fn recorded(state: RecordedState, status: Option<OrderStatus>) -> RecordedPlacement {
    let contents_hash = "ab".to_owned();
    RecordedPlacement { customer_id: ada(), contents_hash, state, reason: None, status }
}

fn state(told: Option<Result<Placement, Untold>>) -> Option<(PlacementStateBody, bool)> {
    told.and_then(Result::ok).map(|placement| (placement.state, placement.is_final))
}

#[test]
fn while_nothing_may_be_told_a_placement_is_pending_with_its_step() {
    let told = by_process(&open(None), Some(status(PlacementState::Unwinding, None)), &ada());

    let placement = told.expect("told").expect("a placement");
    assert_eq!(placement.state, PlacementStateBody::Pending);
    assert_eq!(placement.step, Some(PlacementState::Unwinding));
    assert!(!placement.is_final);
}

#[test]
fn a_worker_that_is_silent_leaves_a_placement_pending() {
    let told = by_process(&open(Some(ada())), None, &ada());

    assert_eq!(state(told), Some((PlacementStateBody::Pending, false)));
}

#[test]
fn an_approved_order_that_is_being_called_off_is_not_at_its_end() {
    let approved = status(PlacementState::Notifying, Some(Decision::Approved));
    let called_off = PlaceOrderStatus {
        cancel_requested: Some(RejectReason::CancelledByCustomer),
        ..approved.clone()
    };

    let told = |status| state(by_process(&open(None), Some(status), &ada()));

    assert_eq!(told(approved), Some((PlacementStateBody::Approved, true)));
    assert_eq!(told(called_off), Some((PlacementStateBody::Approved, false)));
}

#[test]
fn a_closed_run_tells_how_it_ended() {
    let reason = RejectReason::CancelledByCustomer;
    for (ending, expected) in [
        (Ending::Approved, PlacementStateBody::Approved),
        (Ending::Cancelled, PlacementStateBody::Cancelled),
        (Ending::Rejected { reason }, PlacementStateBody::Rejected),
    ] {
        assert_eq!(state(by_process(&completed(ending), None, &ada())), Some((expected, true)));
    }
}

#[test]
fn nobody_hears_of_somebody_elses_placement() {
    let approved = status(PlacementState::Notifying, Some(Decision::Approved));
    for (run, status) in [
        (completed(Ending::Approved), None),
        (open(Some(ada())), None),
        (open(None), Some(approved)),
    ] {
        assert_eq!(by_process(&run, status, &bob()), Some(Err(Untold::Unknown)), "{run:?}");
    }
    let ours = recorded(RecordedState::Approved, None);
    assert_eq!(
        told_by_record(&Run::None, Ok(Some(ours)), &bob(), order_id()),
        Err(Untold::Unknown)
    );
}

#[test]
fn without_a_run_the_order_or_its_tombstone_tells() {
    for run in [Run::None, Run::Unknown, Run::Broken { customer_id: None }, open(None)] {
        for (state, status, expected) in [
            (RecordedState::Pending, Some(OrderStatus::Pending), PlacementStateBody::Pending),
            (RecordedState::Approved, Some(OrderStatus::Sent), PlacementStateBody::Approved),
            (RecordedState::Approved, Some(OrderStatus::Cancelled), PlacementStateBody::Cancelled),
            (RecordedState::Rejected, None, PlacementStateBody::Rejected),
        ] {
            assert_eq!(by_process(&run, None, &ada()), None);
            let told = by_record(&run, Ok(Some(recorded(state, status)))).expect("told");
            assert_eq!(told.state, expected, "{run:?}");
        }
    }
}

#[test]
fn there_is_none_is_said_only_when_everybody_was_asked() {
    assert_eq!(by_record(&Run::None, Ok(None)), Err(Untold::Unknown));
    assert_eq!(by_record(&Run::Unknown, Ok(None)), Err(Untold::NotNow));
    assert_eq!(by_record(&open(None), Ok(None)), Err(Untold::NotNow));
    assert_eq!(by_record(&Run::None, Err(Untold::NotNow)), Err(Untold::NotNow));
}

#[test]
fn a_run_that_failed_leaves_its_customers_placement_pending_until_a_person_has_looked() {
    let broken = |customer_id| by_record(&Run::Broken { customer_id }, Ok(None));

    let told = broken(Some(ada())).expect("told");

    assert_eq!(told.step, Some(PlacementState::Failed));
    assert_eq!(told.state, PlacementStateBody::Pending);
    assert_eq!(broken(Some(bob())), Err(Untold::Unknown));
    assert_eq!(broken(None), Err(Untold::Unknown));
}
