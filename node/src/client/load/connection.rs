//! One kept connection to a gateway, with as little cost as there can be: the client shares the machine with what it
//! measures.

use crate::client::http;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Connection {
    host: String,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    /// To `http://HOST:PORT`; opened with the first request.
    pub(super) fn to(url: &str) -> Connection {
        let host = url.strip_prefix("http://").unwrap_or(url);
        let host = host.split('/').next().unwrap_or_default();
        let port = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) { "" } else { ":80" };
        Connection { host: format!("{host}{port}"), stream: None, received: Vec::new() }
    }

    pub(super) fn get(&mut self, path: &str) -> io::Result<Answer<'_>> {
        let request = http::get(&self.host, path);
        self.exchange(&request)
    }

    pub(super) fn post(&mut self, path: &str, media_type: &str, body: &[u8]) -> io::Result<Answer<'_>> {
        let request = http::post(&self.host, path, media_type, body);
        self.exchange(&request)
    }

    /// After an error the next request opens a new connection: what came of this one is not known.
    fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.host)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream
            }
        };
        stream.write_all(request)?;
        self.received.clear();
        let mut chunk = [0; 16 << 10];
        loop {
            match stream.read(&mut chunk)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.received.extend_from_slice(&chunk[..read]),
            }
            if let Some((status, body)) = http::whole(&self.received)? {
                self.stream = Some(stream);
                return Ok(Answer { status, body: &self.received[body..] });
            }
        }
    }
}
