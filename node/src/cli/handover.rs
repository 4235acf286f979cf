//! `handover`: the committee hands over to another, by files that the validators send each other.
//!
//! ```text
//! next.json          the network's genesis with the validators of the next committee: who stays in its place, who leaves with
//!                    power 0, who is new at the end; its dice key comes of the ceremony (`dice join`, `deal`, `finish`)
//! dice take --next   each validator of the next committee: its shares of that key
//! handover approve   more than two thirds of the power now, and everyone whose power grows → NAME.approval
//! handover submit    anyone, with the approvals, to the gateways of some validators
//! ```

use super::dice::{read_json, write_json};
use super::{Context, Failure, code, say};
use crate::client;
use crate::genesis_file;
use crate::hex::{self, Hex};
use crate::home::HomeError;
use bitcraps_casino::{Committee, Handover as Agreement, Terms};
use bitcraps_types::{Height, Signature, ValidatorIndex};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// `handover`.
#[derive(Args, Debug)]
pub(super) struct Handover {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Consent to a handover with this home's key.
    Approve {
        #[command(flatten)]
        terms: TermsArgs,
        /// Where to write the consent: a file for who submits the handover.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Hand a handover with its approvals to a validator. It tells the others, and it happens in the block of whoever proposes
    /// next.
    Submit {
        #[command(flatten)]
        terms: TermsArgs,
        /// The directory with the `.approval` files.
        #[arg(long, value_name = "DIR")]
        approvals: PathBuf,
        /// The gateway of a validator; may be given again.
        #[arg(long, value_name = "URL", required = true)]
        gateway: Vec<String>,
    },
}

/// What a handover is about. All must say the same.
#[derive(Args, Debug)]
struct TermsArgs {
    /// The genesis with the validators and the dice key of the next committee.
    #[arg(long, value_name = "FILE")]
    next: PathBuf,
    /// Which handover of the network it is, from 1.
    #[arg(long)]
    number: u64,
    /// The lowest height at which it may happen.
    #[arg(long, value_name = "HEIGHT", default_value_t = 1)]
    not_before: Height,
}

/// One validator's consent.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    validator: u16,
    signature: Hex<64>,
}

impl Handover {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Approve { terms, out } => approve(context, &terms.read()?, &out),
            Action::Submit { terms, approvals, gateway } => submit(terms.read()?, &approvals, &gateway),
        }
    }
}

impl TermsArgs {
    fn read(&self) -> Result<Terms, Failure> {
        let next = genesis_file::read(&self.next).map_err(HomeError::from)?;
        let to = Committee::of_genesis(&next);
        Ok(Terms { number: self.number, not_before: self.not_before, to })
    }
}

fn approve(context: &Context, terms: &Terms, out: &Path) -> Result<(), Failure> {
    let key = context.home.read_key().map_err(HomeError::from)?;
    let chain = context.home.read_genesis()?.chain_id();
    let Some((validator, signature)) = terms.approve(&chain, &key) else {
        let why = format!(
            "the key of this home, {}, is no validator's of either committee",
            hex::encode(&key.public().0)
        );
        return Err(Failure::new(code::DATA, why));
    };
    write_json(out, &Approval { validator: validator.0, signature: Hex(signature.0) })?;
    say(format!(
        "validator {validator} consents to handover {}: send {} to who submits it",
        terms.number,
        out.display()
    ))
}

fn submit(terms: Terms, approvals: &Path, gateways: &[String]) -> Result<(), Failure> {
    let handover = Agreement { terms, approvals: read_approvals(approvals)? };
    let mut taken = 0;
    for gateway in gateways {
        match client::hand_over(gateway, &handover) {
            Ok(validator) => {
                taken += 1;
                say(format!(
                    "validator {validator} has it and tells the others: it happens in the block of whoever proposes next"
                ))?;
            }
            Err(error) => say(format!("{gateway}: {error}"))?,
        }
    }
    let why = "no validator takes it";
    if taken > 0 { Ok(()) } else { Err(Failure::new(code::DATA, why)) }
}

/// The approvals in the files of a directory, by ascending validator.
fn read_approvals(directory: &Path) -> Result<Vec<(ValidatorIndex, Signature)>, Failure> {
    let mut approvals = Vec::new();
    for entry in fs::read_dir(directory).map_err(Failure::io(directory))? {
        let path = entry.map_err(Failure::io(directory))?.path();
        if path.extension().is_some_and(|extension| extension == "approval") {
            let Approval { validator, signature } = read_json(&path)?;
            approvals.push((ValidatorIndex(validator), Signature(signature.0)));
        }
    }
    approvals.sort_by_key(|(validator, _)| *validator);
    Ok(approvals)
}
