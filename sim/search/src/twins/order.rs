//! The numbers below a limit in a random order, without storing them: a Feistel network over the next power of four,
//! walked until it lands below the limit.

#[derive(Clone, Copy, Debug)]
pub(super) struct Shuffle {
    limit: u128,
    /// Half of the bits.
    half: u32,
    seed: u64,
}

impl Shuffle {
    pub(super) fn new(limit: u128, seed: u64) -> Shuffle {
        let bits = u128::BITS - limit.saturating_sub(1).leading_zeros();
        Shuffle { limit, half: bits.div_ceil(2).max(1), seed }
    }

    /// The number at a position below the limit.
    pub(super) fn at(&self, position: u128) -> u128 {
        let mut number = position;
        loop {
            number = self.permute(number);
            if number < self.limit {
                return number;
            }
        }
    }

    fn permute(&self, number: u128) -> u128 {
        let mask = (1u128 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for round in 0..6u8 {
            let mixed = crate::scheme::hash(self.seed ^ u64::from(round), &right.to_le_bytes());
            (left, right) = (right, left ^ (mixed & mask));
        }
        left << self.half | right
    }
}
