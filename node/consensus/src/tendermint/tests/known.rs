//! What a host may drop without checking it.

use super::rig::Rig;
use super::*;
use proptest::prelude::*;

fn knows(rig: &Rig, message: TendermintMessage) -> bool {
    let Signed { message, signature } = signed(message);
    Engine::knows(&rig.engine, &message, &signature)
}

fn prevote(height: Height, author: usize) -> TendermintMessage {
    vote(VoteKind::Prevote, height, 0, author, None)
}

#[test]
fn what_is_held_is_known_and_a_contradiction_or_a_forgery_of_it_is_not() {
    let mut rig = Rig::new(4);
    assert!(!knows(&rig, prevote(1, 2)));
    rig.hear(prevote(1, 2));
    assert!(knows(&rig, prevote(1, 2)));
    assert!(!knows(&rig, vote(VoteKind::Prevote, 1, 0, 2, Some(value("x").digest()))));
    let mut forged = signed(prevote(1, 2));
    forged.signature.0[0] ^= 1;
    assert!(!Engine::knows(&rig.engine, &forged.message, &forged.signature));
    assert!(!knows(&rig, prevote(1, 99)), "a stranger is for the host to refuse");
}

#[test]
fn that_somebody_is_ahead_or_behind_is_news_once() {
    let mut rig = Rig::new(4);
    assert!(!knows(&rig, prevote(9, 2)));
    rig.hear(prevote(9, 2));
    assert!(knows(&rig, prevote(9, 2)) && knows(&rig, prevote(8, 2)));
    assert!(!knows(&rig, prevote(10, 2)) && !knows(&rig, prevote(9, 3)));

    rig.input(Input::Advance { height: 20, validators: rig.set.clone() });
    assert!(!knows(&rig, prevote(9, 2)), "its author is behind");
    rig.hear(prevote(9, 2));
    assert!(knows(&rig, prevote(9, 2)));
}

/// An author, a height, a round, a kind and a value, all of them few.
type Short = (usize, Height, Round, bool, Option<bool>);

fn message((author, height, round, first, choice): Short) -> TendermintMessage {
    let kind = if first { VoteKind::Prevote } else { VoteKind::Precommit };
    let set = validators(&[1; 4]);
    match choice {
        Some(true) if first => TendermintMessage::Proposal(Box::new(Proposal {
            height,
            round,
            author: Tendermint::proposer(&set, height, round),
            value: value(if author < 2 { "x" } else { "y" }),
            polka: None,
        })),
        _ => vote(kind, height, round, author, choice.map(|_| value("x").digest())),
    }
}

proptest! {
    #[test]
    fn what_is_known_changes_nothing(
        steps in prop::collection::vec(
            ((1usize..4, 1u64..6, 0u32..3, any::<bool>(), prop::option::of(any::<bool>())), 0u8..12),
            1..80,
        ),
    ) {
        let mut rig = Rig::new(4);
        rig.accepts = false;
        let mut heard = Vec::new();
        for (short, what) in steps {
            let height = rig.engine.height + 1;
            match what {
                0 => rig.input(Input::Advance { height, validators: rig.set.clone() }),
                1 => rig.ring(TimerKind::Rebroadcast),
                _ => heard.push(message(short)),
            }
            for message in &heard {
                rig.take();
                let before = format!("{:?}", rig.engine);
                if knows(&rig, message.clone()) {
                    rig.hear(message.clone());
                    prop_assert_eq!(&before, &format!("{:?}", rig.engine));
                    prop_assert!(rig.take().is_empty());
                }
            }
            if let Some(last) = heard.last() {
                rig.hear(last.clone());
            }
        }
    }
}
