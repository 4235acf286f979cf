//! Engines under the forking attacks, without actors: messages take 10 ms, writes are durable at once, and who is behind
//! is sent the decided block.

use super::*;
use bitcraps_consensus::{
    AnyEngine, Certificate, Config, Dest, Engine, Input, Output, Timer, ValidatorSet, Verified,
};
use bitcraps_types::{Height, Protocol, WallTime};
use std::time::Duration;

/// A block without commands.
pub(super) fn block(height: Height, salt: u64) -> Value {
    let block = bitcraps_casino::Block {
        height,
        parent: Digest::ZERO,
        proposer: v(0),
        time: WallTime(1000 + salt),
        state_root: Digest::ZERO,
        rolls: false,
        attendance: None,
        handover: None,
        commands: Vec::new(),
        offences: Vec::new(),
        blobs: bitcraps_casino::Blobs::default(),
    };
    Value::new(block.encode())
}

struct Net {
    set: ValidatorSet,
    now: Time,
    engines: Vec<AnyEngine>,
    puppets: Vec<Puppet>,
    queue: BTreeMap<(Time, u64), (usize, What)>,
    sent: u64,
    decided: Vec<BTreeMap<Height, (Value, Certificate)>>,
    accused: BTreeSet<ValidatorIndex>,
    unasked_is_lost: bool,
}

enum What {
    Message(Box<Signed<ConsensusMessage>>),
    Input(Box<Input<AnyEngine>>),
    Ring(Timer),
    Block(Height, Value, Certificate),
}

impl Net {
    fn new(count: u16) -> Net {
        Net::under(Protocol::Tendermint, count)
    }

    fn under(protocol: Protocol, count: u16) -> Net {
        let set = validators(count);
        let config = |me| Config {
            chain: CHAIN,
            me: Some(v(me)),
            propose: Duration::from_millis(300),
            prevote: Duration::from_millis(100),
            precommit: Duration::from_millis(100),
            growth: 1.5,
            rebroadcast: Duration::from_millis(500),
        };
        let mut net = Net {
            engines: (0..count).map(|me| AnyEngine::new(protocol, config(me), set.clone(), 1)).collect(),
            puppets: (0..count).map(|me| puppet_of(me, count)).collect(),
            set,
            now: Time::ZERO,
            queue: BTreeMap::new(),
            sent: 0,
            decided: vec![BTreeMap::new(); usize::from(count)],
            accused: BTreeSet::new(),
            unasked_is_lost: false,
        };
        (0..usize::from(count)).for_each(|node| net.later(0, node, What::Input(Box::new(Input::Start))));
        net
    }

    fn later(&mut self, ms: u64, node: usize, what: What) {
        self.sent += 1;
        self.queue.insert((self.now + Duration::from_millis(ms), self.sent), (node, what));
    }

    fn input(&mut self, node: usize, input: Input<AnyEngine>) {
        self.later(0, node, What::Input(Box::new(input)));
    }

    fn send(&mut self, from: usize, to: usize, message: &Signed<ConsensusMessage>) {
        for outgoing in self.puppets[from].outgoing(self.now, ValidatorIndex(to as u16), message) {
            if let Outgoing::Message(signed) = outgoing {
                self.later(10, to, What::Message(signed));
            }
        }
    }

    fn speak_unasked(&mut self, node: usize) {
        for (to, outgoing) in self.puppets[node].unasked(self.now) {
            if let Outgoing::Message(signed) = outgoing
                && !self.unasked_is_lost
            {
                self.later(10, to.index(), What::Message(signed));
            }
        }
    }

    fn run(&mut self, until: Duration) {
        let due = |queue: &BTreeMap<(Time, u64), _>| {
            queue.first_key_value().is_some_and(|((at, _), _)| *at <= Time::ZERO + until)
        };
        while due(&self.queue)
            && let Some(((at, _), (node, what))) = self.queue.pop_first()
        {
            self.now = at;
            let input = match what {
                What::Input(input) => *input,
                What::Ring(timer) => Input::Timer(timer),
                What::Block(height, value, certificate) => {
                    if self.engines[node].height() != height {
                        continue;
                    }
                    self.decided[node].insert(height, (value, certificate));
                    Input::Advance { height: height + 1, validators: self.set.clone() }
                }
                What::Message(signed) if !self.puppets[node].incoming(at, &signed) => continue,
                What::Message(signed) => match AnyEngine::verify(*signed, &self.set, &CHAIN, &Tags) {
                    Ok(verified) => Input::Message(verified),
                    Err(_) => continue,
                },
            };
            let mut out = Vec::new();
            self.engines[node].step(at, input, &mut out);
            out.into_iter().for_each(|output| self.carry_out(node, output));
            self.speak_unasked(node);
        }
    }

