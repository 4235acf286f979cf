//! Where a scenario's text says what a verdict speaks of: the line that a remark on the file stands beside.

use super::expect::Eventually;
use super::model::Scenario;
use super::yaml::{Node, Place, Sources, Value};

/// A stretch of one line. Columns count characters from 1; the end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// From 1.
    pub line: u32,
    /// The first character.
    pub column: u32,
    /// The first one that is not in it any more; later than `column`.
    pub end_column: u32,
}

impl Region {
    /// The first character of a text, for what has no place in it.
    pub const START: Region = Region { line: 1, column: 1, end_column: 2 };
}

/// A scenario's text, as far as places in it go. What a `--set` changed has none.
pub struct Places {
    sources: Sources,
    root: Node,
}

impl Places {
    /// Reads the text. `None`: it is no YAML.
    pub fn read(text: &str) -> Option<Places> {
        let mut sources = Sources::default();
        let source = sources.add("", text);
        let root = sources.read(source, 0).ok()?;
        Some(Places { sources, root })
    }

    /// Of the expectation or the fault that a property of this name, as a run's record has it, comes from; of the
    /// nearest that there is if the file does not say it: the file's `expect`, its `name`, its start.
    pub fn of_property(&self, name: &str, scenario: &Scenario) -> Region {
        let found = self.of_fault(name, scenario).or_else(|| self.of_expectation(name, scenario));
        found.or_else(|| self.key("expect")).or_else(|| self.key("name")).unwrap_or(Region::START)
    }

    /// Of a fault, from `fault split` or `fault split lands`.
    fn of_fault(&self, name: &str, scenario: &Scenario) -> Option<Region> {
        let rest = name.strip_prefix("fault ")?;
        let id = rest.strip_suffix(" lands").unwrap_or(rest);
        let index = scenario.faults.iter().position(|fault| fault.id == id)?;
        self.value(&format!("faults.{index}"))
    }

    fn of_expectation(&self, name: &str, scenario: &Scenario) -> Option<Region> {
        if name.strip_suffix(" is violated").is_some() {
            return self.value("expect.violation");
        }
        if name.starts_with("height ") {
            let index = scenario.expect.eventually.iter().position(|goal| is_named(goal, name));
            let listed = index.and_then(|index| self.value(&format!("expect.eventually.{index}")));
            return listed.or_else(|| self.key("expect.eventually"));
        }
        let word = name.strip_prefix("sometimes ").unwrap_or(name);
        let item = ["expect.always", "expect.sometimes"].into_iter().find_map(|list| {
            let items = self.root.at(list)?.items();
            items.iter().find(|item| item.text() == Some(word)).map(|item| self.region(item.place))
        });
        item.or_else(|| self.key(&format!("expect.slo.{word}")))
    }

    fn value(&self, path: &str) -> Option<Region> {
        let node = self.root.at(path)?;
        // YAML's own place of what has parts is where it begins: it is shown with the rest of that line.
        let length = match node.value {
            Value::Map(_) | Value::List(_) => u32::MAX,
            _ => node.place.length,
        };
        Some(self.region(Place { length, ..node.place }))
    }

    /// The key that a dotted path ends with.
    fn key(&self, path: &str) -> Option<Region> {
        let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
        let Value::Map(entries) = &self.root.at(above)?.value else { return None };
        let entry = entries.iter().rev().find(|entry| entry.key == last)?;
        Some(self.region(entry.key_place))
    }

    /// What lies on several lines is shown by its first.
    fn region(&self, place: Place) -> Region {
        let (line, column, length) = self.sources.on_a_line(place);
        Region { line, column, end_column: column.saturating_add(length) }
    }
}

/// Whether a property's name, such as `height >= 60 within 20s after split`, is that of this goal.
fn is_named(goal: &Eventually, name: &str) -> bool {
    let Eventually::Height { at_least, within, after } = goal;
    let after = after.as_ref().map_or(String::new(), |fault| format!(" after {fault}"));
    name == format!("height >= {at_least} within {:?}{after}", within.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 1
name: placed
claim: x
duration: 20 s
validators: { count: 4 }
faults:
  - { id: split, at: 1 s, for: 2 s, inject: { partition: { groups: [[0], [1, 2, 3]] } } }
  - at: 5 s
    on: 1
    inject: { crash: { restart_after: 1 s } }
expect:
  always: [agreement, liveness]
  eventually:
    - { height: { at_least: 3, within: 5 s } }
    - { height: { at_least: 9, within: 5 s, after: split } }
  sometimes: [view_change]
  slo: { commit_latency_p99: 900 ms, recovery: 5 s }
";

    fn place(text: &str, name: &str) -> (u32, u32, u32) {
        let scenario = crate::scenario::parse("(test)", text).expect("the scenario is good").scenario;
        let Region { line, column, end_column } = Places::read(text).unwrap().of_property(name, &scenario);
        (line, column, end_column)
    }

    #[test]
    fn each_property_of_a_verdict_stands_at_the_line_that_asks_for_it() {
        assert_eq!(place(TEXT, "liveness"), (12, 23, 31));
        assert_eq!(place(TEXT, "height >= 3 within 5s"), (14, 7, 47));
        assert_eq!(place(TEXT, "height >= 9 within 5s after split"), (15, 7, 61));
        assert_eq!(place(TEXT, "sometimes view_change"), (16, 15, 26));
        assert_eq!(place(TEXT, "view_change"), (16, 15, 26), "as the sum of all seeds names it");
        assert_eq!(place(TEXT, "recovery"), (17, 38, 46));
    }

    #[test]
    fn a_fault_that_never_landed_stands_at_its_own_line_whether_it_has_an_id_or_not() {
        assert_eq!(place(TEXT, "fault split lands").0, 7);
        let scenario = crate::scenario::parse("(test)", TEXT).unwrap().scenario;
        let unnamed = format!("fault {} lands", scenario.faults[1].id);
        assert_eq!(place(TEXT, &unnamed), (8, 5, 12), "the first line of a fault on several");
    }

    #[test]
    fn what_a_file_does_not_say_stands_at_the_nearest_thing_that_it_says() {
        assert_eq!(place(TEXT, "conservation"), (11, 1, 7), "expected of every run, listed nowhere");
        let bare = "version: 1\nname: bare\nclaim: x\nduration: 5 s\nvalidators: { count: 4 }\n";
        assert_eq!(place(bare, "agreement"), (2, 1, 5));
        let fork = format!("{bare}expect: {{ violation: liveness }}\n");
        assert_eq!(place(&fork, "liveness is violated"), (6, 22, 30));
    }
}
