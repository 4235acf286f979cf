//! What a reader may rely on: the page says what happened, shows nothing as markup that came as data, asks the
//! network for nothing, and is the same each time.

mod sample;
mod svg;

use std::path::Path;

use bitcraps_reports::{
    FaultSpan, Message, NodeEvent, PropertyKind, PropertyResult, ReportError, RunRecord, Verdict, figures,
    html, record_in, write,
};

const HOSTILE: &str = "</script><script>alert(\"1\")</script>'<b onclick=x>&amp;]]><!--\u{0}\u{1b}\u{2028}";

/// A record in which every string is hostile.
fn hostile() -> RunRecord {
    let mut record = sample::run(4, 20);
    let text = || HOSTILE.to_owned();
    let manifest = &mut record.manifest;
    for field in [
        &mut manifest.scenario,
        &mut manifest.claim,
        &mut manifest.world,
        &mut manifest.engine,
        &mut manifest.crypto,
        &mut manifest.version,
        &mut manifest.command,
    ] {
        *field = text();
    }
    record.properties.push(PropertyResult {
        name: text(),
        kind: PropertyKind::Always,
        holds: Some(false),
        detail: text(),
        at_ns: Some(1),
    });
    record.faults.push(FaultSpan {
        id: text(),
        label: text(),
        family: text(),
        start_ns: 5 * sample::SECOND,
        end_ns: 15 * sample::SECOND,
        touched: 3,
        unit: text(),
        nodes: vec![0],
    });
    record.notes.push(text());
    let window = &mut record.windows[0];
    window.title = text();
    window.messages.push(Message {
        from: 0,
        to: 1,
        sent_ns: window.from_ns,
        received_ns: None,
        kind: text(),
        label: text(),
        fault: Some(text()),
    });
    window.marks.push(NodeEvent { node: 2, at_ns: window.from_ns + 1, kind: text(), label: text() });
    record
}

/// The text content of an element's opening tag onwards, up to `end`.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = page.split_once(start).unwrap_or_else(|| panic!("no {start:?}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end:?} after {start:?}")).0
}

#[test]
fn data_never_becomes_markup() {
    let record = hostile();
    let page = html(&record).expect("the page is made");
    assert!(!page.contains("alert(\"1\")"), "a quote came through");
    assert!(!page.contains("<b onclick"), "a tag came through");
    assert!(!page.contains(['\u{0}', '\u{1b}']), "a control character came through");
    // The record in its three parts and the page's own program, nothing else.
    assert_eq!(page.matches("<script").count(), 4);
    assert_eq!(page.matches("</script").count(), 4);
    for figure in figures(&record).expect("the figures are drawn") {
        svg::check_well_formed(&figure.svg);
    }
    let body = page.strip_prefix("<!doctype html>").expect("a doctype first");
    svg::check_well_formed(&void_elements_closed(body));
}

/// HTML's elements without an end tag, made XML's; and scripts and styles, whose text is not XML, emptied.
fn void_elements_closed(page: &str) -> String {
    let mut out = page.to_owned();
    for element in ["script", "style"] {
        let parts: Vec<String> = out
            .split(&format!("</{element}>"))
            .map(|part| match part.rsplit_once(&format!("<{element}")) {
                Some((before, after)) => {
                    let tag = after.split_once('>').expect("the tag ends").0;
                    format!("{before}<{element}{tag}>")
                }
                None => part.to_owned(),
            })
            .collect();
        out = parts.join(&format!("</{element}>"));
    }
    let metas: Vec<String> = out
        .split("<meta ")
        .enumerate()
        .map(|(at, part)| if at == 0 { part.to_owned() } else { part.replacen('>', "/>", 1) })
        .collect();
    metas.join("<meta ")
}

/// Lists have no order but that of time.
fn in_order(mut record: RunRecord) -> RunRecord {
    record.commits.sort_by_key(|it| (it.at_ns, it.node, it.height));
    record.commands.sort_by_key(|it| (it.at_ns, it.latency_ns));
    record.node_events.sort_by_key(|it| (it.at_ns, it.node));
    for window in &mut record.windows {
        window.messages.sort_by_key(|it| (it.sent_ns, it.from, it.to, it.received_ns));
        window.marks.sort_by_key(|it| (it.at_ns, it.node));
    }
    record
}

#[test]
fn the_page_carries_the_record_and_reads_it_back() {
    let record = hostile();
    let page = html(&record).expect("the page is made");
    assert_eq!(record_in(&page).expect("it reads"), in_order(record));
}

