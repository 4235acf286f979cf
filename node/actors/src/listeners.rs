//! Those who take what proven peers say. Everything that gets to them is authenticated and well formed.

use crate::dice::{self, Dice};
use crate::mempool::{Gossip, Mempool};
use crate::round::{FromPeer, FromPeers, Round, ToldOf};
use crate::sync::{self, Sync};
use crate::wire::Wire;
use actix::Addr;
use bitcraps_types::PublicKey;

/// Their addresses. Shared by all links: an address of its own for each is slow to reach among a hundred.
pub(crate) struct Listeners {
    pub(crate) round: Addr<Round>,
    pub(crate) mempool: Addr<Mempool>,
    pub(crate) sync: Addr<Sync>,
    pub(crate) dice: Addr<Dice>,
}

impl Listeners {
    /// Hands a message to the one whom it is for. `false`: whose mailbox is full, and the message is lost.
    pub(crate) fn hand_on(&self, from: PublicKey, wire: Wire) -> bool {
        match wire {
            Wire::Consensus(messages) => {
                self.tell_round(vec![FromPeer { from, messages: messages.into_inner() }])
            }
            Wire::Commands(commands) => {
                self.mempool.try_send(Gossip { from, commands: commands.into_inner() }).is_ok()
            }
            Wire::Sync(message) => self.sync.try_send(sync::FromPeer { from, message }).is_ok(),
            Wire::Dice(partials) => self.dice.try_send(dice::FromPeer { from, partials }).is_ok(),
            Wire::Handover(handover) => self.round.try_send(ToldOf { from, handover }).is_ok(),
            Wire::Hello(_) | Wire::Proof(_) => true,
        }
    }

    /// Hands on what several peers said. `false`: it is lost.
    pub(crate) fn tell_round(&self, heard: Vec<FromPeer>) -> bool {
        self.round.try_send(FromPeers(heard)).is_ok()
    }
}
