//! A small load generator: HTTP/1.1 over kept connections, as little work a request as possible.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request, ready to be written.
#[derive(Clone)]
pub struct Request(Vec<u8>);

impl Request {
    pub fn get(path: &str) -> Self {
        Self(head("GET", path, "").into_bytes())
    }

    pub fn post(path: &str, form: &str) -> Self {
        let about = format!(
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
            form.len()
        );
        Self((head("POST", path, &about) + form).into_bytes())
    }
}

fn head(method: &str, path: &str, about: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk_test_bench\r\n{about}\r\n"
    )
}

/// What a spell of requests showed.
pub struct Measured {
    pub count: u32,
    pub per_second: f64,
    /// The time within which 99 of 100 were answered.
    pub slowest_hundredth: Duration,
    /// Of the server, for one request.
    pub processor_time: Duration,
}

/// Asks once on a connection of its own, and answers the body.
pub async fn once(port: u16, request: &Request) -> Result<String, String> {
    let mut connection = Connection::open(port).await?;
    let body = connection.ask(request).await?;
    let body = &connection.buffer[body];
    Ok(String::from_utf8_lossy(body).into_owned())
}

/// Asks again and again on some connections for a while.
pub async fn spell(
    port: u16,
    request: &Request,
    connections: usize,
    length: Duration,
) -> Result<Measured, String> {
    let begun = Instant::now();
    let ask = move |request: Request| async move {
        let mut connection = Connection::open(port).await?;
        let mut times = Vec::new();
        while begun.elapsed() < length {
            let asked = Instant::now();
            connection.ask(&request).await?;
            times.push(asked.elapsed());
        }
        Ok::<_, String>(times)
    };
    let askers: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(ask(request.clone())))
        .collect();
    let mut times = Vec::new();
    for asker in askers {
        times.extend(asker.await.map_err(|error| error.to_string())??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let place = times.len() * 99 / 100;
    let slowest_hundredth = times.get(place).copied().ok_or("nothing was answered")?;
    #[allow(clippy::cast_precision_loss)]
    let per_second = times.len() as f64 / seconds;
    Ok(Measured {
        count: u32::try_from(times.len()).unwrap_or(u32::MAX),
        per_second,
        slowest_hundredth,
        processor_time: Duration::ZERO,
    })
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Where the body of the answer is in the buffer.
    async fn ask(&mut self, request: &Request) -> Result<std::ops::Range<usize>, String> {
        let told = |error: std::io::Error| error.to_string();
        self.stream.write_all(&request.0).await.map_err(told)?;
        self.buffer.clear();
        let mut body = None;
        loop {
            if self.stream.read_buf(&mut self.buffer).await.map_err(told)? == 0 {
                return Err("the connection was closed".into());
            }
            if body.is_none() {
                body = self.body()?;
            }
            if let Some(range) = body.clone().filter(|range| self.buffer.len() >= range.end) {
                return Ok(range);
            }
        }
    }

    /// Where the body will be, once the head is there.
    fn body(&self) -> Result<Option<std::ops::Range<usize>>, String> {
        let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&self.buffer[..end]).map_err(|error| error.to_string())?;
        if !head.starts_with("HTTP/1.1 200") {
            let first = head.lines().next().unwrap_or_default();
            return Err(format!("answered {first}"));
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        let length = length.ok_or("the answer does not say how long it is")?;
        Ok(Some(end + 4..end + 4 + length))
    }
}
