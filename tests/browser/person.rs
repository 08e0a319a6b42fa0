//! A person in front of the shop's page: what they do there and what they see.

use crate::webdriver::Browser;
use contracts::OrderId;
use gateway::token::TokenKey;
use serde_json::{Value, json};
use std::time::Duration;
use tests::{World, eventually};

/// Tokens of tests are valid for so long.
const VALID_FOR: Duration = Duration::from_secs(3600);

/// What an element reads, if it is visible.
const TEXT: &str = "const found = document.querySelector(arguments[0]);
    return found && found.checkVisibility() ? found.innerText : null;";

const ATTRIBUTE: &str = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]);";

const COUNT: &str = "return document.querySelectorAll(arguments[0]).length;";

const MARK_OUTCOME: &str = "document.querySelector('#outcome').dataset.isOld = '';";

/// Two presses in one breath, before the page can do anything about the first.
const PRESS_TWICE: &str = "const button = document.querySelector('#place');
    button.click();
    button.click();";

/// Sends the form once more than is asked for, as an impatient browser or network does.
const SEND_TWICE: &str = "const send = () => fetch('/page/orders', {
        method: 'POST', body: new URLSearchParams(new FormData(document.querySelector('#place-form'))),
    });
    return Promise.all([send(), send()]).then((answers) => answers.map((answer) => answer.ok));";

/// A person with a browser of their own.
pub(crate) struct Person<'a> {
    world: &'a World,
    /// As in `http://127.0.0.1:8080`.
    origin: String,
    pub(crate) browser: Browser,
}

impl<'a> Person<'a> {
    /// Opens the shop's page and logs in.
    pub(crate) async fn logged_in(world: &'a World, browser: Browser, customer_id: &str) -> Self {
        let origin = world.system.gateway_url().to_owned();
        let person = Self { world, origin, browser };
        person.goes_to("/").await;
        person.logs_in(customer_id).await;
        person
    }

    /// Opens the shop's page by the name of its host, which browsers trust less than this machine: they do not say which
    /// site made them send something.
    pub(crate) async fn at_a_name(world: &'a World, browser: Browser) -> Self {
        let origin = world.system.gateway_url().replace("127.0.0.1", "shop.example");
        let person = Self { world, origin, browser };
        person.goes_to("/").await;
        person
    }

    pub(crate) async fn goes_to(&self, path: &str) {
        self.browser.go_to(&format!("{}{path}", self.origin)).await;
    }

    pub(crate) async fn logs_in(&self, customer_id: &str) {
        let key = TokenKey::read(&self.world.system.token_key_file()).expect("the key of tokens");
        let token = key.issue(&customer_id.parse().expect("a customer id"), VALID_FOR);
        self.types("#token", &token.expect("a token")).await;
        self.presses("#login").await;
        assert_eq!(self.reads("#customer").await, customer_id);
    }

    /// Fills in the form.
    pub(crate) async fn wants(&self, sku: &str, quantity: &str, price: &str) {
        for (field, typed) in [("#sku", sku), ("#quantity", quantity), ("#price", price)] {
            self.types(field, typed).await;
        }
    }

    /// Places an order of one thing, and waits until its outcome, not that of an order before, is this.
    pub(crate) async fn places(&self, sku: &str, price: &str, outcome: &str) {
        self.wants(sku, "1", price).await;
        self.browser.run(MARK_OUTCOME, &json!([])).await.expect("marked");
        self.presses("#place").await;
        self.finds(&format!("#outcome[data-state={outcome}]:not([data-is-old])")).await;
    }

    pub(crate) async fn presses(&self, css: &str) {
        eventually(&format!("{css} can be pressed"), || async {
            self.browser.click(css).await.ok()
        })
        .await;
    }

    pub(crate) async fn presses_twice_to_place(&self) {
        self.browser.run(PRESS_TWICE, &json!([])).await.expect("pressed");
    }

    /// Whether each of the two was accepted.
    pub(crate) async fn sends_the_form_twice(&self) -> Value {
        self.browser.run(SEND_TWICE, &json!([])).await.expect("sent")
    }

    async fn types(&self, css: &str, typed: &str) {
        eventually(&format!("{css} takes text"), || async {
            self.browser.fill(css, typed).await.ok()
        })
        .await;
    }

    /// Waits until the outcome is this.
    pub(crate) async fn hears(&self, state: &str) {
        self.finds(&format!("#outcome[data-state={state}]")).await;
    }

    /// Waits until something is to be seen there.
    pub(crate) async fn finds(&self, css: &str) {
        self.reads(css).await;
    }

    /// Waits until something is to be seen there; its text.
    pub(crate) async fn reads(&self, css: &str) -> String {
        eventually(&format!("{css} is to be seen"), || self.glimpses(css)).await
    }

    /// Waits until a text is to be read there.
    pub(crate) async fn reads_in(&self, css: &str, wanted: &str) {
        eventually(&format!("{css} reads {wanted:?}"), || async {
            self.glimpses(css).await.filter(|text| text.contains(wanted))
        })
        .await;
    }

    /// The text of what is to be seen there just now.
    pub(crate) async fn glimpses(&self, css: &str) -> Option<String> {
        let seen = self.browser.run(TEXT, &json!([css])).await.ok()?;
        seen.as_str().map(str::to_owned)
    }

    /// How many of these the page has just now.
    pub(crate) async fn counts(&self, css: &str) -> u64 {
        let counted = self.browser.run(COUNT, &json!([css])).await.expect("a page");
        counted.as_u64().expect("a number")
    }

    /// The key that the form would be sent with.
    pub(crate) async fn key(&self) -> String {
        self.attribute("#key", "value").await
    }

    /// The order that the outcome is about.
    pub(crate) async fn order_id(&self) -> OrderId {
        self.attribute("#outcome", "data-order-id").await.parse().expect("an order id")
    }

    pub(crate) async fn attribute(&self, css: &str, name: &str) -> String {
        let found = self.browser.run(ATTRIBUTE, &json!([css, name])).await.expect("a page");
        found.as_str().unwrap_or_else(|| panic!("{css} has no {name}")).to_owned()
    }

    /// Marks the page that is open, to notice when another one takes its place.
    pub(crate) async fn remembers_this_page(&self) {
        self.browser.run("window.isRemembered = true;", &json!([])).await.expect("a page");
    }

    /// Whether the page is still the one that was marked.
    pub(crate) async fn is_on_the_same_page(&self) -> bool {
        let seen = self.browser.run("return window.isRemembered === true;", &json!([])).await;
        seen.expect("a page") == true
    }
}
