//! Random documents of the language, straight from its description.

use crate::scenario::grammar::{Choose, Object, Pattern, Shape, Unit};
use serde_json::{Map, Value, json};

/// SplitMix64: enough to choose with.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end.max(1)
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Texts that a careless writer of YAML would change.
const TEXTS: [&str; 18] = [
    "yes",
    "null",
    "a: b",
    "- x",
    "# c",
    " lead",
    "two\nlines\n",
    "ünï ± µ",
    "1e3",
    "~",
    "it's",
    "\"q\"",
    "{",
    "a\tb",
    "trail ",
    "0x10",
    "true",
    "2001-01-01",
];

/// A value of a shape.
pub(super) fn sample(shape: &'static Shape, dice: &mut Dice) -> Value {
    match shape {
        Shape::Any => {
            dice.pick(&[&json!(7), &json!("5 s"), &json!(1.5), &json!([1, "on"]), &json!(true)]).clone()
        }
        Shape::Bool => json!(dice.below(2) == 0),
        Shape::Text(Pattern::Free) => json!(dice.pick(&TEXTS)),
        Shape::Text(Pattern::Name) => {
            json!(dice.pick(&["a", "1e5", "123", "null", "x.y-z_0", "0x1F", "on", "1.5"]))
        }
        Shape::Text(Pattern::Id) => json!(dice.pick(&["a", "null", "yes", "split-2", "nan", "E1"])),
        Shape::Text(Pattern::Region) => json!(dice.pick(&["eu", "no", "us", "null", "y"])),
        Shape::Int(min, max) => json!(min + dice.below((max - min).min(50) + 1)),
        Shape::Num(min, max) => json!(min + (max - min) * dice.below(1_000) as f64 / 1_000.0),
        Shape::Unit(unit) => json!(quantity(*unit, dice)),
        Shape::Word(words) => json!(dice.pick(words)),
        Shape::List(list) => {
            let room = (list.max - list.min).min(3) as u64;
            let wanted = list.min + dice.below(room + 1) as usize;
            let mut items: Vec<Value> = Vec::new();
            for _ in 0..100 {
                let item = sample(&list.item, dice);
                if items.len() < wanted && !(list.unique && items.contains(&item)) {
                    items.push(item);
                }
            }
            Value::Array(items)
        }
        Shape::Object(object) => Value::Object(sample_object(object, dice)),
        Shape::Either(shapes) => sample(dice.pick(&shapes.iter().collect::<Vec<_>>()), dice),
    }
}

fn sample_object(object: &'static Object, dice: &mut Dice) -> Map<String, Value> {
    let fields: Vec<_> = object.keys().collect();
    let mut keys: Vec<&str> = match object.choose {
        Choose::OneKey => vec![dice.pick(&fields).key],
        Choose::Free => fields.iter().map(|field| field.key).collect(),
        Choose::OneForm(forms) | Choose::AtMostOneForm(forms) => {
            let form = dice.pick(forms);
            let open = |key: &str| !forms.iter().any(|form| form.contains(&key));
            let others = fields.iter().map(|field| field.key).filter(|key| open(key));
            others.chain(form.iter().copied()).collect()
        }
    };
    // Most keys stay, so that a document says much; the forced ones always do.
    let forced = |key: &str| {
        let must = object.field(key).is_some_and(|field| field.need == super::super::grammar::Need::Must);
        must || matches!(object.choose, Choose::OneKey)
            || object.choose.forms().iter().any(|form| form.contains(&key))
    };
    keys.retain(|key| forced(key) || dice.below(5) > 0);
    let mut map = Map::new();
    for key in keys {
        let field = object.field(key).expect("a key of the object");
        map.insert(key.into(), sample(&field.shape, dice));
    }
    if let Some(rest) = object.rest {
        let names = ["x-a", "eu", "us", "no", "eu-us", "no-no", "validators.count", "seeds", "null"];
        for name in names.into_iter().filter(|name| object.field(name).is_none() && (rest.matches)(name)) {
            if dice.below(2) == 0 {
                map.insert(name.into(), sample(&rest.shape, dice));
            }
        }
    }
    map
}

fn quantity(unit: Unit, dice: &mut Dice) -> String {
    let time = |dice: &mut Dice, least: u64| {
        let (unit, most) =
            *dice.pick(&[&("ms", 60_000), &("s", 60), &("us", 9_999), &("ns", 9_999), &("µs", 7)]);
        format!("{} {unit}", least + dice.below(most - least + 1))
    };
    match unit {
        Unit::Span => time(dice, 0),
        Unit::Positive | Unit::Timeout => time(dice, 1),
        Unit::Offset => format!("{}{}", dice.pick(&["", "-", "+"]), time(dice, 0)),
        Unit::Jittered => match dice.below(2) {
            0 => time(dice, 1),
            _ => format!("{} s ± {} ms", 1 + dice.below(9), dice.below(1_000)),
        },
        Unit::Rate | Unit::PositiveRate => {
            format!("{}.{}/{}", 1 + dice.below(99), dice.below(1_000), dice.pick(&["s", "min", "h"]))
        }
        Unit::Percent | Unit::PositivePercent => format!("{}.{} %", dice.below(99), 1 + dice.below(999)),
        Unit::Bandwidth => {
            format!("{} {}", dice.below(5_000), dice.pick(&["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]))
        }
        Unit::Size => {
            format!("{} {}", dice.below(5_000), dice.pick(&["B", "kB", "KiB", "MB", "MiB", "GB", "GiB"]))
        }
        Unit::Seeds => {
            let start = dice.below(1_000);
            format!("{start}..{}", start + 1 + dice.below(1_000))
        }
    }
}

/// Every value of a document that is not a mapping or a list, with its JSON pointer and its shape.
pub(super) fn leaves(
    shape: &'static Shape,
    value: &Value,
    pointer: &str,
    out: &mut Vec<(String, &'static Shape)>,
) {
    match (shape, value) {
        (Shape::Object(object), Value::Object(map)) => {
            for (key, value) in map {
                let step = key.replace('~', "~0").replace('/', "~1");
                let pointer = format!("{pointer}/{step}");
                match (object.field(key), object.rest) {
                    (Some(field), _) => leaves(&field.shape, value, &pointer, out),
                    (None, Some(rest)) => leaves(&rest.shape, value, &pointer, out),
                    (None, None) => {}
                }
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for (index, value) in items.iter().enumerate() {
                leaves(&list.item, value, &format!("{pointer}/{index}"), out);
            }
        }
        (Shape::Either(shapes), value) => {
            let fits = |shape: &&'static Shape| {
                matches!(
                    (shape, value),
                    (Shape::Int(..) | Shape::Num(..), Value::Number(_))
                        | (Shape::Unit(_) | Shape::Word(_) | Shape::Text(_), Value::String(_))
                        | (Shape::List(_), Value::Array(_))
                        | (Shape::Object(_), Value::Object(_))
                )
            };
            if let Some(shape) = shapes.iter().find(fits) {
                leaves(shape, value, pointer, out);
            }
        }
        (Shape::Any, _) => {}
        (shape, _) => out.push((pointer.into(), shape)),
    }
}
