//! The games as pure state machines, and the dice.
//!
//! A game knows bets, stakes and dice. It holds no money: it says what each bet won or lost, and the treasury, which
//! reserved the worst case before the roll, pays. Who may bet, and where the dice come from, is decided elsewhere.

pub mod craps;
mod dice;
mod event;
pub mod fairness;
pub mod flaw;
mod game;

pub use craps::{Craps, CrapsRules};
pub use dice::{Dice, DiceError, Seed, roll};
pub use event::Event;
pub use game::{BetError, BetId, Game, OpenBet, Outcome, Settlement, TakenDown};
