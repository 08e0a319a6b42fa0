//! Nobody unknown gets anything.

use crate::support::stub::{ADAS, Stub};
use crate::support::{World, answer};
use reqwest::{Method, StatusCode};
use serde_json::Value;

#[tokio::test]
async fn without_a_token_every_endpoint_but_the_session_answers_401() {
    let world = World::before(&Stub::start().await).await;
    let document: Value =
        serde_json::from_str(&gateway::openapi_text().expect("a document")).expect("json");
    let mut asked = 0;

    for (path, item) in document["paths"].as_object().expect("paths") {
        if path == "/session" {
            continue;
        }
        for method in item.as_object().expect("operations").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let path = path.replace("{id}", ADAS).replace("{order_id}", ADAS);
            for bad in ["", "Bearer ", "Bearer a.b.c", "Basic YTpi"] {
                let request = world.request(method.clone(), &path).header("authorization", bad);
                let refused = answer(request).await;
                assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {path}");
                assert_eq!(refused.code(), "unauthenticated");
                assert_eq!(refused.header("www-authenticate"), "Bearer");
            }
            assert_eq!(answer(world.request(method, &path)).await.status, 401);
            asked += 1;
        }
    }
    assert!(asked >= 7, "only {asked} endpoints were asked");
}

#[tokio::test]
async fn probes_are_open_and_a_gateway_that_knows_no_temporal_is_not_ready() {
    let world = World::before(&Stub::start().await).await;

    for (path, status) in [("/livez", 200), ("/metrics", 200), ("/readyz", 503), ("/nothing", 404)]
    {
        assert_eq!(answer(world.request(Method::GET, path)).await.status, status, "{path}");
    }
}
