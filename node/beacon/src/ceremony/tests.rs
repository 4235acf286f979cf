//! One ceremony of two validators, of whom one holds two shares: dealings are slow to make.

use super::*;
use crate::bls::BlsKey;
use bitcraps_types::ThresholdKey;

#[test]
fn validators_get_a_key_that_nobody_knows_whole_from_dealings_that_anyone_can_check() {
    let powers = [10, 20];
    let secrets = [1, 2].map(|byte| Secret(Zeroizing::new([byte; 32])));
    let participants = [secrets[0].participant(1), secrets[1].participant(2)];
    let ceremony = Ceremony::new(b"draft", &participants, &powers).unwrap();
    let [first, second] = [0, 1].map(ValidatorIndex);
    let mut dealings = ceremony.deal(first, &secrets[0], [3; 32]).unwrap();
    dealings.extend(ceremony.deal(second, &secrets[1], [4; 32]).unwrap());
    assert_eq!(dealings.len(), 3);

    let group = ceremony.group(&dealings, [5; 32]).unwrap();
    let keys = [first, second].map(|me| {
        let secret = ceremony.take(me, &secrets[me.index()], &dealings, [6; 32]).unwrap();
        let held = ceremony.shares().held_by(me);
        BlsKey::public(&group, ceremony.shares()).unwrap().with_shares(&secret, held).unwrap()
    });
    let partials: Vec<_> = [first, second]
        .into_iter()
        .flat_map(|me| ceremony.shares().held_by(me).to_vec().into_iter().zip(keys[me.index()].sign(b"m")))
        .collect();
    assert!(keys[0].combine(b"m", &partials).is_some());

    let few = ceremony.group(&dealings[..2], [5; 32]).unwrap_err();
    assert_eq!(few, CeremonyError::TooFew { found: 2, total: 3 });
    assert_eq!(
        ceremony.take(first, &secrets[1], &dealings, [6; 32]).err(),
        Some(CeremonyError::ForeignSecret(first))
    );
    let other = Ceremony::new(b"another draft", &participants, &powers).unwrap();
    assert_eq!(other.group(&dealings, [5; 32]).err(), Some(CeremonyError::Dealing(0)));
    let mut damaged = dealings.clone();
    damaged[1].0[200] ^= 1;
    assert!(ceremony.group(&damaged, [5; 32]).is_err());
}

#[test]
fn participants_who_do_not_fit_are_refused() {
    let [a, b] = [1, 2].map(|byte| Secret(Zeroizing::new([byte; 32])).participant(1));
    let new = |participants: &[Participant], powers: &[u64]| Ceremony::new(b"", participants, powers).err();
    assert_eq!(new(&[a.clone(), a.clone()], &[1, 1]), Some(CeremonyError::SameKey));
    assert!(matches!(new(&[a.clone(), b.clone()], &[1, 2]), Some(CeremonyError::Shares(_))));
    let bad = Participant(vec![vec![1; 3]]);
    let expected = CeremonyError::Key { validator: ValidatorIndex(1), key: 0 };
    assert_eq!(new(&[a, bad], &[1, 1]), Some(expected));
}
