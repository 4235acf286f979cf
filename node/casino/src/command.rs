//! What a player asks for, signed for one network.

use bitcraps_tables::{BetId, craps};
use bitcraps_types::{
    AccountId, Amount, ChainId, Claim, Digest, PublicKey, Sign, Signature, TableId, Verify,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// A bet of any game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Bet {
    /// At a craps table.
    Craps(craps::Bet),
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Action {
    /// Gives money away.
    Transfer {
        /// To whom; the account need not exist yet.
        to: AccountId,
        /// How much.
        amount: Amount,
    },
    /// Bets. The bet's id is the account and sequence number of this command.
    Bet {
        /// Where.
        table: TableId,
        /// On what.
        bet: Bet,
        /// How much.
        stake: Amount,
    },
    /// Takes a bet of one's own down.
    TakeDown {
        /// Where.
        table: TableId,
        /// Which.
        bet: BetId,
    },
    /// Adds to one's own stake. Of a validator's key.
    Bond {
        /// How much.
        amount: Amount,
    },
    /// Begins to take out of one's own stake what the validator's power does not require. Of a validator's key.
    Unbond {
        /// How much.
        amount: Amount,
    },
}

/// One action of the holder of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Command {
    /// Whose.
    pub key: PublicKey,
    /// From 1, another for each command of the key, and less than 64 below the highest that it used: commands may come in
    /// any order within that window, and gaps are allowed. A refused command uses its number up too.
    pub sequence: u64,
    /// What.
    pub action: Action,
}

impl Command {
    /// The account that the key controls.
    pub fn account(&self) -> AccountId {
        AccountId::of_key(&self.key)
    }

    /// What is signed: the command on one chain.
    fn message(&self, chain: &ChainId) -> Vec<u8> {
        let mut message = Vec::with_capacity(SignedCommand::MAX_BYTES);
        message.extend_from_slice(b"bitcraps command 1");
        message.extend_from_slice(&chain.0);
        self.serialize(&mut message).expect("a vector takes all bytes");
        message
    }
}

/// A command with its key's signature. Not known to be valid until [`verify`](SignedCommand::verify) says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedCommand {
    /// What was signed.
    pub command: Command,
    /// By the key in the command, for one chain.
    pub signature: Signature,
}

impl SignedCommand {
    /// No encoded command is longer.
    pub const MAX_BYTES: usize = 256;

    /// Signs a command. The signer's key takes the place of the key in the command.
    pub fn sign(chain: &ChainId, command: Command, signer: &dyn Sign) -> SignedCommand {
        let command = Command { key: signer.public_key(), ..command };
        SignedCommand { command, signature: signer.sign(&command.message(chain)) }
    }

    /// Whether the holder of the key signed the command for this chain.
    pub fn verify(&self, chain: &ChainId, verify: &dyn Verify) -> bool {
        verify.verify(&self.command.key, &self.command.message(chain), &self.signature)
    }

    /// Which of these commands the holders of their keys signed for this chain; for many at once, cheaper than
    /// [`verify`](SignedCommand::verify) of each.
    pub fn verify_each(commands: &[SignedCommand], chain: &ChainId, verify: &dyn Verify) -> Vec<bool> {
        Self::with_claims(commands, chain, |claims| bitcraps_types::verify_each(verify, claims))
    }

    /// Whether the holders of their keys signed all of these commands for this chain.
    pub fn verify_all(commands: &[SignedCommand], chain: &ChainId, verify: &dyn Verify) -> bool {
        Self::with_claims(commands, chain, |claims| verify.verify_all(claims))
    }

    /// Shows what the signatures of these commands claim, for this chain.
    pub fn with_claims<T>(
        commands: &[SignedCommand],
        chain: &ChainId,
        look: impl FnOnce(&[Claim<'_>]) -> T,
    ) -> T {
        let messages: Vec<Vec<u8>> = commands.iter().map(|signed| signed.command.message(chain)).collect();
        let claims = commands.iter().zip(&messages).map(|(signed, message)| Claim {
            key: &signed.command.key,
            message,
            signature: &signed.signature,
        });
        look(&claims.collect::<Vec<_>>())
    }

    /// Names these bytes, signature included: a forged copy never has the id of the original.
    pub fn id(&self) -> Digest {
        let bytes = borsh::to_vec(self).expect("a vector takes all bytes");
        Digest::of("casino/command", &bytes)
    }
}
