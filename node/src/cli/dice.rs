//! `dice`: the ceremony in which the validators of a new network make their dice key, by files that they send each other.
//!
//! ```text
//! draft.json       the genesis without the dice key: what all have agreed on
//! join             each validator: its keys for the ceremony       → NAME.participant
//! deal             each, with the participants of all              → NAME.dealing
//! finish           anyone, with more than two thirds of the dealings → genesis.json and transcript.json
//! take             each validator, with both: its shares and the network → keys/dice.shares, config/genesis.json
//! ```
//!
//! Participants and dealings are signed by the validators' keys. Nobody ever has the secret; whoever has the transcript
//! can check that the genesis' key came of it.

use super::{Context, Failure, code, say};
use crate::dice;
use crate::genesis_file;
use crate::hex::{self, Hex};
use crate::home::HomeError;
use crate::keys::{SecretKey, read_secret, write_secret};
use crate::world::disk;
use bitcraps_beacon::Shares;
use bitcraps_beacon::ceremony::{Ceremony, Dealing, Participant, Secret};
use bitcraps_casino::{DiceKey, Genesis};
use bitcraps_types::ed25519::Ed25519Verifier;
use bitcraps_types::{GroupKey, PublicKey, Sign, Signature, ValidatorIndex, Verify};
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `dice`.
#[derive(Args, Debug)]
pub(super) struct Dice {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make this validator's keys for the ceremony, and write their public halves.
    Join {
        /// The genesis without the dice key.
        #[arg(long, value_name = "FILE")]
        draft: PathBuf,
        /// Where to write them: a file for all the others.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Make this validator's dealing. Takes seconds for each share that there is.
    Deal {
        /// The genesis without the dice key.
        #[arg(long, value_name = "FILE")]
        draft: PathBuf,
        /// The directory with the `.participant` files of all validators.
        #[arg(long, value_name = "DIR")]
        participants: PathBuf,
        /// Where to write it: a file for all the others.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check all dealings, and write the genesis with the key that they give, and the transcript that proves it.
    Finish {
        /// The genesis without the dice key.
        #[arg(long, value_name = "FILE")]
        draft: PathBuf,
        /// The directory with the `.participant` files of all validators.
        #[arg(long, value_name = "DIR")]
        participants: PathBuf,
        /// The directory with the `.dealing` files of more than two thirds of them.
        #[arg(long, value_name = "DIR")]
        dealings: PathBuf,
        /// Where to write the genesis.
        #[arg(long, value_name = "FILE")]
        genesis: PathBuf,
        /// Where to write the transcript.
        #[arg(long, value_name = "FILE")]
        transcript: PathBuf,
    },
    /// Check the transcript against a genesis, take this validator's shares from it, and make that genesis this home's
    /// network.
    Take {
        /// The genesis.
        #[arg(long, value_name = "FILE")]
        genesis: PathBuf,
        /// The transcript.
        #[arg(long, value_name = "FILE")]
        transcript: PathBuf,
        /// It is the next committee of this home's network (see `handover`): keep the shares beside those of the
        /// committee before, and leave the network as it is.
        #[arg(long)]
        next: bool,
    },
}

/// What a validator says in the ceremony, signed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    validator: u16,
    /// Its keys, or its dealings, as hexadecimal digits.
    content: Vec<String>,
    signature: Hex<64>,
}

/// All that made a key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transcript {
    participants: Vec<Word>,
    dealings: Vec<Word>,
}

/// The two kinds of words.
#[derive(Clone, Copy)]
enum Kind {
    Participant,
    Dealing,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Participant => "participant",
            Kind::Dealing => "dealing",
        }
    }
}

impl Dice {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Join { draft, out } => join(context, &Draft::read(&draft)?, &out),
            Action::Deal { draft, participants, out } => {
                deal(context, &Draft::read(&draft)?, &participants, &out)
            }
            Action::Finish { draft, participants, dealings, genesis, transcript } => {
                let draft = Draft::read(&draft)?;
                let transcript_of = Transcript {
                    participants: draft.words(&participants, Kind::Participant)?,
                    dealings: draft.words(&dealings, Kind::Dealing)?,
                };
                finish(draft, &transcript_of, &genesis, &transcript)
            }
            Action::Take { genesis, transcript, next } => take(context, &genesis, &transcript, next),
        }
    }
}

