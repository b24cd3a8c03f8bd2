//! Every page with sample contexts: they render in strict mode, and look as they did.

use super::*;
use crate::grant_scope::GrantScope;
use crate::key_rotation::KeyUsage;
use crate::realm::{Mode, Realm};
use crate::seal::KeyId;
use crate::store::{
    Actor, Attempt, AttemptCount, AttemptStatus, AuditStamp, Connection, ConnectionEnd, Delivery,
    DeliveryFailure, DeliveryHeaders, DeliveryStatus, DisconnectReason, Endpoint, HistoryAction,
    HistoryEntry, InboxState,
};
use crate::web::operator::{
    AttemptsPage, ConnectionPage, ConnectionsPage, DeliveryPage, InboxPage, KeysPage, LoginPage,
    Nav,
};

const AT: Millis = 1_790_000_000_000;

fn html<P: PageTemplate>(page: &P) -> String {
    let html = Pages::new()
        .render("https://pay.example", page)
        .expect("renders");
    assert!(html.starts_with("<!doctype html>") && html.contains("<html lang=\"en\">"));
    assert!(html.contains("name=\"viewport\""), "readable on a phone");
    assert_eq!(
        html.matches("<h1>").count(),
        1,
        "one heading of the first order"
    );
    assert!(
        !html.contains("<script") && !html.contains("style=") && !html.contains(" onclick"),
        "no script: {html}"
    );
    html
}

fn nav(current: &str) -> Nav {
    Nav::new(current, "TOKEN".to_owned())
}

fn connect_page() -> ConnectPage {
    ConnectPage {
        brand: "Käse <Söhne>".to_owned(),
        test_mode: true,
        start_url: "https://pay.example/connect/shop/start?tenant=t1&signature=S".to_owned(),
        return_url: Some("https://shop.example/done".to_owned()),
        connected: None,
        ended: None,
    }
}

fn connection(disconnected: Option<ConnectionEnd>) -> Connection {
    Connection {
        id: "con_1".to_owned(),
        realm: Realm::new("shop", Mode::Test),
        tenant: "tenant <1>".to_owned(),
        account: "acct_1".to_owned(),
        scope: GrantScope::ReadWrite,
        publishable_key: None,
        first_connected_at: AT - 5_000_000,
        connected_at: AT,
        disconnected,
        pair_of: None,
        revoking: None,
    }
}

fn ended() -> ConnectionEnd {
    ConnectionEnd::new(AT + 60_000, DisconnectReason::DeauthorizedByAccount)
}

fn attempt() -> Attempt {
    Attempt {
        id: "att_1".to_owned(),
        realm: Realm::new("shop", Mode::Live),
        tenant: "tenant-1".to_owned(),
        state_hash: [1; 32],
        browser_hash: [2; 32],
        redirect_uri: "https://pay.example/connect/shop/callback".to_owned(),
        scope: GrantScope::ReadWrite,
        return_to: None,
        address: None,
        status: AttemptStatus::Finished,
        outcome: Some(Outcome::InvalidGrant),
        account: None,
        detail: Some("OAuth(InvalidGrant), status 400, request req_1".to_owned()),
        response_hash: None,
        created_at: AT,
        expires_at: AT + 1,
        claimed_at: Some(AT),
        finished_at: Some(AT),
    }
}

fn delivery(status: DeliveryStatus) -> Delivery {
    Delivery {
        id: "in_1".to_owned(),
        realm: Realm::new("shop", Mode::Test),
        endpoint: Endpoint::Connect,
        event_id: "evt_1".to_owned(),
        event_type: "account.updated".to_owned(),
        account: Some("acct_1".to_owned()),
        created_at: Some(AT),
        headers: DeliveryHeaders::default(),
        body: br#"{"id": "evt_1", "name": "<b>"}"#.to_vec(),
        status,
        note: Some("the on_event hook failed: not now".to_owned()),
        attempts: 3,
        due_at: AT,
        received_at: AT,
        finished_at: None,
    }
}

