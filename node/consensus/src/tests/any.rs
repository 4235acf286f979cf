//! The engines under one type.

use super::*;
use bitcraps_types::{Protocol, Time};

fn engine(protocol: Protocol, me: usize) -> AnyEngine {
    AnyEngine::new(protocol, config(Some(me)), validators(&[1; 4]), 1)
}

fn started(engine: &mut AnyEngine) -> Vec<Output<AnyEngine>> {
    let mut out = Vec::new();
    engine.step(Time(1), Input::Start, &mut out);
    out
}

/// The first proposal of a network of one of these protocols, as its proposer signs it.
fn proposal(protocol: Protocol) -> Verified<AnyMessage> {
    let proposer = AnyEngine::proposer(protocol, &validators(&[1; 4]), 1, 0);
    let mut engine = engine(protocol, proposer.index());
    let mut out = started(&mut engine);
    assert!(out.iter().any(|output| matches!(output, Output::Propose { height: 1, round: 0 })));
    let input = Input::Proposed { height: 1, round: 0, value: value("x") };
    engine.step(Time(1), input, &mut out);
    let message = out.into_iter().find_map(|output| match output {
        Output::Sign { message, .. } => Some(message),
        _ => None,
    });
    Verified::own(message.expect("it proposes"), &CHAIN, &key(proposer))
}

#[test]
fn a_protocol_is_found_by_its_name_and_proposes_under_its_own_tag() {
    for protocol in Protocol::ALL {
        assert_eq!(Protocol::named(protocol.name()), Some(protocol));
        let message = proposal(protocol);
        let tag = borsh::to_vec(message.message()).unwrap()[0];
        assert_eq!(Protocol::ALL[usize::from(tag)], protocol);
        let set = validators(&[1; 4]);
        let verified = AnyEngine::verify(message.signed().clone(), &set, &CHAIN, &TagVerifier);
        assert_eq!(verified, Ok(message));
    }
    assert_eq!(Protocol::named("raft"), None);
}

/// Its signature is right, for it is a validator's; it means nothing here.
#[test]
fn what_another_protocols_engine_said_is_not_known_and_changes_nothing() {
    for protocol in Protocol::ALL {
        let mut engine = engine(protocol, 3);
        started(&mut engine);
        let before = format!("{engine:?}");
        for other in Protocol::ALL.into_iter().filter(|other| *other != protocol) {
            let message = proposal(other);
            assert!(!engine.knows(message.message(), &message.signed().signature));
            let mut out = Vec::new();
            engine.step(Time(2), Input::Message(message), &mut out);
            assert!(out.is_empty(), "{out:?}");
        }
        assert_eq!(format!("{engine:?}"), before);
    }
}

#[test]
fn an_engine_takes_back_its_own_entries_and_no_others() {
    for protocol in Protocol::ALL {
        let proposer = AnyEngine::proposer(protocol, &validators(&[1; 4]), 1, 0).index();
        let mut first = engine(protocol, proposer);
        let mut out = started(&mut first);
        first.step(Time(1), Input::Proposed { height: 1, round: 0, value: value("x") }, &mut out);
        let written: Vec<AnyEntry> = out
            .into_iter()
            .filter_map(|output| match output {
                Output::Persist { entry, .. } => Some(entry),
                _ => None,
            })
            .collect();
        assert!(!written.is_empty() && written.iter().all(|entry| entry.height() == 1));
        for other in Protocol::ALL {
            let mut restored = engine(other, proposer);
            restored.restore(written.clone());
            let asks = started(&mut restored).iter().any(|output| matches!(output, Output::Propose { .. }));
            let leads = AnyEngine::proposer(other, &validators(&[1; 4]), 1, 0).index() == proposer;
            assert_eq!(asks, leads && other != protocol, "{protocol}: it proposed before it fell; {other}");
        }
    }
}
