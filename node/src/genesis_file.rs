//! The genesis as a file for people: JSON with names, in which each key is 64 hexadecimal digits.
//!
//! Strict in both directions: unknown fields are errors, and what is written reads back as the same [`Genesis`], so with
//! the same chain id.

mod policy;

pub use policy::read_policy;

use crate::dice::{self, DiceKeyError};
use crate::hex::{self, Hex};
use crate::rules::Rules;
use bitcraps_casino::{DiceKey, Genesis, GenesisError, GenesisValidator, TableConfig};
use bitcraps_types::{Amount, GroupKey, Protocol, PublicKey, TableId, ValidatorIndex};
use policy::PolicyForm;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Why a genesis can't be read.
#[derive(Debug, thiserror::Error)]
pub enum GenesisFileError {
    /// The file can't be read.
    #[error("{path}: {error}")]
    Io {
        /// Where.
        path: PathBuf,
        /// How.
        error: io::Error,
    },
    /// It is not in the format.
    #[error("{path}{}: {why}", place(*line, *column))]
    Format {
        /// Where.
        path: PathBuf,
        /// From 1; 0 if JSON has no line for it, as for a name that nobody knows.
        line: usize,
        /// From 1; 0 if there is no line.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// No casino can start from it.
    #[error("{path}: {error}")]
    Genesis {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        error: GenesisError,
    },
    /// Its dice key can't be used.
    #[error("{path}: {error}")]
    Dice {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        error: Box<DiceKeyError>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    name: String,
    /// The consensus protocol, by its name.
    #[serde(default = "tendermint")]
    engine: String,
    validators: Vec<Validator>,
    players: Vec<Player>,
    bank: Amount,
    tables: Vec<Table>,
    /// The file of a network without blobs need not speak of them.
    #[serde(default)]
    blob_bytes: u32,
    /// A draft, whose validators have not made their dice key yet, need not speak of it.
    #[serde(default)]
    dice: Dice,
    /// The file of a network that goes by the usual policy need not speak of it.
    #[serde(default, skip_serializing_if = "PolicyForm::is_usual")]
    policy: PolicyForm,
}

/// The dice key.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dice {
    /// The public half, as hexadecimal digits.
    group: String,
    /// The validator that holds each share.
    holders: Vec<u16>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Validator {
    key: Hex<32>,
    power: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Player {
    key: Hex<32>,
    amount: Amount,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    id: u32,
    game: Game,
    /// Those that are not the usual ones.
    #[serde(default)]
    rules: Rules,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Game {
    Craps,
}

const FORMAT: u32 = 3;

fn tendermint() -> String {
    Protocol::Tendermint.name().into()
}

/// A genesis as text.
pub fn to_json(genesis: &Genesis) -> String {
    let validators = genesis.validators.iter();
    let players = genesis.players.iter();
    let file = File {
        format: FORMAT,
        name: genesis.name.clone(),
        engine: genesis.engine.name().into(),
        validators: validators.map(|v| Validator { key: Hex(v.key.0), power: v.power }).collect(),
        players: players.map(|(key, amount)| Player { key: Hex(key.0), amount: *amount }).collect(),
        bank: genesis.bank,
        tables: genesis.tables.iter().map(table).collect(),
        blob_bytes: genesis.blob_bytes,
        dice: Dice {
            group: hex::encode(&genesis.dice.group.0),
            holders: genesis.dice.holders.iter().map(|holder| holder.0).collect(),
        },
        policy: PolicyForm::of(&genesis.policy),
    };
    serde_json::to_string_pretty(&file).expect("text is JSON") + "\n"
}

fn table(TableConfig { id, rules }: &TableConfig) -> Table {
    Table { id: id.0, game: Game::Craps, rules: Rules::unusual(rules) }
}

/// Reads the genesis of a file, and checks it.
pub fn read(path: &Path) -> Result<Genesis, GenesisFileError> {
    let genesis = read_draft(path)?;
    dice::public(&genesis)
        .map_err(|error| GenesisFileError::Dice { path: path.into(), error: Box::new(error) })?;
    Ok(genesis)
}

/// Reads a genesis whose dice key is not made yet, and checks the rest.
pub fn read_draft(path: &Path) -> Result<Genesis, GenesisFileError> {
    let genesis = read_json(path, from_json)?;
    genesis.check().map_err(|error| GenesisFileError::Genesis { path: path.into(), error })?;
    Ok(genesis)
}

fn read_json<T>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, serde_json::Error>,
) -> Result<T, GenesisFileError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| GenesisFileError::Io { path: path.into(), error })?;
    parse(&text).map_err(|error| GenesisFileError::Format {
        path: path.into(),
        line: error.line(),
        column: error.column(),
        why: without_place(&error.to_string()),
    })
}

fn place(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(":{line}:{column}") }
}

