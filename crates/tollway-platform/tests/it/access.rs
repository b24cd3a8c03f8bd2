//! The matrix of endpoints and authorisation, made from the router's own list of routes.

use http::{Method, StatusCode};
use tollway_platform::store::{DeliveryStatus, Page};
use tollway_platform::{Route, RouteAccess};

use crate::app::{App, Browser, Response, callback, updated};
use crate::operator::{log_in, operator_app};
use crate::stripe::StripeReply;

/// A platform with a connection, a confirming attempt and a handled delivery.
struct Fixture {
    app: App,
    /// The browser that started the attempt.
    seller: Browser,
    operator: Browser,
    attempt: String,
    connection: String,
    delivery: String,
}

impl Fixture {
    async fn new() -> Self {
        let app = operator_app().await;
        let mut seller = app.connect("tenant-1").await;
        app.deliver(&updated("evt_1", "acct_1", app.now())).await;
        app.platform.run_due().await.expect("works");
        app.stripe.reply_to_exchanges(StripeReply::grant("acct_2"));
        app.advance(1);
        let state = seller.start(&app, "tenant-1").await;
        let question = seller.follow(&callback("ac_2", &state)).await;
        assert_eq!(question.outcome(), "confirm", "{}", question.body);
        let store = app.platform.store();
        let attempts = store.attempts(Page::newest(1)).await.expect("reads");
        let connections = store.connections(Page::newest(1)).await.expect("reads");
        let deliveries = store.deliveries(None, Page::newest(1)).await;
        let deliveries = deliveries.expect("reads");
        let (attempt, connection) = (attempts[0].id.clone(), connections[0].id.clone());
        let delivery = deliveries[0].id.clone();
        let operator = log_in(&app).await;
        Self {
            app,
            seller,
            operator,
            attempt,
            connection,
            delivery,
        }
    }

    /// The route's path with ids of existing records.
    fn path_of(&self, route: &Route) -> String {
        let id = if route.path.starts_with("/operator/inbox") {
            &self.delivery
        } else {
            &self.connection
        };
        route
            .path
            .replace("{platform}", "shop")
            .replace("{mode}", "test")
            .replace("{endpoint}", "connect")
            .replace("{attempt}", &self.attempt)
            .replace("{id}", id)
    }

    /// Sends a request whose form has every field, with this token.
    async fn request(&self, browser: &Browser, route: &Route, token: &str) -> Response {
        let path = self.path_of(route);
        let mut browser = browser.clone();
        if route.method == Method::GET {
            return browser.get(&path).await;
        }
        let link = self.app.platform.start_link("tenant-1").page();
        let link = link.expect("a link");
        let link = link.split_once('?').expect("a query").1;
        let form = [
            ("token", token),
            ("link", link),
            ("account", "new"),
            ("scope", "sole"),
            ("password", "correct horse"),
        ];
        browser.post(&path, &form).await
    }

    /// Fails if a refused request changed anything.
    async fn assert_unchanged(&self, route: &Route) {
        let store = self.app.platform.store();
        let connection = store.connection_by_id(&self.connection).await;
        let connection = connection.expect("reads").expect("is stored");
        assert!(connection.is_active(), "{route:?} ended the connection");
        let attempt = store.attempt(&self.attempt).await.expect("reads");
        let outcome = attempt.expect("is stored").outcome;
        assert_eq!(outcome, None, "{route:?} ended the attempt");
        let delivery = store.delivery(&self.delivery).await.expect("reads");
        let status = delivery.expect("is stored").status;
        assert_eq!(status, DeliveryStatus::Done, "{route:?} replayed");
    }
}

fn leads_to_login(response: &Response) -> bool {
    response.status == StatusCode::SEE_OTHER && response.location().ends_with("/operator/login")
}

