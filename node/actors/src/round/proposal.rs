//! The block that the round proposes: what the mempool gave, with what only the round knows.

use super::messages::Batch;
use super::{Round, checks};
use crate::ports::Event;
use bitcraps_casino::{Attendance, Block};
use bitcraps_consensus::Input;
use bitcraps_types::Value;

/// What a signer of the parent takes in a block where the policy rewards it, in bytes: its index twice and its signature.
const ATTENDANCE_BYTES: usize = 68;

impl Round {
    pub(super) fn rewards(&self) -> bool {
        self.config.genesis.policy.reward.is_some()
    }

    /// How long a block's commands, offences and blobs may be together, in bytes.
    pub(super) fn block_room(&self) -> usize {
        let attendance = if self.rewards() { ATTENDANCE_BYTES * self.validators.len() } else { 0 };
        self.config.block_room().saturating_sub(attendance)
    }

    /// Who signed the tip, where the policy rewards that.
    fn attendance(&self) -> Option<Attendance> {
        let certificate = self.certificate.as_ref().filter(|_| self.rewards())?;
        let signers = certificate.signatures.iter().map(|(signer, _)| *signer).collect();
        Some(Attendance { signers, proof: borsh::to_vec(&**certificate).expect("a vector takes all bytes") })
    }

    pub(super) fn propose(&mut self, Batch { height, round, commands, blobs }: Batch) {
        let Some(proposer) = self.me.filter(|_| height == self.tip.height + 1) else { return };
        let attendance = self.attendance();
        if attendance.is_none() && self.rewards() && self.tip.height > 0 {
            return; // It began with a snapshot and has seen no block since.
        }
        let handover = self.handover.clone().filter(|handover| self.may_hand_over(handover, height).is_ok());
        let alone = handover.is_some();
        let (commands, blobs) = if alone { Default::default() } else { (commands, blobs) };
        let taken = borsh::object_length(&(&commands, &blobs)).unwrap_or(usize::MAX);
        let room = self.block_room().saturating_sub(taken);
        let (offences, _) = self.offences.for_block(height, if alone { 0 } else { room });
        let block = Block {
            height,
            parent: self.tip.digest,
            proposer,
            time: checks::proposed_time(self.ports.clock.wall(), &self.tip),
            state_root: self.root,
            rolls: Block::must_roll(self.bets_are_up, &commands),
            attendance,
            handover,
            commands,
            offences,
            blobs,
        };
        let value = Value::new(block.encode());
        self.ports.probe.event(Event::Proposed { height, round, digest: value.digest() });
        self.inputs.push_back(Input::Proposed { height, round, value });
    }
}
