//! The players: who does what, where and when. Every command is signed with the player's own key.
//!
//! A player sees a block when the first node has applied it. What it does then follows from its style ([`styles`]), when
//! it comes to act from the arrival process ([`arrivals`]). Who cheats does so beside that ([`cheats`]). Everything
//! follows from the seed and from what is seen.

mod arrivals;
mod cheats;
mod person;
mod seen;
mod styles;
#[cfg(test)]
mod tests;

use super::network::Network;
use super::timeline::Timeline;
use crate::scenario::{Scenario, Style, Visits, Workload};
use crate::scheme::Keyring;
use arrivals::{Process, exponential};
use bitcraps_actors::ports::Event;
use bitcraps_casino::{Action, Answer, Bet, Command, Reason, SignedCommand, TableReport};
use bitcraps_tables::{BetId, Outcome, craps};
use bitcraps_treasury::{Ledger, LedgerError};
use bitcraps_types::{AccountId, ChainId, TableId, Time};
use person::{Held, Person};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use seen::Seen;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

pub(crate) use cheats::{Cheat, Cheats};

/// A command, and who hands it in where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandIn {
    pub(crate) player: usize,
    pub(crate) to: To,
    pub(crate) command: SignedCommand,
    /// Whether its player signed it. Nobody else's command may ever be in a block.
    pub(crate) is_meant: bool,
}

/// Where a command is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// At the player's node, or at the next one that is up.
    Home,
    /// At the node that so many come before, or at the next one that is up.
    After(usize),
    /// At this node, if it is up.
    Node(u16),
}

/// What is handed in at a moment.
#[derive(Default)]
pub(crate) struct HandedIn {
    /// What players do as they should: when it was done is measured.
    pub(crate) honestly: Vec<HandIn>,
    /// What cheaters do, by fault.
    pub(crate) cheating: Vec<(String, Vec<HandIn>)>,
}

/// Somebody's turn.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// Somebody's, whoever it is.
    Somebody,
    /// This one's, in a closed loop.
    Player(usize),
    /// This one comes, or leaves.
    Visit(usize),
}

/// The players of one run.
pub(crate) struct Players {
    keyring: Keyring,
    chain: ChainId,
    /// Before the keys of the players stand so many.
    validators: usize,
    tables: u32,
    /// Who comes when, and what those do who do anything.
    rng: ChaCha8Rng,
    /// Who comes and goes, who thinks how long, what those do who bet evenly.
    more: ChaCha8Rng,
    process: Process,
    visits: Option<Visits>,
    due: Timeline<Due>,
    people: Vec<Person>,
    by_account: BTreeMap<AccountId, usize>,
    seen: Seen,
    /// All that can be bet on.
    catalogue: Vec<craps::Bet>,
    /// The commands handed in last, the latest last.
    recent: VecDeque<SignedCommand>,
    cheats: Rc<Cheats>,
}

impl Players {
    /// So many commands are remembered for those who replay them.
    const RECENT: usize = 512;

    pub(crate) fn new(scenario: &Scenario, network: &Network, seed: u64, cheats: Rc<Cheats>) -> Players {
        let workload = &scenario.workload;
        let stream =
            |purpose: &str| ChaCha8Rng::from_seed(bitcraps_types::Digest::of(purpose, &seed.to_le_bytes()).0);
        let validators = network.validators.len();
        let people = people(workload, &network.keyring, validators);
        let mut players = Players {
            keyring: network.keyring.clone(),
            chain: network.chain,
            validators,
            tables: workload.tables,
            rng: stream("sim/workload"),
            more: stream("sim/workload/more"),
            process: Process::new(workload),
            visits: workload.visits,
            due: Timeline::new(),
            by_account: people.iter().enumerate().map(|(at, person)| (person.account, at)).collect(),
            people,
            seen: Seen::default(),
            catalogue: craps::Bet::all().collect(),
            recent: VecDeque::new(),
            cheats,
        };
        players.open();
        players
    }

    /// Before the run: who is there, and when the first act.
    fn open(&mut self) {
        if self.people.is_empty() {
            return;
        }
        if let Some(first) = self.process.next_after(Time::ZERO, &mut self.rng) {
            self.due.at(first, Due::Somebody);
        }
        if let Some(Visits { stay, away }) = self.visits {
            let share = stay.nanos() as f64 / (stay.nanos() as f64 + away.nanos() as f64);
            for player in 0..self.people.len() {
                self.people[player].is_there = self.more.random_bool(share);
                self.visit_later(Time::ZERO, player);
            }
        }
        (0..self.people.len()).for_each(|player| self.think(Time::ZERO, player));
    }

    /// When the next turn is.
    pub(crate) fn next(&self) -> Option<Time> {
        [self.due.next(), self.cheats.next()].into_iter().flatten().min()
    }

