//! One kept connection to a gateway, with as little cost as there can be: the client shares the machine with what it
//! measures. Speaks the part of HTTP/1.1 that a gateway answers with: a status line, a `content-length`, a body.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// No answer's head is longer, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// No answer's body is longer, in bytes.
const MAX_BODY: usize = 32 << 20;
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
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.exchange(request.as_bytes())
    }

    pub(super) fn post(&mut self, path: &str, media_type: &str, body: &[u8]) -> io::Result<Answer<'_>> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
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
            if let Some((status, body)) = whole(&self.received)? {
                self.stream = Some(stream);
                return Ok(Answer { status, body: &self.received[body..] });
            }
        }
    }
}

/// The status and where the body begins, once an answer is whole.
fn whole(received: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let wrong = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    let Some(head) = received.windows(4).take(MAX_HEAD).position(|bytes| bytes == b"\r\n\r\n") else {
        return if received.len() < MAX_HEAD { Ok(None) } else { Err(wrong("an endless head")) };
    };
    let text = std::str::from_utf8(&received[..head]).map_err(|_| wrong("a head that is no text"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let (Some(status), Some(length)) = (status, length.filter(|length| *length <= MAX_BODY)) else {
        return Err(wrong("an answer without a status, or without a length"));
    };
    Ok((received.len() >= head + 4 + length).then_some((status, head + 4)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_last_byte_is_here() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
        for end in 0..answer.len() {
            assert_eq!(whole(&answer[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(whole(answer).unwrap(), Some((202, answer.len() - 5)));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for nonsense in
            ["SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"]
        {
            assert!(whole(nonsense.as_bytes()).is_err(), "{nonsense}");
        }
        assert!(whole(&[b'x'; MAX_HEAD]).is_err());
    }
}
