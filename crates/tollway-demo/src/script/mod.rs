//! The scripted demo: three programs, real HTTP, real pages.
//!
//! `Environment` runs the programs, a `Seller` goes through the pages with a `Browser`, `scenarios` check what must be true and
//! `Report` prints what was observed. The platform's own calls use the SDK.

mod child;
mod environment;
mod report;
mod scenarios;
mod seller;

use std::path::Path;

use self::{
    environment::Environment,
    report::{Report, StepResult},
    scenarios::{callback, charge, connect, disconnect, reconnect, refusals, restart},
};
use tollway::transport::BoxFuture;

use crate::error::DemoError;
use crate::folder::DataFolder;

/// Runs emulator and platform as child processes of this executable (`tollway emulator`, `tollway platform`) and plays every
/// scenario over HTTP. Prints a numbered line for each step.
///
/// # Errors
///
/// Fails at the first step that does not hold, and keeps the folder then.
pub fn run(folder: DataFolder) -> BoxFuture<'static, Result<(), DemoError>> {
    Box::pin(play_and_report(folder))
}

async fn play_and_report(folder: DataFolder) -> Result<(), DemoError> {
    let mut report = Report::default();
    println!("Tollway: the whole story on one laptop");
    match play(folder.path(), &mut report).await {
        Ok(()) => {
            println!("\n{} steps, all of them held.", report.steps());
            Ok(())
        }
        Err(reason) => {
            let step = report.steps() + 1;
            let path = folder.into_path();
            Err(DemoError::new(format!(
                "step {step} did not hold: {reason}\nlogs and data are in {}",
                path.display()
            )))
        }
    }
}

async fn play(folder: &Path, report: &mut Report) -> StepResult {
    report.heading("Three programs");
    let mut environment = Environment::start(folder).await?;
    report.step(
        "emulator and platform run, this program plays browsers and marketplace",
        environment.programs(),
    );

    report.heading("A seller connects and is paid");
    let mut flowers = connect::new_seller(&environment, report, "flower-shop").await?;
    charge::direct_charge(&environment, report, "flower-shop").await?;

    report.heading("A callback counts once");
    callback::again(&environment, report, &mut flowers).await?;
    let coffee = callback::race(&environment, report, "coffee-bar").await?;

    report.heading("What must not connect");
    refusals::denied(&environment, report, "book-shop").await?;
    refusals::expired(&environment, report, "bike-shop").await?;
    refusals::foreign(&environment, report, "tea-house").await?;

    report.heading("Connections change");
    reconnect::same_account(&environment, report, &mut flowers).await?;
    disconnect::by_seller(&environment, report, &mut flowers).await?;
    disconnect::by_platform(&environment, report, &coffee).await?;

    report.heading("The power goes out");
    let mut bakery = connect::new_seller(&environment, report, "bakery").await?;
    let paid = charge::direct_charge(&environment, report, "bakery").await?;
    restart::power_cut(&mut environment, report, &mut bakery, &paid, "coffee-bar").await
}
