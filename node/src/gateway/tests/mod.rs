mod admin;
mod blobs;
mod documents;
mod errors;
mod handovers;
mod hostile;
mod lists;
mod routes;
mod stream;

use super::*;
use crate::metrics::Metrics;
use crate::testing::House;
use crate::view::View;
use bitcraps_actors::files::Decided;
use bitcraps_casino::{Blobs, SignedCommand};
use bitcraps_types::Time;
use serde_json::Value as Json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use ureq::Agent;

/// The index of these tests has this command alone, in block 7.
const ARCHIVED: bitcraps_types::Digest = bitcraps_types::Digest([7; 32]);

/// A gateway before a house that decides when it is told to.
struct Rig {
    house: House,
    gateway: Option<Gateway>,
    health: Arc<Health>,
    now: Arc<AtomicU64>,
    submitted: mpsc::Receiver<SignedCommand>,
    /// Those that the node took.
    blobs: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Whether the node hears of blobs and never answers.
    gone: Arc<AtomicBool>,
    agent: Agent,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A problem document with the status of the answer.
    fn problem(&self, status: u16) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!((self.status, problem["status"].as_u64()), (status, Some(u64::from(status))), "{problem}");
        assert!(problem["title"].is_string());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

fn config() -> GatewayConfig {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    GatewayConfig { listen: any, admin: any, workers: 1, rate: None, ..GatewayConfig::default() }
}

/// Before a house with three players, with room for eight commands and eight blobs.
fn rig(config: GatewayConfig) -> Rig {
    let house = House::new(3);
    let me = house.genesis.validators[0].key;
    rig_before(house, me, config)
}

/// Before this house, as the node with this key.
fn rig_before(house: House, me: bitcraps_types::PublicKey, config: GatewayConfig) -> Rig {
    let now = Arc::new(AtomicU64::new(1));
    let ticks = now.clone();
    let health = Arc::new(Health::new(Arc::new(move || Time(ticks.load(Ordering::SeqCst)))));
    let (submit, submitted) = mpsc::channel(8);
    let (blobs, handed_in) = mpsc::channel(8);
    let (handovers, to_hand_over) = mpsc::channel(8);
    answer_handovers(to_hand_over);
    let (taken, gone) = (Arc::default(), Arc::default());
    take_blobs(handed_in, Arc::clone(&taken), Arc::clone(&gone));
    let old = [crate::testing::certify(&house.chain, 1, bitcraps_types::Digest::ZERO, 3)];
    let node = Node {
        view: house.view.clone(),
        genesis: house.genesis.clone(),
        me,
        submit,
        blobs,
        handovers,
        health: health.clone(),
        metrics: house.metrics.clone(),
        archive: Arc::new(move |height| {
            let block = bitcraps_types::Value::new(block_of_archive(height)?);
            Some(Decided { value: block, certificate: old[0].clone(), dice: None })
        }),
        command_index: Arc::new(|id| (id == ARCHIVED).then_some(7)),
        version: "1.2.3",
    };
    let gateway = start(node, config).unwrap();
    let settings = Agent::config_builder().http_status_as_error(false);
    let agent = Agent::new_with_config(settings.timeout_global(Some(Duration::from_secs(60))).build());
    Rig { house, gateway: Some(gateway), health, now, submitted, blobs: taken, gone, agent }
}

/// A node that takes the first handover.
fn answer_handovers(mut handed_in: mpsc::Receiver<HandoverHandedIn>) {
    #[expect(clippy::disallowed_methods, reason = "it is the node's thread")]
    std::thread::spawn(move || {
        while let Some((handover, tell)) = handed_in.blocking_recv() {
            let verdict = if handover.terms.number == 1 { Ok(()) } else { Err("the next is 1".into()) };
            let _ = tell.send(verdict);
        }
    });
}

/// A node that takes eight blobs.
#[expect(clippy::disallowed_methods, reason = "it is the node's thread")]
fn take_blobs(
    mut handed_in: mpsc::Receiver<BlobsHandedIn>,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    gone: Arc<AtomicBool>,
) {
    std::thread::spawn(move || {
        while let Some((blobs, tell)) = handed_in.blocking_recv() {
            if gone.load(Ordering::SeqCst) {
                continue;
            }
            let mut taken = taken.lock().unwrap();
            let before = taken.len();
            taken.extend(blobs.iter().take(8 - before).map(|blob| blob.to_vec()));
            tell.send(taken.len() - before).unwrap();
        }
    });
}

/// The archive of these tests has the first block alone.
fn block_of_archive(height: u64) -> Option<Vec<u8>> {
    let block = bitcraps_casino::Block {
        height,
        parent: bitcraps_types::Digest::ZERO,
        proposer: bitcraps_types::ValidatorIndex(3),
        time: bitcraps_types::WallTime(0),
        state_root: bitcraps_types::Digest::ZERO,
        rolls: false,
        attendance: None,
        handover: None,
        commands: Vec::new(),
        offences: Vec::new(),
        blobs: Blobs::default(),
    };
    (height == 1).then(|| block.encode())
}

impl Rig {
    fn view(&self) -> &View {
        &self.house.view
    }

    fn metrics(&self) -> &Metrics {
        &self.house.metrics
    }

    fn address(&self) -> SocketAddr {
        self.gateway.as_ref().unwrap().address()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.url(path)).call())
    }

    fn admin(&self, path: &str) -> Answer {
        let address = self.gateway.as_ref().unwrap().admin_address();
        answer(self.agent.get(format!("http://{address}{path}")).call())
    }

    fn post(&self, body: &[u8]) -> Answer {
        self.post_as("application/json", body)
    }

    fn post_as(&self, media_type: &str, body: &[u8]) -> Answer {
        answer(self.agent.post(self.url("/v1/commands")).content_type(media_type).send(body))
    }

    fn post_blobs(&self, body: &[u8]) -> Answer {
        answer(self.agent.post(self.url("/v1/blobs")).content_type("application/octet-stream").send(body))
    }

    fn submit(&self, signed: &SignedCommand) -> Answer {
        self.post(&serde_json::to_vec(&api::CommandForm::from(signed)).unwrap())
    }

    /// Time passes on the node's clock.
    fn pass(&self, time: Duration) {
        self.now.fetch_add(u64::try_from(time.as_nanos()).unwrap(), Ordering::SeqCst);
    }

    fn counted(&self, line: &str) -> bool {
        self.metrics().text().lines().any(|found| found == line)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop();
        }
    }
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.unwrap();
    let body = response.body_mut().read_to_vec().unwrap();
    Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }
}

/// Looks again until it is so, for at most twenty seconds.
#[expect(clippy::disallowed_methods, reason = "the threads of the gateway live in real time")]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
