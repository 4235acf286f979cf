//! The chain, its blocks and validators, and accounts.

use super::command::{Command, CommandForm};
use crate::hex::{self, Hex};
use crate::view::{AccountView, Head};
use bitcraps_actors::files::Decided;
use bitcraps_casino as casino;
use bitcraps_consensus as consensus;
use bitcraps_types::{AccountId, Amount, Height, WallTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The chain and its end.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Chain {
    /// The digest of the genesis: what all signatures are for.
    #[schema(value_type = String)]
    pub chain_id: Hex<32>,
    /// The network's name.
    pub name: String,
    /// The borsh encoding of the genesis, in hexadecimal digits.
    pub genesis: String,
    /// The height of the last block.
    pub height: Height,
    /// Its digest; at height 0 the chain's id.
    #[schema(value_type = String)]
    pub digest: Hex<32>,
    /// The state root after it.
    #[schema(value_type = String)]
    pub root: Hex<32>,
    /// When it was proposed: milliseconds since 1970 by the proposer's clock.
    pub time_ms: u64,
}

/// What was taken of a list of blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlobsTaken {
    /// How many of the first. The others may come again.
    pub taken: usize,
    /// The validator that will propose them: this node. Its blocks have them in the order in which it took them.
    pub proposer: u16,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Hex<32>,
    /// What it owns.
    pub balance: Amount,
    /// What of that it can spend.
    pub available: Amount,
    /// What of that its open bets hold.
    pub reserved: Amount,
    /// The highest sequence number that its commands used; 0: none.
    pub highest_sequence: u64,
}

/// The validators.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Validators {
    /// The power of all together.
    pub total_power: u64,
    /// In the order of their indices.
    pub validators: Vec<Validator>,
}

/// A validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Validator {
    /// Its position.
    pub index: u16,
    /// Its key.
    #[schema(value_type = String)]
    pub key: Hex<32>,
    /// Its voting power.
    pub power: u64,
    /// How many offences of it are on record.
    pub offences: usize,
}

/// A block with its proof.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Its number.
    pub height: Height,
    /// Its digest.
    #[schema(value_type = String)]
    pub digest: Hex<32>,
    /// The digest of the block before; the chain's id for the first.
    #[schema(value_type = String)]
    pub parent: Hex<32>,
    /// The validator that made it.
    pub proposer: u16,
    /// Milliseconds since 1970 by the proposer's clock.
    pub time_ms: u64,
    /// The state root after the block before.
    #[schema(value_type = String)]
    pub state_root: Hex<32>,
    /// In the order in which they were done.
    pub commands: Vec<Command>,
    /// What validators are accused of.
    pub offences: Vec<Offence>,
    /// How many blobs it has: bytes that no state depends on. They are in `raw`.
    pub blobs: usize,
    /// Their bytes together.
    pub blob_bytes: usize,
    /// The block's bytes, in hexadecimal digits: what the digest is of.
    pub raw: String,
    /// The proof that it was decided.
    pub certificate: Certificate,
    /// The number of the handover to another committee that it makes, if it makes one.
    pub handover: Option<u64>,
    /// Whether the dice fell.
    pub rolls: bool,
    /// If so, the validators' threshold signature over the block, from which its dice follow: 192 hexadecimal digits.
    pub dice: Option<String>,
}

/// The blocks that handed over to another committee, ascending.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Handovers {
    /// Each with its proof.
    pub handovers: Vec<Block>,
}

/// A handover on its way in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverForm {
    /// Its borsh encoding, in hexadecimal digits.
    pub borsh: String,
}

/// A handover waits for a block.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HandoverTaken {
    /// The validator that will propose it.
    pub proposer: u16,
}

/// A validator's breach of the protocol.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Offence {
    /// Who.
    pub offender: u16,
    /// Where.
    pub height: Height,
    /// The evidence, in hexadecimal digits.
    pub proof: String,
}

/// A quorum's signatures over a block.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// The round in which the quorum formed.
    pub round: u32,
    /// Each precommit.
    pub signatures: Vec<Signer>,
    /// The borsh encoding of the certificate, in hexadecimal digits.
    pub raw: String,
}

/// A validator's signature.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Signer {
    /// The validator's index.
    pub validator: u16,
    /// The signature.
    #[schema(value_type = String)]
    pub signature: Hex<64>,
}

/// Milliseconds since 1970.
pub(crate) fn millis(time: WallTime) -> u64 {
    time.0 / 1_000_000
}

impl Chain {
    /// Of a genesis and the chain's end.
    pub fn of(genesis: &casino::Genesis, chain: &bitcraps_types::ChainId, head: &Head) -> Chain {
        Chain {
            chain_id: Hex(chain.0),
            name: genesis.name.clone(),
            genesis: hex::encode(&borsh::to_vec(genesis).expect("a vector takes all bytes")),
            height: head.height,
            digest: Hex(head.digest.0),
            root: Hex(head.root.0),
            time_ms: millis(head.time),
        }
    }
}

impl Account {
    /// Of a view.
    pub fn of(id: AccountId, view: &AccountView) -> Account {
        let AccountView { balance, available, reserved, sequences } = *view;
        Account { id: Hex(id.0.0), balance, available, reserved, highest_sequence: sequences.highest() }
    }
}

impl Block {
    /// Of a decided value; `None` if it is no block.
    pub fn of(Decided { value, certificate, dice }: &Decided) -> Option<Block> {
        let block = casino::Block::decode(value.bytes()).ok()?;
        let command = |signed: &casino::SignedCommand| Command {
            id: Hex(signed.id().0),
            command: CommandForm::from(signed),
        };
        let offence = |offence: &casino::Offence| Offence {
            offender: offence.offender.0,
            height: offence.height,
            proof: hex::encode(&offence.proof),
        };
        Some(Block {
            height: block.height,
            digest: Hex(value.digest().0),
            parent: Hex(block.parent.0),
            proposer: block.proposer.0,
            time_ms: millis(block.time),
            state_root: Hex(block.state_root.0),
            commands: block.commands.iter().map(command).collect(),
            offences: block.offences.iter().map(offence).collect(),
            blobs: block.blobs.len(),
            blob_bytes: block.blobs.bytes(),
            raw: hex::encode(value.bytes()),
            certificate: Certificate::of(certificate),
            handover: block.handover.as_ref().map(|handover| handover.terms.number),
            rolls: block.rolls,
            dice: dice.map(|dice| hex::encode(&dice.0)),
        })
    }
}

impl Certificate {
    /// Of a certificate.
    pub fn of(certificate: &consensus::Certificate) -> Certificate {
        let signatures = certificate.signatures.iter();
        Certificate {
            round: certificate.round,
            signatures: signatures
                .map(|(validator, signature)| Signer { validator: validator.0, signature: Hex(signature.0) })
                .collect(),
            raw: hex::encode(&borsh::to_vec(certificate).expect("a vector takes all bytes")),
        }
    }
}