    /// All that is done at `now`.
    pub(crate) fn act(&mut self, now: Time) -> HandedIn {
        let mut done = HandedIn::default();
        while let Some(due) = self.due.pop_due(now) {
            match due {
                Due::Somebody => {
                    let player = self.rng.random_range(0..self.people.len());
                    self.play(player, &mut done.honestly);
                    if let Some(next) = self.process.next_after(now, &mut self.rng) {
                        self.due.at(next, Due::Somebody);
                    }
                }
                Due::Player(player) => self.play_in_loop(now, player, &mut done.honestly),
                Due::Visit(player) => self.come_or_leave(now, player, &mut done.honestly),
            }
        }
        while let Some((name, turn)) = self.cheats.turn(now, self.people.len(), self.validators) {
            let commands = self.cheat(&turn);
            done.cheating.push((name, commands));
        }
        for HandIn { command, .. } in &done.honestly {
            self.recent.push_back(*command);
        }
        while self.recent.len() > Self::RECENT {
            self.recent.pop_front();
        }
        done
    }

    /// Cheaters have handed in so many commands on behalf of a fault: some nodes may have been down.
    pub(crate) fn cheated(&self, fault: &str, commands: u64) {
        self.cheats.count(fault, commands);
    }

    /// Of those who had the dice last, the players of these nodes.
    pub(crate) fn shooters(&self, nodes: &[u16]) -> BTreeSet<usize> {
        let players = self.seen.shooters().filter_map(|account| self.by_account.get(&account).copied());
        players.filter(|player| nodes.contains(&((player % self.validators) as u16))).collect()
    }

    /// The player acts, or lets its turn pass.
    fn play(&mut self, player: usize, out: &mut Vec<HandIn>) {
        if !self.people[player].is_there || self.cheats.keeps_back(player) {
            return;
        }
        let Players { people, seen, tables, catalogue, rng, more, .. } = self;
        let person = &mut people[player];
        let moves = match person.style {
            Style::Any => {
                let sequence = person.sequence + 1;
                vec![(player, styles::any::next(person, sequence, *tables, catalogue, rng))]
            }
            Style::Evenly => {
                let next = styles::evenly::next(person, seen, *tables, catalogue, more);
                next.map(|action| (player, action)).into_iter().collect()
            }
            _ => styles::moves(people, player, seen),
        };
        out.extend(moves.into_iter().map(|(player, action)| self.hand_in(player, action)));
    }

    /// A turn in a closed loop. Who has nothing to do thinks again.
    fn play_in_loop(&mut self, now: Time, player: usize, out: &mut Vec<HandIn>) {
        if self.process.is_over(now) || !self.people[player].is_there {
            return;
        }
        self.play(player, out);
        if self.people[player].unanswered.is_empty() {
            self.think(now, player);
        }
    }

    /// In a closed loop: its next turn comes when it has thought.
    fn think(&mut self, now: Time, player: usize) {
        if let Some(mean) = self.process.think()
            && self.people[player].is_there
        {
            let at = now + exponential(mean, &mut self.more);
            self.due.at(at, Due::Player(player));
        }
    }

    fn visit_later(&mut self, now: Time, player: usize) {
        let Some(Visits { stay, away }) = self.visits else { return };
        let mean = if self.people[player].is_there { stay } else { away };
        let at = now + exponential(mean.duration(), &mut self.more);
        self.due.at(at, Due::Visit(player));
    }

    /// Who leaves takes its bets down.
    fn come_or_leave(&mut self, now: Time, player: usize, out: &mut Vec<HandIn>) {
        if self.process.is_over(now) {
            return;
        }
        let leaves = self.people[player].is_there;
        self.people[player].is_there = !leaves;
        if leaves {
            let account = self.people[player].account;
            let bets = self.people[player].bets.iter().filter(|(_, held)| held.is_up && comes_down(held.bet));
            let down: Vec<(TableId, u64)> = bets.map(|(sequence, held)| (held.table, *sequence)).collect();
            for (table, sequence) in down {
                let action = Action::TakeDown { table, bet: BetId { account, sequence } };
                out.push(self.hand_in(player, action));
            }
        } else {
            self.think(now, player);
        }
        self.visit_later(now, player);
    }

    fn hand_in(&mut self, player: usize, action: Action) -> HandIn {
        let command = self.sign(player, action);
        let person = &mut self.people[player];
        person.unanswered.insert(command.command.sequence);
        if let Action::Bet { table, bet: Bet::Craps(bet), stake } = action {
            let held = Held { table, bet, stake, is_up: false, number: None };
            person.bets.insert(command.command.sequence, held);
        }
        HandIn { player, to: To::Home, command, is_meant: true }
    }

    /// Signs a command with the player's next sequence number.
    fn sign(&mut self, player: usize, action: Action) -> SignedCommand {
        self.people[player].sequence += 1;
        self.sign_again(player, action)
    }