#[test]
fn the_connect_page_shows_a_button_a_connection_or_its_end() {
    insta::assert_snapshot!("connect_button", html(&connect_page()));
    let connected = ConnectedView {
        account: "acct_1".to_owned(),
        since: day(AT),
        shared: true,
        disconnect_url: "https://pay.example/connect/shop/disconnect".to_owned(),
        link: "tenant=t1&signature=S".to_owned(),
        token: "TOKEN".to_owned(),
    };
    let page = ConnectPage {
        connected: Some(connected),
        test_mode: false,
        return_url: None,
        ..connect_page()
    };
    insta::assert_snapshot!("connect_connected", html(&page));
    let page = ConnectPage {
        ended: Some("Your account is disconnected.".to_owned()),
        ..connect_page()
    };
    insta::assert_snapshot!("connect_ended", html(&page));
}

#[test]
fn every_outcome_has_a_page() {
    for outcome in Outcome::ALL.iter().copied() {
        let mut page = OutcomePage::of(outcome);
        page.brand = Some("Shop".to_owned());
        page.account = Some("acct_1".to_owned());
        page.return_url = Some("https://shop.example/done".to_owned());
        page.support_url = Some("https://shop.example/help".to_owned());
        page.reference = Some("att_1".to_owned());
        page.again_url = may_try_again(outcome)
            .then(|| "https://pay.example/connect/shop/again/att_1".to_owned());
        insta::assert_snapshot!(format!("outcome_{outcome}"), html(&page));
    }
}

#[test]
fn an_outcome_without_an_attempt_has_a_page() {
    insta::assert_snapshot!(
        "outcome_bare",
        html(&OutcomePage::of(Outcome::UnknownState))
    );
}

#[test]
fn the_pages_of_running_and_confirming_attempts_render() {
    insta::assert_snapshot!("outcome_working", html(&OutcomePage::working()));
    let mut page = OutcomePage::confirming();
    page.test_mode = true;
    page.confirm = Some(ConfirmForm {
        url: "https://pay.example/connect/shop/confirm/att_1".to_owned(),
        token: "TOKEN".to_owned(),
        previous: "acct_1".to_owned(),
        new: "acct_2".to_owned(),
    });
    insta::assert_snapshot!("outcome_confirm", html(&page));
}

#[test]
fn a_message_renders() {
    let page = MessagePage {
        title: "Too many requests".to_owned(),
        text: "Please wait a minute.".to_owned(),
    };
    insta::assert_snapshot!("message", html(&page));
}

#[test]
fn the_login_form_renders_before_and_after_a_wrong_password() {
    insta::assert_snapshot!(
        "login",
        html(&LoginPage {
            token: "TOKEN".to_owned(),
            wrong: false
        })
    );
    insta::assert_snapshot!(
        "login_wrong",
        html(&LoginPage {
            token: "TOKEN".to_owned(),
            wrong: true
        })
    );
}

#[test]
fn the_list_of_connections_renders() {
    let rows = vec![connection(None), connection(Some(ended()))];
    insta::assert_snapshot!(
        "connections",
        html(&ConnectionsPage::new(nav("/operator/connections"), rows, 1))
    );
    insta::assert_snapshot!(
        "connections_none",
        html(&ConnectionsPage::new(
            nav("/operator/connections"),
            vec![],
            1
        ))
    );
}

#[test]
fn a_connection_renders_alone_shared_paired_and_ended() {
    let line = |action, actor| HistoryEntry {
        id: "his_1".to_owned(),
        realm: Realm::new("shop", Mode::Test),
        tenant: Some("tenant <1>".to_owned()),
        account: Some("acct_1".to_owned()),
        action,
        stamp: AuditStamp {
            at: AT,
            actor,
            address: Some("127.0.0.1".to_owned()),
        },
        detail: None,
    };
    let history = vec![
        line(HistoryAction::Reconnected, Actor::Seller),
        line(HistoryAction::Connected, Actor::Host),
    ];
    let others = vec!["tenant-2".to_owned()];
    let page = ConnectionPage::new(
        nav("/operator/connections"),
        &connection(None),
        others,
        None,
        history,
    );
    insta::assert_snapshot!("connection_shared", html(&page));
    let page = ConnectionPage::new(
        nav("/operator/connections"),
        &connection(None),
        vec![],
        None,
        vec![],
    );
    insta::assert_snapshot!("connection_sole", html(&page));
    let real = Connection {
        id: "con_live".to_owned(),
        realm: Realm::new("shop", Mode::Live),
        publishable_key: Some("pk_live_1".to_owned()),
        ..connection(None)
    };
    let play = Connection {
        pair_of: Some(real.id.clone()),
        ..connection(None)
    };
    let page = ConnectionPage::new(
        nav("/operator/connections"),
        &real,
        vec![],
        Some(&play),
        vec![],
    );
    insta::assert_snapshot!("connection_pair", html(&page));
    let mut nav = nav("/operator/connections");
    nav.notice = Some("The connection ended.".to_owned());
    let page = ConnectionPage::new(nav, &connection(Some(ended())), vec![], None, vec![]);
    insta::assert_snapshot!("connection_ended", html(&page));
}

