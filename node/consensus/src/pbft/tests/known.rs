//! What a host may drop without checking it.

use super::rig::Rig;
use super::*;
use proptest::prelude::*;

fn knows(rig: &Rig, message: PbftMessage) -> bool {
    let Signed { message, signature } = signed(message);
    Engine::knows(&rig.engine, &message, &signature)
}

fn commit(height: Height, author: usize) -> PbftMessage {
    vote(VoteKind::Commit, height, 0, author, &value("x"))
}

#[test]
fn what_is_held_is_known_and_a_contradiction_or_a_forgery_of_it_is_not() {
    let mut rig = Rig::new();
    assert!(!knows(&rig, commit(1, 2)));
    rig.hear(commit(1, 2));
    assert!(knows(&rig, commit(1, 2)));
    assert!(!knows(&rig, vote(VoteKind::Commit, 1, 0, 2, &value("y"))));
    let mut forged = signed(commit(1, 2));
    forged.signature.0[0] ^= 1;
    assert!(!Engine::knows(&rig.engine, &forged.message, &forged.signature));
    assert!(!knows(&rig, commit(1, 99)), "a stranger is for the host to refuse");
}

#[test]
fn a_new_view_is_news_after_its_pre_prepare_and_not_the_other_way_round() {
    let x = value("x");
    let claims = [change(1, 1, 0, None), change(1, 1, 1, None), change(1, 1, 2, None)];
    let new_view = new_view(pre_prepare(1, 1, 1, &x), &claims, None);
    let mut rig = Rig::new();
    rig.hear(bare(1, 1, 1, &x));
    assert!(knows(&rig, bare(1, 1, 1, &x)) && !knows(&rig, new_view.clone()));
    rig.hear(new_view.clone());
    assert!(knows(&rig, bare(1, 1, 1, &x)) && knows(&rig, new_view));
}

#[test]
fn that_somebody_is_ahead_or_behind_is_news_once() {
    let mut rig = Rig::new();
    assert!(!knows(&rig, commit(99, 2)));
    rig.hear(commit(99, 2));
    assert!(knows(&rig, commit(99, 2)) && knows(&rig, commit(98, 2)));
    assert!(!knows(&rig, commit(100, 2)) && !knows(&rig, commit(99, 1)));
    rig.input(Input::Advance { height: 200, validators: rig.set.clone() });
    assert!(!knows(&rig, commit(99, 2)), "its author is behind");
    rig.hear(commit(99, 2));
    assert!(knows(&rig, commit(99, 2)));
}

/// An author, a height, a view and a kind, all of them few, and one of two values.
type Short = (usize, Height, Round, u8, bool);

fn message((author, height, view, kind, first): Short) -> PbftMessage {
    let value = value(if first { "x" } else { "y" });
    let primary = view as usize % 4;
    let certificate = |below: Round| (first && below > 0).then(|| prepared(4, height, 0, &value, &[1, 2, 3]));
    match kind {
        0 if author != primary => vote(VoteKind::Prepare, height, view, author, &value),
        1 => bare(height, view, primary, &value),
        2 if view > 0 => change(height, view, author, certificate(view)),
        3 if view > 0 => {
            let claims = [0, 1, 2].map(|author| change(height, view, author, certificate(view)));
            new_view(pre_prepare(height, view, primary, &value), &claims, certificate(view))
        }
        4 => PbftMessage::Checkpoint(Checkpoint {
            height: 16 * height,
            author: v(author),
            digest: value.digest(),
        }),
        _ => vote(VoteKind::Commit, height, view, author, &value),
    }
}

proptest! {
    #[test]
    fn what_is_known_changes_nothing(
        steps in prop::collection::vec(
            ((0usize..3, 1u64..6, 0u32..4, 0u8..6, any::<bool>()), 0u8..12),
            1..60,
        ),
    ) {
        let mut rig = Rig::new();
        rig.accepts = false;
        let mut heard: Vec<PbftMessage> = Vec::new();
        for (short, what) in steps {
            match what {
                0 => rig.advance(),
                1 => rig.ring(TimerKind::Rebroadcast),
                _ => heard.push(message(short)),
            }
            let known: Vec<_> = heard.iter().filter(|message| knows(&rig, (*message).clone())).collect();
            if !known.is_empty() {
                rig.take();
                let before = format!("{:?}", rig.engine);
                known.into_iter().for_each(|message| rig.hear(message.clone()));
                prop_assert!(rig.take().is_empty());
                prop_assert_eq!(&before, &format!("{:?}", rig.engine));
            }
            if let Some(last) = heard.last() {
                rig.hear(last.clone());
            }
        }
    }
}
