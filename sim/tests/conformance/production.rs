//! The ports of production as a world of the suite: QUIC over loopback, files in a temporary directory, the system's
//! clocks. Each node has a runtime of its own, and they take turns on the test's thread.
//!
//! A crash is that of a process: nothing that it still had to say leaves it, and its files are as they are at that
//! moment, copied from under its disk's thread.

use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::Address;
use bitcraps_node::metrics::Metrics;
use bitcraps_node::world::disk::Files;
use bitcraps_node::world::{Inline, OsEntropy, SystemClock};
use bitcraps_quic::{Identity, Observer, QuicConfig, QuicLinks};
use bitcraps_sim::conformance::{Boot, NodePorts, Traits, World};
use bitcraps_types::WallTime;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

/// Three nodes on this machine.
pub(crate) struct Production {
    home: TempDir,
    addresses: [SocketAddr; 3],
    /// How often each was started.
    incarnations: [usize; 3],
    nodes: [Option<Node>; 3],
}

/// A node that is up. In the order in which it must fall apart.
struct Node {
    local: LocalSet,
    _links: Rc<QuicLinks>,
    _files: Files,
    runtime: Runtime,
}

impl Production {
    pub(crate) fn new() -> Production {
        let sockets = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
        let addresses = sockets.each_ref().map(|socket| socket.local_addr().expect("it is bound"));
        let home = tempfile::tempdir().expect("a temporary directory");
        Production { home, addresses, incarnations: [0; 3], nodes: [None, None, None] }
    }

    fn directory(&self, node: usize) -> PathBuf {
        self.home.path().join(format!("{node}-{}", self.incarnations[node]))
    }
}

fn identity(node: usize) -> Identity {
    Identity::from_seed(&[node as u8 + 1; 32])
}

fn address_of(at: SocketAddr) -> Address {
    Address(at.to_string())
}

/// Times that suit a test.
fn quick() -> QuicConfig {
    QuicConfig {
        handshake_timeout: Duration::from_secs(2),
        keep_alive: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(800),
        ..QuicConfig::default()
    }
}

/// The files of a directory as they are now, though somebody may be writing them.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        match fs::read(entry.path()) {
            // It was renamed meanwhile, to a name that was read before or will be.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            content => fs::write(to.join(entry.file_name()), content?)?,
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "production lives in real time")]
fn now() -> Instant {
    Instant::now()
}

impl World for Production {
    fn traits(&self) -> Traits {
        Traits {
            reliable_from: Some(1500),
            in_order: false,
            identities: (0..3).map(|node| identity(node).public_key()).collect(),
            queue_bytes: quick().queue_bytes,
            fences: false,
            seeded: false,
            charges: false,
            patience: Duration::from_secs(30),
            quiet: Duration::from_millis(150),
        }
    }

    fn address(&self, node: usize) -> Address {
        address_of(self.addresses[node])
    }

    fn start(&mut self, node: usize, boot: Boot) {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let local = LocalSet::new();
        if self.incarnations[node] == 0 {
            fs::create_dir(self.directory(node)).expect("a directory");
        }
        let peers = [0, 1, 2].map(|peer| PeerAddress {
            key: identity(peer).public_key(),
            address: address_of(self.addresses[peer]),
        });
        let metrics = Arc::new(Metrics::new("test", WallTime(0)));
        let directory = self.directory(node);
        let (links, files) = local.block_on(&runtime, async {
            let (at, observer) = (self.addresses[node], Observer::default());
            let links = QuicLinks::bind(at, identity(node), &peers, BTreeSet::new(), quick(), observer);
            let links = Rc::new(links.expect("the port is free"));
            let files = Files::open(&directory, None, metrics).expect("its directory");
            boot(NodePorts {
                clock: Rc::new(SystemClock::new()),
                entropy: Rc::new(OsEntropy::new().expect("the system gives random bytes")),
                links: links.clone(),
                disk: files.port(),
                compute: Rc::new(Inline),
            });
            (links, files)
        });
        self.nodes[node] = Some(Node { local, _links: links, _files: files, runtime });
    }

    fn crash(&mut self, node: usize) {
        let dead = self.nodes[node].take().expect("it is up");
        let before = self.directory(node);
        self.incarnations[node] += 1;
        copy(&before, &self.directory(node)).expect("files that can be read");
        drop(dead);
    }

    fn pass(&mut self, time: Duration) {
        let until = now() + time;
        loop {
            for node in self.nodes.iter().flatten() {
                let turn = async move {
                    tokio::task::yield_now().await;
                    if !time.is_zero() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                node.local.block_on(&node.runtime, turn);
            }
            if now() >= until || time.is_zero() {
                return;
            }
        }
    }

    fn lose(&mut self, _: f64) -> bool {
        false
    }
}
