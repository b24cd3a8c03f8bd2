//! The story of the demo, played by itself: three programs, real HTTP, real pages.
//!
//! `Stage` runs the programs, a `Seller` walks through the pages with a `Browser`, the chapters say what must hold and the
//! `Narrator` prints what was seen. The platform's own calls go through the SDK.

pub(super) mod browser;
mod chapters;
mod child;
mod narrator;
mod page;
mod seller;
mod stage;

use std::path::Path;

use self::{
    chapters::{callback, charge, connect, disconnect, reconnect, refusals, restart},
    narrator::{Held, Narrator},
    stage::Stage,
};
use super::Folder;
use crate::failure::{Failure, Outcome};

/// Plays the story; fails at the first step that does not hold, and keeps the folder then.
pub(super) async fn run(folder: Folder) -> Outcome {
    let mut told = Narrator::default();
    println!("Tollway: the whole story on one laptop");
    match play(folder.path(), &mut told).await {
        Ok(()) => {
            println!("\n{} steps, all of them held.", told.steps());
            Ok(())
        }
        Err(reason) => {
            let step = told.steps() + 1;
            let kept = folder.keep();
            Err(Failure::new(format!(
                "step {step} did not hold: {reason}\nlogs and data are in {}",
                kept.display()
            )))
        }
    }
}

async fn play(folder: &Path, told: &mut Narrator) -> Held {
    told.chapter("Three programs");
    let mut stage = Stage::start(folder).await?;
    told.held(
        "emulator and platform run, this program plays browsers and marketplace",
        stage.programs(),
    );

    told.chapter("A seller connects and is paid");
    let mut flowers = connect::new_seller(&stage, told, "flower-shop").await?;
    charge::direct_charge(&stage, told, "flower-shop").await?;

    told.chapter("A callback counts once");
    callback::again(&stage, told, &mut flowers).await?;
    let coffee = callback::race(&stage, told, "coffee-bar").await?;

    told.chapter("What must not connect");
    refusals::denied(&stage, told, "book-shop").await?;
    refusals::expired(&stage, told, "bike-shop").await?;
    refusals::foreign(&stage, told, "tea-house").await?;

    told.chapter("Connections change");
    reconnect::same_account(&stage, told, &mut flowers).await?;
    disconnect::by_seller(&stage, told, &mut flowers).await?;
    disconnect::by_platform(&stage, told, &coffee).await?;

    told.chapter("The power goes out");
    let mut bakery = connect::new_seller(&stage, told, "bakery").await?;
    let paid = charge::direct_charge(&stage, told, "bakery").await?;
    restart::power_cut(&mut stage, told, &mut bakery, &paid, "coffee-bar").await
}
