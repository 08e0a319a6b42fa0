//! A browser's session: where no script reads it and no other page uses it.

use crate::support::stub::{ADAS, Stub};
use crate::support::{Answer, World, answer};
use reqwest::Method;
use serde_json::json;

async fn log_in(world: &World, token: &str, said: (&str, &str)) -> Answer {
    let request = world.request(Method::POST, "/session").header(said.0, said.1);
    answer(request.json(&json!({"token": token}))).await
}

#[tokio::test]
async fn a_session_is_a_cookie_that_no_script_reads_and_no_other_page_sends() {
    let world = World::before(&Stub::start().await).await;

    let begun = log_in(&world, &world.token_of("cus_ada"), ("accept", "*/*")).await;

    assert_eq!(begun.status, 204);
    let cookie = begun.header("set-cookie");
    for part in ["lacadon_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let sent = cookie.split(';').next().expect("a cookie");
    let orders = answer(world.request(Method::GET, "/orders").header("cookie", sent)).await;
    assert_eq!(orders.status, 200);
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_tls_only() {
    let world = World::before(&Stub::start().await).await;
    let token = world.token_of("cus_ada");
    let request = world.request(Method::POST, "/session").json(&json!({"token": token}));
    let request = request.header("sec-fetch-site", "same-origin");

    let begun = answer(request.header("origin", "https://shop.example")).await;

    assert!(begun.header("set-cookie").contains("; Secure"));
}

#[tokio::test]
async fn a_token_that_is_none_begins_no_session_and_another_page_cannot_begin_one() {
    let world = World::before(&Stub::start().await).await;
    let token = world.token_of("cus_ada");

    let invalid = log_in(&world, "a.b.c", ("accept", "*/*")).await;
    let forged = log_in(&world, &token, ("sec-fetch-site", "cross-site")).await;

    assert_eq!((invalid.status.as_u16(), invalid.code().as_str()), (401, "token_invalid"));
    assert_eq!((forged.status.as_u16(), forged.code().as_str()), (403, "cross_site"));
    assert!(
        !invalid.headers.contains_key("set-cookie") && !forged.headers.contains_key("set-cookie")
    );
}

#[tokio::test]
async fn a_session_ends_when_it_is_told_to() {
    let world = World::before(&Stub::start().await).await;

    let ended = answer(world.as_browser(Method::DELETE, "/session")).await;

    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn another_page_changes_nothing_with_a_session_and_reads_are_as_ever() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;
    let cookie = format!("lacadon_session={}", world.token_of("cus_ada"));
    for path in [format!("/orders/{ADAS}/cancel"), format!("/page/orders/{ADAS}/cancel")] {
        for said in
            [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example"), ("x", "y")]
        {
            let request = world.request(Method::POST, &path).header("cookie", &cookie);

            let refused = answer(request.header(said.0, said.1)).await;

            assert_eq!(refused.status, 403, "{path} {said:?}");
        }
    }

    assert_eq!(stub.cancelled(), [""; 0]);
    let read = world.request(Method::GET, "/orders").header("cookie", &cookie);
    assert_eq!(answer(read.header("sec-fetch-site", "cross-site")).await.status, 200);
}
