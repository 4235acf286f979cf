//! Players beside one casino that makes a block of what they hand in every 50 ms.

use super::*;
use crate::scenario::{World, parse};
use bitcraps_casino::{Blobs, Block, Casino};
use bitcraps_consensus::Certificate;
use bitcraps_types::{Amount, Digest, ThresholdSignature, ValidatorIndex, Value, WallTime};

const SECOND: u64 = 1_000_000_000;
const BLOCK: u64 = SECOND / 20;

/// A bet that a table took, and how it ended.
#[derive(Clone, Copy, Debug)]
struct Taken {
    player: usize,
    height: u64,
    bet: craps::Bet,
    stake: Amount,
    /// The point before the roll.
    point: Option<craps::Number>,
    outcome: Option<Outcome>,
}

/// What came of a run.
struct Played {
    players: Players,
    /// Who handed something in, and when.
    acts: Vec<(Time, usize, Action)>,
    taken: BTreeMap<BetId, Taken>,
}

fn players(work: &str) -> (Players, Network) {
    let text = format!(
        "version: 1\nname: t\nclaim: c\nduration: 100 s\nvalidators: {{ count: 4 }}\nworkload: {{ {work} }}\n"
    );
    let scenario = parse("(test)", &text).unwrap_or_else(|all| panic!("{}", all[0])).scenario;
    let network = Network::new(&scenario, World::Lab, 3);
    (Players::new(&scenario, &network, 3, Rc::default()), network)
}

fn play(work: &str, seconds: u64) -> Played {
    let (players, network) = players(work);
    let mut casino = Casino::genesis(&network.genesis).unwrap();
    let verifier = network.keyring.verifier();
    let mut played = Played { players, acts: Vec::new(), taken: BTreeMap::new() };
    for height in 1..=seconds * SECOND / BLOCK {
        let at = Time(height * BLOCK);
        let mut commands = Vec::new();
        while let Some(next) = played.players.next().filter(|next| *next <= at) {
            for HandIn { player, command, .. } in played.players.act(next).honestly {
                played.acts.push((next, player, command.command.action));
                commands.push(command);
            }
        }
        let block = Block {
            height,
            parent: Digest::ZERO,
            proposer: ValidatorIndex(0),
            time: WallTime(height),
            state_root: casino.root(),
            rolls: Block::must_roll(casino.bank().bets_are_up(), &commands),
            attendance: None,
            handover: None,
            commands,
            offences: Vec::new(),
            blobs: Blobs::default(),
        };
        let mut seed = [0; 96];
        seed[..8].copy_from_slice(&height.to_le_bytes());
        let dice = block.rolls.then_some(ThresholdSignature(seed));
        let points: BTreeMap<TableId, craps::Number> =
            casino.tables().iter().filter_map(|table| Some((table.id(), table.game().point()?))).collect();
        let (root, reports) = casino.apply_and_report(&block, dice.as_ref(), &network.chain, &*verifier);
        played.note(&block, &reports, &points);
        let value = Value::new(block.encode());
        let event = Event::Applied {
            height,
            block: &block,
            value: &value,
            certificate: &Certificate { height, round: 0, digest: value.digest(), signatures: Vec::new() },
            dice: dice.as_ref(),
            digest: value.digest(),
            root,
            ledger: casino.bank().ledger(),
            reports: &reports,
            refusals: casino.bank().refusals(),
        };
        // Four nodes tell the same.
        (0..4).for_each(|_| _ = played.players.observe(at, &event));
    }
    played
}