    fn carry_out(&mut self, node: usize, output: Output<AnyEngine>) {
        let others = (0..self.engines.len()).filter(|other| *other != node);
        match output {
            Output::Sign { message, to, .. } => {
                let signer = self.puppets[node].identity.signer.clone();
                let own = Verified::own(message, &CHAIN, &*signer);
                self.input(node, Input::Message(own.clone()));
                let addressed = |other: &usize| to == Dest::All || to == Dest::One(v(*other as u16));
                let addressed: Vec<usize> = others.filter(addressed).collect();
                addressed.into_iter().for_each(|to| self.send(node, to, own.signed()));
            }
            Output::Relay { to: Dest::All, message } => {
                others.collect::<Vec<_>>().into_iter().for_each(|to| self.send(node, to, &message));
            }
            Output::Relay { to: Dest::One(to), message } => self.send(node, to.index(), &message),
            Output::SetTimer { timer, at } => {
                let wait = u64::try_from(at.since(self.now).as_millis()).unwrap();
                self.later(wait, node, What::Ring(timer));
            }
            Output::Propose { height, round } => {
                let value = block(height, u64::from(round));
                self.input(node, Input::Proposed { height, round, value });
            }
            Output::Validate { height, value, .. } => {
                self.input(node, Input::Verdict { height, digest: value.digest(), valid: true });
            }
            Output::Decide { height, value, certificate } => {
                let validators = self.set.clone();
                self.input(node, Input::Advance { height: height + 1, validators });
                self.decided[node].insert(height, (value, certificate));
            }
            Output::Ahead { of, height } => {
                if let Some((value, certificate)) = self.decided[node].get(&height).cloned() {
                    self.later(10, of.index(), What::Block(height, value, certificate));
                }
            }
            // A liar's engine hears of what was said in its name, and would accuse itself.
            Output::Accuse(evidence) if !self.puppets[node].active() => {
                self.accused.insert(evidence.offender());
            }
            _ => {}
        }
    }

    /// The first height at which two honest nodes decided different values, with the two certificates.
    fn fork(&self, honest: &[usize]) -> Option<(Height, Certificate, Certificate)> {
        let [one, others @ ..] = honest else { return None };
        self.decided[*one].iter().find_map(|(height, (value, certificate))| {
            let differs = |other: &&usize| {
                self.decided[**other].get(height).filter(|(theirs, _)| theirs != value).is_some()
            };
            let other = others.iter().find(differs)?;
            Some((*height, certificate.clone(), self.decided[*other][height].1.clone()))
        })
    }
}

fn attack(count: u16, liars: &[u16]) -> Net {
    let mut net = Net::new(count);
    let lie = equivocate(Kinds::ALL, Groups::halves(count, &super::liars(liars)));
    liars.iter().for_each(|&liar| net.puppets[usize::from(liar)].activate("fork", lie.clone()));
    net.run(Duration::from_secs(20));
    net
}

#[test]
fn two_liars_of_four_fork_the_chain_whoever_they_are_and_sign_both_sides() {
    for liars in [[0, 1], [0, 3], [1, 2], [2, 3]] {
        let net = attack(4, &liars);
        let honest: Vec<usize> = (0..4).filter(|node| !liars.contains(&(*node as u16))).collect();
        let (_, first, second) = net.fork(&honest).unwrap_or_else(|| panic!("{liars:?} did not fork"));
        assert_eq!(first.round, second.round);
        let signers = |certificate: &Certificate| -> BTreeSet<_> {
            certificate.signatures.iter().map(|(signer, _)| *signer).collect()
        };
        let culprits: BTreeSet<_> = signers(&first).intersection(&signers(&second)).copied().collect();
        assert_eq!(culprits, super::liars(&liars));
        for certificate in [first, second] {
            certificate.verify(&net.set, &CHAIN, &Tags).unwrap();
        }
    }
}

#[test]
fn three_liars_of_seven_fork_the_chain() {
    let net = attack(7, &[1, 3, 5]);
    assert!(net.fork(&[0, 2, 4, 6]).is_some());
}

#[test]
fn one_liar_of_four_does_not_fork_the_chain() {
    for liar in 0..4 {
        let net = attack(4, &[liar]);
        let honest: Vec<usize> = (0..4).filter(|node| *node != usize::from(liar)).collect();
        assert_eq!(net.fork(&honest), None);
        assert!(honest.iter().any(|node| net.decided[*node].len() > 3), "the chain goes on");
        assert!(net.accused.iter().all(|accused| accused.0 == liar));
        assert!(net.puppets[usize::from(liar)].touched("fork") > 0);
    }
}

#[test]
fn a_double_vote_in_the_open_is_proved_by_every_honest_node() {
    let mut net = Net::new(4);
    let what = Kinds { proposal: false, prevote: true, precommit: true };
    net.puppets[2].activate("double", equivocate(what, Groups::everyone_twice(4, &super::liars(&[2]))));
    net.run(Duration::from_secs(5));
    assert_eq!(net.accused, super::liars(&[2]));
    assert!(net.decided[0].len() > 3);
    assert_eq!(net.fork(&[0, 1, 3]), None);
}

