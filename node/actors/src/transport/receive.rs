//! What comes over a link: from frames to payloads to those who take them.

use super::Transport;
use crate::peer::Payload;
use crate::ports::{LinkId, Refusal};
use crate::round::FromPeer;
use crate::transport::Due;
use crate::wire::Wire;
use bitcraps_transport::{Arrived, FrameError};
use bytes::Bytes;

/// What a link may send before its handshake is done, in bytes.
const UNPROVEN_BYTES: usize = 64 << 10;

/// The round is told of so many messages at once, at most.
const HEARD_AT_ONCE: usize = 64;

impl Transport {
    pub(super) fn frame(&mut self, id: LinkId, bytes: Bytes) {
        let now = self.now();
        let Some(link) = self.links.get_mut(&id) else {
            self.ports.links.close(id);
            return;
        };
        if !link.allowance.frames.admit(now, bytes.len()) {
            return self.misdeed(id, Refusal::RateLimited);
        }
        link.heard = now;
        if link.proven.is_none() {
            link.unproven_bytes += bytes.len();
            if link.unproven_bytes > UNPROVEN_BYTES {
                return self.misdeed(id, Refusal::RateLimited);
            }
        }
        match link.assembler.accept(now, bytes) {
            Ok(Arrived::Payload(payload)) => self.payload(id, payload),
            Ok(Arrived::Part) => {
                self.fullest.fragments.note(&*self.ports.probe, link.assembler.bytes());
                self.ask_later(id);
            }
            Ok(Arrived::Missing(missing)) => {
                let (again, links) = (&mut link.allowance.again, &self.ports.links);
                link.framer.again(&missing, |frame| again.admit(now, frame.len()) && links.send(id, frame));
            }
            Err(FrameError::Duplicate) => {}
            Err(FrameError::Damaged) => {
                let peer = link.proven;
                self.refused(peer, Refusal::DamagedFrame);
            }
            Err(FrameError::Malformed | FrameError::Overflow) => self.misdeed(id, Refusal::Malformed),
        }
    }

    fn payload(&mut self, id: LinkId, payload: Bytes) {
        let Some(link) = self.links.get(&id) else { return };
        let taken = match link.proven.map(|from| (from, Wire::decode(&payload))) {
            // It may not have heard our proof yet, and then it says its own again.
            None | Some((_, Ok(Wire::Hello(_) | Wire::Proof(_)))) => {
                link.peer.try_send(Payload(payload)).is_ok()
            }
            Some((_, Err(_))) => return self.misdeed(id, Refusal::Undecodable),
            Some((from, Ok(Wire::Consensus(messages)))) => {
                self.heard.push(FromPeer { from, messages: messages.into_inner() });
                self.heard.len() < HEARD_AT_ONCE || self.tell_round()
            }
            Some((from, Ok(wire))) => self.listeners.hand_on(from, wire),
        };
        if !taken {
            let peer = self.links.get(&id).and_then(|link| link.proven);
            self.refused(peer, Refusal::Overflow);
        }
    }

    /// Tells the round what was heard. `false`: it is lost.
    pub(super) fn tell_round(&mut self) -> bool {
        self.heard.is_empty() || self.listeners.tell_round(std::mem::take(&mut self.heard))
    }

    /// Sees to it that fragments that don't come are asked for.
    fn ask_later(&mut self, id: LinkId) {
        let ask_at = self.links.get(&id).and_then(|link| link.assembler.ask_at());
        if let Some(at) = ask_at {
            self.deadlines().set_if_none(Due::Ask(id), at);
        }
    }

    pub(super) fn ask(&mut self, id: LinkId) {
        let now = self.now();
        if let Some(link) = self.links.get_mut(&id) {
            link.assembler.ask(now).into_iter().for_each(|frame| _ = self.ports.links.send(id, frame));
            self.ask_later(id);
        }
    }
}