#[tokio::test]
async fn no_route_answers_without_the_authorisation_it_requires() {
    let fixture = Fixture::new().await;
    let anonymous = fixture.app.browser();
    for route in fixture.app.platform.routes() {
        let response = fixture.request(&anonymous, &route, "x").await;
        let (status, shown) = (response.status, format!("{route:?}: {}", response.body));
        match route.access {
            RouteAccess::Public => assert!(status.is_success(), "{status} {shown}"),
            RouteAccess::Callback => assert_eq!(status, StatusCode::BAD_REQUEST, "{shown}"),
            RouteAccess::SignedLink | RouteAccess::BrowserForm => {
                assert_eq!(status, StatusCode::FORBIDDEN, "{shown}");
            }
            RouteAccess::StartingBrowser | RouteAccess::StartingBrowserForm => {
                assert_eq!(status, StatusCode::NOT_FOUND, "{shown}");
            }
            RouteAccess::WebhookSignature => {
                assert_eq!(status, StatusCode::BAD_REQUEST, "{shown}");
            }
            RouteAccess::OperatorSession | RouteAccess::OperatorForm => {
                assert!(leads_to_login(&response), "{status} {shown}");
            }
            other => panic!("{other:?} is not in this matrix: {shown}"),
        }
        fixture.assert_unchanged(&route).await;
    }
}

#[tokio::test]
async fn no_form_is_accepted_with_a_wrong_token() {
    let fixture = Fixture::new().await;
    for route in fixture.app.platform.routes() {
        let browser = match route.access {
            RouteAccess::BrowserForm | RouteAccess::StartingBrowserForm => &fixture.seller,
            RouteAccess::OperatorForm => &fixture.operator,
            _ => continue,
        };
        for token in ["x", ""] {
            let response = fixture.request(browser, &route, token).await;
            assert_eq!(
                response.status,
                StatusCode::FORBIDDEN,
                "{route:?} with token {token:?}"
            );
        }
        fixture.assert_unchanged(&route).await;
    }
}

#[tokio::test]
async fn a_seller_is_no_operator_and_an_operator_is_no_seller() {
    let fixture = Fixture::new().await;
    for route in fixture.app.platform.routes() {
        let (browser, is_refused): (_, fn(&Response) -> bool) = match route.access {
            RouteAccess::OperatorSession | RouteAccess::OperatorForm => {
                (&fixture.seller, leads_to_login)
            }
            RouteAccess::StartingBrowser | RouteAccess::StartingBrowserForm => {
                (&fixture.operator, |response| {
                    response.status == StatusCode::NOT_FOUND
                })
            }
            _ => continue,
        };
        let response = fixture.request(browser, &route, "x").await;
        assert!(is_refused(&response), "{route:?}: {}", response.status);
        fixture.assert_unchanged(&route).await;
    }
}

#[tokio::test]
async fn every_page_opens_with_the_authorisation_it_requires() {
    let fixture = Fixture::new().await;
    for route in fixture.app.platform.routes() {
        let browser = match route.access {
            RouteAccess::OperatorSession => &fixture.operator,
            RouteAccess::StartingBrowser => &fixture.seller,
            _ => continue,
        };
        let response = fixture.request(browser, &route, "x").await;
        let leads_to_stripe = response.status == StatusCode::SEE_OTHER
            && response
                .location()
                .starts_with("https://connect.stripe.com/");
        assert!(
            response.status == StatusCode::OK || leads_to_stripe,
            "{route:?}: {}",
            response.status
        );
    }
}

#[tokio::test]
async fn every_kind_of_access_occurs_and_without_a_password_no_operators() {
    let count = |app: &App, access: RouteAccess| {
        let routes = app.platform.routes();
        routes.iter().filter(|route| route.access == access).count()
    };
    let (with_password, without) = (operator_app().await, App::new().await);
    for access in RouteAccess::ALL {
        assert!(count(&with_password, *access) > 0, "{access:?}");
    }
    assert_eq!(count(&without, RouteAccess::OperatorSession), 0);
    assert_eq!(count(&without, RouteAccess::OperatorForm), 0);
    let paths = without.platform.routes();
    for route in paths {
        let mut browser = without.browser();
        let path = route
            .path
            .replace("{platform}", "shop")
            .replace("{mode}", "test");
        let response = match route.method {
            Method::GET => browser.get(&path).await,
            _ => browser.post(&path, &[]).await,
        };
        assert_ne!(
            response.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{route:?} is in the router"
        );
    }
}
