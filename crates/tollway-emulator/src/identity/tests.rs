//! The verification page with a sample of its context.

use super::context::*;
use crate::pages::Page;

#[test]
fn the_check_of_an_identity() {
    let page = IdentityPage {
        merchant: "Bakery".to_owned(),
        account: "acct_1".to_owned(),
        session: "vs_1".to_owned(),
        error: Some("The document could not be verified.".to_owned()),
    };
    insta::assert_snapshot!(page.html().unwrap());
}
