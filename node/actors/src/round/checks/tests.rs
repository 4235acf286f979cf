use super::*;
use crate::ports::ConsensusMessage;
use crate::round::offences::PER_BLOCK;
use bitcraps_beacon::Shares;
use bitcraps_casino::{
    Action, Bet, Blobs, Command, Committee, DiceKey, GenesisValidator, Handover, Offence, SignedCommand,
    Terms,
};
use bitcraps_consensus::tendermint::{TendermintMessage, Vote, VoteKind};
use bitcraps_consensus::{Evidence, Signed, commit_bytes};
use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};
use bitcraps_types::{
    AccountId, GroupKey, PartialSignature, Sign, TableId, ThresholdKey, ThresholdSignature, ValidatorIndex,
};
use std::rc::Rc;

const CHAIN: ChainId = Digest([3; 32]);
const ROOT: Digest = Digest([4; 32]);
const BLOB_BYTES: usize = 20;
const TIP: Tip = Tip { height: 6, digest: Digest([5; 32]), time: WallTime(1000) };

fn key(n: u8) -> Ed25519 {
    Ed25519::from_seed([n; 32])
}

fn command() -> SignedCommand {
    let action = Action::Transfer { to: AccountId(ROOT), amount: 1 };
    SignedCommand::sign(&CHAIN, Command { key: key(9).public_key(), sequence: 1, action }, &key(9))
}

/// Two prevotes of validator 1 at a height.
fn evidence(height: Height) -> Evidence<ConsensusMessage> {
    evidence_of(1, height)
}

fn evidence_of(by: u8, height: Height) -> Evidence<ConsensusMessage> {
    let vote = |digest| {
        let (kind, author) = (VoteKind::Prevote, ValidatorIndex(by.into()));
        let vote = Vote { kind, height, round: 0, author, digest };
        Signed::new(TendermintMessage::Vote(vote).into(), &CHAIN, &key(by))
    };
    Evidence::of(&vote(None), &vote(Some(ROOT)))
}

fn offences(height: Height) -> Vec<Offence> {
    let mut offences = Offences::default();
    offences.accuse(evidence(height));
    offences.for_block(height, usize::MAX).0
}

fn bet() -> SignedCommand {
    let bet = Bet::Craps(bitcraps_tables::craps::Bet::Field);
    let action = Action::Bet { table: TableId(1), bet, stake: 5 };
    SignedCommand::sign(&CHAIN, Command { key: key(9).public_key(), sequence: 2, action }, &key(9))
}

fn block() -> Block {
    Block {
        height: 7,
        parent: TIP.digest,
        proposer: ValidatorIndex(2),
        time: WallTime(1001),
        state_root: ROOT,
        rolls: false,
        attendance: None,
        handover: None,
        commands: vec![command()],
        offences: offences(3),
        blobs: Blobs::default(),
    }
}

/// Who decides block 7: four validators, under a dice key that is taken for one.
struct House {
    committees: Committees,
    sets: Sets,
}

fn house() -> House {
    let validator = |n| GenesisValidator { key: key(n).public_key(), power: 1 };
    let dice = DiceKey { group: GroupKey(vec![1]), holders: (0..4).map(ValidatorIndex).collect() };
    let committee = Committee { validators: (0..4).map(validator).collect(), dice };
    let committees = Committees::beginning_with(committee);
    House { sets: Sets::new(&committees).unwrap(), committees }
}

/// Takes every group key for one but the empty one.
struct AnyKey;

impl DiceKeys for AnyKey {
    fn key(&self, committee: &Committee, _: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        (!committee.dice.group.0.is_empty()).then(|| Rc::new(NoKey) as _)
    }
}

struct NoKey;

impl ThresholdKey for NoKey {
    fn sign(&self, _: &[u8]) -> Vec<PartialSignature> {
        Vec::new()
    }

    fn verify_partial(&self, _: &[u8], _: u32, _: &PartialSignature) -> bool {
        false
    }

    fn combine(&self, _: &[u8], _: &[(u32, PartialSignature)]) -> Option<ThresholdSignature> {
        None
    }

    fn verify(&self, _: &[u8], _: &ThresholdSignature) -> bool {
        false
    }
}

fn checks<'a>(house: &'a House, offences: &'a Offences) -> Checks<'a> {
    Checks {
        tip: &TIP,
        root: ROOT,
        rewards: false,
        bets_are_up: false,
        chain: &CHAIN,
        committees: &house.committees,
        sets: &house.sets,
        keys: &AnyKey,
        max_bytes: 10_000,
        max_blob_bytes: BLOB_BYTES,
        offences,
        verify: &Ed25519Verifier,
    }
}

