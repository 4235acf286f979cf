//! What a host may drop without checking it.

use super::rig::Rig;
use super::*;
use bitcraps_types::Height;
use proptest::prelude::*;

fn knows(rig: &Rig, message: HotStuffMessage) -> bool {
    let Signed { message, signature } = signed(message);
    Engine::knows(&rig.engine, &message, &signature)
}

fn a_vote(height: Height, author: usize) -> HotStuffMessage {
    HotStuffMessage::Vote(Vote { height, ..vote(0, &value("x"), None, author) })
}

#[test]
fn what_is_held_is_known_and_a_contradiction_or_a_forgery_of_it_is_not() {
    let x = value("x");
    let mut rig = Rig::new(4);
    for message in [
        a_vote(1, 2),
        timeout(0, None, 2),
        proposal(4, 0, None, None, Some(&x)),
        sync_info(2, Some(qc(0, &x, None, &[1, 2, 3])), None),
    ] {
        assert!(!knows(&rig, message.clone()), "{message:?}");
        rig.hear(message.clone());
        assert!(knows(&rig, message.clone()) || message.kind() == "timeout", "{message:?}");
        if message.kind() != "sync-info" {
            let mut forged = signed(message);
            forged.signature.0[0] ^= 1;
            assert!(!Engine::knows(&rig.engine, &forged.message, &forged.signature));
        }
    }
    assert!(!knows(&rig, HotStuffMessage::Vote(vote(0, &value("y"), None, 2))));
    assert!(!knows(&rig, a_vote(1, 99)), "a stranger is for the host to refuse");
}

#[test]
fn a_timeout_of_one_who_needs_help_is_news_until_it_was_helped() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.hear(timeout(0, None, 2));
    rig.hear(sync_info(3, Some(qc(0, &x, None, &[1, 2, 3])), None));
    rig.take();
    assert!(!knows(&rig, timeout(0, None, 2)));
    rig.hear(timeout(0, None, 2));
    assert_eq!(rig.said_to()[0].0, Dest::One(v(2)));
    assert!(knows(&rig, timeout(0, None, 2)));
}

#[test]
fn that_somebody_is_ahead_or_behind_is_news_once() {
    let mut rig = Rig::new(4);
    assert!(!knows(&rig, a_vote(9, 2)));
    rig.hear(a_vote(9, 2));
    assert!(knows(&rig, a_vote(9, 2)) && knows(&rig, a_vote(8, 2)));
    assert!(!knows(&rig, a_vote(10, 2)) && !knows(&rig, a_vote(9, 3)));

    rig.input(Input::Advance { height: 20, validators: rig.set.clone() });
    assert!(!knows(&rig, a_vote(9, 2)), "its author is behind");
    rig.hear(a_vote(9, 2));
    assert!(knows(&rig, a_vote(9, 2)));
}

/// An author, a height, a round, a kind and a value, all of them few.
type Short = (usize, Height, Round, u8, bool);

fn message((author, height, round, kind, first): Short) -> HotStuffMessage {
    let set = validators(&[1; 4]);
    let value = value(if first { "x" } else { "y" });
    let certified = |round| QuorumCertificate { height, ..qc(round, &value, None, &[]) };
    let certified = |round| {
        let mut qc = certified(round);
        let sign = |author| {
            let vote = Vote { height, round, author, digest: qc.digest, justify: None };
            (author, signed(HotStuffMessage::Vote(vote)).signature)
        };
        qc.signatures = [1, 2, 3].map(|author| sign(v(author))).to_vec();
        qc
    };
    match kind {
        0 if round == 0 => HotStuffMessage::Proposal(Box::new(Proposal {
            height,
            round,
            author: HotStuff::leader(&set, height, round),
            justify: None,
            tc: None,
            value: Some(value),
        })),
        1 => HotStuffMessage::Timeout(Box::new(Timeout { height, round, author: v(author), high_qc: None })),
        2 if round > 0 => {
            let high_qc = Some(certified(round - 1));
            HotStuffMessage::Timeout(Box::new(Timeout { height, round, author: v(author), high_qc }))
        }
        3 => {
            let qc = Some(certified(round));
            HotStuffMessage::SyncInfo(Box::new(SyncInfo { height, author: v(author), qc, tc: None }))
        }
        _ => HotStuffMessage::Vote(Vote { height, ..vote(round, &value, None, author) }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_changes_nothing(
        steps in prop::collection::vec(
            ((1usize..4, 1u64..5, 0u32..3, 0u8..6, any::<bool>()), 0u8..12),
            1..60,
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
                2 => rig.ring(TimerKind::Propose),
                _ => heard.push(message(short)),
            }
            for message in &heard {
                if knows(&rig, message.clone()) {
                    rig.take();
                    let before = format!("{:?}", rig.engine);
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