    /// Signs a command with the player's last sequence number once more.
    fn sign_again(&self, player: usize, action: Action) -> SignedCommand {
        let signer = self.keyring.signer(self.validators + player);
        let command = Command { key: signer.public_key(), sequence: self.people[player].sequence, action };
        SignedCommand::sign(&self.chain, command, &*signer)
    }

    /// A node tells something. Whether somebody's turn came by it.
    pub(crate) fn observe(&mut self, at: Time, event: &Event<'_>) -> bool {
        let Event::Applied { height, block, reports, refusals, ledger, .. } = *event else { return false };
        if height <= self.seen.height || self.people.is_empty() {
            return false;
        }
        self.seen.height = height;
        for refusal in refusals {
            // A copy of a command that was done is refused, and the bet that it made is still up.
            let copy = matches!(refusal.reason, Reason::Ledger(LedgerError::SequenceUsed { .. }));
            if let Some(player) = self.by_account.get(&refusal.account).filter(|_| !copy) {
                self.people[*player].bets.remove(&refusal.sequence);
            }
        }
        reports.iter().for_each(|report| self.saw_table(report, ledger));
        let mut turns = false;
        for signed in &block.commands {
            let Some(&player) = self.by_account.get(&signed.command.account()) else { continue };
            let person = &mut self.people[player];
            person.money = ledger.account(&person.account).map_or(0, |account| account.available());
            if person.unanswered.remove(&signed.command.sequence) && person.unanswered.is_empty() {
                self.think(at, player);
                turns = self.process.think().is_some();
            }
        }
        turns
    }

    fn saw_table(&mut self, report: &TableReport, ledger: &Ledger) {
        for answer in &report.answers {
            match &answer.answer {
                Answer::Placed => {
                    if let Some(held) = self.bet(answer.id) {
                        held.is_up = true;
                        let travels = matches!(held.bet, craps::Bet::Come | craps::Bet::DontCome);
                        let dice = report.roll.filter(|_| travels);
                        held.number = dice.and_then(|dice| craps::Number::of_total(dice.total()));
                    }
                }
                Answer::TakenDown(down) => down.iter().for_each(|down| _ = self.over(down.bet, ledger)),
                Answer::NotPlaced(_) | Answer::NotTakenDown(_) => {}
            }
        }
        for settled in &report.settlements {
            if let Some(person) = self.over(settled.bet, ledger) {
                match settled.outcome {
                    Outcome::Won { .. } => person.losses = 0,
                    Outcome::Lost => person.losses += 1,
                    Outcome::Pushed => {}
                }
            }
        }
        self.seen.note(report);
    }

    fn bet(&mut self, bet: BetId) -> Option<&mut Held> {
        let player = *self.by_account.get(&bet.account)?;
        self.people[player].bets.get_mut(&bet.sequence)
    }

    /// A bet is up no more. Whose it was.
    fn over(&mut self, bet: BetId, ledger: &Ledger) -> Option<&mut Person> {
        let person = &mut self.people[*self.by_account.get(&bet.account)?];
        person.bets.remove(&bet.sequence)?;
        person.money = ledger.account(&bet.account).map_or(0, |account| account.available());
        Some(person)
    }
}

/// Whether a bet comes down when its player says so. Some that don't from a certain moment on are left up.
fn comes_down(bet: craps::Bet) -> bool {
    use craps::Bet;
    let bonus = matches!(
        bet,
        Bet::Small | Bet::Tall | Bet::All | Bet::Fire | Bet::Repeater(_) | Bet::DifferentDoubles
    );
    !bonus && !matches!(bet, Bet::Pass | Bet::Come | Bet::Put(_) | Bet::Muggsy)
}

/// The players in the order of their keys. Each style has its share of them, one after the other.
fn people(workload: &Workload, keyring: &Keyring, validators: usize) -> Vec<Person> {
    let count = workload.players as usize;
    let person = |player: usize| {
        let account = AccountId::of_key(&keyring.public_key(validators + player));
        // Partners are next to each other, and so at one table.
        let table = TableId((player / 2) as u32 % workload.tables.max(1));
        Person::new(account, style(workload, player, count), table, workload.buy_in)
    };
    let mut people: Vec<Person> = (0..count).map(person).collect();
    let first = people.iter().position(|person| person.style == Style::Colluders).unwrap_or(count);
    let colluders = people.iter().filter(|person| person.style == Style::Colluders).count();
    for pair in 0..colluders / 2 {
        let one = first + 2 * pair;
        (people[one].partner, people[one + 1].partner) = (Some(one + 1), Some(one));
    }
    people
}

/// The style of one of so many players.
fn style(workload: &Workload, player: usize, count: usize) -> Style {
    let place = (player as f64 + 0.5) / count as f64;
    let mut below = 0.0;
    let styles = workload.strategies.iter().find(|(_, share)| {
        below += share.fraction();
        place < below
    });
    styles.or(workload.strategies.iter().next_back()).map_or(Style::Any, |(style, _)| *style)
}