fn judge(block: &Block, known: &Offences) -> Result<(), Fault> {
    checks(&house(), known).check(7, &Value::new(block.encode()), Some(WallTime(2000)))
}

fn fault(change: impl FnOnce(&mut Block)) -> Result<(), Fault> {
    let mut block = block();
    change(&mut block);
    judge(&block, &Offences::default())
}

#[test]
fn a_block_that_follows_the_chain_is_accepted() {
    assert_eq!(fault(|_| ()), Ok(()));
}

#[test]
fn each_false_part_of_a_block_is_seen() {
    assert_eq!(fault(|block| block.height = 8), Err(Fault::Height));
    assert_eq!(fault(|block| block.parent = ROOT), Err(Fault::Parent));
    assert_eq!(fault(|block| block.state_root = CHAIN), Err(Fault::StateRoot));
    assert_eq!(fault(|block| block.proposer = ValidatorIndex(4)), Err(Fault::Proposer));
    assert_eq!(fault(|block| block.time = WallTime(1000)), Err(Fault::TooEarly));
    assert_eq!(fault(|block| block.time = WallTime(2001)), Err(Fault::TooLate));
    assert_eq!(fault(|block| block.rolls = true), Err(Fault::Rolls));
    assert_eq!(fault(|block| block.commands[0].command.sequence = 2), Err(Fault::Command));
    assert_eq!(fault(|block| block.commands = vec![command(); 100]), Err(Fault::TooLong));
}

#[test]
fn the_dice_fall_where_a_bet_is_up_or_is_made_and_nowhere_else() {
    let (house, known) = (house(), Offences::default());
    let judge = |bets_are_up, rolls, commands| {
        let checks = Checks { bets_are_up, ..checks(&house, &known) };
        checks.check(7, &Value::new(Block { rolls, commands, offences: vec![], ..block() }.encode()), None)
    };
    for (bets_are_up, bets) in [(false, false), (true, false), (false, true), (true, true)] {
        let commands = if bets { vec![command(), bet()] } else { vec![command()] };
        let must = bets_are_up || bets;
        assert_eq!(judge(bets_are_up, must, commands.clone()), Ok(()));
        assert_eq!(judge(bets_are_up, !must, commands), Err(Fault::Rolls));
    }
}

#[test]
fn a_block_has_no_more_bytes_of_blobs_than_the_genesis_allows() {
    let carries = |blobs: &[&[u8]]| fault(|block| block.blobs = Blobs::of(blobs).unwrap());
    assert_eq!(carries(&[&[1; 12], &[2; 8]]), Ok(()));
    assert_eq!(carries(&[&[1; 12], &[2; 9]]), Err(Fault::Blobs));

    let (house, known) = (house(), Offences::default());
    let takes_none = Checks { max_blob_bytes: 0, ..checks(&house, &known) };
    let judge = |blobs| takes_none.check(7, &Value::new(Block { blobs, ..block() }.encode()), None);
    assert_eq!(judge(Blobs::default()), Ok(()));
    assert_eq!(judge(Blobs::of([[1]]).unwrap()), Err(Fault::Blobs));
}

#[test]
fn an_offence_must_be_proven_new_and_there_once() {
    assert_eq!(fault(|block| block.offences[0].offender = ValidatorIndex(2)), Err(Fault::Offence));
    assert_eq!(fault(|block| block.offences[0].height = 4), Err(Fault::Offence));
    assert_eq!(fault(|block| block.offences[0].proof.push(0)), Err(Fault::Offence));
    assert_eq!(fault(|block| block.offences.push(offences(3).remove(0))), Err(Fault::Offence));
    let by_two = |count: usize| -> Vec<Offence> {
        let each = |height| [evidence_of(1, height), evidence_of(2, height)].into_iter();
        let proofs = (1..=5).flat_map(each).map(|evidence| {
            let mut offences = Offences::default();
            offences.accuse(evidence);
            offences.for_block(7, usize::MAX).0.remove(0)
        });
        proofs.take(count).collect()
    };
    assert_eq!(fault(|block| block.offences = by_two(PER_BLOCK)), Ok(()));
    assert_eq!(fault(|block| block.offences = by_two(PER_BLOCK + 1)), Err(Fault::Offence));

    let mut harmless = evidence(3);
    harmless.second = harmless.first.clone();
    let proof = borsh::to_vec(&harmless).unwrap();
    assert_eq!(fault(|block| block.offences[0].proof = proof), Err(Fault::Offence));

    let mut known = Offences::default();
    known.recorded(vec![(3, ValidatorIndex(1))]);
    assert_eq!(judge(&block(), &known), Err(Fault::Offence));
}

