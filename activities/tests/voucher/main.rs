//! What the voucher activities make of every kind of answer: an answer of ours is final, everything else is retried.

#![expect(clippy::expect_used, reason = "in a test, to panic is to fail")]

mod stub;

use activities::attempt::{Attempt, LOCAL_DEADLINE};
use activities::voucher::VoucherActivities;
use contracts::vouchers::{
    DecisionRefusal, IssueRefusal, IssueVoucher, IssuedVoucher, SENT_ORDER_RULE, VoucherVerdict,
};
use contracts::{Money, OrderId, Reply};
use stub::{Behaviour, Stub, problem, response};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const ORDER: &str = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01";
const VOUCHER: &str = "vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a09";

fn order_id() -> OrderId {
    ORDER.parse().expect("an order id")
}

fn local_attempt() -> Attempt {
    Attempt {
        activity_name: "voucher.decide".to_owned(),
        workflow_id: format!("voucher-{ORDER}"),
        run_id: "019a9f0c-52d1-7c3e-9d2b-000000000000".to_owned(),
        number: 1,
        is_local: true,
    }
}

/// Both services are the same stub: each activity calls only one of them.
fn activities_on(stub: &Stub) -> VoucherActivities {
    VoucherActivities {
        order_api: stub.service("order-api"),
        voucher_api: stub.service("voucher-api"),
    }
}

fn sent_order(amount_minor: i64) -> String {
    format!(
        r#"{{"id":"{ORDER}","status":"sent","customer_id":"cus_ada","total":{{"amount":{amount_minor},"currency":"EUR"}},
            "sent_at":"2026-11-20T10:00:01.000Z","field_of_tomorrow":[]}}"#
    )
}

fn voucher_owed() -> IssueVoucher {
    IssueVoucher {
        order_id: order_id(),
        customer_id: "cus_ada".parse().expect("a customer id"),
        rule: SENT_ORDER_RULE.to_owned(),
        rule_version: 1,
        value: Money::eur_cents(5_00),
    }
}

#[tokio::test]
async fn a_sent_order_over_the_limit_is_decided_by_the_rule() {
    let stub = Stub::answering("200 OK", JSON, &sent_order(100_01)).await;

    let reply = activities_on(&stub).decide_for(order_id(), &local_attempt()).await;

    match reply.expect("an answer") {
        Reply::Granted(decision) => {
            let value = Money::eur_cents(5_00);
            assert_eq!(decision.verdict, VoucherVerdict::Qualified { value });
        }
        Reply::Refused(refusal) => panic!("{refusal:?}"),
    }
}

#[tokio::test]
async fn every_call_proves_who_calls_and_says_on_whose_behalf() {
    let stub = Stub::answering("200 OK", JSON, &sent_order(100_01)).await;

    let _ = activities_on(&stub).decide_for(order_id(), &local_attempt()).await;

    let request = stub.requests().join("");
    assert!(request.starts_with(&format!("GET /orders/{ORDER} HTTP/1.1\r\n")), "{request}");
    assert!(request.contains("authorization: Bearer 5eed5eed\r\n"), "{request}");
    let request_id = "x-request-id: voucher.decide-019a9f0c-52d1-7c3e-9d2b-000000000000-1\r\n";
    assert!(request.contains(request_id), "{request}");
}

#[tokio::test]
async fn an_order_that_order_api_does_not_know_is_refused_for_good() {
    let stub = Stub::answering("404 Not Found", PROBLEM, &problem("order_unknown")).await;

    let reply = activities_on(&stub).decide_for(order_id(), &local_attempt()).await;

    assert_eq!(reply.expect("an answer"), Reply::Refused(DecisionRefusal::OrderUnknown));
}

