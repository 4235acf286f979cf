//! Every fault that the language names, and which worlds make it in this version.

use super::grammar::{Need, Object, Shape};
use super::inject::Family;
use super::{World, check, language};
use serde::Serialize;

/// One fault, for a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultDoc {
    /// As written behind `inject`.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// Its parameters, empty if it has none or is not made.
    pub parameters: Vec<Parameter>,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// The worlds that make it in this version.
    pub worlds: Vec<&'static str>,
}

/// One parameter of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// What is written there.
    pub value: String,
    /// What holds if it is left out; `None`: it can't be. Empty: it is one of several ways.
    pub default: Option<&'static str>,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// Every fault, by family.
pub fn faults_table() -> Vec<FaultDoc> {
    let groups = [
        (Family::Network, language::NETWORK),
        (Family::Clock, language::CLOCK),
        (Family::Process, language::PROCESS),
        (Family::Disk, language::DISK),
        (Family::Byzantine, language::BYZANTINE),
        (Family::Application, language::APPLICATION),
        (Family::Meta, language::META),
    ];
    let made = groups.into_iter().flat_map(|(family, fields)| {
        fields.iter().map(move |field| FaultDoc {
            name: field.key,
            family,
            parameters: match field.shape {
                Shape::Object(object) => parameters(object),
                _ => Vec::new(),
            },
            doc: field.doc,
            worlds: World::ALL
                .iter()
                .filter(|world| world.makes(field.key))
                .map(|world| world.name())
                .collect(),
        })
    });
    let later = language::LATER.iter().map(|(name, family, doc)| FaultDoc {
        name,
        family: *family,
        parameters: Vec::new(),
        doc,
        worlds: Vec::new(),
    });
    let mut all: Vec<FaultDoc> = made.chain(later).collect();
    all.sort_by_key(|fault| fault.family);
    all
}

/// Whether the fault of this name makes its nodes Byzantine.
pub(crate) fn is_lie(name: &str) -> bool {
    language::BYZANTINE.iter().any(|field| field.key == name)
}

fn parameters(object: &'static Object) -> Vec<Parameter> {
    object
        .keys()
        .map(|field| Parameter {
            name: field.key,
            value: check::describe(&field.shape),
            default: match field.need {
                Need::Must => None,
                Need::Default(text) => Some(text),
            },
            doc: field.doc,
        })
        .collect()
}