#[test]
fn a_large_record_is_carried_in_a_tenth_of_its_json() {
    let mut record = sample::run(30, 1_000);
    record.windows = vec![sample::window(30, 60)];
    let page = html(&record).expect("the page is made");
    let record = in_order(record);
    assert_eq!(record_in(&page).expect("it reads"), record);
    let json = serde_json::to_string(&record).expect("JSON").len();
    let film = between(&page, "<script type=\"text/plain\" id=\"film\">", "</script>").len();
    let series = between(&page, "<script type=\"text/plain\" id=\"series\">", "</script>").len();
    assert!((film + series) * 10 < json, "{} bytes for {json} of JSON", film + series);
}

#[test]
fn a_page_that_is_damaged_or_none_is_refused_with_the_place() {
    let page = html(&sample::run(4, 20)).expect("the page is made");
    let reason = |page: &str| match record_in(page) {
        Err(ReportError::Carried(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason("<!doctype html>").contains("id=\"record\""));
    let film = between(&page, "<script type=\"text/plain\" id=\"film\">", "</script>");
    assert!(reason(&page.replace(film, &film[..film.len() / 2])).starts_with("film: "));
    let middle = film.len() / 2;
    let other = if film.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let damaged = format!("{}{other}{}", &film[..middle], &film[middle + 1..]);
    assert!(reason(&page.replace(film, &damaged)).starts_with("film: "), "the check sum");
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = html(&sample::run(5, 100)).expect("the page is made");
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for reference in ["http:", "https:", "//cdn", "@import", " src=", "<link", "<iframe", "fetch("] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert_eq!(page.matches("url(").count(), page.matches("url(#").count());
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let first = sample::run(9, 120);
    let mut second = first.clone();
    assert_eq!(html(&first).expect("made"), html(&second).expect("made"));
    // The order of the lists is not the run's: it must not show either.
    second.windows[0].messages.reverse();
    second.windows[0].marks.reverse();
    let svgs =
        |record: &RunRecord| figures(record).expect("drawn").into_iter().map(|f| f.svg).collect::<Vec<_>>();
    assert_eq!(svgs(&first), svgs(&second));
    assert_eq!(html(&first).expect("made"), html(&second).expect("made"));
}

#[test]
fn a_run_without_a_commit_has_a_page_that_says_so() {
    let mut record = sample::run(4, 10);
    record.commits.clear();
    record.commands.clear();
    record.windows.clear();
    record.verdict = Verdict::Inconclusive;
    let page = html(&record).expect("the page is made");
    assert!(page.contains("No block was committed in this run"));
    let names: Vec<String> = figures(&record).expect("drawn").into_iter().map(|figure| figure.name).collect();
    assert_eq!(names, ["height", "throughput"]);
}

#[test]
fn the_emptiest_record_still_has_a_page() {
    let page = html(&RunRecord::default()).expect("the page is made");
    for line in
        ["No property was checked", "No fault was injected", "No block was committed", "nothing to draw"]
    {
        assert!(page.contains(line), "{line}");
    }
}

#[test]
fn the_verdict_names_the_first_violation_and_when_it_happened() {
    let mut record = sample::run(4, 10);
    record.verdict = Verdict::Violated;
    let violated = |name: &str, at_s: u64| PropertyResult {
        name: name.into(),
        kind: PropertyKind::Always,
        holds: Some(false),
        detail: "two blocks at height 7".into(),
        at_ns: Some(at_s * sample::SECOND),
    };
    record.properties.extend([violated("late", 30), violated("early", 12)]);
    let page = html(&record).expect("the page is made");
    let verdict = between(&page, "<section class=\"verdict violated\">", "</section>");
    assert!(verdict.contains("Violated"));
    assert!(verdict.contains("early does not hold at 12 s: two blocks at height 7."), "{verdict}");
    assert!(verdict.contains("2 properties do not hold."), "{verdict}");
}

#[test]
fn an_inconclusive_verdict_names_the_fault_that_touched_nothing() {
    let mut record = sample::run(4, 10);
    record.verdict = Verdict::Inconclusive;
    record.faults[1].touched = 0;
    record.properties[3].holds = None;
    let page = html(&record).expect("the page is made");
    let verdict = between(&page, "<section class=\"verdict inconclusive\">", "</section>");
    assert!(verdict.contains("Fault slow-link touched nothing."), "{verdict}");
    assert!(verdict.contains("a-node-catches-up could not be judged."), "{verdict}");
}

#[test]
fn every_caption_states_the_sample_and_the_seed() {
    for figure in figures(&sample::run(5, 50)).expect("drawn") {
        assert!(figure.caption.contains("n = "), "{}: {}", figure.name, figure.caption);
        assert!(figure.caption.ends_with("5 nodes, seed 42."), "{}: {}", figure.name, figure.caption);
        assert!(figure.csv.lines().count() > 1, "{}", figure.name);
    }
}

#[test]
fn an_inconsistent_record_is_refused_with_the_place() {
    let good = sample::run(4, 10);
    assert!(good.validate().is_ok());
    let check = |list: &str, at: usize, spoil: &dyn Fn(&mut RunRecord)| {
        let mut record = good.clone();
        spoil(&mut record);
        match html(&record) {
            Err(ReportError::Invalid { list: found, at: place, .. }) => {
                assert_eq!((found, place), (list, at))
            }
            other => panic!("{list}[{at}] was not refused: {other:?}"),
        }
    };
    check("commits", 3, &|record| record.commits[3].node = 4);
    check("commits", 2, &|record| record.commits[2].at_ns = record.manifest.duration_ns + 1);
    check("commands", 0, &|record| record.commands[0].at_ns = u64::MAX);
    check("faults", 1, &|record| record.faults[1].start_ns = record.faults[1].end_ns + 1);
    check("faults", 2, &|record| record.faults[2].id = record.faults[0].id.clone());
    check("node_events", 1, &|record| record.node_events[1].node = 9);
    check("windows", 0, &|record| record.windows[0].to_ns = record.windows[0].from_ns);
    check("windows", 0, &|record| record.windows[0].messages[5].received_ns = Some(0));
    check("windows", 0, &|record| record.windows[0].marks[0].node = 4);
    check("honest", 0, &|record| record.honest.clear());
    check("manifest.trace_hash", 0, &|record| record.manifest.trace_hash = "xyz".into());
}

#[test]
fn extreme_times_do_not_break_the_drawing() {
    let mut record = sample::run(3, 10);
    for duration_ns in [1, 1_000, u64::MAX] {
        record.manifest.duration_ns = duration_ns;
        for (at, commit) in record.commits.iter_mut().enumerate() {
            commit.at_ns = if at % 2 == 0 { 0 } else { duration_ns };
            commit.latency_ns = if at % 3 == 0 { 0 } else { u64::MAX };
            commit.height = if at % 5 == 0 { u64::MAX } else { 0 };
        }
        record.commands.iter_mut().for_each(|command| command.at_ns = duration_ns);
        record.node_events.clear();
        record.windows[0].to_ns = u64::MAX;
        let page = html(&record).expect("the page is made");
        let (page, _script) = page.split_once("<script").expect("what is drawn comes before the script");
        assert!(!page.contains("NaN") && !page.contains("inf\""), "{duration_ns}");
    }
}

#[test]
fn a_report_is_a_folder_with_the_page_the_plots_and_the_histogram() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-folder");
    let _ = std::fs::remove_dir_all(&dir);
    let record = sample::run(5, 60);
    let page = write(&record, &dir).expect("the report is written");
    assert_eq!(page, dir.join("report.html"));
    let read = |path: &str| std::fs::read_to_string(dir.join(path)).expect(path);
    assert_eq!(read("report.html"), html(&record).expect("made"));
    for figure in figures(&record).expect("drawn") {
        assert_eq!(read(&format!("plots/{}.svg", figure.name)), figure.svg);
        assert_eq!(read(&format!("plots/{}.csv", figure.name)), figure.csv);
    }
    assert!(read("hist.hgrm").contains("Total count    =          240"));
    let json: serde_json::Value = serde_json::from_str(&read("hist.json")).expect("JSON");
    let hex = json["v2_hex"].as_str().expect("a string");
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
    let decoded = hdrhistogram::serialization::Deserializer::new()
        .deserialize::<u64, _>(&mut bytes.as_slice())
        .expect("a V2 histogram");
    assert_eq!(decoded, bitcraps_reports::histogram(&record));
}

#[test]
fn an_unwritable_folder_is_an_error_with_its_path() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-file-not-a-folder");
    std::fs::write(&file, "").expect("written");
    match write(&sample::run(3, 5), &file) {
        Err(ReportError::Io { path, .. }) => assert!(path.starts_with(&file)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_record_s_json_is_a_format_that_others_read() {
    let mut record = sample::run(2, 1);
    record.properties.truncate(1);
    record.faults.truncate(1);
    record.commands.truncate(1);
    record.windows[0].messages.truncate(1);
    record.windows[0].marks.truncate(1);
    let json = serde_json::to_string_pretty(&record).expect("JSON");
    assert_eq!(serde_json::from_str::<RunRecord>(&json).expect("reads back"), record);
    insta::assert_snapshot!(json);
}
