//! Listening on an address, and printing it in a line that scripts can read.

use std::{
    io::{ErrorKind, Write as _},
    net::SocketAddr,
};

use tokio::net::TcpListener;
#[cfg(unix)]
use {
    std::{
        os::unix::{
            fs::{FileTypeExt as _, PermissionsExt as _},
            net::UnixStream,
        },
        path::Path,
    },
    tokio::net::UnixListener,
};

use crate::failure::{Failure, Outcome};

/// What precedes the address in the ready line.
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

/// Binds a Unix socket that only its owner can use. A stale socket file is replaced.
#[cfg(unix)]
pub(crate) fn bind_unix(path: &Path) -> Outcome<UnixListener> {
    let shown = path.display();
    let socket = |metadata: std::fs::Metadata| metadata.file_type().is_socket();
    if std::fs::symlink_metadata(path).is_ok_and(socket) {
        if UnixStream::connect(path).is_ok() {
            return Err(Failure::new(format!(
                "{shown} is in use: stop the program that has it, or choose another by --socket"
            )));
        }
        std::fs::remove_file(path).ok();
    }
    let bound = UnixListener::bind(path).and_then(|listener| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    bound.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {shown} ({error}): give a path that is free, in a folder that exists, by --socket"
        ))
    })
}

/// The URL of a listener, as `http://127.0.0.1:12111`.
pub(crate) fn url(listener: &TcpListener) -> Outcome<String> {
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("the listener has no address: {error}")))?;
    Ok(format!("http://{address}"))
}

/// Prints the ready line and flushes it.
pub(crate) fn announce(url: &str) {
    println!("{READY}{url}");
    flush();
}

/// Flushes stdout. A closed pipe is no failure.
pub(crate) fn flush() {
    std::io::stdout().flush().ok();
}
