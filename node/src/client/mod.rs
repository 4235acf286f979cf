//! The player's side on the command line: `bitcraps-node client …`. It signs commands with the player's key, hands them
//! to a gateway, and says what became of them.
//!
//! It trusts the gateway with what it shows, not with money: a key never leaves this process, a command that is handed
//! in again has the same bytes and so is done once, and [`verify-block`](Action::VerifyBlock) checks a block's proof by
//! itself.

mod error;
mod gateway;
pub mod http;
pub mod load;
mod play;
mod proof;
mod wallet;
mod watch;

#[cfg(test)]
mod tests;

pub use error::ClientError;

use crate::gateway::api::{self, BetName};
use crate::hex::Hex;
use crate::keys::SecretKey;
use bitcraps_casino as casino;
use bitcraps_tables::craps::{self, ByNumber, Limit};
use bitcraps_tables::{self as tables, CrapsRules};
use bitcraps_types::{AccountId, Amount, Digest, Height, TableId};
use clap::{Args, Subcommand};
use gateway::Gateway;
use std::io::Write;
use std::path::{Path, PathBuf};
use wallet::Wallet;

/// `bitcraps-node client`.
#[derive(Args, Clone, Debug)]
pub struct Client {
    /// Where the gateway is.
    #[arg(long, default_value = "http://127.0.0.1:8080", global = true)]
    pub gateway: String,
    /// The player's key.
    #[arg(long, default_value = "player.key", global = true)]
    pub key: PathBuf,
    /// The chain's id. Another chain is refused, and its blocks prove nothing.
    #[arg(long, global = true)]
    pub chain_id: Option<Hex<32>>,
    /// How long to wait for a command to be settled, in seconds.
    #[arg(long, default_value_t = 30, global = true)]
    pub patience: u64,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What a player does.
#[derive(Subcommand, Clone, Debug)]
pub enum Action {
    /// Make a new key and write it to a file.
    Keygen {
        /// The file; it must not exist.
        file: PathBuf,
    },
    /// Open the key's account by sending money to it from another.
    Open {
        /// The key of the account that gives.
        #[arg(long)]
        from: PathBuf,
        /// How much.
        amount: Amount,
    },
    /// Show an account: the key's own, or another.
    Balance {
        /// An account's id or key.
        account: Option<Hex<32>>,
    },
    /// List the tables.
    Tables,
    /// Show a table and remember it for `watch` and `play`.
    Join {
        /// Its number.
        table: u32,
    },
    /// List what can be bet on, and how it is written.
    Bets,
    /// Bet and say what became of the bet.
    Bet {
        /// The table's number.
        table: u32,
        /// On what, such as pass_line, place:6 or hop:3-4; `client bets` lists them all.
        bet: BetName,
        /// How much.
        stake: Amount,
    },
    /// Say what became of a command.
    Command {
        /// Its id.
        id: Hex<32>,
    },
    /// Take a bet down.
    TakeDown {
        /// The table's number.
        table: u32,
        /// The sequence number of the bet.
        bet: u64,
    },
    /// Show the rolls of a table as they come.
    Watch {
        /// The table's number; by default the one that was joined.
        table: Option<u32>,
        /// Stop when a point is made or lost.
        #[arg(long)]
        until_decided: bool,
    },
    /// Play one shooter: the pass line, with odds, until it is decided.
    Play {
        /// The table's number; by default the one that was joined.
        table: Option<u32>,
        /// The stake on the pass line.
        #[arg(long)]
        stake: Amount,
        /// The odds, in multiples of the stake; no more than the table allows.
        #[arg(long, default_value_t = 1)]
        odds: u8,
    },
    /// Send all that can be spent to another account.
    CashOut {
        /// The account's id.
        #[arg(long)]
        to: Hex<32>,
    },
    /// Add to the stake of the validator whose key it is.
    Bond {
        /// How much.
        amount: Amount,
    },
    /// Begin to take out of that stake what the validator's power does not require.
    Unbond {
        /// How much.
        amount: Amount,
    },
    /// Check a block's certificate against the validators of the genesis.
    VerifyBlock {
        /// The block's height, or `latest`.
        height: BlockHeight,
    },
    /// Check the dice of a block: that the validators signed them together after it was final. Shows what they are.
    VerifyRoll {
        /// The block's height, or `latest`.
        height: BlockHeight,
        /// At this table alone.
        #[arg(long)]
        table: Option<u32>,
    },
}

/// A height, or the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockHeight {
    /// The last.
    Latest,
    /// This one.
    At(Height),
}

impl std::str::FromStr for BlockHeight {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<BlockHeight, Self::Err> {
        if text == "latest" { Ok(BlockHeight::Latest) } else { text.parse().map(BlockHeight::At) }
    }
}

