//! The stream of events, and watching a table on it.

use super::error::ClientError;
use super::gateway::Gateway;
use crate::gateway::api::{Event, Roll};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::{Error, Message, WebSocket};

/// So long without an event, and the stream says so.
const QUIET: Duration = Duration::from_secs(2);

/// The events of a gateway.
pub(super) struct Events {
    socket: WebSocket<TcpStream>,
    gateway: String,
}

impl Events {
    /// Begins to listen. What happens from now on is heard.
    pub(super) fn open(gateway: &Gateway, query: &str) -> Result<Events, ClientError> {
        Events::open_at(gateway.url(), query)
    }

    /// The same, at the address of a gateway.
    pub(super) fn open_at(url: &str, query: &str) -> Result<Events, ClientError> {
        let gateway = url.to_owned();
        let unreachable = |why: String| ClientError::Unreachable { gateway: gateway.clone(), why };
        let host = url.strip_prefix("http://").unwrap_or_default();
        let host = host.split('/').next().unwrap_or_default();
        let address = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let stream = TcpStream::connect(&address).map_err(|error| unreachable(error.to_string()))?;
        stream.set_read_timeout(Some(QUIET))?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{host}/v1/events?{query}");
        let (socket, _) = tungstenite::client(url, stream).map_err(|error| unreachable(error.to_string()))?;
        Ok(Events { socket, gateway })
    }

    /// The next event; `None` if there was none for a while.
    pub(super) fn next(&mut self) -> Result<Option<Event>, ClientError> {
        let unreachable = |why: String| ClientError::Unreachable { gateway: self.gateway.clone(), why };
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let event = serde_json::from_str(&text);
                    return event.map(Some).map_err(|error| ClientError::Nonsense(error.to_string()));
                }
                Ok(Message::Close(frame)) => {
                    let why = frame.map_or_else(String::new, |frame| frame.reason.to_string());
                    return Err(unreachable(format!("it ended the stream: {why}")));
                }
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(unreachable(error.to_string())),
            }
        }
    }
}

/// Shows rolls as they come, for ever or until a point is made or lost.
pub(super) fn watch(
    gateway: &Gateway,
    table: u32,
    until_decided: bool,
    out: &mut dyn Write,
) -> Result<(), ClientError> {
    let mut events = Events::open(gateway, &format!("table={table}&kinds=roll"))?;
    let mut point = gateway.table(table)?.point;
    writeln!(out, "table {table}: {}", phase(point))?;
    loop {
        let Some(Event::Roll { height, dice, total, point: after, shooter, .. }) = events.next()? else {
            continue;
        };
        let roll = Roll { height, dice, total, point: after, shooter };
        writeln!(out, "{}", told(&roll, point))?;
        out.flush()?;
        let decided = point.is_some() && after.is_none();
        point = after;
        if until_decided && decided {
            return Ok(());
        }
    }
}

fn phase(point: Option<u8>) -> String {
    point.map_or_else(|| "come-out roll next".into(), |point| format!("the point is {point}"))
}

/// A roll for people. `before`: the point that it was rolled for.
pub(super) fn told(roll: &Roll, before: Option<u8>) -> String {
    let Roll { height, dice: [a, b], total, point, .. } = roll;
    let what = match (before, point) {
        (None, Some(point)) => format!("the point is {point}"),
        (None, None) => "no point".into(),
        (Some(before), None) if before == *total => format!("{before} is made"),
        (Some(_), None) => "seven out".into(),
        (Some(_), Some(point)) => format!("the point stays {point}"),
    };
    format!("block {height}: {a} and {b} make {total}: {what}")
}
