//! Random numbers of the lab: cheap, well distributed, and the same on every platform.
//!
//! Each ordered pair of nodes, each effect and each disk has a stream of its own, so that one more draw somewhere
//! shifts nothing elsewhere. A stream is SplitMix64 with its own odd increment (Steele, Lea and Flood, "Fast
//! splittable pseudorandom number generators", 2014), both words taken from BLAKE3 of the seed and the stream's name.
//! Logarithm and exponential are computed here from IEEE additions and multiplications, because those of the C
//! library differ in their last bits between platforms. The actors' own entropy is ChaCha8 (see `ports`).

/// One stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    state: u64,
    increment: u64,
}

impl Stream {
    /// The stream of a 16-byte seed.
    pub(super) fn from_seed(seed: [u8; 16]) -> Stream {
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| seed[at + i]));
        let mut increment = word(8) | 1;
        if (increment ^ (increment >> 1)).count_ones() < 24 {
            increment ^= 0xAAAA_AAAA_AAAA_AAAA;
        }
        Stream { state: word(0), increment }
    }

    /// The stream of one purpose and subject in a run with this seed.
    pub(super) fn derive(seed: u64, purpose: &str, subject: u64) -> Stream {
        let mut bytes = [0; 16];
        Stream::seeds(seed, purpose, subject).fill(&mut bytes);
        Stream::from_seed(bytes)
    }

    /// Seeds for many streams of one purpose and subject.
    pub(super) fn seeds(seed: u64, purpose: &str, subject: u64) -> blake3::OutputReader {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"lab stream");
        hasher.update(&seed.to_le_bytes());
        hasher.update(&subject.to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.finalize_xof()
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(self.increment);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1), in steps of 2⁻⁵³.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability. Always takes one draw.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in `0..bound`; 0 if `bound` is 0. The bias is below `bound` / 2⁶⁴.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Standard normal, by Marsaglia's polar method.
    pub(super) fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * (-2.0 * ln(s) / s).sqrt();
            }
        }
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -ln(1.0 - self.unit())
    }
}

/// The natural logarithm of a normal positive number, to about 1e-15 relative.
pub(super) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7FF) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    // 2 artanh(t), whose series converges fast for |t| < 0.172.
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let mut series = 0.0;
    for k in (0..11).rev() {
        series = series * square + 1.0 / f64::from(2 * k + 1);
    }
    2.0 * t * series + exponent as f64 * std::f64::consts::LN_2
}

/// The exponential, to about 1e-15 relative for |x| < 30; saturates at |x| = 700.
pub(super) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let power = (x * std::f64::consts::LOG2_E + 0.5).floor();
    let rest = x - power * std::f64::consts::LN_2;
    let mut series = 1.0;
    for k in (1..15).rev() {
        series = 1.0 + rest * series / f64::from(k);
    }
    series * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_and_exp_agree_with_the_standard_library() {
        for i in 1..2000 {
            let x = f64::from(i) * 0.037;
            assert!((ln(x) - x.ln()).abs() <= 1e-14 * (1.0 + x.ln().abs()), "ln {x}");
            let y = f64::from(i - 1000) * 0.021;
            assert!((exp(y) / y.exp() - 1.0).abs() < 1e-13, "exp {y}");
        }
        assert!((ln(1e-300) - 1e-300_f64.ln()).abs() < 1e-11);
    }

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let mut stream = Stream::derive(7, "moments", 0);
        let n = 200_000;
        let moments = |draw: &mut dyn FnMut() -> f64| {
            let all: Vec<f64> = (0..n).map(|_| draw()).collect();
            let mean = all.iter().sum::<f64>() / f64::from(n);
            let variance = all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(n);
            (mean, variance)
        };
        let near = |(mean, variance): (f64, f64), expected: (f64, f64)| {
            assert!((mean - expected.0).abs() < 0.01, "mean {mean}");
            assert!((variance - expected.1).abs() < 0.02, "variance {variance}");
        };
        near(moments(&mut || stream.unit()), (0.5, 1.0 / 12.0));
        near(moments(&mut || stream.normal()), (0.0, 1.0));
        near(moments(&mut || stream.exponential()), (1.0, 1.0));
        near(moments(&mut || stream.below(10) as f64 / 10.0), (0.45, 0.0825));
    }

    #[test]
    fn streams_of_different_names_are_different() {
        let first = |seed, purpose, subject| Stream::derive(seed, purpose, subject).next();
        let all = [first(1, "a", 0), first(1, "a", 1), first(1, "b", 0), first(2, "a", 0)];
        for (i, x) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(x));
        }
        assert_eq!(all[0], first(1, "a", 0));
    }
}