#[tokio::test]
async fn whatever_is_not_an_answer_of_ours_is_retried() {
    let unknown = problem("order_unknown");
    for (status, content_type, body) in [
        ("404 Not Found", "text/html", "<h1>nginx</h1>"),
        ("404 Not Found", JSON, &*unknown),
        ("404 Not Found", PROBLEM, "SECRET-DETAIL"),
        ("404 Not Found", PROBLEM, &*problem("not_found")),
        ("404 Not Found", PROBLEM, r#"{"type":"https://example.org/order_unknown"}"#),
        ("401 Unauthorized", PROBLEM, &*problem("unauthenticated")),
        ("403 Forbidden", PROBLEM, &*problem("forbidden")),
        ("408 Request Timeout", "text/plain", ""),
        ("409 Conflict", PROBLEM, &*problem("order_cancelled")),
        ("422 Unprocessable Content", PROBLEM, &*problem("invalid_body")),
        ("429 Too Many Requests", "text/plain", ""),
        ("500 Internal Server Error", PROBLEM, &*unknown),
        ("502 Bad Gateway", "text/html", ""),
        ("503 Service Unavailable", PROBLEM, &*problem("database_unavailable")),
        ("302 Found", "text/html", ""),
        ("204 No Content", JSON, ""),
        ("200 OK", JSON, "not json"),
        ("200 OK", JSON, r#"{"id":"SECRET-DETAIL"}"#),
        ("200 OK", "text/html", "<h1>captive portal</h1>"),
    ] {
        let stub = Stub::answering(status, content_type, body).await;

        let error = activities_on(&stub)
            .decide_for(order_id(), &local_attempt())
            .await
            .expect_err(&format!("{status} {body} is no answer"));

        assert!(format!("{error:?} {error}").len() < 400, "{error:?}");
        assert_eq!(stub.requests().len(), 1, "one attempt: Temporal retries, the client does not");
    }
}

#[tokio::test]
async fn an_error_names_the_status_and_our_code_and_none_of_the_contents() {
    let busy = problem("database_unavailable");
    let stub = Stub::answering("503 Service Unavailable", PROBLEM, &busy).await;

    let error = activities_on(&stub)
        .decide_for(order_id(), &local_attempt())
        .await
        .expect_err("no answer")
        .to_string();

    assert_eq!(error, "order-api answered 503 Service Unavailable (database_unavailable)");
}

#[tokio::test]
async fn a_broken_or_silent_service_is_retried_before_the_attempt_is_cut_off() {
    let half = response("200 OK", JSON, &sent_order(100_01));
    for behaviour in [
        Behaviour::HangUp,
        Behaviour::Answer(half[..half.len() / 2].to_vec()),
        Behaviour::StopAfter(Vec::new()),
        Behaviour::StopAfter(half[..half.len() / 2].to_vec()),
    ] {
        let is_silent = matches!(behaviour, Behaviour::StopAfter(_));
        let stub = Stub::that(behaviour).await;

        let activities = activities_on(&stub);
        let attempt = local_attempt();
        let asked = activities.decide_for(order_id(), &attempt);
        // Many times what it may take: on a machine that is busy with other tests a second is nothing.
        let answer = tokio::time::timeout(LOCAL_DEADLINE * 10, asked).await.expect("cut off");

        let error = answer.expect_err("no answer").to_string();
        assert_eq!(error.ends_with("not in time"), is_silent, "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_kept() {
    let body = "x".repeat(2 * 1024 * 1024);
    let stub = Stub::answering("200 OK", JSON, &body).await;

    let error = activities_on(&stub)
        .decide_for(order_id(), &local_attempt())
        .await
        .expect_err("too much")
        .to_string();

    assert!(error.contains("more than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn another_order_than_asked_for_is_no_answer() {
    let stub = Stub::answering("200 OK", JSON, &sent_order(100_01)).await;

    let answer = activities_on(&stub).decide_for(OrderId::make(), &local_attempt()).await;

    assert!(answer.is_err());
}

#[tokio::test]
async fn a_voucher_is_issued_whether_it_is_new_or_was_there() {
    let voucher = format!(r#"{{"id":"{VOUCHER}","code":"SECRET-CODE","order_id":"{ORDER}"}}"#);
    for status in ["201 Created", "200 OK"] {
        let stub = Stub::answering(status, JSON, &voucher).await;

        let reply = activities_on(&stub).issue_for(&voucher_owed(), &local_attempt()).await;

        let voucher_id = VOUCHER.parse().expect("a voucher id");
        assert_eq!(reply.expect("an answer"), Reply::Granted(IssuedVoucher { voucher_id }));
        let request = stub.requests().join("");
        assert!(request.starts_with("POST /vouchers HTTP/1.1\r\n"), "{request}");
        let body: IssueVoucher =
            serde_json::from_str(request.split_once("\r\n\r\n").expect("a body").1).expect("json");
        assert_eq!(body, voucher_owed());
    }
}

#[tokio::test]
async fn a_voucher_for_another_customer_is_refused_for_good() {
    let differ = problem("contents_differ");
    let stub = Stub::answering("422 Unprocessable Content", PROBLEM, &differ).await;

    let reply = activities_on(&stub).issue_for(&voucher_owed(), &local_attempt()).await;

    assert_eq!(reply.expect("an answer"), Reply::Refused(IssueRefusal::ContentsDiffer));
}

#[tokio::test]
async fn what_is_final_for_one_capability_is_not_for_the_other() {
    let stub =
        Stub::answering("422 Unprocessable Content", PROBLEM, &problem("order_unknown")).await;

    assert!(activities_on(&stub).issue_for(&voucher_owed(), &local_attempt()).await.is_err());
}

#[tokio::test]
async fn nobody_there_is_retried() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address")
    };
    let key = connections::call::BearerKey::parse("5eed").expect("a key");
    let base: url::Url = format!("http://{gone}").parse().expect("a URL");
    let service =
        |name| connections::call::Service::new(name, base.clone(), key.clone()).expect("a client");
    let activities =
        VoucherActivities { order_api: service("order-api"), voucher_api: service("voucher-api") };

    let error = activities
        .issue_for(&voucher_owed(), &local_attempt())
        .await
        .expect_err("nobody answers")
        .to_string();

    assert_eq!(error, "voucher-api did not answer: it cannot be reached");
}

#[test]
fn a_key_is_one_line_and_never_printed() {
    use connections::call::BearerKey;

    assert!(BearerKey::parse("").is_err());
    assert!(BearerKey::parse("two\nlines").is_err());
    assert_eq!(format!("{:?}", BearerKey::parse("5eed").expect("a key")), "BearerKey(…)");
}
