//! The layers of a configuration: defaults, then the file, then the environment, then flags. Each value remembers the
//! layer that it came from. Reads all of them before it complains, so that all problems are told at once.

use super::ConfigError;
use super::problem::{Place, Problem};
use super::settings::{Raw, SETTINGS, Setting, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What stands before each name in the environment.
pub const ENVIRONMENT: &str = "BITCRAPS__";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag => f.write_str("flag --set"),
        }
    }
}

/// What is read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file and its text.
    pub file: Option<(PathBuf, String)>,
    /// The environment, all of it.
    pub environment: Vec<(String, String)>,
    /// `section.key=value`, each.
    pub flags: Vec<String>,
}

/// All settings with their values.
#[derive(Clone, Debug)]
pub struct Resolved {
    values: BTreeMap<&'static str, (Value, Origin)>,
}

impl Resolved {
    /// Reads all layers.
    pub fn read(sources: &Sources) -> Result<Resolved, ConfigError> {
        let values = SETTINGS.iter().map(|setting| (setting.key, (setting.default_value(), Origin::Default)));
        let mut reading = Reading { resolved: Resolved { values: values.collect() }, problems: Vec::new() };
        if let Some((path, source)) = &sources.file {
            reading.file(path, source);
        }
        for (name, value) in &sources.environment {
            reading.variable(name, value);
        }
        for flag in &sources.flags {
            reading.flag(flag);
        }
        if reading.problems.is_empty() {
            Ok(reading.resolved)
        } else {
            Err(ConfigError { problems: reading.problems })
        }
    }

    /// A setting's value and where it came from.
    pub fn get(&self, key: &str) -> &(Value, Origin) {
        self.values.get(key).expect("the key of a setting")
    }

    /// All of it as a file; with comments that say where each value came from.
    pub fn to_toml(&self, with_origin: bool) -> String {
        let mut text = String::new();
        let mut section = "";
        for setting in SETTINGS {
            let (of, name) = setting.parts();
            if of != section {
                text += &format!("{}[{of}]\n", if section.is_empty() { "" } else { "\n" });
                section = of;
            }
            let (value, origin) = self.get(setting.key);
            text += &format!("{name} = {}", value.to_toml());
            if with_origin {
                text += &format!("  # {origin}");
            }
            text.push('\n');
        }
        text
    }
}

struct Reading {
    resolved: Resolved,
    problems: Vec<Problem>,
}

impl Reading {
    fn problem(&mut self, message: impl Into<String>, place: Place, help: Option<String>) {
        self.problems.push(Problem { message: message.into(), place, help });
    }

    fn set(&mut self, setting: &Setting, raw: &Raw, all_text: bool, origin: Origin, place: Place) {
        match setting.kind.parse(raw, all_text) {
            Ok(value) => {
                self.resolved.values.insert(setting.key, (value, origin));
            }
            Err(why) => {
                let help =
                    Some(format!("{}; the default is {}", setting.help, setting.default_value().to_toml()));
                self.problem(format!("`{}`: {why}", setting.key), place, help);
            }
        }
    }

    fn file(&mut self, path: &Path, source: &str) {
        let place = |span| Place::in_file(path, source, span);
        let table = match DeTable::parse(source) {
            Ok(table) => table,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                return self.problem(error.message().trim_end(), place(span), None);
            }
        };
        for (section, content) in table.get_ref().iter() {
            let known = SETTINGS.iter().any(|setting| setting.parts().0 == section.get_ref().as_ref());
            let DeValue::Table(content) = content.get_ref() else {
                let message = format!("`{}` stands outside of a section", section.get_ref());
                self.problem(message, place(section.span()), sections_help(section.get_ref()));
                continue;
            };
            if !known {
                let message = format!("unknown section [{}]", section.get_ref());
                self.problem(message, place(section.span()), sections_help(section.get_ref()));
                continue;
            }
            for (name, value) in content.iter() {
                let key = format!("{}.{}", section.get_ref(), name.get_ref());
                let Some(setting) = find(&key) else {
                    let message = format!("unknown key `{}` in [{}]", name.get_ref(), section.get_ref());
                    let help = did_you_mean(name.get_ref(), names_in(section.get_ref()));
                    self.problem(message, place(name.span()), help);
                    continue;
                };
                let line = source[..name.span().start].matches('\n').count() + 1;
                let origin = Origin::File(path.into(), line);
                self.set(setting, &raw(value), false, origin, place(value.span()));
            }
        }
    }

    fn variable(&mut self, name: &str, value: &str) {
        let Some(rest) = name.strip_prefix(ENVIRONMENT) else { return };
        let key = rest.to_ascii_lowercase().replacen("__", ".", 1);
        let place = Place::Environment(name.into());
        match find(&key) {
            Some(setting) => {
                let origin = Origin::Environment(name.into());
                self.set(setting, &Raw::Text(value.into()), true, origin, place);
            }
            None => {
                let names = SETTINGS.iter().map(|setting| variable_of(setting.key));
                let help = did_you_mean(name, names);
                self.problem("no setting has this name", place, help);
            }
        }
    }

    fn flag(&mut self, flag: &str) {
        let place = Place::Flag(flag.into());
        let Some((key, value)) = flag.split_once('=') else {
            return self.problem("expected section.key=value", place, None);
        };
        match find(key.trim()) {
            Some(setting) => self.set(setting, &Raw::Text(value.trim().into()), true, Origin::Flag, place),
            None => {
                let help = did_you_mean(key, SETTINGS.iter().map(|setting| setting.key.to_owned()));
                self.problem(format!("no setting is called `{key}`"), place, help);
            }
        }
    }
}

/// The environment variable of a setting.
pub fn variable_of(key: &str) -> String {
    format!("{ENVIRONMENT}{}", key.replace('.', "__").to_ascii_uppercase())
}

fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

fn names_in(section: &str) -> impl Iterator<Item = String> {
    let parts = SETTINGS.iter().map(Setting::parts);
    parts.filter(move |(of, _)| *of == section).map(|(_, name)| name.to_owned())
}

fn sections_help(written: &str) -> Option<String> {
    let mut sections: Vec<String> = SETTINGS.iter().map(|setting| setting.parts().0.to_owned()).collect();
    sections.dedup();
    did_you_mean(written, sections.clone().into_iter())
        .or_else(|| Some(format!("the sections are {}", sections.join(", "))))
}

fn did_you_mean(written: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<String> = names.collect();
    let nearest = names.iter().max_by(|a, b| similarity(written, a).total_cmp(&similarity(written, b)))?;
    if similarity(written, nearest) > 0.75 {
        return Some(format!("did you mean `{nearest}`?"));
    }
    (names.len() <= 12).then(|| format!("the keys here are {}", names.join(", ")))
}

fn similarity(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

fn raw(value: &Spanned<DeValue<'_>>) -> Raw {
    match value.get_ref() {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Raw::Integer(number.as_str().to_owned()),
        DeValue::Float(number) => Raw::Float(number.as_str().to_owned()),
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> =
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            texts.map_or(Raw::Other("a list of other things than text"), Raw::List)
        }
        other => Raw::Other(other.type_str()),
    }
}
