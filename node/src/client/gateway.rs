//! The gateway as the client speaks to it.

use super::error::ClientError;
use crate::gateway::api;
use crate::hex::{self, Hex};
use bitcraps_casino::{DiceKey, Genesis, Handover, Policy, SignedCommand};
use bitcraps_types::{ChainId, Digest, GroupKey, Protocol};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use ureq::Agent;

/// The longest answer, in bytes: a block's JSON holds its bytes as digits, and its commands spelt out.
const MAX_ANSWER: u64 = 32 << 20;

/// A connection to a gateway whose chain is known.
#[derive(Clone)]
pub(super) struct Gateway {
    agent: Agent,
    url: String,
    genesis: Genesis,
    chain: ChainId,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Gateway {
    /// Asks a gateway for its chain. The genesis that it names must have the id that it names, and that which is
    /// expected.
    pub(super) fn connect(url: &str, expected: Option<ChainId>) -> Result<Gateway, ClientError> {
        if !url.starts_with("http://") {
            return Err(ClientError::Address(url.to_owned()));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .timeout_connect(Some(Duration::from_secs(5)))
            .build();
        let (agent, url) = (Agent::new_with_config(config), url.trim_end_matches('/').to_owned());
        let mut gateway = Gateway {
            agent,
            url,
            genesis: Genesis {
                name: String::new(),
                engine: Protocol::Tendermint,
                validators: Vec::new(),
                players: Vec::new(),
                bank: 0,
                tables: Vec::new(),
                blob_bytes: 0,
                dice: DiceKey { group: GroupKey::default(), holders: Vec::new() },
                policy: Policy::default(),
            },
            chain: Digest::ZERO,
        };
        let chain: api::Chain = gateway.get("/v1/chain")?;
        let nonsense = |why: String| ClientError::Nonsense(format!("its genesis: {why}"));
        let genesis = hex::decode(&chain.genesis).map_err(|error| nonsense(error.to_string()))?;
        gateway.genesis = borsh::from_slice(&genesis).map_err(|error| nonsense(error.to_string()))?;
        gateway.chain = gateway.genesis.chain_id();
        let named = Digest(chain.chain_id.0);
        for expected in expected.into_iter().chain([named]) {
            if gateway.chain != expected {
                return Err(ClientError::OtherChain { found: gateway.chain, expected });
            }
        }
        Ok(gateway)
    }

    /// Where it is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The chain's id.
    pub(super) fn chain_id(&self) -> ChainId {
        self.chain
    }

    /// The chain's genesis, which has that id.
    pub(super) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(super) fn tables(&self) -> Result<api::Tables, ClientError> {
        self.get("/v1/tables")
    }

    pub(super) fn table(&self, id: u32) -> Result<api::Table, ClientError> {
        self.get(&format!("/v1/tables/{id}"))
    }

    pub(super) fn block(&self, height: &str) -> Result<api::Block, ClientError> {
        self.get(&format!("/v1/blocks/{height}"))
    }

    /// The blocks that handed over to another committee, as it tells of them.
    pub(super) fn handovers(&self) -> Result<Vec<api::Block>, ClientError> {
        let answer: api::Handovers = self.get("/v1/handovers")?;
        Ok(answer.handovers)
    }

    /// Hands a handover in, and tells which validator will propose it.
    pub(super) fn hand_over(&self, handover: &Handover) -> Result<u16, ClientError> {
        let bytes = borsh::to_vec(handover).expect("a vector takes all bytes");
        let form = api::HandoverForm { borsh: hex::encode(&bytes) };
        let body = serde_json::to_vec(&form).expect("it is plain data");
        let url = format!("{}/v1/handovers", self.url);
        let response = self.agent.post(&url).content_type("application/json").send(&body[..]);
        let taken: api::HandoverTaken = self.read(response)?;
        Ok(taken.proposer)
    }

    pub(super) fn account(&self, id: Hex<32>) -> Result<Option<api::Account>, ClientError> {
        none_if_not_found(self.get(&format!("/v1/accounts/{id}")))
    }

    /// What became of a command, after at most `wait` if nothing did yet.
    pub(super) fn status(&self, id: Hex<32>, wait: Duration) -> Result<Option<api::Status>, ClientError> {
        none_if_not_found(self.get(&format!("/v1/commands/{id}?wait={}ms", wait.as_millis())))
    }

    /// Hands a command in.
    pub(super) fn submit(&self, signed: &SignedCommand) -> Result<api::Status, ClientError> {
        let bytes = borsh::to_vec(signed).expect("a vector takes all bytes");
        let body = serde_json::to_vec(&api::Submission::Borsh { borsh: hex::encode(&bytes) })
            .expect("a command is plain data");
        let url = format!("{}/v1/commands", self.url);
        let response = self.agent.post(&url).content_type("application/json").send(&body[..]);
        self.read(response)
    }

    /// Hands several commands in at once.
    pub(super) fn submit_all(&self, commands: &[SignedCommand]) -> Result<Vec<api::Status>, ClientError> {
        let one = |signed| {
            let bytes = borsh::to_vec(signed).expect("a vector takes all bytes");
            api::Submission::Borsh { borsh: hex::encode(&bytes) }
        };
        let list = api::Submissions::List(commands.iter().map(one).collect());
        let body = serde_json::to_vec(&list).expect("a command is plain data");
        let url = format!("{}/v1/commands", self.url);
        let response = self.agent.post(&url).content_type("application/json").send(&body[..]);
        self.read(response)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.read(self.agent.get(format!("{}{path}", self.url)).call())
    }

    fn read<T: DeserializeOwned>(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, ClientError> {
        let unreachable = |error: ureq::Error| ClientError::Unreachable {
            gateway: self.url.clone(),
            why: error.to_string(),
        };
        let mut response = response.map_err(unreachable)?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(unreachable)?;
        if !status.is_success() {
            let problem = serde_json::from_slice::<Problem>(&body);
            let detail = problem.map_or_else(|_| "no reason given".into(), |problem| problem.detail);
            return Err(ClientError::Gateway { status: status.as_u16(), detail });
        }
        serde_json::from_slice(&body).map_err(|error| ClientError::Nonsense(error.to_string()))
    }
}

fn none_if_not_found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Gateway { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