#[test]
fn an_offence_is_neither_of_the_future_nor_too_old_and_then_it_is_forgotten() {
    assert_eq!(fault(|block| block.offences = offences(7)), Ok(()));
    assert_eq!(fault(|block| block.offences = offences(8)), Err(Fault::Offence));

    let judge = |block_height: Height, offences: Vec<Offence>, known: &Offences| {
        let tip = Tip { height: block_height - 1, ..TIP };
        let (height, house) = (block_height, house());
        let checks = Checks { tip: &tip, ..checks(&house, known) };
        checks.check(height, &Value::new(Block { height, offences, ..block() }.encode()), None)
    };
    let mut known = Offences::default();
    known.accuse(evidence(3));
    known.accuse(evidence(4));
    known.recorded(vec![(4, ValidatorIndex(1))]);
    let last = 3 + Offence::MAX_AGE;
    known.forget_before(last);
    assert_eq!(judge(last, known.for_block(last, usize::MAX).0, &known), Ok(()));
    assert_eq!(known.for_block(last, usize::MAX).0.len(), 1);
    assert_eq!(known.for_block(last + 1, usize::MAX).0.len(), 0);
    assert_eq!(judge(last + 1, offences(3), &known), Err(Fault::Offence));
    assert_eq!(judge(last + 1, offences(4), &known), Err(Fault::Offence), "recorded before");
    known.forget_before(last + 2);
    assert_eq!(known.names(), 0);
    assert_eq!(judge(last + 2, offences(4), &known), Err(Fault::Offence), "forgotten, and too old");
}

#[test]
fn a_proof_goes_into_blocks_until_it_is_recorded_and_only_where_it_fits() {
    let mut offences = Offences::default();
    (1..=20).for_each(|height| offences.accuse(evidence(height)));
    let (all, bytes) = offences.for_block(20, usize::MAX);
    assert_eq!(all.len(), PER_BLOCK);
    assert!(borsh::object_length(&all).unwrap() <= bytes + 4, "the room it takes is not understated");
    assert_eq!(offences.for_block(20, bytes - 1).0.len(), PER_BLOCK - 1);
    assert_eq!(offences.for_block(20, 0).0.len(), 0);
    offences.recorded((1..=20).map(|height| (height, ValidatorIndex(1))).collect());
    assert_eq!(offences.for_block(20, usize::MAX).0.len(), 0);
    offences.accuse(evidence(5));
    assert_eq!(offences.for_block(20, usize::MAX).0.len(), 0);
}

#[test]
fn only_a_fresh_block_is_judged_by_the_clock() {
    let (house, known) = (house(), Offences::default());
    let checks = checks(&house, &known);
    let ahead = Value::new(Block { time: WallTime(u64::MAX), ..block() }.encode());
    assert_eq!(checks.check(7, &ahead, None), Ok(()));
    assert_eq!(
        checks.check(7, &ahead, Some(latest_time(WallTime(5), Duration::ZERO, &TIP))),
        Err(Fault::TooLate)
    );
    assert_eq!(proposed_time(WallTime(5), &TIP), WallTime(1001));
    assert_eq!(latest_time(WallTime(1500), Duration::from_nanos(7), &TIP), WallTime(1507));
}

#[test]
fn where_all_clocks_were_set_back_the_chain_goes_on_by_the_least_steps() {
    let (back, drift) = (WallTime(5), Duration::from_nanos(7));
    assert!(proposed_time(back, &TIP) <= latest_time(back, drift, &TIP));
    assert_eq!(latest_time(back, drift, &TIP), WallTime(1001));
}

/// From the four to five, the last of whom is new; approved by the validators with these numbers.
fn handover(powers: [u64; 5], group: &[u8], approvals: &[u8]) -> Option<Box<Handover>> {
    let validator = |(n, power)| GenesisValidator { key: key(n).public_key(), power };
    let validators: Vec<_> = (0..).zip(powers).map(validator).collect();
    let shares = Shares::of(&powers).unwrap();
    let dice = DiceKey { group: GroupKey(group.to_vec()), holders: shares.holders().to_vec() };
    let terms = Terms { number: 1, not_before: 7, to: Committee { validators, dice } };
    let approve = |n: &u8| terms.approve(&CHAIN, &key(*n)).unwrap();
    let approvals = approvals.iter().map(approve).collect();
    Some(Box::new(Handover { terms, approvals }))
}

