//! Quorum rounds on madsim: one simulated machine per node, votes over its `Endpoint`.
//!
//! An `Endpoint` delays each send and each receive by at least 1 ms of simulated time, whatever the latency
//! of the link, so a round takes about 52 ms. Sends and receives run side by side here: one after the other
//! they would add that millisecond once per peer.

#[path = "../../quorum.rs"]
mod quorum;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use borsh::BorshDeserialize;
use futures_util::future::try_join_all;
use madsim::net::Endpoint;
use madsim::runtime::Runtime;
use quorum::{Args, LATENCY, SEED, Tally, VOTE_BYTES, Vote, Voter};
use tokio::task::{LocalSet, spawn_local};

const PORT: u16 = 7000;
const TAG: u64 = 0;

fn main() -> Result<(), Box<dyn Error>> {
    Args::parse()?.measure("madsim", "", |args, tally| {
        simulate(args, &tally);
        Ok(())
    })
}

fn simulate(args: Args, tally: &Arc<Tally>) {
    let mut config = madsim::Config::default();
    // The range must not be empty; its one value is the latency.
    config.net.send_latency = LATENCY..LATENCY + Duration::from_nanos(1);
    let runtime = Runtime::with_seed_and_config(SEED, config);
    for me in 0..args.n {
        let tally = tally.clone();
        let machine = runtime.create_node().name(format!("node-{me}")).ip(address(me));
        let init = move || {
            let tally = tally.clone();
            async move {
                if args.idle {
                    idle().await;
                } else {
                    LocalSet::new().run_until(node(me, args.n, tally)).await.expect("the network is up");
                }
            }
        };
        machine.init(init).build();
    }
    runtime.block_on(async { madsim::time::sleep(args.simulated).await });
}

fn address(node: u16) -> IpAddr {
    let [high, low] = (node + 1).to_be_bytes();
    Ipv4Addr::new(10, 0, high, low).into()
}

async fn idle() {
    loop {
        madsim::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn node(me: u16, n: u16, tally: Arc<Tally>) -> io::Result<()> {
    let endpoint = Endpoint::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    let peers: Rc<[SocketAddr]> =
        (0..n).filter(|&peer| peer != me).map(|peer| (address(peer), PORT).into()).collect();
    let sender = endpoint.clone();
    let broadcast = move |vote: &[u8; VOTE_BYTES]| {
        let (sender, peers, vote) = (sender.clone(), peers.clone(), *vote);
        // One task per broadcast: 5 % (4 nodes) to 25 % (100) faster than one per send.
        spawn_local(async move {
            let sends = peers.iter().map(|&peer| sender.send_to(peer, TAG, &vote));
            try_join_all(sends).await.expect("the network is up");
        });
    };
    let voter = Voter::new(me, n, Box::new(broadcast), tally).start();
    for _ in 1..n {
        let (endpoint, voter) = (endpoint.clone(), voter.clone());
        spawn_local(async move {
            let mut buffer = [0; VOTE_BYTES];
            loop {
                let (length, _) = endpoint.recv_from(TAG, &mut buffer).await.expect("the network is up");
                voter.do_send(Vote::try_from_slice(&buffer[..length]).expect("a peer sends votes"));
            }
        });
    }
    std::future::pending().await
}
