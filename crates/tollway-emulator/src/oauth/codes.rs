//! Authorization codes, and the code behind each connection. Both are private records in the mode of their client id.
//! Instants are Unix seconds.

use serde::{Deserialize, Serialize};

use crate::scope::Mode;
use crate::world::{GrantScope, WorldState};

/// How long an authorization code lives, in seconds.
pub(crate) const CODE_LIFETIME: i64 = 5 * 60;

const CODE: &str = "_code";
const GRANT: &str = "_grant";

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
