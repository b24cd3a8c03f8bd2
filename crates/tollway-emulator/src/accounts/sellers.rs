//! Sellers: businesses that sign in on the OAuth page, each with its account id. A seller is one private record for both modes,
//! stored in the platform's live scope. Times are Unix seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::scope::Mode;
use crate::world::{PrivateRecord, WorldState};

/// A business that can sign in on the OAuth page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seller {
    /// `acct_…`.
    #[serde(rename = "id")]
    pub(crate) account: String,
    /// `standard`, `express` or `custom`.
    pub(crate) kind: String,
    /// The e-mail address that the seller signs in with.
    pub(crate) email: String,
    /// The name that its customers see.
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
    /// The capabilities of its account when it is first connected; `card_payments` and `transfers` if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) capabilities: Vec<String>,
    /// When it was created.
    pub(crate) created: i64,
}

impl PrivateRecord for Seller {
    const TYPE: &'static str = "_seller";
}

impl Seller {
    /// The capabilities of its account when it is first connected.
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
///
/// # Errors
/// A 500 if a stored seller cannot be read.
pub(crate) fn load_sellers(world: &WorldState) -> Result<Vec<Seller>, ApiError> {
    world.load_all(&world.platform_scope(Mode::Live))
}

/// The seller with this account id.
///
/// # Errors
/// A 500 if the stored seller cannot be read.
pub(crate) fn load_seller(world: &WorldState, account: &str) -> Result<Option<Seller>, ApiError> {
    world.load(&world.platform_scope(Mode::Live), account)
}

/// Stores a seller.
pub(crate) fn save_seller(world: &mut WorldState, seller: &Seller) {
    let scope = world.platform_scope(Mode::Live);
    world.save(&scope, &seller.account, seller, seller.created);
}

/// The name of a connected account's seller, if it has one.
pub(crate) fn name_of(world: &WorldState, account: &str) -> Option<String> {
    let scope = world.platform_scope(Mode::Live);
    let seller: Seller = world.load_or_fail(&scope, account)?;
    Some(seller.label().to_owned()).filter(|name| !name.is_empty())
}
