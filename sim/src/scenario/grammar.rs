//! What a description of a YAML language is made of: shapes of values, objects and their keys.
//!
//! One description (`language.rs`) is read by three: the checker finds the mistakes of a file with it, the
//! JSON Schema is generated from it, and so is the table of faults. So these three can't disagree.

/// What may stand in a place.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Bool,
    /// A text.
    Text(Pattern),
    /// A whole number from the first to the second.
    Int(u64, u64),
    /// A number from the first to the second.
    Num(f64, f64),
    /// A number with a unit.
    Unit(Unit),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list.
    List(&'static List),
    /// A mapping.
    Object(&'static Object),
    /// One of these, told apart by their YAML kind: at most one number, one text, one list, one mapping.
    Either(&'static [Shape]),
}

/// A list: of what, from how many to how many, and whether an item may come twice.
#[derive(Debug)]
pub(super) struct List {
    pub(super) item: Shape,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) unique: bool,
}

/// Which texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Any that is not blank.
    Free,
    /// Names a folder: letters, digits, `.`, `_`, `-`; begins with a letter or digit; at most 100.
    Name,
    /// Letters, digits, `_`, `-`; begins with a letter; at most 64.
    Id,
    /// Letters, digits, `_`; begins with a letter; at most 32.
    Region,
}

impl Pattern {
    /// Whether a text is one.
    pub(super) fn matches(self, text: &str) -> bool {
        let first = |test: fn(&char) -> bool| text.chars().next().is_some_and(|c| test(&c));
        let all = |more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        match self {
            Pattern::Free => !text.trim().is_empty(),
            Pattern::Name => text.len() <= 100 && first(char::is_ascii_alphanumeric) && all("._-"),
            Pattern::Id => text.len() <= 64 && first(char::is_ascii_alphabetic) && all("_-"),
            Pattern::Region => text.len() <= 32 && first(char::is_ascii_alphabetic) && all("_"),
        }
    }

    /// The same as a regular expression.
    pub(super) fn regex(self) -> &'static str {
        match self {
            Pattern::Free => r"\S",
            Pattern::Name => "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
            Pattern::Id => "^[A-Za-z][A-Za-z0-9_-]{0,63}$",
            Pattern::Region => "^[A-Za-z][A-Za-z0-9_]{0,31}$",
        }
    }

    /// In words.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Pattern::Free => "a text that is not empty",
            Pattern::Name => "a name of letters, digits, `.`, `_` and `-`",
            Pattern::Id => "an id of letters, digits, `_` and `-` that begins with a letter",
            Pattern::Region => "the name of a region: letters, digits and `_`, beginning with a letter",
        }
    }
}

/// Which quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A duration.
    Span,
    /// A duration above zero.
    Positive,
    /// A duration above zero, at most 60 s.
    Timeout,
    /// A duration with a sign.
    Offset,
    /// A duration above zero, perhaps with ± another.
    Jittered,
    /// A rate above zero, or zero.
    Rate,
    /// A rate above zero.
    PositiveRate,
    /// A percentage.
    Percent,
    /// A percentage above zero.
    PositivePercent,
    /// A bandwidth.
    Bandwidth,
    /// A size.
    Size,
    /// A range of seeds.
    Seeds,
}

/// A mapping with known keys.
#[derive(Debug)]
pub(super) struct Object {
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// The keys, in groups.
    pub(super) fields: &'static [&'static [Field]],
    /// Which of them exclude each other.
    pub(super) choose: Choose,
    /// What other keys mean.
    pub(super) rest: Option<&'static Rest>,
    /// Keys of the language that this version does not know, and what they are.
    pub(super) later: &'static [(&'static str, &'static str)],
}

/// Keys that the language does not name.
#[derive(Debug)]
pub(super) struct Rest {
    /// What such a key is, in words.
    pub(super) key: &'static str,
    /// Its form.
    pub(super) pattern: &'static str,
    /// Whether a key has that form.
    pub(super) matches: fn(&str) -> bool,
    /// What stands behind it.
    pub(super) shape: Shape,
}

/// Keys that exclude each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choose {
    /// None do.
    Free,
    /// There is exactly one key.
    OneKey,
    /// One of these forms, each with all its keys.
    OneForm(&'static [&'static [&'static str]]),
    /// At most one of these forms.
    AtMostOneForm(&'static [&'static [&'static str]]),
}

impl Choose {
    /// The forms, if it has any.
    pub(super) fn forms(&self) -> &'static [&'static [&'static str]] {
        match self {
            Choose::OneForm(forms) | Choose::AtMostOneForm(forms) => forms,
            Choose::Free | Choose::OneKey => &[],
        }
    }
}

/// One key.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    pub(super) need: Need,
    pub(super) doc: &'static str,
}

/// Whether a key may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It may not.
    Must,
    /// It may, and then this holds.
    Default(&'static str),
}

impl Object {
    /// Every key.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().flat_map(|group| group.iter())
    }

    /// The description of a key.
    pub(super) fn field(&self, key: &str) -> Option<&'static Field> {
        self.keys().find(|field| field.key == key)
    }

    /// Whether it may be written without any key.
    pub(super) fn may_be_empty(&self) -> bool {
        self.keys().all(|field| field.need != Need::Must)
            && !matches!(self.choose, Choose::OneKey | Choose::OneForm(_))
    }
}
