//! The name of the business that a customer pays, as pages and documents show it.

use crate::accounts::sellers;
use crate::scope::Scope;
use crate::world::WorldState;

/// The business name of an account: of its profile, its dashboard, its e-mail address or its seller; else its id.
pub(crate) fn merchant_name(world: &WorldState, scope: &Scope) -> String {
    if scope.account == world.platform.account {
        return world.platform.business_name.clone();
    }
    let account = [scope.clone(), world.platform_scope(scope.mode)]
        .iter()
        .find_map(|scope| world.store.object(scope, "account", &scope.account));
    let account = account.unwrap_or_default();
    let names = [
        &account["business_profile"]["name"],
        &account["settings"]["dashboard"]["display_name"],
        &account["email"],
    ];
    let name = names.iter().find_map(|name| name.as_str());
    name.map(str::to_owned)
        .or_else(|| sellers::name_of(world, &scope.account))
        .unwrap_or_else(|| scope.account.to_string())
}
