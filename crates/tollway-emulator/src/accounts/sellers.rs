//! Sellers: businesses that sign in at the OAuth page, each with its account id. They are private records above the modes, stored
//! in the platform's live scope. Instants are Unix seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scope::Mode;
use crate::world::WorldState;

const SELLER: &str = "_seller";

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

/// The name of a connected account, if it has one.
pub(crate) fn name_of(world: &WorldState, account: &str) -> Option<String> {
    let seller = seller(world, account)?;
    Some(seller.label().to_owned()).filter(|name| !name.is_empty())
}
