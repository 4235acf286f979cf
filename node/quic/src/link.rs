//! An open link: its connection, its queue, and the tasks that serve it.

use crate::close::CloseCode;
use crate::deframer::Deframer;
use crate::greeting::Greeted;
use crate::links::Shared;
use crate::observer::{LinkSample, add};
use crate::queue::{Lane, SendQueue};
use crate::timer::{TimedOut, Timer};
use bitcraps_actors::ports::{Address, LinkEvent, LinkId};
use bitcraps_types::PublicKey;
use bytes::Bytes;
use quinn::{Connection, ReadError, RecvStream, SendStream, WriteError};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

/// How much of the stream is read at a time.
const READ_BYTES: usize = 64 << 10;

/// An open link.
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) peer: PublicKey,
    pub(crate) remote: SocketAddr,
    /// As dialed; `None` if the other side dialed.
    pub(crate) dialed: Option<Address>,
    pub(crate) mtu: usize,
    pub(crate) connection: Connection,
    pub(crate) queue: SendQueue,
    /// The room for datagrams when none waits.
    all_room: usize,
    /// Whether the node still knows it.
    pub(crate) open: Cell<bool>,
    /// With what this side closed it.
    pub(crate) code: Cell<Option<CloseCode>>,
}

/// How a frame went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Datagram,
    Queued,
    Refused,
}

impl Link {
    pub(crate) fn new(id: LinkId, greeted: &Greeted, dialed: Option<Address>, queue_bytes: usize) -> Link {
        let connection = greeted.connection.clone();
        Link {
            id,
            peer: greeted.peer,
            remote: connection.remote_address(),
            dialed,
            mtu: greeted.mtu,
            all_room: connection.datagram_send_buffer_space(),
            connection,
            queue: SendQueue::new(queue_bytes),
            open: Cell::new(true),
            code: Cell::new(None),
        }
    }

    /// Sends a frame, by datagram if it can.
    ///
    /// QUIC sends waiting datagrams before any of the stream. So while something waits for the stream, a frame goes as
    /// a datagram only if no other datagram waits: else a steady load of small frames would starve it.
    pub(crate) fn send(&self, frame: Bytes) -> Sent {
        if frame.len() > self.mtu {
            return Sent::Refused;
        }
        let small = self.connection.max_datagram_size().is_some_and(|largest| frame.len() <= largest);
        if small {
            let room = self.connection.datagram_send_buffer_space();
            let fits = room >= frame.len() && (room >= self.all_room || self.queue.used() == 0);
            if fits && self.connection.send_datagram(frame.clone()).is_ok() {
                return Sent::Datagram;
            }
        }
        let lane = if small { Lane::Urgent } else { Lane::Bulk };
        if self.queue.push(frame, lane) { Sent::Queued } else { Sent::Refused }
    }

    /// Closes it with `code`. The node hears of it when its tasks have.
    pub(crate) fn shut(&self, code: CloseCode) {
        if self.code.get().is_none() {
            self.code.set(Some(code));
            self.queue.close();
            code.close(&self.connection);
        }
    }

    pub(crate) fn sample(&self) -> LinkSample {
        let path = self.connection.stats().path;
        LinkSample {
            link: self.id,
            peer: self.peer,
            rtt: path.rtt,
            sent_packets: path.sent_packets,
            lost_packets: path.lost_packets,
            congestion_window: path.cwnd,
            path_mtu: path.current_mtu,
            queued: self.queue.used(),
        }
    }
}

/// Serves a link from its beginning to its end.
pub(crate) async fn run(shared: Rc<Shared>, greeted: Greeted, dialed: Option<Address>) {
    let link = shared.up(&greeted, dialed);
    tokio::task::spawn_local(write(shared.clone(), link.clone(), greeted.sending));
    tokio::task::spawn_local(read_stream(shared.clone(), link.clone(), greeted.receiving));
    tokio::task::spawn_local(read_datagrams(shared.clone(), link.clone()));
    let error = link.connection.closed().await;
    shared.down(&link, &error);
}

/// Carries the queue to the stream.
async fn write(shared: Rc<Shared>, link: Rc<Link>, mut stream: SendStream) {
    let mut timer = Timer::new(shared.environment.runtime.clone());
    let mut batch = Vec::new();
    while link.queue.take(&mut batch).await {
        let mut rest = &mut batch[..];
        while !rest.is_empty() {
            match timer.limit(shared.config.stall_timeout, stream.write_chunks(rest)).await {
                Ok(Ok(written)) => rest = &mut rest[written.chunks..],
                Ok(Err(WriteError::ConnectionLost(_))) => return,
                // The other side asked to stop.
                Ok(Err(_)) => return link.shut(CloseCode::BadStream),
                Err(TimedOut) => return link.shut(CloseCode::Stalled),
            }
        }
        batch.clear();
    }
}

async fn read_stream(shared: Rc<Shared>, link: Rc<Link>, mut stream: RecvStream) {
    let counters = &shared.observer.counters;
    let mut deframer = Deframer::new(shared.config.max_frame as usize);
    loop {
        let chunk = match stream.read_chunk(READ_BYTES, true).await {
            Ok(Some(chunk)) => chunk.bytes,
            Err(ReadError::ConnectionLost(_)) => return,
            Ok(None) | Err(_) => return link.shut(CloseCode::BadStream),
        };
        let outcome = deframer.push(chunk, |frame| {
            add(&counters.stream_frames_in, 1);
            add(&counters.stream_bytes_in, frame.len());
            deliver(&shared, &link, frame);
        });
        if outcome.is_err() {
            return link.shut(CloseCode::FrameTooLong);
        }
    }
}

async fn read_datagrams(shared: Rc<Shared>, link: Rc<Link>) {
    let counters = &shared.observer.counters;
    while let Ok(frame) = link.connection.read_datagram().await {
        if frame.len() > shared.config.max_frame as usize {
            return link.shut(CloseCode::FrameTooLong);
        }
        add(&counters.datagrams_in, 1);
        add(&counters.datagram_bytes_in, frame.len());
        deliver(&shared, &link, frame);
    }
}

fn deliver(shared: &Shared, link: &Link, bytes: Bytes) {
    if link.open.get() && link.code.get().is_none() {
        shared.tell(LinkEvent::Frame { link: link.id, bytes });
    }
}
