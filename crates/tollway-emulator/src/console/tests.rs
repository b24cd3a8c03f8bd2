//! The console's pages with samples of their contexts.

use super::contexts::*;
use crate::accounts::dashboard_page::tests::dashboard;
use crate::pages::Page;
use crate::pages::soundness::assert_sound;

fn owned(text: &str) -> String {
    text.to_owned()
}

fn console() -> ConsolePage {
    ConsolePage {
        base: "http://127.0.0.1:12111".to_owned(),
        worlds: vec![WorldSection {
            name: "sk_…_123".to_owned(),
            account: "acct_0".to_owned(),
            applications: vec![ApplicationRow {
                client_id: "ca_1".to_owned(),
                mode: "test",
                redirect_uris: vec![],
            }],
            sellers: vec![SellerRow {
                account: "acct_1".to_owned(),
                label: "Bakery".to_owned(),
                connected: "test (read_write)".to_owned(),
            }],
            events: vec![EventRow {
                id: "evt_1".to_owned(),
                r#type: "charge.succeeded".to_owned(),
                account: "acct_1".to_owned(),
                deliveries: "1 delivered".to_owned(),
            }],
        }],
    }
}

fn world() -> WorldPage {
    let bar = |width, y, negative, amount: &str| Bar {
        width,
        y,
        negative,
        amount: owned(amount),
    };
    WorldPage {
        endpoints: vec![EndpointRow {
            url: owned("http://localhost:3000/<hook>"),
            mode: "test",
            receives: "connected accounts",
            status: owned("enabled"),
            secret: owned("whsec_1"),
        }],
        business_name: owned("Market & <Sons>"),
        error: Some(owned("A client id begins with ca_.")),
        world: console().worlds.remove(0),
        connections: vec![SellerConnection {
            account: owned("acct_1"),
            label: owned("Bakery <i>"),
            connection: dashboard().connections.remove(0),
        }],
        charts: vec![Chart {
            id: owned("test-usd"),
            mode: "test",
            currency: owned("usd"),
            height: 52,
            rows: vec![ChartRow {
                label: owned("A name that is too long for the chart"),
                short: owned("A name that is too…"),
                y: 26,
                available: bar(400, 12, true, "-4.00 usd"),
                pending: bar(200, 28, false, "2.00 usd"),
            }],
        }],
    }
}

fn row() -> RequestRow {
    RequestRow {
        id: owned("req_1"),
        at: owned("2026-01-02 03:04:05"),
        method: owned("POST"),
        path: owned("/v1/charges"),
        operation: owned("charges.create"),
        world: owned("123"),
        account: owned("acct_1"),
        status: owned("402"),
        failed: true,
        fault: Some(owned("nothing after 5 ms")),
    }
}

fn requests() -> RequestsPage {
    RequestsPage {
        live: true,
        toggle: owned("/_tollway/console/requests?path=a&errors=1"),
        path: owned("a\"b"),
        errors: true,
        world: owned("123"),
        rows: vec![row()],
    }
}

fn request() -> RequestPage {
    RequestPage {
        row: row(),
        mode: "test",
        idempotency_key: Some(owned("k1")),
        replayed: true,
        error: Some(owned("Your card was declined.")),
        params: owned("{\n  \"amount\": \"<1>\"\n}"),
    }
}

fn event() -> EventPage {
    EventPage {
        id: owned("evt_1"),
        world: owned("123"),
        r#type: owned("charge.succeeded"),
        deliveries: vec![DeliveryCard {
            endpoint: owned("we_1"),
            status: owned("delivered"),
            attempts: vec![AttemptRow {
                at: owned("2026-01-02 03:04:05"),
                status: owned("200"),
                answer: owned("<ok>"),
            }],
        }],
        body: owned("{}"),
    }
}

fn faults() -> FaultsPage {
    FaultsPage {
        faults: vec![FaultRow {
            does: owned("rate limit"),
            method: owned("any"),
            path: owned("/v1/*"),
            key: owned("any"),
            after: 1,
            left: owned("2"),
        }],
        error: Some(owned("How many requests: 'x' is not a number that fits.")),
    }
}

#[test]
fn the_console() {
    insta::assert_snapshot!(console().html().unwrap());
}

#[test]
fn a_world_with_its_chart() {
    insta::assert_snapshot!(world().html().unwrap());
}

#[test]
fn the_request_log() {
    insta::assert_snapshot!(requests().html().unwrap());
}

#[test]
fn one_request() {
    insta::assert_snapshot!(request().html().unwrap());
}

#[test]
fn an_event_and_its_attempts() {
    insta::assert_snapshot!(event().html().unwrap());
}

#[test]
fn the_faults() {
    insta::assert_snapshot!(faults().html().unwrap());
}

#[test]
fn console_pages_without_content_say_so() {
    let mut bare = world();
    bare.connections.clear();
    bare.charts.clear();
    bare.world.events.clear();
    let html = bare.html().unwrap();
    for id in ["no-connections", "no-balances", "no-events"] {
        assert!(html.contains(id), "{id}");
    }
    let quiet = RequestsPage {
        rows: vec![],
        live: false,
        ..requests()
    };
    assert!(quiet.html().unwrap().contains("no-requests"));
    let unheard = EventPage {
        deliveries: vec![],
        body: String::new(),
        ..event()
    };
    assert!(unheard.html().unwrap().contains("no-deliveries"));
    let faultless = FaultsPage {
        faults: vec![],
        error: None,
    };
    assert!(faultless.html().unwrap().contains("no-faults"));
}

#[test]
fn console_without_worlds_says_so() {
    let page = ConsolePage {
        worlds: vec![],
        ..console()
    };
    assert!(page.html().unwrap().contains("no-worlds"));
}

#[test]
fn console_pages_are_sound() {
    for html in [
        console().html().unwrap(),
        world().html().unwrap(),
        requests().html().unwrap(),
        request().html().unwrap(),
        event().html().unwrap(),
        faults().html().unwrap(),
    ] {
        assert_sound(&html);
    }
}