/// Does what the player asks and tells it on `out`.
pub fn run(client: &Client, out: &mut dyn Write) -> Result<(), ClientError> {
    let gateway = || Gateway::connect(&client.gateway, client.chain_id.map(|id| Digest(id.0)));
    let wallet = |file: &Path| {
        let patience = std::time::Duration::from_secs(client.patience);
        Ok::<_, ClientError>(Wallet::new(gateway()?, SecretKey::read(file)?, patience))
    };
    match &client.action {
        Action::Keygen { file } => {
            let key = SecretKey::generate()?;
            key.write(file)?;
            writeln!(out, "key     {}\naccount {}", Hex(key.public().0), key.account().0)?;
        }
        Action::Open { from, amount } => {
            let to = SecretKey::read(&client.key)?.account();
            let done = wallet(from)?.settle(casino::Action::Transfer { to, amount: *amount })?;
            writeln!(out, "{amount} sent to {} in block {}", to.0, done.height)?;
        }
        Action::Balance { account } => {
            let id = match account {
                Some(id) => *id,
                None => Hex(SecretKey::read(&client.key)?.account().0.0),
            };
            balance(&gateway()?, id, out)?;
        }
        Action::Tables => {
            for table in gateway()?.tables()?.tables {
                let point = table.point.map_or("come-out".into(), |point| format!("point {point}"));
                writeln!(out, "table {}: {point}, {} bets, {}", table.id, table.bets, limits(&table.rules)?)?;
            }
        }
        Action::Join { table } => {
            let shown = gateway()?.table(*table)?;
            remember(&client.key, *table)?;
            show(&shown, out)?;
        }
        Action::Bets => {
            for (syntax, meaning) in craps::Bet::SYNTAX {
                writeln!(out, "{syntax:28} {meaning}")?;
            }
        }
        Action::Bet { table, bet, stake } => {
            let action = casino::Action::Bet { table: TableId(*table), bet: bet.0, stake: *stake };
            let done = wallet(&client.key)?.settle(action)?;
            writeln!(
                out,
                "{stake} on {bet} at table {table}: bet {} in block {}",
                done.sequence, done.height
            )?;
            if let Some(api::Effect::Placed { ended: Some(ended), .. }) = &done.effect {
                writeln!(out, "{}", told(ended, *stake))?;
            }
        }
        Action::Command { id } => {
            let status = gateway()?.status(*id, std::time::Duration::ZERO)?;
            command(&status.ok_or(ClientError::NoCommand(*id))?, out)?;
        }
        Action::TakeDown { table, bet } => {
            let mut wallet = wallet(&client.key)?;
            let bet = tables::BetId { account: wallet.account(), sequence: *bet };
            let done = wallet.settle(casino::Action::TakeDown { table: TableId(*table), bet })?;
            if let Some(api::Effect::TookDown { bets, returned }) = &done.effect {
                writeln!(out, "{bets} taken down, {returned} returned")?;
            }
        }
        Action::Watch { table, until_decided } => {
            let table = joined(&client.key, *table)?;
            watch::watch(&gateway()?, table, *until_decided, out)?;
        }
        Action::Play { table, stake, odds } => {
            let table = joined(&client.key, *table)?;
            play::play(wallet(&client.key)?, table, *stake, *odds, out)?;
        }
        Action::CashOut { to } => {
            let mut wallet = wallet(&client.key)?;
            let fee = wallet.gateway().genesis().policy.fee.amount;
            let amount = wallet.state()?.available.saturating_sub(fee);
            if amount == 0 {
                return Err(ClientError::NothingToSend);
            }
            let to = AccountId(Digest(to.0));
            let done = wallet.settle(casino::Action::Transfer { to, amount })?;
            writeln!(out, "{amount} sent to {} in block {}", to.0, done.height)?;
        }
        Action::Bond { amount } => {
            let done = wallet(&client.key)?.settle(casino::Action::Bond { amount: *amount })?;
            writeln!(out, "{amount} bonded in block {}", done.height)?;
        }
        Action::Unbond { amount } => {
            let done = wallet(&client.key)?.settle(casino::Action::Unbond { amount: *amount })?;
            let wait =
                wallet(&client.key)?.gateway().genesis().policy.stake.map_or(0, |stake| stake.unbonding);
            let comes = done.height.saturating_add(wait);
            writeln!(out, "{amount} unbonding since block {}; it comes in block {comes}", done.height)?;
        }
        Action::VerifyRoll { height, table } => {
            let gateway = gateway()?;
            let proven = proof::verify(&gateway, *height)?;
            writeln!(out, "{}", proven.said_of(&gateway))?;
            let Some(dice) = proven.dice else {
                writeln!(out, "no dice fell in it: no bet was up")?;
                return Ok(());
            };
            writeln!(out, "its dice follow from a signature of the validators' group key: {dice:?}")?;
            let seed = casino::seed_of(&dice);
            let all = gateway.genesis().tables.iter().map(|config| config.id);
            for id in all.filter(|id| table.is_none_or(|table| table == id.0)) {
                writeln!(out, "table {}: {}, if a bet was up there", id.0, bitcraps_tables::roll(&seed, id))?;
            }
        }
        Action::VerifyBlock { height } => {
            let gateway = gateway()?;
            let proven = proof::verify(&gateway, *height)?;
            writeln!(out, "{}", proven.said_of(&gateway))?;
            if client.chain_id.is_none() {
                writeln!(out, "the validators are those that the gateway names: pin them with --chain-id")?;
            }
        }
    }
    Ok(())
}

