//! Commit and reveal: each participant commits to a secret by its hash; when all have, each reveals it; the dice follow
//! from the secrets together. Who reveals last knows them before all others, and may say nothing. As the table must go
//! on, what is missing is left out: so each who withholds doubles the outcomes.

use super::wager::Wager;
use super::{Attack, Luck, TABLE, subsets};
use bitcraps_tables::{Dice, Seed, roll};
use bitcraps_types::Digest;

/// How many take part.
const PARTICIPANTS: u64 = 7;

pub(super) fn attacks() -> Vec<Attack> {
    let withholds = |attackers: u32, wager| Attack {
        scheme: "commit-reveal",
        attacker: format!("last of 7 who may withhold: {attackers}"),
        wager,
        outcomes: 1 << attackers,
        one_in: 1,
        play: Box::new(move |luck, wager| play(luck, attackers, wager)),
    };
    let bets = [Wager::any_seven(), Wager::hard_hop(), Wager::natural()];
    bets.into_iter().flat_map(|bet| (0..=3).map(move |attackers| withholds(attackers, bet.clone()))).collect()
}

fn play(luck: &Luck, attackers: u32, wager: &Wager) -> Dice {
    let secrets: Vec<Digest> =
        (0..PARTICIPANTS).map(|participant| luck.draw("secret", participant)).collect();
    let commitments: Vec<Digest> = secrets.iter().map(commit).collect();
    let first_attacker = PARTICIPANTS as usize - attackers as usize;
    // The honest have revealed. The attackers look at what comes of it if these of them stay silent.
    let outcome = |silent: u32| {
        let speaks = |participant: usize| {
            participant < first_attacker || silent & (1 << (participant - first_attacker)) == 0
        };
        let revealed = secrets.iter().enumerate().map(|(at, secret)| speaks(at).then_some(*secret));
        roll(&combine(&commitments, revealed), TABLE)
    };
    wager.best(subsets(attackers).map(outcome)).expect("one subset is empty")
}

fn commit(secret: &Digest) -> Digest {
    Digest::of("sim/dice/commitment", &secret.0)
}

/// The seed, from what was revealed and opens its commitment.
fn combine(commitments: &[Digest], revealed: impl Iterator<Item = Option<Digest>>) -> Seed {
    let mut opened = Vec::new();
    for (commitment, secret) in commitments.iter().zip(revealed) {
        if let Some(secret) = secret.filter(|secret| commit(secret) == *commitment) {
            opened.extend_from_slice(&commitment.0);
            opened.extend_from_slice(&secret.0);
        }
    }
    Seed(Digest::of("sim/dice/revealed", &opened))
}
