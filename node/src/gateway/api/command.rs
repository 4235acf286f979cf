//! Commands: how they come in, and what became of them.

use super::bet::BetName;
use crate::hex::{self, Hex, HexError};
use crate::view::{BetEnd, CommandView, Effect as Did};
use bitcraps_casino as casino;
use bitcraps_tables as tables;
use bitcraps_types::{AccountId, Amount, Digest, Height, PublicKey, Signature, TableId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A signed command in either form: the members of a command, or its borsh encoding.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged, try_from = "Members")]
pub enum Submission {
    /// Its members.
    Json(Box<CommandForm>),
    /// Its encoding.
    Borsh {
        /// The borsh encoding of the signed command, in hexadecimal digits.
        borsh: String,
    },
}

/// What is handed in at once: a command, or a list of at most 256.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Submissions {
    /// One.
    One(Submission),
    /// Several.
    List(Vec<Submission>),
}

/// The members of either form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    borsh: Option<String>,
    key: Option<Hex<32>>,
    sequence: Option<u64>,
    action: Option<Action>,
    signature: Option<Hex<64>>,
}

/// A signed command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandForm {
    /// The public key of the player.
    #[schema(value_type = String)]
    pub key: Hex<32>,
    /// A number that the key has not used: from 1, and less than 64 below the highest used.
    pub sequence: u64,
    /// What to do.
    pub action: Action,
    /// Ed25519, by the key.
    #[schema(value_type = String)]
    pub signature: Hex<64>,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Gives money away; opens the account if it is new.
    Transfer {
        /// The account.
        #[schema(value_type = String)]
        to: Hex<32>,
        /// How much.
        amount: Amount,
    },
    /// Bets.
    Bet {
        /// The table's number.
        table: u32,
        /// On what.
        #[schema(value_type = String, example = "pass_line")]
        bet: BetName,
        /// How much.
        stake: Amount,
    },
    /// Takes a bet down.
    TakeDown {
        /// The table's number.
        table: u32,
        /// Which.
        bet: BetId,
    },
    /// Adds to the stake of the validator whose key it is.
    Bond {
        /// How much.
        amount: Amount,
    },
    /// Begins to take out what of that stake the validator's power does not require.
    Unbond {
        /// How much.
        amount: Amount,
    },
}

/// The name of a bet: the command that placed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BetId {
    /// Whose.
    #[schema(value_type = String)]
    pub account: Hex<32>,
    /// The command's sequence number.
    pub sequence: u64,
}

/// Why a body is no command.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It is not the JSON of one.
    #[error("the body is no command: {0}")]
    Json(#[from] serde_json::Error),
    /// It is a list of none, or of too many.
    #[error("the body lists {0} commands, expected 1 to {max}", max = Submissions::MOST)]
    Count(usize),
    /// The digits of its encoding are none.
    #[error("`borsh`: {0}")]
    Hex(#[from] HexError),
    /// The bytes of its encoding are no command.
    #[error("`borsh`: the bytes are no signed command: {0}")]
    Borsh(#[from] std::io::Error),
    /// One of a list.
    #[error("command {at} of the list: {why}")]
    Item {
        /// Its place, from 0.
        at: usize,
        /// Why it is none.
        why: Box<CommandError>,
    },
}

impl TryFrom<Members> for Submission {
    type Error = &'static str;

    fn try_from(members: Members) -> Result<Submission, &'static str> {
        match members {
            Members { borsh: Some(borsh), key: None, sequence: None, action: None, signature: None } => {
                Ok(Submission::Borsh { borsh })
            }
            Members { borsh: Some(_), .. } => {
                Err("`borsh` is the whole command: no other member goes with it")
            }
            Members { key, sequence, action, signature, .. } => Ok(Submission::Json(Box::new(CommandForm {
                key: key.ok_or("`key` is missing")?,
                sequence: sequence.ok_or("`sequence` is missing")?,
                action: action.ok_or("`action` is missing")?,
                signature: signature.ok_or("`signature` is missing")?,
            }))),
        }
    }
}

impl Submission {
    /// The command.
    pub fn signed(&self) -> Result<casino::SignedCommand, CommandError> {
        match self {
            Submission::Json(form) => Ok(form.signed()),
            Submission::Borsh { borsh } => Ok(borsh::from_slice(&hex::decode(borsh)?)?),
        }
    }
}

/// The commands of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedIn {
    /// One by itself.
    One(Box<casino::SignedCommand>),
    /// A list.
    List(Vec<casino::SignedCommand>),
}

impl Submissions {
    /// No list is longer.
    pub const MOST: usize = 256;

    /// The commands of a body.
    pub fn parse(body: &[u8]) -> Result<HandedIn, CommandError> {
        if body.trim_ascii_start().first() != Some(&b'[') {
            let one: Submission = serde_json::from_slice(body)?;
            return Ok(HandedIn::One(Box::new(one.signed()?)));
        }
        let list: Vec<Submission> = serde_json::from_slice(body)?;
        if list.is_empty() || list.len() > Self::MOST {
            return Err(CommandError::Count(list.len()));
        }
        let item = |(at, one): (usize, &Submission)| {
            one.signed().map_err(|why| CommandError::Item { at, why: Box::new(why) })
        };
        Ok(HandedIn::List(list.iter().enumerate().map(item).collect::<Result<_, _>>()?))
    }
}