/// Hands a handover to another committee to a gateway, and tells which validator will propose it.
pub fn hand_over(gateway: &str, handover: &casino::Handover) -> Result<u16, ClientError> {
    Gateway::connect(gateway, None)?.hand_over(handover)
}

fn balance(gateway: &Gateway, id: Hex<32>, out: &mut dyn Write) -> Result<(), ClientError> {
    let account = gateway.account(id)?.ok_or(ClientError::NoAccount(id))?;
    let api::Account { id, balance, available, reserved, .. } = account;
    writeln!(out, "account {id}\nbalance {balance}\navailable {available}\nreserved {reserved}")?;
    Ok(())
}

fn command(status: &api::Status, out: &mut dyn Write) -> Result<(), ClientError> {
    let api::Status { id, state, reason, height, effect } = status;
    let block = height.map_or_else(String::new, |height| format!(" in block {height}"));
    let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    writeln!(out, "command {id} is {}{block}{reason}", state.replace('_', " "))?;
    match effect {
        Some(api::Effect::Placed { bet, ended: None }) => writeln!(out, "bet {} is up", bet.sequence)?,
        Some(api::Effect::Placed { bet, ended: Some(ended) }) => {
            writeln!(
                out,
                "bet {}: {} in block {}, {} won",
                bet.sequence, ended.outcome, ended.height, ended.payout
            )?;
        }
        Some(api::Effect::TookDown { bets, returned }) => {
            writeln!(out, "{bets} taken down, {returned} returned")?;
        }
        Some(api::Effect::Transferred {} | api::Effect::Bonded {} | api::Effect::Unbonding {}) | None => {}
    }
    if state == "archived" {
        writeln!(out, "whether it was done or refused is no longer known here")?;
    }
    Ok(())
}

fn show(table: &api::Table, out: &mut dyn Write) -> Result<(), ClientError> {
    let point = table.point.map_or("come-out".into(), |point| format!("point {point}"));
    writeln!(out, "table {}: {point}, {}", table.id, limits(&table.rules)?)?;
    for bet in &table.bets {
        writeln!(out, "  {} on {} by {} (bet {})", bet.stake, bet.bet, bet.id.account, bet.id.sequence)?;
    }
    Ok(())
}

fn limits(rules: &api::Rules) -> Result<String, ClientError> {
    let CrapsRules { unit, limits, odds, .. } = rules_of(rules)?;
    let ByNumber { four_ten, five_nine, six_eight } = odds;
    let Limit { min, max } = limits.line;
    Ok(format!("stakes {min} to {max} in chips of {unit}, odds {four_ten}-{five_nine}-{six_eight}x"))
}

fn rules_of(rules: &api::Rules) -> Result<CrapsRules, ClientError> {
    rules.read().map_err(|error| ClientError::Nonsense(error.to_string()))
}

/// How a bet ended, for people.
fn told(ended: &api::Ended, stake: Amount) -> String {
    match ended.outcome.as_str() {
        "won" => format!("won {} in block {}", ended.payout, ended.height),
        "lost" => format!("lost {stake} in block {}", ended.height),
        "pushed" => format!("pushed in block {}: {stake} returned", ended.height),
        _ => format!("taken down in block {}: {stake} returned", ended.height),
    }
}

/// Beside the key: the table that was joined. A chain knows no seats; it is the player who sits somewhere.
fn seat_file(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".table");
    name.into()
}

fn remember(key: &Path, table: u32) -> Result<(), ClientError> {
    Ok(std::fs::write(seat_file(key), format!("{table}\n"))?)
}

fn joined(key: &Path, given: Option<u32>) -> Result<u32, ClientError> {
    given.map_or_else(
        || {
            let text = std::fs::read_to_string(seat_file(key)).map_err(|_| ClientError::NoTable)?;
            text.trim().parse().map_err(|_| ClientError::NoTable)
        },
        Ok,
    )
}
