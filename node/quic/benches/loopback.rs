//! Links beside bare quinn, over loopback, in one run: what the port costs on top of the datagrams and streams that it
//! is made of. Both ends run on one thread, so a figure is the work of both.
//!
//! ```text
//! cargo bench -p bitcraps-quic
//! ```

#[path = "../tests/support/mod.rs"]
mod support;

use bitcraps_actors::ports::{LinkEvent, LinkId, Links};
use bitcraps_quic::QuicConfig;
use bytes::Bytes;
use quinn::Connection;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use support::{Node, Socket, address, on_tokio, peer, rogue};
use tokio::sync::Notify;
use tokio::task::{spawn_local, yield_now};
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(2);
const ROUND_TRIPS: usize = 5_000;
const SMALL: usize = 200;
const LARGE: usize = 64 << 10;

fn main() {
    println!("{:<34} {:>14} {:>14} {:>7}", "", "links", "bare quinn", "ratio");
    let (links, bare) = (on_tokio(echo_links()), on_tokio(echo_bare()));
    for (name, rank) in [("p50", 50), ("p99", 99)] {
        let at = |times: &[Duration]| times[times.len() * rank / 100].as_secs_f64() * 1e6;
        row(&format!("echo of {SMALL} B, {name}, µs"), at(&links), at(&bare));
    }
    let datagrams = on_tokio(bare_datagrams());
    row(&format!("frames of {SMALL} B /s"), on_tokio(flood(SMALL)), datagrams);
    let large = (on_tokio(flood(LARGE)), on_tokio(bare_stream()));
    row("frames of 64 KiB, MB/s", large.0 * LARGE as f64 / 1e6, large.1 / 1e6);
}

fn row(name: &str, links: f64, bare: f64) {
    println!("{name:<34} {links:>14.1} {bare:>14.1} {:>7.2}", links / bare);
}

/// How often per second `count` rises while `work` goes on.
async fn per_second(count: Rc<Cell<u64>>, work: impl Future<Output = ()> + 'static) -> f64 {
    let work = spawn_local(work);
    tokio::time::sleep(WINDOW / 4).await;
    let (before, start) = (count.get(), Instant::now());
    tokio::time::sleep(WINDOW).await;
    let rate = (count.get() - before) as f64 / start.elapsed().as_secs_f64();
    work.abort();
    rate
}

/// Two nodes that don't listen yet.
fn pair() -> (Node, Node) {
    let (a, b) = (Socket::any(), Socket::any());
    let peers = [peer(1, a.at), peer(2, b.at)];
    let node = |n, socket| Node::not_listening(n, socket, &peers, BTreeSet::new(), QuicConfig::default());
    (node(1, a), node(2, b))
}

/// Opens a link from `a`, which then says `frame` for each frame that arrives there.
async fn open(a: &Node, b: &Node, frame: impl Fn() + 'static) -> LinkId {
    let up = Rc::<Cell<Option<LinkId>>>::default();
    let (told, opened) = (up.clone(), Rc::new(Notify::new()));
    let tell = opened.clone();
    a.links.listen(Box::new(move |event| match event {
        LinkEvent::Frame { .. } => frame(),
        LinkEvent::Up { link, .. } => {
            told.set(Some(link));
            tell.notify_one();
        }
        _ => {}
    }));
    a.links.open(&address(b.at));
    opened.notified().await;
    up.get().expect("told before")
}

async fn flood(length: usize) -> f64 {
    let (a, b) = pair();
    let count = Rc::<Cell<u64>>::default();
    let counted = count.clone();
    b.links.listen(Box::new(move |event| {
        if let LinkEvent::Frame { .. } = event {
            counted.set(counted.get() + 1);
        }
    }));
    let link = open(&a, &b, || ()).await;
    let frame = Bytes::from(vec![7; length]);
    let links = a.links.clone();
    per_second(count, async move {
        loop {
            for _ in 0..256 {
                if !links.send(link, frame.clone()) {
                    break;
                }
            }
            yield_now().await;
        }
    })
    .await
}

async fn echo_links() -> Vec<Duration> {
    let (a, b) = pair();
    let echo = b.links.clone();
    b.links.listen(Box::new(move |event| {
        if let LinkEvent::Frame { link, bytes } = event {
            echo.send(link, bytes);
        }
    }));
    let arrived = Rc::new(Notify::new());
    let tell = arrived.clone();
    let link = open(&a, &b, move || tell.notify_one()).await;
    round_trips(async || {
        a.links.send(link, Bytes::from_static(&[7; SMALL]));
        arrived.notified().await;
    })
    .await
}

async fn echo_bare() -> Vec<Duration> {
    let (a, b) = bare_pair().await;
    spawn_local(async move {
        while let Ok(datagram) = b.read_datagram().await {
            let _ = b.send_datagram(datagram);
        }
    });
    round_trips(async || {
        a.send_datagram(Bytes::from_static(&[7; SMALL])).expect("room");
        a.read_datagram().await.expect("an echo");
    })
    .await
}

async fn round_trips(trip: impl AsyncFn()) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let start = Instant::now();
        trip().await;
        times.push(start.elapsed());
    }
    times.sort();
    times
}

async fn bare_datagrams() -> f64 {
    let (a, b) = bare_pair().await;
    let count = Rc::<Cell<u64>>::default();
    let counted = count.clone();
    spawn_local(async move {
        while b.read_datagram().await.is_ok() {
            counted.set(counted.get() + 1);
        }
    });
    per_second(
        count,
        async move { while a.send_datagram_wait(Bytes::from_static(&[7; SMALL])).await.is_ok() {} },
    )
    .await
}

/// In bytes.
async fn bare_stream() -> f64 {
    let (a, b) = bare_pair().await;
    let count = Rc::<Cell<u64>>::default();
    let counted = count.clone();
    spawn_local(async move {
        let mut stream = b.accept_uni().await.expect("a stream");
        while let Ok(Some(chunk)) = stream.read_chunk(LARGE, true).await {
            counted.set(counted.get() + chunk.bytes.len() as u64);
        }
    });
    per_second(count, async move {
        let mut stream = a.open_uni().await.expect("a stream");
        let frame = Bytes::from(vec![7; LARGE]);
        while stream.write_chunk(frame.clone()).await.is_ok() {}
    })
    .await
}

async fn bare_pair() -> (Connection, Connection) {
    let server = rogue::server();
    let at = server.local_addr().expect("an address");
    let accepted = spawn_local(async move {
        let connection = server.accept().await.expect("a connection").await.expect("a handshake");
        (server, connection)
    });
    let (client, a) =
        rogue::connect(at, &rogue::Manners { window: 2 << 20, ..rogue::Manners::of([2; 32]) }).await;
    let (server, b) = accepted.await.expect("no panic");
    // The endpoints live as long as their connections.
    drop((client, server));
    (a.expect("a handshake"), b)
}