/// Two of four, who have one plan from the start.
fn collude(protocol: Protocol, strategy: Strategy, members: [u16; 2]) -> Net {
    let mut net = Net::under(protocol, 4);
    let groups = Groups::halves(4, &super::liars(&members));
    let plan = Behaviour::from(&Lie::Collude { strategy, groups });
    members.iter().for_each(|&member| net.puppets[usize::from(member)].activate("plan", plan.clone()));
    net.run(Duration::from_secs(20));
    net
}

#[test]
fn a_plan_that_is_made_in_the_midst_of_a_height_forks_a_later_one() {
    for (protocol, strategy) in
        [(Protocol::HotStuff, Strategy::Fork), (Protocol::Tendermint, Strategy::Amnesia)]
    {
        for moment in 0..12 {
            let mut net = Net::under(protocol, 4);
            net.run(Duration::from_millis(500 + 5 * moment));
            assert_eq!(net.fork(&[2, 3]), None);
            let groups = Groups::halves(4, &super::liars(&[0, 1]));
            let plan = Behaviour::from(&Lie::Collude { strategy, groups });
            (0..2).for_each(|member| net.puppets[member].activate("plan", plan.clone()));
            net.run(Duration::from_secs(20));
            assert!(net.fork(&[2, 3]).is_some(), "{protocol}, at {moment}");
        }
    }
}

#[test]
fn colluders_whose_plan_fails_follow_the_protocol_again() {
    let mut net = Net::under(Protocol::HotStuff, 4);
    let groups = Groups::halves(4, &super::liars(&[0, 1]));
    let plan = Behaviour::from(&Lie::Collude { strategy: Strategy::Fork, groups });
    (0..2).for_each(|member| net.puppets[member].activate("plan", plan.clone()));
    // Nothing that they say of their own accord arrives: they plan, and are mute.
    net.unasked_is_lost = true;
    net.run(Duration::from_secs(60));
    assert_eq!(net.fork(&[2, 3]), None);
    assert!(net.decided[2].len() > 6 && net.decided[3].len() > 6, "{}", net.decided[2].len());
}

fn honest(members: [u16; 2]) -> Vec<usize> {
    (0..4).filter(|node| !members.contains(&(*node as u16))).collect()
}

#[test]
fn two_colluders_of_four_fork_every_engine_and_their_signatures_name_them() {
    for protocol in Protocol::ALL {
        let net = collude(protocol, Strategy::Fork, [0, 1]);
        let fork = net.fork(&honest([0, 1])).unwrap_or_else(|| panic!("{protocol} did not fork"));
        let (_, first, second) = fork;
        let signers = |certificate: &Certificate| -> BTreeSet<_> {
            certificate.signatures.iter().map(|(signer, _)| *signer).collect()
        };
        assert_eq!(first.round, second.round, "{protocol}");
        let culprits: BTreeSet<_> = signers(&first).intersection(&signers(&second)).copied().collect();
        assert_eq!(culprits, super::liars(&[0, 1]), "{protocol}");
        assert!(net.accused.is_subset(&super::liars(&[0, 1])), "{protocol}");
    }
}

#[test]
fn hotstuff_is_forked_by_those_who_lead_one_after_the_other() {
    for members in [[0, 1], [1, 2], [2, 3], [3, 0]] {
        let net = collude(Protocol::HotStuff, Strategy::Fork, members);
        assert!(net.fork(&honest(members)).is_some(), "{members:?}");
    }
    for members in [[0, 2], [1, 3]] {
        let net = collude(Protocol::HotStuff, Strategy::Fork, members);
        assert!(net.fork(&honest(members)).is_none() && net.decided[0].len() > 3, "{members:?}");
    }
}

#[test]
fn an_amnesia_attack_on_tendermint_forks_it_and_convicts_nobody() {
    for members in [[0, 1], [2, 3], [0, 2]] {
        let net = collude(Protocol::Tendermint, Strategy::Amnesia, members);
        let (_, first, second) = net.fork(&honest(members)).unwrap_or_else(|| panic!("{members:?}"));
        assert_ne!(first.round, second.round);
        assert!(net.accused.is_empty(), "{members:?}: {:?}", net.accused);
    }
}

#[test]
fn one_colluder_of_four_forks_no_engine() {
    for protocol in Protocol::ALL {
        let mut net = Net::under(protocol, 4);
        let groups = Groups::halves(4, &super::liars(&[1]));
        net.puppets[1].activate("plan", Behaviour::from(&Lie::Collude { strategy: Strategy::Fork, groups }));
        net.run(Duration::from_secs(20));
        assert!(net.fork(&[0, 2, 3]).is_none(), "{protocol}");
        assert!(net.decided[0].len() > 3, "{protocol}: the chain goes on");
        assert!(net.accused.is_subset(&super::liars(&[1])), "{protocol}");
    }
}
