//! Listening on an address, and saying so in a line that scripts can read.

use std::{
    io::{ErrorKind, Write as _},
    net::SocketAddr,
};

use tokio::net::TcpListener;

use crate::failure::{Failure, Outcome};

/// What the line that tells the address starts with.
pub(crate) const READY: &str = "listening on ";

/// Binds `address`; port 0 takes a free one. `option` names what to change when the port is taken.
pub(crate) async fn bind(address: SocketAddr, option: &str) -> Outcome<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(match error.kind() {
            ErrorKind::AddrInUse => {
                format!("port {} on {} is in use: stop the program that has it, or choose another by {option}", address.port(), address.ip())
            }
            ErrorKind::PermissionDenied => {
                format!("no permission to listen on {address}: choose a port above 1023 by {option}")
            }
            ErrorKind::AddrNotAvailable => {
                format!("{} is no address of this machine: choose 127.0.0.1, or another by {option}", address.ip())
            }
            _ => format!("cannot listen on {address} ({error}): choose another by {option}"),
        })
    })
}

/// Where a listener can be reached, as `http://127.0.0.1:12111`.
pub(crate) fn url(listener: &TcpListener) -> Outcome<String> {
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("the listener has no address: {error}")))?;
    Ok(format!("http://{address}"))
}

/// Prints the ready line, at once even into a pipe.
pub(crate) fn announce(url: &str) {
    println!("{READY}{url}");
    flush();
}

/// Pushes printed lines out. A reader that went away is not this program's failure.
pub(crate) fn flush() {
    std::io::stdout().flush().ok();
}
