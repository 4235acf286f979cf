//! Which rounds are remembered: memory is bounded whatever a validator signs.

use bitcraps_types::Round;

/// How many rounds below the current one are remembered.
pub(super) const PAST_ROUNDS: Round = 16;
/// How many rounds above the current one are remembered.
pub(super) const FUTURE_ROUNDS: Round = 16;

/// The lowest round that is remembered in round `current`.
pub(super) fn lowest(current: Round) -> Round {
    current.saturating_sub(PAST_ROUNDS)
}

/// Whether a round is remembered in round `current`.
pub(super) fn remembers(current: Round, round: Round) -> bool {
    (lowest(current)..=current.saturating_add(FUTURE_ROUNDS)).contains(&round)
}