fn join(context: &Context, draft: &Draft, out: &Path) -> Result<(), Failure> {
    let key = context.home.read_key().map_err(HomeError::from)?;
    let me = draft.position(&key)?;
    let seed = SecretKey::generate().map_err(HomeError::from)?;
    let text = Zeroizing::new(hex::encode(seed.seed()));
    write_secret(&context.home.dice_secret(), &text).map_err(HomeError::from)?;
    let shares = draft.shares()?.held_by(me).len() as u32;
    let Participant(keys) = Secret(Zeroizing::new(*seed.seed())).participant(shares);
    write_json(out, &draft.word(Kind::Participant, me, &keys, &key))?;
    say(format!("validator {me} takes part with {shares} keys: send {} to all the others", out.display()))
}

fn deal(context: &Context, draft: &Draft, participants: &Path, out: &Path) -> Result<(), Failure> {
    let key = context.home.read_key().map_err(HomeError::from)?;
    let me = draft.position(&key)?;
    let ceremony = draft.ceremony(&draft.words(participants, Kind::Participant)?)?;
    let dealings = ceremony.deal(me, &secret(context)?, entropy()?).map_err(bad)?;
    let dealings: Vec<Vec<u8>> = dealings.into_iter().map(|dealing| dealing.0).collect();
    write_json(out, &draft.word(Kind::Dealing, me, &dealings, &key))?;
    say(format!("validator {me} dealt: send {} to who finishes the ceremony", out.display()))
}

fn finish(draft: Draft, transcript: &Transcript, genesis: &Path, out: &Path) -> Result<(), Failure> {
    let dice = draft.key(transcript)?;
    let done = Genesis { dice, ..draft.0 };
    let files = [(genesis, genesis_file::to_json(&done)), (out, to_json(transcript))];
    for (path, text) in files {
        disk::replace(path, text.as_bytes()).map_err(Failure::io(path))?;
    }
    say(format!("network {}, chain id {}: send both files to all validators", done.name, done.chain_id()))
}

fn take(context: &Context, genesis: &Path, transcript: &Path, next: bool) -> Result<(), Failure> {
    let key = context.home.read_key().map_err(HomeError::from)?;
    let done = genesis_file::read(genesis).map_err(HomeError::from)?;
    let transcript: Transcript = read_json(transcript)?;
    let dice = DiceKey { group: GroupKey::default(), holders: Vec::new() };
    let draft = Draft(Genesis { dice, ..done.clone() });
    let me = draft.position(&key)?;
    for (kind, words) in
        [(Kind::Participant, &transcript.participants), (Kind::Dealing, &transcript.dealings)]
    {
        words.iter().try_for_each(|word| draft.check(kind, word))?;
    }
    if draft.key(&transcript)? != done.dice {
        return Err(Failure::new(code::DATA, "the dice key of the genesis did not come of this transcript"));
    }
    let ceremony = draft.ceremony(&transcript.participants)?;
    let dealings = dealings(&transcript)?;
    let shares = ceremony.take(me, &secret(context)?, &dealings, entropy()?).map_err(bad)?;
    let (network, used) = (context.home.genesis(), context.home.dice_secret());
    let file = if next { context.home.dice_shares_of(&done.dice.group) } else { context.home.dice_shares() };
    let replaced = if next { vec![&file] } else { vec![&file, &network] };
    for path in replaced.into_iter().filter(|path| path.exists()) {
        let before = path.with_added_extension("before");
        fs::rename(path, &before).map_err(Failure::io(path))?;
        say(format!("what was {} is {} now", path.display(), before.display()))?;
    }
    dice::write(&file, &shares).map_err(HomeError::from)?;
    dice::of_node(&done, &key.public(), &file).map_err(HomeError::from)?;
    if !next {
        disk::replace(&network, genesis_file::to_json(&done).as_bytes()).map_err(Failure::io(&network))?;
    }
    fs::remove_file(&used).map_err(Failure::io(&used))?;
    say(format!(
        "validator {me} holds {} of {} shares; {} of them throw the dice",
        ceremony.shares().held_by(me).len(),
        ceremony.shares().total(),
        ceremony.shares().threshold()
    ))
}

/// A genesis without its dice key.
struct Draft(Genesis);

impl Draft {
    fn read(path: &Path) -> Result<Draft, Failure> {
        let genesis = genesis_file::read_draft(path).map_err(HomeError::from)?;
        if !genesis.dice.group.0.is_empty() || !genesis.dice.holders.is_empty() {
            let why = format!("{}: it has a dice key already: a draft has none", path.display());
            return Err(Failure::new(code::DATA, why));
        }
        Ok(Draft(genesis))
    }

    fn shares(&self) -> Result<Shares, Failure> {
        Shares::of(&self.0.powers()).map_err(|error| Failure::new(code::DATA, error.to_string()))
    }

