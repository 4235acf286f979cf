//! Columns back into records. Any bytes may come: counts are held against the bytes that are left before memory is
//! taken for them.

use super::{FILM, SERIES, Series};
use crate::{CommandDone, Commit, Message, NodeEvent, SpaceTime};

pub(super) fn series(content: &[u8]) -> Result<Series, String> {
    let mut rest = Rest(content);
    rest.expect(SERIES)?;
    let rows = rest.rows(5)?;
    let (at, node) = (rest.rising(rows)?, rest.column(rows)?);
    let (height, round, latency) = (rest.column(rows)?, rest.column(rows)?, rest.column(rows)?);
    let commits = (0..rows).map(|row| {
        Ok(Commit {
            node: narrow(node[row])?,
            height: height[row],
            round: narrow(round[row])?,
            at_ns: at[row],
            latency_ns: latency[row],
        })
    });
    let commits = commits.collect::<Result<_, String>>()?;
    let rows = rest.rows(2)?;
    let times = rest.rising(rows)?.into_iter().zip(rest.column(rows)?);
    let commands = times.map(|(at_ns, latency_ns)| CommandDone { at_ns, latency_ns }).collect();
    let series = Series { commits, commands, node_events: rest.events()? };
    rest.end()?;
    Ok(series)
}

pub(super) fn film(content: &[u8]) -> Result<Vec<SpaceTime>, String> {
    let mut rest = Rest(content);
    rest.expect(FILM)?;
    let count = rest.rows(6)?;
    let windows = (0..count).map(|_| rest.stretch()).collect::<Result<_, _>>()?;
    rest.end()?;
    Ok(windows)
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn expect(&mut self, opening: &[u8]) -> Result<(), String> {
        let rest = self.0.strip_prefix(opening);
        self.0 =
            rest.ok_or_else(|| format!("it does not begin with {:?}", String::from_utf8_lossy(opening)))?;
        Ok(())
    }

    fn end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("{} bytes follow its end", self.0.len())) }
    }

    fn number(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or("it ends in the middle")?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number is above 2^64 - 1".into())
    }

    /// A number of rows, each of at least `least` bytes.
    fn rows(&mut self, least: usize) -> Result<usize, String> {
        let rows = self.number()?;
        match usize::try_from(rows) {
            Ok(rows) if rows <= self.0.len() / least => Ok(rows),
            _ => Err(format!("{rows} rows do not fit into {} bytes", self.0.len())),
        }
    }

    fn column(&mut self, rows: usize) -> Result<Vec<u64>, String> {
        (0..rows).map(|_| self.number()).collect()
    }

    fn rising(&mut self, rows: usize) -> Result<Vec<u64>, String> {
        let mut value = 0_u64;
        let mut next = || {
            value = value.checked_add(self.number()?).ok_or("a time is above 2^64 - 1 ns")?;
            Ok(value)
        };
        (0..rows).map(|_| next()).collect()
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let length = self.rows(1)?;
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(bytes).map_err(|error| format!("a text: {error}"))
    }

    fn texts(&mut self) -> Result<Vec<&'a str>, String> {
        let count = self.rows(1)?;
        (0..count).map(|_| self.text()).collect()
    }

    fn stretch(&mut self) -> Result<SpaceTime, String> {
        let title = self.text()?.to_owned();
        let (from_ns, length_ns, left_out) = (self.number()?, self.number()?, self.number()?);
        let to_ns = from_ns.checked_add(length_ns).ok_or("a stretch ends above 2^64 - 1 ns")?;
        let (messages, marks) = (self.messages()?, self.events()?);
        Ok(SpaceTime { title, from_ns, to_ns, left_out, messages, marks })
    }

    fn messages(&mut self) -> Result<Vec<Message>, String> {
        let rows = self.rows(8)?;
        let texts = self.texts()?;
        let (sent, from, to) = (self.rising(rows)?, self.column(rows)?, self.column(rows)?);
        let (lost, delay) = (self.column(rows)?, self.column(rows)?);
        let (kind, label, fault) = (self.column(rows)?, self.column(rows)?, self.column(rows)?);
        let message = |row: usize| {
            let received = sent[row].checked_add(delay[row]).ok_or("a delay is too long")?;
            let fault = fault[row].checked_sub(1).map(|place| text_at(&texts, place)).transpose()?;
            Ok(Message {
                from: narrow(from[row])?,
                to: narrow(to[row])?,
                sent_ns: sent[row],
                received_ns: (lost[row] == 0).then_some(received),
                kind: text_at(&texts, kind[row])?,
                label: text_at(&texts, label[row])?,
                fault,
            })
        };
        (0..rows).map(message).collect()
    }

    fn events(&mut self) -> Result<Vec<NodeEvent>, String> {
        let rows = self.rows(4)?;
        let texts = self.texts()?;
        let (at, node) = (self.rising(rows)?, self.column(rows)?);
        let (kind, label) = (self.column(rows)?, self.column(rows)?);
        let event = |row: usize| {
            let (kind, label) = (text_at(&texts, kind[row])?, text_at(&texts, label[row])?);
            Ok(NodeEvent { node: narrow(node[row])?, at_ns: at[row], kind, label })
        };
        (0..rows).map(event).collect()
    }
}

fn text_at(texts: &[&str], place: u64) -> Result<String, String> {
    let text = usize::try_from(place).ok().and_then(|place| texts.get(place));
    text.map(|text| (*text).to_owned()).ok_or_else(|| format!("there is no text {place}"))
}

fn narrow<T: TryFrom<u64>>(value: u64) -> Result<T, String> {
    T::try_from(value).map_err(|_| format!("{value} is too large for its column"))
}
