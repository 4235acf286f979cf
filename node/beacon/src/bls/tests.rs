use super::*;
use bitcraps_types::ValidatorIndex;

fn shares() -> Shares {
    Shares::of(&[1, 1, 2, 1]).unwrap()
}

/// The keys of all validators, and one that holds no share.
fn keys() -> (Vec<BlsKey>, BlsKey) {
    let shares = shares();
    let (group, secrets) = deal(&shares, [7; 32]).unwrap();
    let keys = secrets.iter().zip(shares.all());
    let keys = keys
        .map(|(secret, held)| BlsKey::public(&group, &shares).unwrap().with_shares(secret, held).unwrap());
    (keys.collect(), BlsKey::public(&group, &shares).unwrap())
}

fn numbered(keys: &[BlsKey], validators: &[u16], message: &[u8]) -> Vec<(u32, PartialSignature)> {
    let shares = shares();
    let of = |validator: &u16| {
        let held = shares.held_by(ValidatorIndex(*validator)).to_vec();
        held.into_iter().zip(keys[usize::from(*validator)].sign(message))
    };
    validators.iter().flat_map(of).collect()
}

#[test]
fn whoever_signs_the_signature_is_the_same() {
    let (keys, stranger) = keys();
    let combined =
        |validators: &[u16]| stranger.combine(b"block", &numbered(&keys, validators, b"block")).unwrap();
    let signature = combined(&[0, 1, 2]);
    for validators in [[1, 2, 3], [3, 2, 0], [2, 0, 3]] {
        assert_eq!(combined(&validators), signature);
    }
    assert_eq!(combined(&[0, 1, 2, 3]), signature);
    assert!(stranger.verify(b"block", &signature) && !stranger.verify(b"blocK", &signature));
}

#[test]
fn too_few_shares_or_a_wrong_one_sign_nothing() {
    let (keys, stranger) = keys();
    assert_eq!(shares().threshold(), 4);
    assert_eq!(stranger.combine(b"m", &numbered(&keys, &[0, 2], b"m")), None, "three of four");
    let mut partials = numbered(&keys, &[0, 1, 2], b"m");
    partials[1].1 = partials[0].1;
    assert_eq!(stranger.combine(b"m", &partials), None);
    let other = numbered(&keys, &[1], b"other");
    partials[1] = other[0];
    assert_eq!(stranger.combine(b"m", &partials), None);
    assert!(
        !stranger.verify_partial(b"m", 1, &other[0].1) && stranger.verify_partial(b"other", 1, &other[0].1)
    );
    assert!(!stranger.verify_partial(b"other", 0, &other[0].1), "another share's");
    assert!(!stranger.verify_partial(b"m", 99, &other[0].1) && stranger.sign(b"m").is_empty());
}

#[test]
fn no_bytes_that_are_no_point_pass_for_a_signature() {
    let (_, stranger) = keys();
    for bytes in [[0; 96], [0xff; 96], [0xc0; 96]] {
        assert!(!stranger.verify(b"m", &ThresholdSignature(bytes)));
        assert!(!stranger.verify_partial(b"m", 0, &PartialSignature(bytes)));
    }
}

#[test]
fn keys_that_are_not_the_validators_are_refused() {
    let shares = shares();
    let (group, secrets) = deal(&shares, [7; 32]).unwrap();
    let equal = Shares::of(&[1; 4]).unwrap();
    assert!(matches!(BlsKey::public(&group, &equal), Err(KeyError::OtherShares { found: 5, wanted: 4, .. })));
    assert!(matches!(BlsKey::public(&GroupKey(vec![1, 2, 3]), &shares), Err(KeyError::NoGroupKey)));
    let with = |secret: &SecretShares, held: &[u32]| {
        BlsKey::public(&group, &shares).unwrap().with_shares(secret, held).map(|_| ())
    };
    assert_eq!(with(&secrets[0], &[0]), Ok(()));
    assert_eq!(with(&secrets[1], &[0]), Err(KeyError::ForeignShare(0)));
    assert_eq!(with(&secrets[2], &[2]), Err(KeyError::NoShares), "one is left");
    assert_eq!(with(&SecretShares(vec![9].into()), &[0]), Err(KeyError::NoShares));
    let (other, _) = deal(&shares, [8; 32]).unwrap();
    let foreign = BlsKey::public(&other, &shares).unwrap().with_shares(&secrets[0], &[0]);
    assert_eq!(foreign.map(|_| ()), Err(KeyError::ForeignShare(0)));
}
