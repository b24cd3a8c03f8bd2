//! Waiting for Ctrl-C or SIGTERM.

use crate::failure::{Failure, Outcome};

/// Installs handlers for Ctrl-C and SIGTERM. The future ends at the first of them.
///
/// Call it before you print that the program is ready: a script may stop the program as soon as it reads that.
#[cfg(unix)]
pub(crate) fn requested() -> Outcome<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::new(format!("signals cannot be handled: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Installs a handler for Ctrl-C. The future ends when it is pressed.
#[cfg(windows)]
pub(crate) fn requested() -> Outcome<impl Future<Output = ()> + Send + 'static> {
    let failed = |error| Failure::new(format!("Ctrl-C cannot be handled: {error}"));
    let mut interrupt = tokio::signal::windows::ctrl_c().map_err(failed)?;
    Ok(async move {
        interrupt.recv().await;
    })
}
