use super::*;

fn read(text: &str) -> Result<Node, Diagnostic> {
    let mut sources = Sources::default();
    let source = sources.add("f.yaml", text);
    sources.read(source, 0)
}

fn at(place: Place) -> (u32, u32, u32) {
    (place.line, place.column, place.length)
}

#[test]
fn every_key_and_value_knows_its_place() {
    let root = read("a: 0.1 %\nb: { c: 50/s, ü: [1, 22] }\n").unwrap();
    assert_eq!(at(root.get("a").unwrap().place), (1, 4, 5));
    assert_eq!(at(root.get("b").unwrap().entries()[1].key_place), (2, 15, 1));
    assert_eq!(at(root.at("b.ü.1").unwrap().place), (2, 22, 2));
}

#[test]
fn a_repeated_key_is_kept_and_the_last_one_counts() {
    let root = read("a: 1\nb: 2\na: 3\n").unwrap();
    assert_eq!(root.entries().len(), 3);
    assert!(matches!(root.get("a").unwrap().value, Value::Int(3)));
}

#[test]
fn an_alias_points_to_where_its_value_is_written() {
    let root = read("x-a: &a { b: 1 }\nc: *a\nd: { <<: *a, e: 2 }\n").unwrap();
    assert_eq!(at(root.at("c.b").unwrap().place), (1, 14, 1));
    assert_eq!(at(root.at("d.b").unwrap().place), (1, 14, 1));
    assert_eq!(root.get("d").unwrap().entries().len(), 2);
}

#[test]
fn words_of_old_yaml_are_texts() {
    let root = read("a: yes\non: off\nb: ~\nc: true\n").unwrap();
    assert_eq!(root.get("a").unwrap().text(), Some("yes"));
    assert_eq!(root.get("on").unwrap().text(), Some("off"));
    assert!(matches!(root.get("b").unwrap().value, Value::Null));
    assert!(matches!(root.get("c").unwrap().value, Value::Bool(true)));
}

#[test]
fn what_is_not_yaml_is_one_mistake_with_its_place() {
    for (text, line, column) in [
        ("a: [1, 2\nb: 3", 2, 2),
        ("a: b: c", 1, 5),
        ("a: *x", 1, 4),
        ("a: 1\n---\nb: 1", 3, 1),
        ("a: \"\\q\"", 1, 4),
        ("a: &x [*x]", 1, 8),
        ("a:\n\t- b", 2, 2),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text}: {}", error.message);
    }
}

#[test]
fn nesting_aliases_and_size_are_bounded() {
    assert!(read(&"[".repeat(1_000)).is_err());
    assert!(read(&"- ".repeat(1_000)).is_err());
    assert!(read(&"{a: ".repeat(1_000)).is_err());
    let mut bomb = String::from("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for n in 1..12 {
        let previous = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{previous}]\n"));
    }
    assert!(read(&bomb).is_err());
    assert!(read(&"a".repeat(MAX_BYTES + 1)).unwrap_err().message.contains("bytes"));
}
