//! What can go wrong for a player, and the exit code that says so.

use crate::gateway::api::BetName;
use crate::hex::Hex;
use crate::keys::KeyError;
use bitcraps_consensus::CertificateError;
use bitcraps_types::{Digest, Height};
use std::io;

/// Why the client could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The gateway's address is none.
    #[error("`{0}` is no address of a gateway: expected http://HOST:PORT")]
    Address(String),
    /// No table was named or joined.
    #[error("which table? Name it, or `join` one first")]
    NoTable,
    /// The key can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The gateway can't be reached.
    #[error("the gateway at {gateway} does not answer: {why}")]
    Unreachable {
        /// Where.
        gateway: String,
        /// How.
        why: String,
    },
    /// The gateway said no.
    #[error("the gateway refused: {detail} (status {status})")]
    Gateway {
        /// The status code.
        status: u16,
        /// Its words.
        detail: String,
    },
    /// What the gateway said makes no sense.
    #[error("the gateway's answer makes no sense: {0}")]
    Nonsense(String),
    /// It is a gateway to another chain.
    #[error("the gateway is on chain {found}, not on {expected}")]
    OtherChain {
        /// Its chain.
        found: Digest,
        /// As asked for.
        expected: Digest,
    },
    /// Two gateways are one node's.
    #[error("two of the gateways are those of validator {0}: the order of its blobs can't be known")]
    SameNode(u16),
    /// There is no such account.
    #[error("there is no account {0} yet: `open` it by sending money to it")]
    NoAccount(Hex<32>),
    /// There is nothing to cash out.
    #[error("there is nothing to send: nothing is available (open bets hold what is reserved)")]
    NothingToSend,
    /// The node or the casino did not do the command.
    #[error("not done: {0}")]
    Refused(String),
    /// The stake can't be bet.
    #[error("{bet} was not placed: {why}")]
    NotPlaced {
        /// On what.
        bet: BetName,
        /// Why not.
        why: String,
    },
    /// Nothing became of the command in time. It may still.
    #[error("nothing became of command {0} in time; it may still be done: ask with `client command {0}`")]
    OutOfPatience(Hex<32>),
    /// The command was handed in again, and it can't be told what became of it the first time.
    #[error(
        "command {id} was done, or will be, or its number {sequence} was used by another ({why}): look at `client \
         command {id}` and at the balance before the same is done again"
    )]
    Unclear {
        /// The command.
        id: Hex<32>,
        /// Its sequence number.
        sequence: u64,
        /// What the gateway said of it the last time.
        why: String,
    },
    /// The command is known, but not at this gateway any more.
    #[error(
        "block {height} has command {id}; whether it was done or refused is no longer known here: look at the balance"
    )]
    Archived {
        /// The command.
        id: Hex<32>,
        /// The block's height.
        height: Height,
    },
    /// The gateway knows no such command.
    #[error("the gateway knows no command {0}: it never came there, or waits elsewhere")]
    NoCommand(Hex<32>),
    /// The certificate proves nothing.
    #[error("the certificate does not prove the block: {0}")]
    Certificate(#[from] CertificateError),
    /// The block is not what the certificate is for.
    #[error("the block is not proven: {0}")]
    NotProven(&'static str),
    /// What was done can't be told.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl ClientError {
    /// The process's exit code: 1 the casino or a proof says no, 64 bad usage, 65 bad data, 69 nobody
    /// answers or nobody knows, 74 I/O.
    pub fn exit_code(&self) -> u8 {
        match self {
            ClientError::NoAccount(_)
            | ClientError::NoCommand(_)
            | ClientError::NothingToSend
            | ClientError::Refused(_)
            | ClientError::NotPlaced { .. }
            | ClientError::Certificate(_)
            | ClientError::NotProven(_)
            | ClientError::OtherChain { .. } => 1,
            ClientError::Address(_) | ClientError::NoTable | ClientError::SameNode(_) => 64,
            ClientError::Gateway { status: 429 | 500.., .. } => 69,
            ClientError::Nonsense(_) | ClientError::Gateway { .. } => 65,
            ClientError::Key(KeyError::Open { .. } | KeyError::Format { .. }) => 65,
            ClientError::Key(KeyError::Entropy(_)) => 70,
            ClientError::Key(_) => 74,
            ClientError::Unreachable { .. }
            | ClientError::OutOfPatience(_)
            | ClientError::Unclear { .. }
            | ClientError::Archived { .. } => 69,
            ClientError::Io(_) => 74,
        }
    }
}
