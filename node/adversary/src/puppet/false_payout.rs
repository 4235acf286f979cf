//! Byzantine participant whose blocks pay what nobody won: they claim the state in which it was paid, they have a payment
//! in a player's name that the player did not sign, they change what a player did sign, they leave out a roll that would
//! have lost. It votes for its block.
//!
//! Attacks conservation: whoever takes a proposer's word for the state, or checks commands when it applies them and not
//! before it votes, gives money away.

use super::deed::{Deed, Here};
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_casino::{Action, Block, Command, SignedCommand};
use bitcraps_consensus::Signed;
use bitcraps_types::{AccountId, Amount, Digest, ValidatorIndex, Value};
use rand::Rng;

/// What it would like to have.
const LOOT: Amount = 1_000;

/// See the module.
#[derive(Default)]
pub(super) struct FalsePayout {
    swapped: Swapped,
}

impl Deed for FalsePayout {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        self.swapped.rewrite(here, signed, paying, out)
    }
}

/// The same block with a payout, in one of the ways.
fn paying(here: &mut Here<'_>, truth: &Value) -> Option<Value> {
    let mut block = Block::decode(truth.bytes()).ok()?;
    let mine = Action::Transfer { to: AccountId::of_key(&here.identity.signer.public_key()), amount: LOOT };
    let player = block.commands.first().copied();
    match (here.rng.next_u32() % 4, player) {
        (0, Some(player)) => block.commands.push(in_the_name_of(here, player.command.key, mine)),
        (1, Some(player)) => {
            // As if the player had signed this.
            let command = Command { action: mine, sequence: player.command.sequence + 1, ..player.command };
            block.commands.push(SignedCommand { command, ..player });
        }
        (2, _) => block.rolls = !block.rolls,
        _ => block.state_root = Digest::of("adversary/payout", &block.state_root.0),
    }
    Some(Value::new(block.encode()))
}

/// A command of a player's under the validator's own signature.
fn in_the_name_of(here: &Here<'_>, key: bitcraps_types::PublicKey, action: Action) -> SignedCommand {
    let mine = here.identity.signer.public_key();
    let signed = SignedCommand::sign(
        &here.identity.chain,
        Command { key: mine, sequence: u64::MAX, action },
        &*here.identity.signer,
    );
    SignedCommand { command: Command { key, ..signed.command }, ..signed }
}
