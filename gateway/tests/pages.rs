//! The page: whole or in parts, with a mark where a service is away, and never an error page.

use crate::support::stub::{ADAS, BOBS, Stub};
use crate::support::{Answer, NOWHERE, World, answer};
use reqwest::Method;

async fn send(world: &World, fields: &[(&str, &str)]) -> Answer {
    let body: String = fields.iter().map(|(n, v)| format!("{n}={v}&")).collect();
    let request = world.as_browser(Method::POST, "/page/orders").body(body);
    answer(request.header("content-type", "application/x-www-form-urlencoded")).await
}

#[tokio::test]
async fn a_stranger_is_asked_for_a_token_and_a_customer_sees_the_shop() {
    let world = World::before(&Stub::start().await).await;

    let stranger = answer(world.request(Method::GET, "/")).await;
    let customer = world.page("/").await;

    for id in ["token", "login"] {
        assert!(stranger.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(!stranger.contains("place-form"));
    for id in [
        "place-form",
        "sku",
        "quantity",
        "price",
        "place",
        "outcome",
        "key",
        "orders",
        "vouchers",
        "credit",
    ] {
        assert_eq!(customer.text.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[tokio::test]
async fn logging_in_and_out_works_without_scripts() {
    let world = World::before(&Stub::start().await).await;
    let post = |path, body: String| {
        let request = world.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        request.header("content-type", "application/x-www-form-urlencoded").body(body)
    };

    let begun = answer(post("/page/session", format!("token={}", world.token_of("cus_ada")))).await;
    let refused = answer(post("/page/session", "token=x".to_owned())).await;
    let ended = answer(post("/page/session/end", String::new())).await;

    assert_eq!((begun.status.as_u16(), begun.header("location")), (303, "/"));
    assert!(begun.header("set-cookie").contains("lacadon_session=ey"));
    assert_eq!(refused.status, 401);
    assert!(refused.contains("login-refused"));
    assert_eq!((ended.status.as_u16(), ended.header("location")), (303, "/"));
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_start_page_from_everywhere() {
    let world = World::before(&Stub::start().await).await;

    for path in
        ["/page/orders", "/page/vouchers", "/page/credit", &format!("/page/placements/{ADAS}")]
    {
        let browser = answer(world.request(Method::GET, path)).await;
        let htmx = answer(world.request(Method::GET, path).header("hx-request", "true")).await;

        assert_eq!((browser.status.as_u16(), browser.header("location")), (303, "/"), "{path}");
        assert_eq!((htmx.status.as_u16(), htmx.header("hx-redirect")), (200, "/"), "{path}");
    }
}

#[tokio::test]
async fn each_part_shows_what_is_the_customers_own() {
    let world = World::before(&Stub::start().await).await;

    let orders = world.page("/page/orders").await;
    let vouchers = world.page("/page/vouchers").await;
    let credit = world.page("/page/credit").await;

    assert!(orders.contains(&format!("class=\"order\" data-order-id=\"{ADAS}\"")));
    assert!(orders.contains("<h2>Your orders</h2>"));
    assert!(orders.contains("class=\"cancel") && orders.contains("class=\"notice\""));
    assert!(orders.contains("120.50 EUR") && orders.contains("2026-11-20 10:00 UTC"));
    assert!(vouchers.contains("CODE-1") && !vouchers.contains("CODE-2"));
    assert!(credit.contains("379.50 EUR") && credit.contains("500.00 EUR"));
    assert!(!orders.contains(BOBS));
}

#[tokio::test]
async fn a_service_that_is_down_leaves_its_own_part_marked_and_no_other() {
    let stub = Stub::start().await;
    for (place, part) in ["orders", "vouchers", "credit"].into_iter().enumerate() {
        let mut urls = [stub.url(); 3];
        urls[place] = NOWHERE;
        let world = World::at(urls[0], urls[1], urls[2]).await;

        for shown in ["orders", "vouchers", "credit"] {
            let answer = world.page(&format!("/page/{shown}")).await;
            let state = answer.attribute(&format!("id=\"{shown}\""), "data-state");
            assert_eq!(answer.status, 200);
            assert_eq!(state, if shown == part { "away" } else { "shown" }, "{part} is down");
        }
        assert_eq!(world.page("/").await.status, 200);
    }
}

#[tokio::test]
async fn what_others_wrote_is_shown_as_text() {
    let world = World::before(&Stub::start().await).await;

    let orders = world.page("/page/orders").await;
    let form =
        send(&world, &[("sku", "%22%3E%3Cscript%3E"), ("quantity", "x"), ("price", "1")]).await;

    assert!(!orders.contains("<b>lamp</b>"));
    assert!(!form.contains("\"><script>"));
}

#[tokio::test]
async fn a_page_brings_its_own_scripts_and_nothing_stands_inline() {
    let world = World::before(&Stub::start().await).await;
    for path in ["/", "/page/orders", &format!("/page/placements/{ADAS}"), "/page/placements/x"] {
        let page = world.page(path).await;

        assert!(page.header("content-security-policy").starts_with("default-src 'self'"), "{path}");
        assert_eq!(page.header("cache-control"), "no-store");
        for inline in ["<style", " style=", "onclick", "hx-on", "<script>", "http://", "https://"] {
            assert!(!page.contains(inline), "{path} has {inline}");
        }
        for script in page.text.split("<script src=\"").skip(1) {
            let src = script.split('"').next().expect("an address");
            let asset = answer(world.request(Method::GET, src)).await;
            assert_eq!(asset.status, 200, "{src}");
            assert!(asset.header("cache-control").contains("immutable"), "{src}");
        }
    }
    let style = answer(world.request(Method::GET, "/assets/shop.css")).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn an_order_that_is_not_confirmed_keeps_the_key_and_what_was_typed() {
    let world = World::before(&Stub::start().await).await;

    let form =
        send(&world, &[("key", "key-1"), ("sku", "lamp"), ("quantity", "2"), ("price", "60,25")])
            .await;

    assert_eq!(form.status, 503);
    assert_eq!(form.attribute("id=\"outcome\"", "data-state"), "not_confirmed");
    assert_eq!(form.attribute("id=\"key\"", "value"), "key-1");
    assert_eq!(form.attribute("id=\"sku\"", "value"), "lamp");
    assert_eq!(form.attribute("id=\"price\"", "value"), "60,25");
}

#[tokio::test]
async fn htmx_gets_the_form_alone_and_as_a_success_whatever_became_of_it() {
    let world = World::before(&Stub::start().await).await;
    let request = world.as_browser(Method::POST, "/page/orders").header("hx-request", "true");
    let request = request.header("content-type", "application/x-www-form-urlencoded");

    let form = answer(request.body("key=key-1&sku=lamp&quantity=2&price=60")).await;

    assert_eq!(form.status, 200);
    assert_eq!(form.header("hx-trigger"), "placed");
    assert!(form.text.trim_start().starts_with("<div id=\"shop\">"), "{}", form.text);
}

#[tokio::test]
async fn a_form_that_cannot_be_ordered_says_why_and_can_have_another_line() {
    let world = World::before(&Stub::start().await).await;

    let refused =
        send(&world, &[("key", "key-1"), ("sku", "lamp"), ("quantity", "0"), ("price", "1")]).await;
    let longer = send(
        &world,
        &[("key", "key-1"), ("sku", "lamp"), ("quantity", "1"), ("price", "1"), ("add", "line")],
    )
    .await;

    assert_eq!(refused.status, 422);
    assert_eq!(refused.attribute("id=\"outcome\"", "data-state"), "invalid");
    assert!(refused.contains("line 1, quantity: "), "{}", refused.text);
    assert!(longer.contains("id=\"sku-2\"") && longer.contains("value=\"key-1\""));
    assert_eq!(longer.attribute("id=\"outcome\"", "data-state"), "none");
}

#[tokio::test]
async fn a_placement_has_a_page_that_watches_it_until_it_is_decided() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;
    let path = format!("/page/placements/{ADAS}");

    stub.set_placement("pending", None, Some("pending"));
    let pending = world.page(&path).await;
    stub.set_placement("rejected", Some("risk_too_high"), None);
    let rejected = world.page(&path).await;
    stub.set_placement("approved", None, Some("sent"));
    let sent = world.page(&path).await;
    let watched = world.page(&format!("{path}/events?place=shop")).await;

    assert_eq!(pending.attribute("id=\"outcome\"", "data-state"), "pending");
    assert!(
        pending.contains(&format!("sse-connect=\"{path}/events?place=own&amp;shown=pending\""))
    );
    assert!(pending.contains("class=\"cancel"));
    assert_eq!(rejected.attribute("id=\"outcome\"", "data-reason"), "risk_too_high");
    assert!(!rejected.contains("sse-connect") && !rejected.contains("class=\"cancel"));
    assert_eq!(sent.attribute("id=\"outcome\"", "data-state"), "sent");
    assert!(!sent.contains("class=\"cancel"));
    assert!(
        watched.contains("hx-swap-oob=\"true\""),
        "the form's key is renewed: {}",
        watched.text
    );
    assert!(watched.contains("event: end"));
}

#[tokio::test]
async fn somebody_elses_placement_has_no_page() {
    let world = World::before(&Stub::start().await).await;

    for id in [BOBS, "x"] {
        let page = world.page(&format!("/page/placements/{id}")).await;
        assert_eq!(page.status, 404);
        assert!(page.contains("You have placed no such order."));
    }
}

#[tokio::test]
async fn an_order_is_cancelled_from_the_list_and_the_list_says_so() {
    let stub = Stub::start().await;
    let world = World::before(&stub).await;
    let path = format!("/page/orders/{ADAS}/cancel");

    let request = world.as_browser(Method::POST, &path).header("hx-request", "true");
    let list = answer(request.header("hx-target", "orders")).await;
    stub.refuse_to_cancel("order_sent");
    let page = answer(world.as_browser(Method::POST, &path)).await;

    assert_eq!(stub.cancelled(), [ADAS]);
    assert!(list.text.trim_start().starts_with("<div id=\"orders\""), "{}", list.text);
    assert!(list.contains("This order is cancelled."));
    assert!(page.contains("This order was sent and cannot be cancelled"), "{}", page.text);
}
