//! Stripe Connect OAuth: the authorize URL, the callback, the exchange of the code, and the disconnect.
//! <https://docs.stripe.com/connect/oauth-reference>
//!
//! ```
//! use tollway::oauth::{Scope, parse_callback};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = tollway::Client::builder("sk_test_123").client_id("ca_123").build()?;
//!
//! // 1. Send the seller's browser there. Keep the state where you find it again.
//! let url = client.oauth().authorize_url().scope(Scope::ReadWrite).state("s3cret").build()?;
//! assert!(url.starts_with("https://connect.stripe.com/oauth/authorize?"));
//!
//! // 2. The browser comes back to your redirect URI.
//! let back = parse_callback("https://example.com/cb?code=ac_1&scope=read_write&state=s3cret", "s3cret")?;
//! assert_eq!(back.code(), "ac_1");
//!
//! // 3. Exchange the code, once:
//! //    client.oauth().token().authorization_code(back.code()).send().await?
//! # Ok(())
//! # }
//! ```

mod app_tokens;
mod apps;
mod authorize;
mod callback;
mod client_id;
mod endpoints;
mod prefill;
mod scope;
mod token;

pub use self::app_tokens::{AppTokens, StoredToken, TokenError, TokenStore};
pub use self::apps::AppsOAuth;
pub use self::authorize::{AuthorizeUrl, Landing};
pub use self::callback::{Callback, CallbackError, new_state, parse_callback};
pub use self::endpoints::OAuth;
pub use self::prefill::{BusinessType, PrefillProblem, StripeUser};
pub use self::scope::Scope;
pub use self::token::{
    Deauthorization, DeauthorizeRequest, OAuthToken, TokenCheckError, TokenRequest,
};