impl Played {
    fn note(&mut self, block: &Block, reports: &[TableReport], points: &BTreeMap<TableId, craps::Number>) {
        let bets: BTreeMap<BetId, (craps::Bet, Amount)> = block
            .commands
            .iter()
            .filter_map(|signed| match signed.command.action {
                Action::Bet { bet: Bet::Craps(bet), stake, .. } => {
                    let id = BetId { account: signed.command.account(), sequence: signed.command.sequence };
                    Some((id, (bet, stake)))
                }
                _ => None,
            })
            .collect();
        for report in reports {
            for answer in report.answers.iter().filter(|answer| answer.answer == Answer::Placed) {
                let (bet, stake) = bets[&answer.id];
                let player = self.players.by_account[&answer.id.account];
                let (height, point) = (block.height, points.get(&report.table).copied());
                self.taken.insert(answer.id, Taken { player, height, bet, stake, point, outcome: None });
            }
            for settled in &report.settlements {
                self.taken.get_mut(&settled.bet).unwrap().outcome = Some(settled.outcome);
            }
        }
    }

    fn of(&self, player: usize) -> Vec<Taken> {
        self.taken.values().filter(|taken| taken.player == player).copied().collect()
    }
}

#[test]
fn each_style_has_its_share_of_the_players() {
    let (players, _) = players("players: 40, strategies: { any: 25 %, line_odds: 50 %, colluders: 25 % }");
    let count = |style| players.people.iter().filter(|person| person.style == style).count();
    assert_eq!([Style::Any, Style::LineOdds, Style::Colluders, Style::Hardways].map(count), [10, 20, 10, 0]);
    let partners = players.people.iter().enumerate().filter_map(|(at, person)| Some((at, person.partner?)));
    assert_eq!(partners.clone().count(), 10);
    assert!(partners.clone().all(|(at, partner)| players.people[partner].partner == Some(at)));
}

