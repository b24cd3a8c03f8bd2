//! What OAuth keeps besides connections and tokens: sellers and authorization codes, each a hidden record of the world.
//!
//! Sellers stand above the modes and are kept in the platform's live scope; codes belong to the mode of their client id.
//! Instants are Unix seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scope::Mode;
use crate::world::{GrantScope, WorldState};

/// How long an authorization code lives, in seconds.
pub(crate) const CODE_LIFETIME: i64 = 5 * 60;

const SELLER: &str = "_seller";
const CODE: &str = "_code";
const GRANT: &str = "_grant";

/// A business as the sign-in page knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seller {
    /// `acct_…`.
    #[serde(rename = "id")]
    pub(crate) account: String,
    /// `standard`, `express` or `custom`.
    pub(crate) kind: String,
    /// What the seller signs in with.
    pub(crate) email: String,
    /// What its customers know it by.
    #[serde(default)]
    pub(crate) business_name: Option<String>,
    /// Two capital letters.
    pub(crate) country: String,
    /// The other valid prefills, by their `stripe_user` member name.
    #[serde(default)]
    pub(crate) profile: BTreeMap<String, String>,
    /// Another platform's name when that platform controls the account, which then refuses `read_write`.
    #[serde(default)]
    pub(crate) controlled_by: Option<String>,
    /// The capabilities it gets when it is first connected; the usual two if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) capabilities: Vec<String>,
    /// When it was made.
    pub(crate) created: i64,
}

impl Seller {
    /// The capabilities it gets when it is first connected.
    pub(crate) fn first_capabilities(&self) -> Vec<&str> {
        if self.capabilities.is_empty() {
            return vec!["card_payments", "transfers"];
        }
        self.capabilities.iter().map(String::as_str).collect()
    }

    /// The name to show: the business's, or else the e-mail address.
    pub(crate) fn label(&self) -> &str {
        self.business_name.as_deref().unwrap_or(&self.email)
    }
}

/// An authorization code and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// `ac_…`.
    pub(crate) id: String,
    /// The application that asked.
    pub(crate) client_id: String,
    /// The account that said yes.
    pub(crate) account: String,
    /// What it granted.
    pub(crate) scope: GrantScope,
    /// When it was given out.
    pub(crate) created: i64,
    /// It has been used.
    #[serde(default)]
    pub(crate) redeemed: bool,
}

/// The code behind a connection: presenting it again ends the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    code: String,
}

/// Every seller of the world, newest first.
pub(crate) fn sellers(world: &WorldState) -> Vec<Seller> {
    world.all_typed(&world.platform_scope(Mode::Live), SELLER)
}

/// The seller with this account id.
pub(crate) fn seller(world: &WorldState, account: &str) -> Option<Seller> {
    world.typed(&world.platform_scope(Mode::Live), SELLER, account)
}

/// Keeps a seller.
pub(crate) fn put_seller(world: &mut WorldState, seller: &Seller) {
    let scope = world.platform_scope(Mode::Live);
    world.put_typed(&scope, SELLER, &seller.account, seller, seller.created);
}

/// A code and the mode it was given out in.
pub(crate) fn code(world: &WorldState, code: &str) -> Option<(Mode, Code)> {
    Mode::ALL
        .into_iter()
        .find_map(|mode| Some((mode, world.typed(&world.platform_scope(mode), CODE, code)?)))
}

/// Keeps a code.
pub(crate) fn put_code(world: &mut WorldState, mode: Mode, code: &Code) {
    let scope = world.platform_scope(mode);
    world.put_typed(&scope, CODE, &code.id, code, code.created);
}

/// The code that the connection to `account` came from.
pub(crate) fn grant_of(world: &WorldState, mode: Mode, account: &str) -> Option<String> {
    let grant: Option<Grant> = world.typed(&world.platform_scope(mode), GRANT, account);
    grant.map(|grant| grant.code)
}

/// Remembers the code that the connection to `account` came from.
pub(crate) fn put_grant(world: &mut WorldState, mode: Mode, account: &str, code: &str, now: i64) {
    let scope = world.platform_scope(mode);
    world.put_typed(
        &scope,
        GRANT,
        account,
        &Grant {
            code: code.to_owned(),
        },
        now,
    );
}