#[test]
fn a_committee_hands_over_if_more_than_two_thirds_consent_and_does_nothing_else_then() {
    let judge = |handover, change: fn(&mut Block)| {
        let mut block = Block { handover, commands: vec![], offences: vec![], ..block() };
        change(&mut block);
        judge(&block, &Offences::default())
    };
    let good = || handover([1, 1, 1, 0, 1], &[2], &[0, 1, 2, 4]);
    assert_eq!(judge(good(), |_| ()), Ok(()));
    for change in [
        (|block| block.commands = vec![command()]) as fn(&mut Block),
        |block| block.offences = offences(3),
        |block| block.blobs = Blobs::of([[1]]).unwrap(),
    ] {
        assert_eq!(judge(good(), change), Err(Fault::Handover), "it does something else besides");
    }
    let bad = |handover| assert_eq!(judge(handover, |_| ()), Err(Fault::Handover));
    bad(handover([1, 1, 1, 0, 1], &[2], &[0, 1, 4]));
    bad(handover([1, 1, 1, 0, 1], &[2], &[0, 1, 2, 3]));
    bad(handover([1, 1, 1, 0, 1], &[], &[0, 1, 2, 4]));
    let unfair = |holders: &mut Vec<ValidatorIndex>| holders[0] = ValidatorIndex(1);
    let mut approved_unfair = *good().unwrap();
    unfair(&mut approved_unfair.terms.to.dice.holders);
    let approve = |n: &u8| approved_unfair.terms.approve(&CHAIN, &key(*n)).unwrap();
    let approvals = [0, 1, 2, 4].iter().map(approve).collect();
    bad(Some(Box::new(Handover { approvals, ..approved_unfair.clone() })));
}

#[test]
fn an_offence_is_judged_by_the_validators_of_its_height() {
    let mut house = house();
    house.committees.hand_over(4, handover([1, 0, 1, 1, 1], &[2], &[]).unwrap().terms.to);
    house.sets = Sets::new(&house.committees).unwrap();
    let known = Offences::default();
    let judge =
        |offences| checks(&house, &known).check(7, &Value::new(Block { offences, ..block() }.encode()), None);
    assert_eq!(judge(offences(4)), Ok(()), "validator 1 was one then");
    assert_eq!(judge(offences(5)), Err(Fault::Offence), "and not any more");
}

#[test]
fn where_the_policy_rewards_it_a_block_tells_who_signed_its_parent_with_the_parents_certificate() {
    let certificate = |height, digest, signers: &[u8]| {
        let bytes = commit_bytes(&CHAIN, height, 0, &digest);
        let sign = |n: &u8| (ValidatorIndex((*n).into()), key(*n).sign(&bytes));
        Certificate { height, round: 0, digest, signatures: signers.iter().map(sign).collect() }
    };
    let attendance = |certificate: &Certificate| Attendance {
        signers: certificate.signatures.iter().map(|(signer, _)| *signer).collect(),
        proof: borsh::to_vec(certificate).unwrap(),
    };
    let (house, known) = (house(), Offences::default());
    let judge = |rewards, attendance| {
        let checks = Checks { rewards, ..checks(&house, &known) };
        checks.check(7, &Value::new(Block { attendance, ..block() }.encode()), None)
    };
    let good = attendance(&certificate(6, TIP.digest, &[0, 1, 3]));
    assert_eq!(judge(true, Some(good.clone())), Ok(()));
    assert_eq!(judge(false, None), Ok(()));
    let refused = Err(Fault::Attendance);
    assert_eq!(judge(true, None), refused);
    assert_eq!(judge(false, Some(good.clone())), refused);
    assert_eq!(judge(true, Some(attendance(&certificate(6, TIP.digest, &[0, 1])))), refused, "no quorum");
    assert_eq!(
        judge(true, Some(attendance(&certificate(5, TIP.digest, &[0, 1, 3])))),
        refused,
        "another height"
    );
    assert_eq!(judge(true, Some(attendance(&certificate(6, ROOT, &[0, 1, 3])))), refused, "another block");
    let signers = [0, 1, 2].map(ValidatorIndex).to_vec();
    assert_eq!(judge(true, Some(Attendance { signers, ..good.clone() })), refused, "others than signed");
    let proof = [&good.proof[..], &[0]].concat();
    assert_eq!(judge(true, Some(Attendance { proof, ..good })), refused);
}
