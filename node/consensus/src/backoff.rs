//! How timeouts grow with the rounds that fail.

use crate::Config;
use bitcraps_types::Round;
use std::time::Duration;

/// base × growth^round, at most [`Config::MAX_TIMEOUT`]. A growth below 1 counts as 1.
pub(crate) fn timeout(base: Duration, growth: f64, round: Round) -> Duration {
    let seconds = base.as_secs_f64() * power(growth.max(1.0), round);
    if seconds < Config::MAX_TIMEOUT.as_secs_f64() {
        Duration::from_secs_f64(seconds)
    } else {
        Config::MAX_TIMEOUT
    }
}

/// By squaring, with IEEE multiplications only: the precision of `powi` differs between platforms.
fn power(mut base: f64, mut exponent: u32) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}
