//! The part of HTTP/1.1 that a plain client speaks with a gateway, as bytes: what carries them is the caller's business.
//! An answer has a status line, a `content-length` and a body.

use std::io;

/// No answer's head is longer, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// No answer's body is longer, in bytes.
const MAX_BODY: usize = 32 << 20;

/// Asks `host` for what is at `path`.
pub fn get(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes()
}

/// Sends `host` a body.
pub fn post(host: &str, path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// The status and where the body begins, once an answer is whole.
///
/// # Errors
/// If this is no answer of a gateway, or a longer one than any has.
pub fn whole(received: &[u8]) -> io::Result<Option<(u16, usize)>> {
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
