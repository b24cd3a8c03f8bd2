//! What the emulator listens on: a TCP port or a Unix socket, with TLS or without.

use std::io;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::tls::Identity;

/// A place to take connections from; made from a tokio listener.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    tls: Option<Identity>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A connection that was taken.
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection on a Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self {
            socket: Socket::Tcp(listener),
            tls: None,
        }
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self {
            socket: Socket::Unix(listener),
            tls: None,
        }
    }
}

impl Listener {
    /// Speaks HTTPS, and nothing else, with this certificate.
    #[must_use]
    pub fn tls(mut self, identity: Identity) -> Self {
        self.tls = Some(identity);
        self
    }

    /// What accepts TLS on its connections, if it does.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        let identity = self.tls.as_ref()?;
        Some(TlsAcceptor::from(identity.config.clone()))
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer is one small write: waiting to fill a packet only adds delay.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            #[cfg(unix)]
            Socket::Unix(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}