#[test]
fn a_line_player_passes_at_each_come_out_and_takes_the_most_odds_once() {
    let played = play("tables: 1, players: 1, bets: 40/s, strategies: { line_odds: 100 % }", 60);
    let bets = played.of(0);
    let lines = bets.iter().filter(|taken| taken.bet == craps::Bet::Pass).count();
    assert!(lines > 50, "{lines}");
    let mut odds = 0;
    for taken in &bets {
        match (taken.bet, taken.point) {
            (craps::Bet::Pass, None) => assert_eq!(taken.stake, 30),
            (craps::Bet::Odds { .. }, Some(point)) => {
                odds += 1;
                let times = [(4, 3), (5, 4), (6, 5), (8, 5), (9, 4), (10, 3)];
                let (_, times) = times.into_iter().find(|(total, _)| *total == point.total()).unwrap();
                assert_eq!(taken.stake, 30 * times, "on {point:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(odds > lines / 3 && odds <= lines, "{odds} odds on {lines} lines");
}

#[test]
fn a_hardway_lover_has_each_hardway_up_once_at_most() {
    let played = play("tables: 1, players: 1, bets: 40/s, strategies: { hardways: 100 % }", 20);
    let bets = played.of(0);
    assert!(bets.len() > 20 && bets.iter().all(|taken| matches!(taken.bet, craps::Bet::Hardway(_))));
    let kinds = |bets: &mut dyn Iterator<Item = craps::Bet>| bets.collect::<BTreeSet<_>>().len();
    assert_eq!(kinds(&mut bets.iter().map(|taken| taken.bet)), 4);
    let up = &played.players.people[0].bets;
    assert_eq!(kinds(&mut up.values().map(|held| held.bet)), up.len());
}

#[test]
fn a_doubler_stakes_twice_as_much_after_each_loss_and_starts_over_after_a_win_or_without_money() {
    let played =
        play("tables: 1, players: 3, bets: 90/s, buy_in: 300, strategies: { martingale: 100 % }", 60);
    let (mut doubled, mut over) = (0, 0);
    for player in 0..3 {
        let mut bets = played.of(player);
        bets.sort_by_key(|taken| taken.height);
        let (mut expected, mut money) = (10, 300i64);
        for taken in bets {
            let stake = if expected > money { 10 } else { expected };
            over += u32::from(stake != expected);
            assert_eq!(taken.stake as i64, stake, "{taken:?}");
            match taken.outcome {
                Some(Outcome::Won { payout }) => (expected, money) = (10, money + payout as i64),
                Some(Outcome::Lost) => {
                    (expected, money) = (expected * 2, money - stake);
                    doubled += 1;
                }
                _ => {}
            }
        }
    }
    assert!(doubled > 40 && over > 0, "{doubled} losses, {over} times without money");
}

#[test]
fn colluders_stand_on_both_sides_of_one_roll_with_one_stake() {
    let played = play("tables: 3, players: 6, bets: 60/s, strategies: { colluders: 100 % }", 30);
    let heights = |player: usize, line: craps::Bet| -> Vec<(u64, Amount)> {
        let mut all: Vec<_> = played.of(player).iter().map(|taken| (taken.height, taken.stake)).collect();
        assert!(played.of(player).iter().all(|taken| taken.bet == line));
        all.sort_unstable();
        all
    };
    for pair in 0..3 {
        let (one, other) = (heights(2 * pair, craps::Bet::Pass), heights(2 * pair + 1, craps::Bet::DontPass));
        assert!(one.len() > 20, "{}", one.len());
        assert_eq!(one, other);
    }
}

#[test]
fn who_bets_evenly_makes_every_bet_and_odds_too() {
    let played = play("tables: 20, players: 40, bets: 800/s, strategies: { evenly: 100 % }", 20);
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for taken in played.taken.values() {
        let name = taken.bet.to_string();
        let odds = name.split_once("odds:").map(|(lay, _)| format!("{lay}odds"));
        *kinds.entry(odds.unwrap_or(name)).or_default() += 1;
    }
    let missing: Vec<String> =
        craps::Bet::all().map(|bet| bet.to_string()).filter(|bet| !kinds.contains_key(bet)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(kinds["odds"] > 50 && kinds["lay_odds"] > 10, "{kinds:?}");
    let handed_in = played.acts.len();
    assert!(played.taken.len() * 10 > handed_in * 8, "{} of {handed_in} were taken", played.taken.len());
}

#[test]
fn in_a_closed_loop_nobody_acts_before_its_last_command_is_answered() {
    let work = "tables: 2, players: 10, arrivals: { closed: { think: 500 ms } }";
    let played = play(work, 60);
    for player in 0..10 {
        let mine = played.acts.iter().filter(|(_, who, _)| *who == player);
        let blocks: Vec<u64> = mine.map(|(at, ..)| at.0 / BLOCK).collect();
        assert!(blocks.windows(2).all(|two| two[0] < two[1]), "one command at a time");
        // It thinks for 500 ms and waits for a block, 25 ms on average.
        assert!((80..150).contains(&blocks.len()), "{}", blocks.len());
    }
}

#[test]
fn who_is_away_does_nothing_and_who_leaves_takes_its_bets_down() {
    let work = "tables: 2, players: 50, bets: 100/s, visits: { stay: 5 s, away: 15 s }";
    let played = play(work, 60);
    let bets = played.acts.iter().filter(|(.., action)| matches!(action, Action::Bet { .. })).count();
    assert!((1_000..2_000).contains(&bets), "a quarter of 6,000 turns: {bets}");
    let down = played.acts.iter().filter(|(.., action)| matches!(action, Action::TakeDown { .. })).count();
    assert!(down > 5, "{down}");
    let all_day = play("tables: 2, players: 50, bets: 100/s", 10);
    assert!(all_day.acts.iter().all(|(.., action)| matches!(action, Action::Bet { .. })));
}

#[test]
fn everything_follows_from_the_seed() {
    let work = "tables: 3, players: 20, bets: 50/s, visits: { stay: 5 s, away: 5 s }, arrivals: \
                { bursts: { on: 1 s, off: 1 s } }, strategies: { any: 40 %, evenly: 30 %, martingale: 30 % }";
    let acts = || play(work, 20).acts;
    assert_eq!(acts(), acts());
}
