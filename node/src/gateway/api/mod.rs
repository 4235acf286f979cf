//! What the gateway says and hears, as JSON. The client reads what the server writes with the same types.
//!
//! Keys, ids, digests, signatures and raw bytes are lower-case hexadecimal. Amounts are whole numbers of the smallest
//! unit up to 2⁶⁴ − 1, which some languages' JSON readers round above 2⁵³.

mod bet;
mod chain;
mod command;
mod event;
mod table;

pub use crate::rules::Rules;
pub use bet::BetName;
pub use chain::{
    Account, BlobsTaken, Block, Certificate, Chain, HandoverForm, HandoverTaken, Handovers, Offence, Signer,
    Validator, Validators,
};
pub use command::{
    Action, BetId, Command, CommandError, CommandForm, Effect, Ended, HandedIn, Status, Statuses, Submission,
    Submissions,
};
pub use event::Event;
pub use table::{OpenBet, Roll, Table, TableSummary, Tables};
