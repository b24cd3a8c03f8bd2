//! Waiting for Ctrl-C or SIGTERM.

use crate::failure::{Failure, Outcome};

/// From now on a request to stop is heard; the future ends when one comes.
///
/// Call it before saying that the program is ready: whoever reads that may ask it to stop at once.
#[cfg(unix)]
pub(crate) fn requested() -> Outcome<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let unheard = |error| Failure::new(format!("signals cannot be heard: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// From now on Ctrl-C is heard; the future ends when it comes.
#[cfg(windows)]
pub(crate) fn requested() -> Outcome<impl Future<Output = ()> + Send + 'static> {
    let unheard = |error| Failure::new(format!("Ctrl-C cannot be heard: {error}"));
    let mut interrupt = tokio::signal::windows::ctrl_c().map_err(unheard)?;
    Ok(async move {
        interrupt.recv().await;
    })
}
