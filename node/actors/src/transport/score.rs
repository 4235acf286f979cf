//! What a peer's misdeeds cost it.

use crate::ports::Refusal;
use bitcraps_types::Time;
use std::time::Duration;

/// A peer's guilt. Each misdeed adds to it, time takes it away, and at [`Score::LIMIT`] the peer is banned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    guilt: u64,
    since: Time,
    banned_until: Option<Time>,
}

impl Score {
    /// The guilt at which a peer is banned.
    pub(crate) const LIMIT: u64 = 100;
    /// How long a ban lasts.
    pub(crate) const BAN: Duration = Duration::from_secs(30);
    /// One point of guilt is forgotten in this time.
    const FORGIVENESS: Duration = Duration::from_secs(1);

    /// Counts a misdeed. Whether the peer is banned for it, now.
    pub(crate) fn charge(&mut self, now: Time, why: Refusal) -> bool {
        if self.banned(now) {
            return false;
        }
        let forgiven = (now.since(self.since).as_nanos() / Self::FORGIVENESS.as_nanos()) as u64;
        if forgiven > 0 {
            self.guilt = self.guilt.saturating_sub(forgiven);
            self.since = now;
        }
        self.guilt += guilt(why);
        if self.guilt < Self::LIMIT {
            return false;
        }
        self.guilt = 0;
        self.banned_until = Some(now + Self::BAN);
        true
    }

    /// Whether the peer is banned.
    pub(crate) fn banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }
}

/// A frame that is damaged or one too many may be the link's fault; a wrong signature inside a whole frame is not.
fn guilt(why: Refusal) -> u64 {
    match why {
        Refusal::DamagedFrame | Refusal::Overflow | Refusal::HandshakeTimeout | Refusal::Banned => 0,
        Refusal::RateLimited => 1,
        Refusal::Undecodable | Refusal::BadSignature => 10,
        Refusal::Malformed => 20,
        Refusal::WrongVersion | Refusal::WrongGenesis | Refusal::BadProof => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_signatures_in_a_row_ban_for_a_while() {
        let mut score = Score::default();
        let now = Time(5_000_000_000);
        assert!((0..9).all(|_| !score.charge(now, Refusal::BadSignature)));
        assert!(score.charge(now, Refusal::BadSignature));
        assert!(score.banned(now) && score.banned(now + Score::BAN - Duration::from_nanos(1)));
        assert!(!score.banned(now + Score::BAN));
    }

    #[test]
    fn what_still_comes_during_a_ban_adds_nothing() {
        let mut score = Score::default();
        let now = Time(5_000_000_000);
        assert_eq!((0..1000).filter(|_| score.charge(now, Refusal::Malformed)).count(), 1);
        assert!(!score.charge(now + Score::BAN, Refusal::Malformed), "it starts anew");
    }

    #[test]
    fn rare_misdeeds_are_forgotten_and_noise_is_no_misdeed() {
        let mut score = Score::default();
        for minute in 0..100 {
            assert!(!score.charge(Time(minute * 60_000_000_000), Refusal::Malformed));
            assert!((0..1000).all(|_| !score.charge(Time(minute * 60_000_000_000), Refusal::DamagedFrame)));
        }
    }
}
