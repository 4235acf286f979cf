//! The values of one height that this node has the bytes of, and what the application said about each.

use bitcraps_types::{Digest, Value};
use litemap::LiteMap;

/// What is known about a value's validity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judgement {
    /// The bytes never came, or the answer is pending.
    Unknown,
    /// Nobody asked yet: ask now.
    Ask(Value),
    /// The application's answer.
    Known(bool),
}

/// The values of a height by digest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(LiteMap<Digest, Known>);

/// A value can be asked about twice: as a fresh one, which the local clock may refuse, and as one that comes with a
/// proof of lock, which it may not. One question is pending at a time.
#[derive(Clone, Debug)]
struct Known {
    value: Value,
    /// The pending question: whether it is about a fresh value.
    asked: Option<bool>,
    fresh: Option<bool>,
    proven: Option<bool>,
}

impl Values {
    /// Remembers the bytes.
    pub(crate) fn learn(&mut self, value: &Value) {
        self.entry(value);
    }

    /// Remembers a value that this node made itself, or had found valid before it restarted.
    pub(crate) fn learn_valid(&mut self, value: &Value) {
        let known = self.entry(value);
        known.fresh = Some(true);
        known.proven = Some(true);
    }

    fn entry(&mut self, value: &Value) -> &mut Known {
        self.0.entry(value.digest()).or_insert_with(|| Known {
            value: value.clone(),
            asked: None,
            fresh: None,
            proven: None,
        })
    }

    /// The bytes, if they came.
    pub(crate) fn get(&self, digest: &Digest) -> Option<&Value> {
        self.0.get(digest).map(|known| &known.value)
    }

    /// Whether the value is valid. [`Judgement::Ask`] comes once per question.
    pub(crate) fn judge(&mut self, digest: &Digest, fresh: bool) -> Judgement {
        let Some(known) = self.0.get_mut(digest) else {
            return Judgement::Unknown;
        };
        let answer = match (fresh, known.fresh, known.proven) {
            (true, Some(valid), _) => Some(valid),
            (true, None, Some(false)) => Some(false),
            (true, None, _) => None,
            (false, Some(true), _) => Some(true),
            (false, _, proven) => proven,
        };
        match answer {
            Some(valid) => Judgement::Known(valid),
            None if known.asked.is_some() => Judgement::Unknown,
            None => {
                known.asked = Some(fresh);
                Judgement::Ask(known.value.clone())
            }
        }
    }

    /// Takes the answer to the pending question.
    pub(crate) fn answer(&mut self, digest: &Digest, valid: bool) {
        let Some(known) = self.0.get_mut(digest) else {
            return;
        };
        match known.asked.take() {
            Some(true) => known.fresh = Some(valid),
            Some(false) => known.proven = Some(valid),
            None => {}
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Forgets the values that `keep` does not name.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Digest) -> bool) {
        self.0.retain(|digest, _| keep(digest));
    }
}