impl CommandForm {
    /// The command itself.
    pub fn signed(&self) -> casino::SignedCommand {
        let action = match &self.action {
            Action::Transfer { to, amount } => {
                casino::Action::Transfer { to: AccountId(Digest(to.0)), amount: *amount }
            }
            Action::Bet { table, bet, stake } => {
                casino::Action::Bet { table: TableId(*table), bet: bet.0, stake: *stake }
            }
            Action::TakeDown { table, bet } => {
                let account = AccountId(Digest(bet.account.0));
                let bet = tables::BetId { account, sequence: bet.sequence };
                casino::Action::TakeDown { table: TableId(*table), bet }
            }
            Action::Bond { amount } => casino::Action::Bond { amount: *amount },
            Action::Unbond { amount } => casino::Action::Unbond { amount: *amount },
        };
        let command = casino::Command { key: PublicKey(self.key.0), sequence: self.sequence, action };
        casino::SignedCommand { command, signature: Signature(self.signature.0) }
    }
}

impl From<&casino::SignedCommand> for CommandForm {
    fn from(signed: &casino::SignedCommand) -> CommandForm {
        let action = match signed.command.action {
            casino::Action::Transfer { to, amount } => Action::Transfer { to: Hex(to.0.0), amount },
            casino::Action::Bet { table, bet, stake } => {
                Action::Bet { table: table.0, bet: BetName(bet), stake }
            }
            casino::Action::TakeDown { table, bet } => Action::TakeDown { table: table.0, bet: bet.into() },
            casino::Action::Bond { amount } => Action::Bond { amount },
            casino::Action::Unbond { amount } => Action::Unbond { amount },
        };
        CommandForm {
            key: Hex(signed.command.key.0),
            sequence: signed.command.sequence,
            action,
            signature: Hex(signed.signature.0),
        }
    }
}

impl From<tables::BetId> for BetId {
    fn from(id: tables::BetId) -> BetId {
        BetId { account: Hex(id.account.0.0), sequence: id.sequence }
    }
}

/// A command of a block, with its id.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Command {
    /// Names the command, signature included.
    #[schema(value_type = String)]
    pub id: Hex<32>,
    /// Its content.
    pub command: CommandForm,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Hex<32>,
    /// `pending`: it waits for the node or for a block. `turned_away`: the node did not take it; it may come again.
    /// `refused`: a block has it, and it changed nothing. `settled`: a block has it, and it was done. `archived`: an old
    /// block has it, and which of the two it was is no longer known here.
    pub state: String,
    /// Why it was turned away or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The height of its block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<Height>,
    /// What it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// What became of what was handed in: of a command, or of each of a list, in its order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Statuses {
    /// Of the one.
    One(Status),
    /// Of each.
    List(Vec<Status>),
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The money moved.
    Transferred {},
    /// The bet went up.
    Placed {
        /// Its name.
        bet: BetId,
        /// How it ended; absent while it is up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<Ended>,
    },
    /// Bets came down.
    TookDown {
        /// How many.
        bets: usize,
        /// Their stakes.
        returned: Amount,
    },
    /// The stake grew.
    Bonded {},
    /// Money is on its way out of the stake.
    Unbonding {},
}

/// How a bet ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ended {
    /// In this block.
    pub height: Height,
    /// `won`, `lost`, `pushed` or `taken_down`.
    pub outcome: String,
    /// What was won beyond the stake.
    pub payout: Amount,
}

impl Ended {
    /// Of a bet's end in a block.
    pub fn of(height: Height, end: BetEnd) -> Ended {
        let (outcome, payout) = match end {
            BetEnd::Won { payout } => ("won", payout),
            BetEnd::Lost => ("lost", 0),
            BetEnd::Pushed => ("pushed", 0),
            BetEnd::TakenDown => ("taken_down", 0),
        };
        Ended { height, outcome: outcome.into(), payout }
    }
}

impl Status {
    /// Of a command.
    pub fn of(id: Digest, view: &CommandView) -> Status {
        let mut status =
            Status { id: Hex(id.0), state: "pending".into(), reason: None, height: None, effect: None };
        match *view {
            CommandView::Submitted | CommandView::Waiting => {}
            CommandView::TurnedAway { why } => {
                status.state = "turned_away".into();
                status.reason = Some(why.into());
            }
            CommandView::Refused { height, reason } => {
                status.state = "refused".into();
                status.reason = Some(reason.to_string());
                status.height = Some(height);
            }
            CommandView::Settled { height, effect } => {
                status.state = "settled".into();
                status.height = Some(height);
                status.effect = Some(match effect {
                    Did::Transferred => Effect::Transferred {},
                    Did::Placed { bet, end } => Effect::Placed {
                        bet: bet.into(),
                        ended: end.map(|(height, end)| Ended::of(height, end)),
                    },
                    Did::TookDown { bets, returned } => Effect::TookDown { bets, returned },
                    Did::Bonded => Effect::Bonded {},
                    Did::Unbonding => Effect::Unbonding {},
                });
            }
        }
        status
    }

    /// Of a command of which only the block is known.
    pub fn archived(id: Digest, height: Height) -> Status {
        let (state, height) = ("archived".into(), Some(height));
        Status { id: Hex(id.0), state, reason: None, height, effect: None }
    }

    /// Whether nothing more becomes of it by itself, save that a bet ends.
    pub fn is_final(&self) -> bool {
        self.state != "pending"
    }
}
