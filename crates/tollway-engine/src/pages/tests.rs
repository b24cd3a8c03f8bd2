//! The page with one message as a snapshot, and what must hold for every page.

use super::message::MessagePage;
use super::*;

#[test]
fn a_message() {
    let link = Link {
        href: "/_tollway/console".to_owned(),
        label: "Console".to_owned(),
    };
    let page = MessagePage {
        heading: "Not found".to_owned(),
        text: "No account <acct_9>.".to_owned(),
        link: Some(link),
    };
    insta::assert_snapshot!(page.html().unwrap());
}

#[test]
fn message_without_a_link_renders() {
    let page = MessagePage {
        heading: "a".to_owned(),
        text: "b".to_owned(),
        link: None,
    };
    assert!(page.html().is_ok());
}
