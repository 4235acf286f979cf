//! Quorum rounds on turmoil: one host per node, votes over its simulated UDP.
//!
//! Prints two lines: tick 1 ms (turmoil's default) and tick 10 ms (turmoil pays per tick, so this is its
//! better side). A tick rounds every delivery up.

#[path = "../../quorum.rs"]
mod quorum;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use actix::Actor;
use borsh::BorshDeserialize;
use quorum::{Args, LATENCY, SEED, Tally, VOTE_BYTES, Vote, Voter};
use turmoil::net::UdpSocket;

const PORT: u16 = 7000;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse()?;
    for tick_ms in [1, 10] {
        args.measure("turmoil", &format!(",\"tick_ms\":{tick_ms}"), |args, tally| {
            simulate(args, Duration::from_millis(tick_ms), tally)
        })?;
    }
    Ok(())
}

fn simulate(args: Args, tick: Duration, tally: Arc<Tally>) -> turmoil::Result {
    let mut sim = turmoil::Builder::new()
        .tick_duration(tick)
        .min_message_latency(LATENCY)
        .max_message_latency(LATENCY)
        // A full socket drops silently. Two rounds of votes are the most that can wait.
        .udp_capacity(4 * usize::from(args.n))
        .rng_seed(SEED)
        .epoch(UNIX_EPOCH)
        .build();
    for me in 0..args.n {
        let tally = tally.clone();
        sim.host(host_name(me), move || {
            let tally = tally.clone();
            async move { if args.idle { idle().await } else { node(me, args.n, tally).await } }
        });
    }
    // Not `run`: it returns at once when there are hosts only.
    while sim.elapsed() < args.simulated {
        sim.step()?;
    }
    Ok(())
}

fn host_name(node: u16) -> String {
    format!("node-{node}")
}

async fn idle() -> turmoil::Result {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn node(me: u16, n: u16, tally: Arc<Tally>) -> turmoil::Result {
    let socket = Rc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    let peers: Vec<SocketAddr> = (0..n)
        .filter(|&peer| peer != me)
        .map(|peer| (turmoil::lookup(host_name(peer)), PORT).into())
        .collect();
    let sender = socket.clone();
    let broadcast = move |vote: &[u8; VOTE_BYTES]| {
        for &peer in &peers {
            sender.try_send_to(vote, peer).expect("a bound socket sends");
        }
    };
    let voter = Voter::new(me, n, Box::new(broadcast), tally).start();
    let mut buffer = [0; VOTE_BYTES];
    loop {
        let (length, _) = socket.recv_from(&mut buffer).await?;
        voter.do_send(Vote::try_from_slice(&buffer[..length])?);
    }
}