/// The place stands before the message already.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message).into()
}

pub(crate) fn from_json(text: &str) -> Result<Genesis, serde_json::Error> {
    let file: File = serde_json::from_str(text)?;
    if file.format != FORMAT {
        return Err(serde_json::Error::custom(format!("the format is {}, not {FORMAT}", file.format)));
    }
    let Some(engine) = Protocol::named(&file.engine) else {
        let known = Protocol::ALL.map(Protocol::name).join(", ");
        return Err(serde_json::Error::custom(format!("no engine `{}`; there are {known}", file.engine)));
    };
    let group = hex::decode(&file.dice.group)
        .map(GroupKey)
        .map_err(|error| serde_json::Error::custom(format!("the group of the dice key: {error}")))?;
    let validators = file.validators.into_iter();
    let players = file.players.into_iter();
    let tables = file.tables.into_iter().map(|Table { id, rules, .. }| {
        let rules =
            rules.read().map_err(|error| serde_json::Error::custom(format!("table {id}: {error}")))?;
        Ok(TableConfig { id: TableId(id), rules })
    });
    let tables = tables.collect::<Result<_, serde_json::Error>>()?;
    Ok(Genesis {
        name: file.name,
        engine,
        validators: validators
            .map(|v| GenesisValidator { key: PublicKey(v.key.0), power: v.power })
            .collect(),
        players: players.map(|player| (PublicKey(player.key.0), player.amount)).collect(),
        bank: file.bank,
        tables,
        blob_bytes: file.blob_bytes,
        dice: DiceKey { group, holders: file.dice.holders.into_iter().map(ValidatorIndex).collect() },
        policy: file.policy.read().map_err(serde_json::Error::custom)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_casino::{Fee, FeesTo, Fraction, Kelly, Kept, PerMille, Policy, Reserve, StakePolicy};
    use bitcraps_tables::craps::{Limit, Pays};
    use bitcraps_tables::{CrapsRules, craps};
    use bitcraps_types::{AccountId, Digest};
    use proptest::prelude::*;

    fn genesis() -> impl Strategy<Value = Genesis> {
        let key = any::<[u8; 32]>().prop_map(PublicKey);
        let validator = (key.clone(), any::<u64>()).prop_map(|(key, power)| GenesisValidator { key, power });
        let changes = (any::<(u64, u64)>(), any::<u8>(), any::<bool>(), any::<(u16, u16)>());
        let table = (any::<u32>(), changes).prop_map(|(id, ((min, max), odds, working, (win, per)))| {
            let mut rules = CrapsRules::default().with_limits(Limit { min, max });
            rules.odds.five_nine = odds;
            rules.working.place = working;
            rules.pays.fire[1] = Pays { win, per };
            TableConfig { id: TableId(id), rules }
        });
        (
            (".*", prop::sample::select(&Protocol::ALL[..])),
            prop::collection::vec(validator, 0..4),
            prop::collection::vec((key, any::<u64>()), 0..4),
            any::<u64>(),
            prop::collection::vec(table, 0..4),
            (any::<u32>(), any::<Vec<u8>>(), any::<Vec<u16>>(), policy()),
        )
            .prop_map(
                |(
                    (name, engine),
                    validators,
                    players,
                    bank,
                    tables,
                    (blob_bytes, group, holders, policy),
                )| Genesis {
                    name,
                    engine,
                    validators,
                    players,
                    bank,
                    tables,
                    blob_bytes,
                    dice: DiceKey {
                        group: GroupKey(group),
                        holders: holders.into_iter().map(ValidatorIndex).collect(),
                    },
                    policy,
                },
            )
    }

    fn policy() -> impl Strategy<Value = Policy> {
        let share = || any::<u16>().prop_map(PerMille);
        let edge =
            any::<(u32, u32)>().prop_map(|(numerator, denominator)| Fraction { numerator, denominator });
        let bet = prop::sample::select(craps::Bet::all().collect::<Vec<_>>());
        let kelly = (share(), prop::collection::btree_map(bet, edge, 0..4))
            .prop_map(|(share, edges)| Kelly { share, edges });
        let reserve =
            prop_oneof![any::<u64>().prop_map(Reserve::Amount), share().prop_map(Reserve::PerMille)];
        let kept =
            (share(), any::<[u8; 32]>()).prop_map(|(share, by)| Kept { share, by: AccountId(Digest(by)) });
        let stake = (any::<(u64, u64)>(), share(), prop::option::of(kept)).prop_map(
            |((per_power, unbonding), slash, kept)| StakePolicy { per_power, unbonding, slash, kept },
        );
        let to = prop::sample::select(vec![FeesTo::Validators, FeesTo::Nobody]);
        let fee = (any::<u64>(), to).prop_map(|(amount, to)| Fee { amount, to });
        let losses = any::<(Option<u64>, Option<u64>)>();
        let fees = (fee, any::<Option<u64>>());
        (reserve, losses, prop::option::of(kelly), fees, prop::option::of(stake)).prop_map(
            |(reserve, (table_loss, total_loss), kelly, (fee, reward), stake)| Policy {
                reserve,
                table_loss,
                total_loss,
                kelly,
                fee,
                reward,
                stake,
            },
        )
    }

    proptest! {
        #[test]
        fn a_genesis_reads_back_as_itself(genesis in genesis()) {
            let read = from_json(&to_json(&genesis)).unwrap();
            prop_assert_eq!(&read, &genesis);
            prop_assert_eq!(read.chain_id(), genesis.chain_id());
        }
    }

    fn empty() -> Genesis {
        let (validators, players, tables) = (vec![], vec![], vec![]);
        Genesis {
            name: "x".into(),
            engine: Protocol::Tendermint,
            validators,
            players,
            bank: 1,
            tables,
            blob_bytes: 0,
            dice: DiceKey { group: GroupKey(vec![]), holders: vec![] },
            policy: Policy::default(),
        }
    }

    #[test]
    fn a_file_that_says_nothing_of_blobs_takes_none_and_the_usual_policy_needs_no_word() {
        assert!(!to_json(&empty()).contains("policy"));
        let silent = to_json(&empty()).replace(",\n  \"blob_bytes\": 0", "");
        assert!(!silent.contains("blob"), "{silent}");
        assert_eq!(from_json(&silent).unwrap(), empty());
    }

    #[test]
    fn an_unknown_rule_is_an_error_that_names_the_table_and_the_rules_there_are() {
        let tables =
            vec![TableConfig { id: TableId(7), rules: CrapsRules { unit: 5, ..CrapsRules::default() } }];
        let text = to_json(&Genesis { tables, ..empty() });
        assert!(text.contains(r#""unit": 5"#), "{text}");
        let error = from_json(&text.replace(r#""unit": 5"#, r#""unti": 5"#)).unwrap_err().to_string();
        assert!(
            error.starts_with("table 7: there is no rule `unti`; there are unit, limits.line.min"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_engine_is_an_error_that_names_those_there_are() {
        let text = to_json(&empty()).replace("\"tendermint\"", "\"tendermnt\"");
        let error = from_json(&text).unwrap_err().to_string();
        assert!(error.starts_with("no engine `tendermnt`; there are pbft, tendermint, hotstuff"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_an_error_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("genesis.json");
        let genesis = empty();
        std::fs::write(&path, to_json(&genesis).replace("\"bank\": 1", "\"bank\": 1,\n  \"bonk\": 2"))
            .unwrap();
        let error = read(&path).unwrap_err().to_string();
        let expected = "genesis.json:8:8: unknown field `bonk`, expected one of `format`, `name`, `engine`, `validators`";
        assert!(error.contains(expected), "{error}");
        let older = to_json(&genesis).replace(&format!("\"format\": {FORMAT}"), "\"format\": 1");
        std::fs::write(&path, older).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("genesis.json: the format is 1, not {FORMAT}")), "{error}");
    }
}
