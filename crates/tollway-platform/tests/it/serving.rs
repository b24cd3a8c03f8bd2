//! `serve`: the router over TCP and the worker, until shutdown.

use std::sync::{Arc, Mutex};

use crate::app::App;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tollway_platform::store::Connection;
use tollway_platform::{HookError, Hooks, async_trait};

#[derive(Default)]
struct NotifyConnected(Mutex<Option<tokio::sync::oneshot::Sender<String>>>);

#[async_trait]
impl Hooks for NotifyConnected {
    async fn on_connected(&self, connection: &Connection) -> Result<(), HookError> {
        if let Some(tell) = self.0.lock().expect("lock").take() {
            tell.send(connection.tenant.clone()).unwrap_or_default();
        }
        Ok(())
    }
}

#[tokio::test]
async fn serve_runs_router_and_worker_until_shutdown() {
    let (tell, response) = tokio::sync::oneshot::channel();
    let app = App::with_hooks(Arc::new(NotifyConnected(Mutex::new(Some(tell))))).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let platform = app.platform.clone();
    let serving = tokio::spawn(async move {
        platform
            .serve(listener, async { stopped.await.unwrap_or_default() })
            .await
    });
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"),
        "{answer}"
    );
    app.connect("tenant-1").await;
    assert_eq!(response.await.expect("the worker runs"), "tenant-1");
    stop.send(()).expect("it serves");
    serving.await.expect("it stops").expect("in good order");
}
