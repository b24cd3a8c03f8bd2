//! Authorization codes, and the code of each connection. Both are private records in the mode of their client id. Times are Unix
//! seconds.

use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::scope::Mode;
use crate::world::{GrantScope, PrivateRecord, WorldState};

/// An authorization code can be redeemed for five minutes.
pub(super) const CODE_LIFETIME_SECONDS: i64 = 5 * 60;

/// An authorization code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationCode {
    /// `ac_…`.
    pub(crate) id: String,
    /// The application that it was issued to.
    pub(crate) client_id: String,
    /// The account that consented.
    pub(crate) account: String,
    /// The scope that was granted.
    pub(crate) scope: GrantScope,
    /// When it was issued.
    pub(crate) created: i64,
    /// Whether it was redeemed.
    #[serde(default)]
    pub(crate) redeemed: bool,
}

impl PrivateRecord for AuthorizationCode {
    const TYPE: &'static str = "_code";
    const ID_IS_SECRET: bool = true;
}

/// The code that a connection was made with: redeeming it again ends the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ConnectionCode {
    code: String,
}

impl PrivateRecord for ConnectionCode {
    const TYPE: &'static str = "_grant";
}

/// An authorization code, and the mode that it was issued in.
///
/// # Errors
/// A 500 if the stored code cannot be read.
pub(super) fn load_code(
    world: &WorldState,
    code: &str,
) -> Result<Option<(Mode, AuthorizationCode)>, ApiError> {
    for mode in Mode::ALL {
        if let Some(code) = world.load(&world.platform_scope(mode), code)? {
            return Ok(Some((mode, code)));
        }
    }
    Ok(None)
}

/// Stores a code.
pub(super) fn save_code(world: &mut WorldState, mode: Mode, code: &AuthorizationCode) {
    let scope = world.platform_scope(mode);
    world.save(&scope, &code.id, code, code.created);
}

/// The code that the connection of `account` was made with.
///
/// # Errors
/// A 500 if the stored record cannot be read.
pub(super) fn load_connection_code(
    world: &WorldState,
    mode: Mode,
    account: &str,
) -> Result<Option<String>, ApiError> {
    let stored: Option<ConnectionCode> = world.load(&world.platform_scope(mode), account)?;
    Ok(stored.map(|stored| stored.code))
}

/// Stores the code that the connection of `account` was made with. `now` is in Unix seconds.
pub(super) fn save_connection_code(
    world: &mut WorldState,
    mode: Mode,
    account: &str,
    code: &str,
    now: i64,
) {
    let scope = world.platform_scope(mode);
    let stored = ConnectionCode {
        code: code.to_owned(),
    };
    world.save(&scope, account, &stored, now);
}