    fn position(&self, key: &SecretKey) -> Result<ValidatorIndex, Failure> {
        let position = self.0.validators.iter().position(|validator| validator.key == key.public());
        position
            .and_then(|position| u16::try_from(position).ok())
            .map(ValidatorIndex)
            .ok_or_else(|| Failure::new(code::DATA, "the key of this home is no validator's of the draft"))
    }

    fn message(&self, kind: Kind, content: &[Vec<u8>]) -> Vec<u8> {
        let content = borsh::to_vec(content).expect("a vector takes all bytes");
        [b"bitcraps ceremony 1 ", kind.name().as_bytes(), &self.0.chain_id().0, &content].concat()
    }

    fn word(&self, kind: Kind, me: ValidatorIndex, content: &[Vec<u8>], key: &SecretKey) -> Word {
        Word {
            validator: me.0,
            content: content.iter().map(|part| hex::encode(part)).collect(),
            signature: Hex(key.sign(&self.message(kind, content)).0),
        }
    }

    fn check(&self, kind: Kind, word: &Word) -> Result<(), Failure> {
        let key = self.0.validators.get(usize::from(word.validator)).map_or(PublicKey([0; 32]), |v| v.key);
        let message = self.message(kind, &word.parts()?);
        if Ed25519Verifier.verify(&key, &message, &Signature(word.signature.0)) {
            return Ok(());
        }
        let (kind, validator) = (kind.name(), word.validator);
        let why = format!("the {kind} of validator {validator} is not signed by its key, for this draft");
        Err(Failure::new(code::DATA, why))
    }

    /// The checked words in the files of a directory, in the order of the validators.
    fn words(&self, directory: &Path, kind: Kind) -> Result<Vec<Word>, Failure> {
        let entries = fs::read_dir(directory).map_err(Failure::io(directory))?;
        let mut words = Vec::new();
        for entry in entries {
            let path = entry.map_err(Failure::io(directory))?.path();
            if path.extension().is_some_and(|extension| extension == kind.name()) {
                let word: Word = read_json(&path)?;
                self.check(kind, &word)?;
                words.push(word);
            }
        }
        words.sort_by_key(|word| word.validator);
        Ok(words)
    }

    fn ceremony(&self, participants: &[Word]) -> Result<Ceremony, Failure> {
        let with_power = |position: &usize| self.0.validators[*position].power > 0;
        let wanted: Vec<usize> = (0..self.0.validators.len()).filter(with_power).collect();
        if !participants.iter().map(|word| usize::from(word.validator)).eq(wanted.iter().copied()) {
            let why = format!(
                "{} participants, expected one of each of the {} validators with power",
                participants.len(),
                wanted.len()
            );
            return Err(Failure::new(code::DATA, why));
        }
        let mut each = vec![Participant(Vec::new()); self.0.validators.len()];
        for word in participants {
            each[usize::from(word.validator)] = Participant(word.parts()?);
        }
        let participants = each;
        Ceremony::new(&self.0.chain_id().0, &participants, &self.0.powers()).map_err(bad)
    }

    /// The key that a transcript gives.
    fn key(&self, transcript: &Transcript) -> Result<DiceKey, Failure> {
        let ceremony = self.ceremony(&transcript.participants)?;
        let group = ceremony.group(&dealings(transcript)?, entropy()?).map_err(bad)?;
        Ok(DiceKey { group, holders: ceremony.shares().holders().to_vec() })
    }
}

impl Word {
    fn parts(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let part = |part: &String| {
            hex::decode(part).map_err(|error| {
                Failure::new(code::DATA, format!("what validator {} says: {error}", self.validator))
            })
        };
        self.content.iter().map(part).collect()
    }
}

fn dealings(transcript: &Transcript) -> Result<Vec<Dealing>, Failure> {
    let parts = transcript.dealings.iter().map(Word::parts).collect::<Result<Vec<_>, Failure>>()?;
    Ok(parts.into_iter().flatten().map(Dealing).collect())
}

fn secret(context: &Context) -> Result<Secret, Failure> {
    let path = context.home.dice_secret();
    let text = read_secret(&path, 64).map_err(HomeError::from)?;
    let seed = hex::decode_exactly::<32>(&text).map_err(|error| {
        Failure::new(code::DATA, format!("{}: {error}: join the ceremony anew", path.display()))
    })?;
    Ok(Secret(Zeroizing::new(seed)))
}

fn entropy() -> Result<[u8; 32], Failure> {
    Ok(*SecretKey::generate().map_err(HomeError::from)?.seed())
}

fn bad(error: bitcraps_beacon::ceremony::CeremonyError) -> Failure {
    Failure::new(code::DATA, error.to_string())
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("text is JSON") + "\n"
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    disk::replace(path, to_json(value).as_bytes()).map_err(Failure::io(path))
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::io(path))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(code::DATA, format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
