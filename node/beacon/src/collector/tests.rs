use super::*;
use proptest::prelude::*;

const CHAIN: ChainId = Digest::ZERO;

/// A scheme without secrets: a partial signature is the hash of the message with the number of the share.
struct Toy {
    held: Vec<u32>,
    threshold: usize,
}

fn tag(message: &[u8], share: u32) -> PartialSignature {
    let mut bytes = [0; 96];
    bytes[..32].copy_from_slice(&Digest::of("toy", &[message, &share.to_le_bytes()].concat()).0);
    PartialSignature(bytes)
}

impl ThresholdKey for Toy {
    fn sign(&self, message: &[u8]) -> Vec<PartialSignature> {
        self.held.iter().map(|share| tag(message, *share)).collect()
    }

    fn verify_partial(&self, message: &[u8], share: u32, partial: &PartialSignature) -> bool {
        *partial == tag(message, share)
    }

    fn combine(&self, message: &[u8], partials: &[(u32, PartialSignature)]) -> Option<ThresholdSignature> {
        let taken = partials.get(..self.threshold)?;
        let right = taken.iter().all(|(share, partial)| self.verify_partial(message, *share, partial));
        right.then(|| ThresholdSignature(tag(message, u32::MAX).0))
    }

    fn verify(&self, message: &[u8], signature: &ThresholdSignature) -> bool {
        signature.0 == tag(message, u32::MAX).0
    }
}

fn block(height: Height) -> Digest {
    Digest::of("block", &height.to_le_bytes())
}

fn new(powers: &[u64]) -> (Collector, Toy) {
    let shares = Shares::of(powers).unwrap();
    let key =
        Toy { held: shares.held_by(ValidatorIndex(0)).to_vec(), threshold: shares.threshold() as usize };
    (Collector::new(CHAIN, shares), key)
}

/// What a validator says truly.
fn said(shares: &Shares, validator: u16, height: Height) -> Partials {
    let message = message(&CHAIN, height, &block(height));
    let held = shares.held_by(ValidatorIndex(validator)).iter();
    Partials {
        height,
        block: block(height),
        repeated: false,
        signatures: held.map(|share| tag(&message, *share)).collect(),
    }
}

fn lie(mut partials: Partials) -> Partials {
    partials.signatures[0].0[5] ^= 1;
    partials
}

#[test]
fn enough_words_give_the_signature_and_one_too_few_does_not() {
    let (mut collector, key) = new(&[1; 4]);
    let shares = collector.shares.clone();
    let own = collector.want(&key, Some(ValidatorIndex(0)), 9, block(9)).unwrap();
    assert_eq!(own, said(&shares, 0, 9));
    assert!(collector.hear(ValidatorIndex(2), said(&shares, 2, 9)));
    assert!(!collector.has_enough());
    assert_eq!(collector.collect(&key), (Collected::Waiting, vec![]));
    assert!(collector.hear(ValidatorIndex(3), said(&shares, 3, 9)));
    let signature = ThresholdSignature(tag(&message(&CHAIN, 9, &block(9)), u32::MAX).0);
    let signed = Collected::Signed { height: 9, block: block(9), signature };
    assert_eq!(collector.collect(&key), (signed, vec![]));
}

#[test]
fn liars_are_named_and_the_others_words_suffice() {
    let (mut collector, key) = new(&[1; 4]);
    let shares = collector.shares.clone();
    collector.want(&key, Some(ValidatorIndex(0)), 9, block(9));
    collector.hear(ValidatorIndex(1), lie(said(&shares, 1, 9)));
    collector.hear(ValidatorIndex(2), said(&shares, 2, 9));
    assert_eq!(collector.collect(&key), (Collected::Waiting, vec![ValidatorIndex(1)]));
    collector.hear(ValidatorIndex(3), said(&shares, 3, 9));
    assert!(matches!(collector.collect(&key), (Collected::Signed { .. }, liars) if liars.is_empty()));
}

#[test]
fn what_no_correct_validator_says_is_not_taken() {
    let (mut collector, _) = new(&[1, 2, 1]);
    let shares = collector.shares.clone();
    assert!(!collector.hear(ValidatorIndex(3), said(&shares, 0, 1)), "a stranger");
    assert!(!collector.hear(ValidatorIndex(1), said(&shares, 0, 1)), "too few shares");
    assert!(!collector.hear(ValidatorIndex(0), said(&shares, 1, 1)), "too many");
    assert!(collector.heard.is_empty());
}

#[test]
fn only_the_latest_word_of_each_is_kept_and_what_is_done_is_forgotten() {
    let (mut collector, key) = new(&[1; 4]);
    let shares = collector.shares.clone();
    for height in [5, 9, 7] {
        assert!(collector.hear(ValidatorIndex(1), said(&shares, 1, height)));
    }
    assert_eq!(collector.heard[&ValidatorIndex(1)].height, 9);
    collector.want(&key, None, 9, block(9));
    collector.forget_to(8);
    assert!(collector.wanted().is_some() && collector.heard.len() == 1);
    collector.forget_to(9);
    assert!(collector.wanted().is_none() && collector.heard.is_empty());
}

#[test]
fn more_partial_signatures_than_shares_do_not_decode() {
    let words = Partials {
        height: 1,
        block: block(1),
        repeated: true,
        signatures: vec![PartialSignature([1; 96]); 3],
    };
    let mut bytes = borsh::to_vec(&words).unwrap();
    assert_eq!(borsh::from_slice::<Partials>(&bytes).unwrap(), words);
    bytes[41..45].copy_from_slice(&(Shares::MAX + 1).to_le_bytes());
    assert!(borsh::from_slice::<Partials>(&bytes).is_err());
}

proptest! {
    /// In whatever order true words and lies come, of less than a third liars: in the end there is the signature, and
    /// only liars were named.
    #[test]
    fn the_honest_always_succeed_and_are_never_blamed(
        powers in prop::collection::vec(1u64..5, 4..9),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        lying in any::<prop::sample::Index>(),
    ) {
        let (mut collector, key) = new(&powers);
        let shares = collector.shares.clone();
        let count = powers.len() as u16;
        let liar = lying.index(powers.len()) as u16;
        prop_assume!(3 * powers[usize::from(liar)] < powers.iter().sum());
        collector.want(&key, None, 1, block(1));
        let all = order.iter().map(|index| index.index(powers.len()) as u16).chain(0..count);
        let mut signed = false;
        for validator in all {
            let word = said(&shares, validator, 1);
            let word = if validator == liar { lie(word) } else { word };
            prop_assert!(collector.hear(ValidatorIndex(validator), word));
            let (collected, named) = collector.collect(&key);
            prop_assert!(named.iter().all(|named| named.0 == liar));
            signed |= matches!(collected, Collected::Signed { .. });
        }
        prop_assert!(signed);
    }
}
