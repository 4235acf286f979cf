//! What a reader of a campaign's page may rely on: it says how the runs ended and how to see a failure again, links
//! only within itself, asks the network for nothing, stays small, and is the same whatever the order of the rows.

mod svg;
mod sweep;

use std::path::Path;

use bitcraps_reports::{ReportError, Row, Verdict, campaign_html, write_campaign};

const HOSTILE: &str = "</script><script>alert(\"1\")</script>'<b onclick=x>&amp;]]><!--\u{0}\u{1b}\u{2028}";

fn page(rows: &[Row]) -> String {
    campaign_html(rows).expect("the page is made")
}

/// The scripts' text and the styles left out: what is shown.
fn shown(page: &str) -> String {
    let parts = page.split("<script").enumerate().map(|(at, part)| match at {
        0 => part.split_once("</style>").map_or(part, |(_, rest)| rest),
        _ => part.split_once("</script>").map_or("", |(_, rest)| rest),
    });
    parts.collect()
}

#[test]
fn the_verdicts_are_counted_and_each_violated_property_has_a_command_that_shows_it_again() {
    let rows = sweep::rows(4);
    let of = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let page = page(&rows);
    let summary = format!(
        "passed, {} violated a property, {} were inconclusive",
        of(Verdict::Violated),
        of(Verdict::Inconclusive)
    );
    assert!(page.contains(&summary), "no {summary:?}");
    for row in rows.iter().filter(|row| row.verdict == Verdict::Violated) {
        assert!(shown(&page).contains(&row.violated[0].replace('>', "&gt;")), "{}", row.violated[0]);
    }
    let first =
        rows.iter().find(|row| row.violated == ["eventually height ≥ 60 within 20 s of healing"]).unwrap();
    assert!(page.contains(&first.command.replace('\'', "&#39;")), "no command of seed {}", first.seed);
    assert!(page.contains(&format!("href=\"./{}\"", first.report)));
}

#[test]
fn the_order_of_the_rows_changes_no_byte() {
    let mut rows = sweep::rows(2);
    let there = page(&rows);
    rows.reverse();
    rows.swap(3, 100);
    assert!(there == page(&rows), "the page depends on the order of the rows");
}

#[test]
fn data_never_becomes_markup_and_links_stay_within_the_folder() {
    let mut rows = sweep::rows(2);
    for (at, row) in rows.iter_mut().enumerate().take(40) {
        row.verdict = Verdict::Violated;
        row.scenario = HOSTILE.into();
        row.engine = HOSTILE.into();
        row.command = HOSTILE.into();
        row.violated = vec![HOSTILE.into()];
        row.unjudged = vec![HOSTILE.into()];
        row.point.insert(HOSTILE.into(), if at % 2 == 0 { HOSTILE.into() } else { "2".into() });
        row.report = "javascript:alert(1)//\"><script>".into();
    }
    let page = page(&rows);
    assert!(page.contains("href=\"./javascript%3Aalert%281%29//%22%3E%3Cscript%3E\""));
    assert!(!page.contains("alert(\"1\")"), "a quote came through");
    assert!(!page.contains("<b onclick"), "a tag came through");
    assert!(!page.contains(['\u{0}', '\u{1b}']), "a control character came through");
    // The data and the page's own programs, nothing else.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (3, 3));
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let page = page(&sweep::rows(1));
    assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none'"));
    let foreign = page
        .split("http")
        .skip(1)
        .filter(|rest| !rest.starts_with("://www.w3.org/2000/svg") && !rest.starts_with("-equiv"));
    assert_eq!(foreign.count(), 0, "an address that is no namespace");
    assert!(!page.contains("src=") && !page.contains("@import") && !page.contains("url("));
}

