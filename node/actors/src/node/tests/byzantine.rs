//! A node among peers that lie.

use super::*;
use crate::ports::{Adversary, Compute, ConsensusMessage, Outgoing};
use bitcraps_consensus::tendermint::{TendermintMessage, Vote};
use bitcraps_consensus::{AnyMessage, Signed};
use bitcraps_types::ed25519::Ed25519Verifier;
use bitcraps_types::{Digest, PublicKey, Signature, Time, ValidatorIndex, Verify};

/// Byzantine participant that tells every second validator the opposite of what it votes.
struct TwoFaced;

impl Adversary for TwoFaced {
    fn active(&self) -> bool {
        true
    }

    fn outgoing(&self, _: Time, to: ValidatorIndex, message: &Signed<ConsensusMessage>) -> Vec<Outgoing> {
        let message = match &message.message {
            AnyMessage::Tendermint(TendermintMessage::Vote(vote)) if to.0.is_multiple_of(2) => {
                let digest = vote.digest.is_none().then_some(Digest([9; 32]));
                let opposite = TendermintMessage::Vote(Vote { digest, ..*vote });
                Signed::new(opposite.into(), &config(4).genesis.chain_id(), &key(3))
            }
            _ => message.clone(),
        };
        vec![Outgoing::Message(Box::new(message))]
    }

    fn amnesia(&self) -> bool {
        false
    }
}

#[test]
fn an_equivocator_is_recorded_in_the_state_of_all_the_others() {
    let mut world = World::new(4);
    (0..3).for_each(|i| world.start(i, key(i), config(4)));
    world.start_changed(3, key(3), config(4), |ports| ports.adversary = Some(Rc::new(TwoFaced)));
    world.run(Duration::from_secs(10));
    for node in 0..3 {
        assert!(heights(&world, node).len() > 10);
        assert!(world.log().offences.iter().any(|(who, offender)| *who == node && offender.0 == 3));
    }
    assert!(world.log().offences.iter().all(|(_, offender)| offender.0 == 3), "nobody else is accused");
    assert_agreement(&world);
}

/// Byzantine participant that spoils its signatures.
struct Forger;

impl Adversary for Forger {
    fn active(&self) -> bool {
        true
    }

    fn outgoing(&self, _: Time, _: ValidatorIndex, message: &Signed<ConsensusMessage>) -> Vec<Outgoing> {
        let mut message = message.clone();
        message.signature.0[0] ^= 1;
        vec![Outgoing::Message(Box::new(message))]
    }

    fn amnesia(&self) -> bool {
        false
    }
}

/// Counts the signatures that a node checks, and the time that it takes for them.
struct Meter {
    compute: Rc<dyn Compute>,
    checked: Cell<u32>,
    bad: Cell<u32>,
    taken: Cell<Duration>,
}

impl Compute for Meter {
    fn run(&self, cost: Duration, then: Box<dyn FnOnce()>) {
        self.taken.set(self.taken.get() + cost);
        self.compute.run(cost, then);
    }
    fn verify_cost(&self) -> Duration {
        self.compute.verify_cost()
    }
}

impl Verify for Meter {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let good = Ed25519Verifier.verify(key, message, signature);
        self.checked.set(self.checked.get() + 1);
        self.bad.set(self.bad.get() + u32::from(!good));
        good
    }
}

#[test]
fn a_signature_that_is_wrong_costs_as_much_time_as_one_that_is_right() {
    let mut world = World::new(4);
    let mut meter = None;
    world.start_changed(0, key(0), config(4), |ports| {
        let (checked, bad, taken) = (Cell::new(0), Cell::new(0), Cell::new(Duration::ZERO));
        let metered = Rc::new(Meter { compute: ports.compute.clone(), checked, bad, taken });
        ports.compute = metered.clone();
        ports.verifier = metered.clone();
        meter = Some(metered);
    });
    (1..3).for_each(|i| world.start(i, key(i), config(4)));
    world.start_changed(3, key(3), config(4), |ports| ports.adversary = Some(Rc::new(Forger)));
    world.run(Duration::from_secs(3));
    let meter = meter.unwrap();
    assert!(meter.bad.get() >= 10, "{} wrong signatures", meter.bad.get());
    let paid = meter.taken.get().as_nanos() / meter.compute.verify_cost().as_nanos();
    // The proofs of three handshakes are on nobody's account.
    assert_eq!(u128::from(meter.checked.get()) - paid, 3, "of {} checks", meter.checked.get());
}
