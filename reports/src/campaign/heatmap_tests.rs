use super::*;
use crate::campaign::design::tests::row;
use crate::measure::measure;
use crate::{Row, Verdict};

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for engine in ["a", "b"] {
        for loss in ["0 %", "5 %"] {
            for fault in ["none", "crash", "partition"] {
                for seed in 0..6 {
                    let point = [("link.loss", loss), ("faults.kind", fault)];
                    rows.push(row(engine, 4, &point, seed, if loss == "5 %" { 40 } else { 10 }));
                }
            }
        }
    }
    rows[0].verdict = Verdict::Violated;
    rows
}

#[test]
fn what_was_swept_is_across_and_down_and_engines_are_panels() {
    let rows = rows();
    let design = Design::new(&rows);
    let view = View::of(&design).unwrap();
    let key = |at: usize| design.axes[at].key.as_str();
    assert_eq!(
        (key(view.x), view.y.map(key), view.panel.map(key)),
        ("link.loss", Some("faults.kind"), Some("engine"))
    );
}

#[test]
fn each_cell_has_its_value_its_interval_and_its_failed_runs() {
    let rows = rows();
    let design = Design::new(&rows);
    let map = Heatmap::new(&design, View::of(&design).unwrap(), Quantity::Measure(measure("commit_p50")));
    let mut html = String::new();
    map.tables(&mut html);
    assert_eq!(html.matches("<table").count(), 2);
    assert_eq!(html.matches("<b>10 ms</b>").count(), 6);
    assert_eq!(html.matches("<b>40 ms</b>").count(), 6);
    assert_eq!(html.matches("<small>✗ 1 of 6</small>").count(), 1);
    assert!(html.contains("<td class=\"r8\"><b>40 ms</b><small>40–40 ms</small>"));
    let figure = map.figure().unwrap();
    assert_eq!(figure.csv.lines().count(), 13);
    assert!(figure.csv.starts_with("engine,faults.kind,link.loss,commit_p50_ns,lo,hi,"), "{}", figure.csv);
    assert!(figure.caption.contains("n = 72 runs"), "{}", figure.caption);
}

#[test]
fn a_point_that_was_not_run_is_not_a_value_and_few_runs_are_marked() {
    let mut rows = rows();
    rows.retain(|row| row.point["link.loss"] == "0 %" || row.point["faults.kind"] == "none");
    rows.retain(|row| row.seed < 2);
    let design = Design::new(&rows);
    let map = Heatmap::new(&design, View::of(&design).unwrap(), Quantity::Measure(0));
    let mut html = String::new();
    map.tables(&mut html);
    assert_eq!(html.matches("not run").count(), 4);
    assert_eq!(html.matches("<small>n = 2</small>").count(), 8);
}

#[test]
fn what_is_folded_away_is_said() {
    let mut rows = rows();
    let more: Vec<Row> = rows.iter().map(|row| Row { nodes: 7, ..row.clone() }).collect();
    rows.extend(more);
    let design = Design::new(&rows);
    let map = Heatmap::new(&design, View::of(&design).unwrap(), Quantity::Failures);
    assert!(map.caption().contains("over all values of nodes"), "{}", map.caption());
}

#[test]
fn an_axis_with_too_many_values_is_thinned_and_that_is_said() {
    let rows: Vec<Row> = (0..100).map(|at| row("a", 4, &[("x", &at.to_string())], 1, 10)).collect();
    let design = Design::new(&rows);
    let map = Heatmap::new(&design, View::of(&design).unwrap(), Quantity::Measure(0));
    let mut html = String::new();
    map.tables(&mut html);
    assert_eq!(html.matches("<td").count(), 12);
    assert!(map.caption().contains("88 values of the axes are not shown"), "{}", map.caption());
    assert_eq!(map.figure().unwrap().csv.lines().count(), 101);
}

#[test]
fn scenarios_alone_are_no_heat_map() {
    let rows = [row("a", 4, &[], 1, 10), Row { scenario: "other".into(), ..row("a", 4, &[], 1, 10) }];
    assert_eq!(View::of(&Design::new(&rows)), None);
}