#[test]
fn the_folder_has_a_picture_and_its_numbers_for_each_figure_and_all_points() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("campaign");
    let index = write_campaign(&sweep::rows(2), &[], &dir).expect("it is written");
    assert_eq!(index, dir.join("index.html"));
    let page = std::fs::read_to_string(&index).unwrap();
    let links: Vec<&str> =
        page.split("href=\"plots/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        let text =
            std::fs::read_to_string(dir.join("plots").join(link)).unwrap_or_else(|_| panic!("no {link}"));
        if link.ends_with(".svg") {
            svg::check_well_formed(&text);
        } else {
            let width = text.lines().next().unwrap().split(',').count();
            assert!(
                text.lines().count() > 1 && text.lines().all(|line| line.split(',').count() == width),
                "{link}"
            );
        }
    }
    let points = std::fs::read_to_string(dir.join("plots/points.csv")).unwrap();
    assert_eq!(points.lines().count(), 301);
}

#[test]
fn a_large_campaign_s_page_stays_small_and_says_what_is_left_out() {
    let few: Vec<Row> = sweep::rows(1);
    let many: Vec<Row> = (0..10_u64)
        .flat_map(|seed| {
            few.iter().map(move |row| Row { seed, run: format!("{}-{seed}", row.run), ..row.clone() })
        })
        .collect();
    let page = page(&many);
    assert!(page.len() < 2_000_000, "{} bytes for {} runs", page.len(), many.len());
    assert!(page.contains("500 of 3,000 runs are listed, the failed ones first"));
}

#[test]
fn more_points_than_can_be_explored_still_have_their_figures() {
    let rows: Vec<Row> = (0..4_100_u64)
        .map(|at| {
            let mut row = Row {
                scenario: "s".into(),
                verdict: Verdict::Pass,
                simulated_ns: 1,
                commands: at,
                ..Row::default()
            };
            row.point.insert("x".into(), at.to_string());
            row
        })
        .collect();
    let page = page(&rows);
    assert!(!page.contains("id=\"campaign\""));
    assert!(page.contains("There are more points than the page carries") && page.contains("id=\"load\""));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn runs_without_a_sweep_are_told_by_scenario() {
    let rows: Vec<Row> = ["calm", "storm"]
        .into_iter()
        .flat_map(|scenario| {
            (0..3).map(move |seed| Row {
                scenario: scenario.into(),
                seed,
                verdict: Verdict::Pass,
                ..Row::default()
            })
        })
        .collect();
    let page = page(&rows);
    assert!(page.contains("Campaign of 6 runs") && page.contains("<h1>2 scenarios</h1>"));
    assert!(page.contains("<th scope=\"row\">calm</th>") && !page.contains("class=\"heat\""));
}

#[test]
fn one_run_and_none_have_a_page() {
    assert!(page(&[]).contains("No run was made."));
    let row = Row { scenario: "only".into(), verdict: Verdict::Pass, ..Row::default() };
    assert!(page(&[row]).contains("1 passed, 0 violated a property, 0 were inconclusive."));
}

#[test]
fn a_row_that_cannot_be_read_writes_nothing() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unreadable-campaign");
    let row = Row { commit_histogram: "zz".into(), ..Row::default() };
    assert!(matches!(write_campaign(&[row], &[], &dir), Err(ReportError::Invalid { list: "rows", .. })));
    assert!(!dir.exists());
}

#[test]
fn what_the_runs_leave_open_is_said_and_is_no_pass() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("open");
    let rows: Vec<Row> =
        sweep::rows(1).into_iter().filter(|row| row.verdict == Verdict::Pass && !row.diverged).collect();
    let page = |open: &[String]| {
        let path = write_campaign(&rows, open, &dir).expect("it is written");
        std::fs::read_to_string(path).expect("it is there")
    };
    assert!(page(&[]).contains("<section class=\"verdict pass\">"));
    let open = page(&["5 of 12 runs <are> not here.".to_owned()]);
    assert!(open.contains("<section class=\"verdict inconclusive\">"));
    assert!(open.contains("<p>5 of 12 runs &lt;are&gt; not here.</p>"));
}
