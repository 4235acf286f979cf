//! `bitcraps-node load`: measures a network as a player meets it, over HTTP.
//!
//! The load is open: each command has its time by the clock, whether or not those before it were answered, and its
//! latency counts from then. A network that stalls is so charged for every command that it kept waiting. What is
//! measured is the way from a player's wish to a player's knowledge: signing, HTTP, the queue, gossip, consensus, the
//! block's application, and the event on the stream of another gateway.

mod blobs;
mod connection;
mod players;
mod reads;
mod report;
mod schedule;
mod sender;
mod watcher;

use super::error::ClientError;
use super::gateway::Gateway;
use crate::config::units;
use crate::keys::SecretKey;
use bitcraps_casino::Blobs;
use bitcraps_types::{Digest, TableId};
use clap::Args;
use players::Player;
use report::Report;
use schedule::Schedule;
use sender::{Sender, Work};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use watcher::Watcher;

/// How long a refused or unsettled rest is waited for, after the last command was due.
const LINGER: Duration = Duration::from_secs(10);

/// `load`.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// A gateway; may be given again. Commands go to all of them in turn, the last one tells what became of them.
    #[arg(long, required = true, num_args = 1.., value_name = "URL")]
    gateway: Vec<String>,
    /// The key of an account with money, from which the players' accounts are opened.
    #[arg(long, default_value = "player.key", value_name = "FILE")]
    key: PathBuf,
    /// How many players bet.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    accounts: u32,
    /// Commands (or blobs) per second, all players together.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// For how long.
    #[arg(long, default_value = "60s", value_parser = units::duration)]
    duration: Duration,
    /// Connections to each gateway; of blobs always one, so that their order is known.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// A connection hands in what became due within this time as one list. It counts as latency like any other time.
    #[arg(long, default_value = "20ms", value_parser = units::duration)]
    gather: Duration,
    /// The stake of each bet.
    #[arg(long, default_value_t = 10)]
    stake: u64,
    /// Hands in blobs of so many bytes instead of bets: bytes that consensus orders and that no state depends on. The
    /// network's genesis must allow them, and nobody else may hand any in meanwhile.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=Blobs::MAX_LENGTH as i64), conflicts_with = "reads")]
    blobs: Option<u32>,
    /// Measures reads instead: GETs as fast as they are answered, beside a bare handler that answers the same bytes.
    #[arg(long)]
    reads: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Commands that are on their way, by id: when each was due and where it was handed in.
type Pending = Arc<Mutex<BTreeMap<Digest, OnItsWay>>>;

#[derive(Clone, Copy)]
struct OnItsWay {
    due: Instant,
    gateway: usize,
}

/// Measures, and tells the result on `out`.
pub fn run(load: &Load, out: &mut dyn Write) -> Result<(), ClientError> {
    let gateways = load.gateway.iter().map(|url| Gateway::connect(url, None));
    let gateways: Vec<Gateway> = gateways.collect::<Result<_, _>>()?;
    if load.reads {
        let measured = reads::measure(&load.gateway[0], load.connections, load.duration)?;
        return measured.tell(load.json, out);
    }
    let chain = gateways[0].chain_id();
    if let Some(other) = gateways.iter().find(|gateway| gateway.chain_id() != chain) {
        return Err(ClientError::OtherChain { found: other.chain_id(), expected: chain });
    }
    if let Some(size) = load.blobs {
        return blobs::measure(load, &gateways, size as usize)?.tell(load.json, out);
    }
    let tables: Vec<TableId> = gateways[0].tables()?.tables.iter().map(|table| TableId(table.id)).collect();
    if tables.is_empty() {
        return Err(ClientError::NoTable);
    }
    let mut players = players::make(load.accounts)?;
    let faucet = SecretKey::read(&load.key)?;
    players::open(&gateways[0], &faucet, &players, buy_in(load))?;
    wait_for_the_last(&gateways, &players)?;
    let report = measure(load, &gateways, &mut players, &tables)?;
    report.tell(load.json, out)
}

/// What a player needs to lose every bet that it may have open, and some luck besides.
fn buy_in(load: &Load) -> u64 {
    let bets = f64::from(load.rate) * load.duration.as_secs_f64() / f64::from(load.accounts);
    load.stake.saturating_mul(bets as u64 / 4 + 200)
}

/// Until all gateways know of all accounts: the first commands must not come too early.
fn wait_for_the_last(gateways: &[Gateway], players: &[Player]) -> Result<(), ClientError> {
    let Some(last) = players.last() else { return Ok(()) };
    let account = crate::hex::Hex(last.key.account().0.0);
    let until = now() + LINGER;
    for gateway in gateways {
        while gateway.account(account)?.is_none() {
            if now() > until {
                return Err(ClientError::NoAccount(account));
            }
            pause(Duration::from_millis(20));
        }
    }
    Ok(())
}

fn measure(
    load: &Load,
    gateways: &[Gateway],
    players: &mut Vec<Player>,
    tables: &[TableId],
) -> Result<Report, ClientError> {
    let pending = Pending::default();
    let watcher = Watcher::start(&gateways[gateways.len() - 1], pending.clone())?;
    let lanes = gateways.len() * load.connections as usize;
    let mut seats: Vec<Vec<Player>> = (0..lanes).map(|_| Vec::new()).collect();
    for (position, player) in players.drain(..).enumerate() {
        seats[position % lanes].push(player);
    }
    let begin = now() + Duration::from_millis(100);
    let work = |lane: usize| Work {
        gateway: lane % gateways.len(),
        chain: gateways[0].chain_id(),
        tables: tables.to_vec(),
        stake: load.stake,
        schedule: Schedule {
            begin,
            end: begin + load.duration,
            first: lane as u64,
            step: lanes as u64,
            rate: load.rate,
            gather: load.gather,
        },
    };
    let senders: Vec<_> = seats
        .into_iter()
        .enumerate()
        .filter(|(_, players)| !players.is_empty())
        .map(|(lane, players)| {
            let url = gateways[lane % gateways.len()].url();
            let sender = Sender::new(work(lane), players, url, pending.clone());
            beside(move || sender.run())
        })
        .collect();
    let mut report = Report::new("commands", begin, load.rate, load.duration);
    for sender in senders {
        report.sent(&sender.join().expect("a sender does not panic"));
    }
    let until = now() + LINGER;
    while now() < until && !lock(&pending).is_empty() {
        pause(Duration::from_millis(20));
    }
    report.seen(watcher.stop());
    // What the watching gateway did not tell: another one turned it away, or it is lost.
    let rest = std::mem::take(&mut *lock(&pending));
    for (id, OnItsWay { gateway, .. }) in rest.iter().take(1000) {
        let status = gateways[*gateway].status(crate::hex::Hex(id.0), Duration::ZERO)?;
        report.left_over(status.as_ref(), 1);
    }
    report.left_over(None, rest.len().saturating_sub(1000) as u64);
    Ok(report)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "senders, readers and the watcher work at the same time")]
fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::spawn(work)
}

#[expect(clippy::disallowed_methods, reason = "latency is measured by the machine's clock")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "an open load waits for its time")]
fn pause(duration: Duration) {
    thread::sleep(duration);
}
