//! The second block of an equivocating proposer: as valid as the first, and another.

use bitcraps_casino::Block;
use bitcraps_types::{Value, WallTime};

/// The same block, one nanosecond younger. `None` if the value is no block.
pub(super) fn of(value: &Value) -> Option<Value> {
    let mut block = Block::decode(value.bytes()).ok()?;
    block.time = WallTime(block.time.0.checked_add(1)?);
    Some(Value::new(block.encode()))
}
