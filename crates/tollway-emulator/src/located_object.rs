//! Finds the object that a page's address names by its id alone.

use std::sync::Arc;

use axum::response::Response;
use serde_json::Value;

use crate::Engine;
use crate::pages;
use crate::scheduler::run_all_due;
use crate::scope::{Mode, Scope};
use crate::world::{World, WorldState};

/// An object, and the world and scope that store it.
pub(crate) type LocatedObject = (Arc<World>, Scope, Value);

/// Runs all due tasks and finds the object. If no world has it, the error is the page that says so; `noun` names the object there.
pub(crate) fn open(
    engine: &Engine,
    object_type: &str,
    noun: &str,
    id: &str,
) -> Result<LocatedObject, Box<Response>> {
    run_all_due(engine);
    locate(engine, object_type, id).ok_or_else(|| Box::new(pages::not_found(noun, id)))
}

/// Finds the object in any scope of any world.
pub(crate) fn locate(engine: &Engine, object_type: &str, id: &str) -> Option<LocatedObject> {
    engine.worlds().all().into_iter().find_map(|world| {
        let (scope, object) = locate_in_world(&world.lock(), object_type, id)?;
        Some((world, scope, object))
    })
}

fn locate_in_world(world: &WorldState, object_type: &str, id: &str) -> Option<(Scope, Value)> {
    let scopes_of = |mode: Mode| {
        world
            .store
            .accounts(mode)
            .map(move |account| Scope::new(mode, Arc::clone(account)))
    };
    let mut scopes = Mode::ALL.into_iter().flat_map(scopes_of);
    scopes.find_map(|scope| {
        let object = world.store.object(&scope, object_type, id)?;
        Some((scope, object))
    })
}