#[test]
fn the_report_on_sealing_keys_renders() {
    let id = |byte| KeyId::from_bytes(&[byte; 8]).expect("eight bytes");
    let key = |byte, configured, newest, values| KeyUsage {
        id: id(byte),
        configured,
        newest,
        values,
    };
    let report = [
        key(1, true, true, 4),
        key(2, true, false, 2),
        key(3, true, false, 0),
        key(4, false, false, 1),
    ];
    let page = KeysPage::new(nav("/operator/keys"), &report);
    insta::assert_snapshot!("keys", html(&page));
}

#[test]
fn the_list_of_attempts_renders() {
    let realm = Realm::new("shop", Mode::Live);
    let counts = vec![
        AttemptCount {
            realm: realm.clone(),
            status: AttemptStatus::Exchanging,
            outcome: None,
            count: 1,
        },
        AttemptCount {
            realm,
            status: AttemptStatus::Finished,
            outcome: Some(Outcome::Connected),
            count: 12,
        },
    ];
    let page = AttemptsPage::new(
        nav("/operator/attempts"),
        counts,
        vec![attempt(), attempt()],
        1,
    );
    insta::assert_snapshot!("attempts", html(&page));
    insta::assert_snapshot!(
        "attempts_none",
        html(&AttemptsPage::new(
            nav("/operator/attempts"),
            vec![],
            vec![],
            1
        ))
    );
}

#[test]
fn the_inbox_and_one_delivery_render() {
    let state = InboxState {
        counts: vec![(DeliveryStatus::Dead, 1)],
        oldest_unfinished: None,
    };
    let page = InboxPage::new(
        nav("/operator/inbox"),
        &state,
        vec![delivery(DeliveryStatus::Dead)],
        9,
    );
    insta::assert_snapshot!("inbox", html(&page));
    let failures = vec![DeliveryFailure {
        attempt: 1,
        at: AT,
        error: "not now".to_owned(),
    }];
    let page = DeliveryPage::new(
        nav("/operator/inbox"),
        &delivery(DeliveryStatus::Dead),
        failures,
    );
    insta::assert_snapshot!("delivery", html(&page));
    let page = DeliveryPage::new(
        nav("/operator/inbox"),
        &delivery(DeliveryStatus::Pending),
        vec![],
    );
    insta::assert_snapshot!("delivery_pending", html(&page));
}

#[test]
fn every_template_is_shown_by_a_page() {
    let shown = [
        ConnectPage::TEMPLATE,
        OutcomePage::TEMPLATE,
        MessagePage::TEMPLATE,
        LoginPage::TEMPLATE,
        ConnectionsPage::TEMPLATE,
        ConnectionPage::TEMPLATE,
        AttemptsPage::TEMPLATE,
        KeysPage::TEMPLATE,
        InboxPage::TEMPLATE,
        DeliveryPage::TEMPLATE,
    ];
    for (name, _) in TEMPLATES {
        assert!(
            shown.contains(&name) || ["layout.html", "operator.html"].contains(&name),
            "{name}"
        );
    }
}

#[test]
fn times_are_readable() {
    assert_eq!(day(AT), "2026-09-21");
    assert_eq!(moment(AT), "2026-09-21 14:13:20 UTC");
    assert_eq!(moment(i64::MAX), "unknown");
}
