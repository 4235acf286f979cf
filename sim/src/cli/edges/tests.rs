//! docs/craps.md says what the command says. After a change of the rules or the bets, in sim/:
//! `BLESS=../docs cargo test cli::edges`.

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/craps.md");
const RULES: &str = "<!-- rules: generated -->\n";
const EDGES: &str = "<!-- edges: generated -->\n";

fn usual() -> Vec<Row> {
    let edge = |subject| edge(&CrapsRules::default(), subject, None).unwrap();
    Subject::all().map(|subject| Row::of(subject, edge(subject))).collect()
}

#[test]
fn the_document_has_the_rules_and_the_edges_of_the_code() {
    let (prose, rest) = DOCUMENT.split_once(RULES).expect("the marker of the rules");
    let (_, rest) = rest.split_once("\n## ").expect("a chapter after the rules");
    let (chapter, _) = rest.split_once(EDGES).expect("the marker of the edges");
    let mut rules = String::from("| rule | usual |\n|---|---|\n");
    for (name, value) in CrapsRules::default().settings() {
        writeln!(rules, "| `{name}` | {value} |").unwrap();
    }
    let edges = markdown(&together(usual()));
    let text = format!("{prose}{RULES}\n{rules}\n## {chapter}{EDGES}\n{edges}");
    if let Some(folder) = std::env::var_os("BLESS").filter(|folder| Path::new(folder).is_dir()) {
        std::fs::write(Path::new(&folder).join("craps.md"), text).expect("docs/ is writable");
        return;
    }
    assert!(DOCUMENT == text, "docs/craps.md is out of date");
}

#[test]
fn the_document_has_every_bet_as_it_is_written() {
    for (syntax, _) in Bet::SYNTAX {
        let written = syntax.replace('|', "\\|");
        assert!(DOCUMENT.contains(&format!("| `{written}` |")), "docs/craps.md has no row for {syntax}");
    }
}

#[test]
fn each_bet_is_in_one_row_and_bets_that_cost_the_same_are_joined() {
    let rows = usual();
    let joined = together(usual());
    assert_eq!(joined.iter().map(|row| row.on.len().max(1)).sum::<usize>(), rows.len());
    let names: Vec<String> = joined.iter().map(Row::name).collect();
    for name in ["pass_line", "odds on 4|10", "place:6|8", "hop:1-1|2-2|3-3|4-4|5-5|6-6", "horn_high:2|12"] {
        assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
    }
}

/// Through consensus and the validators' dice. Of each kind some bets must come up, and a house that kept another share
/// would be seen.
#[test]
fn the_network_keeps_of_every_bet_what_it_should() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/every-bet.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let scenario = crate::scenario::parse("(test)", &text).unwrap().scenario;
    let (mut tally, more) = (measured(&scenario, 1), measured(&scenario, 2));
    tally.add(&more);
    assert_eq!(tally.open, 0, "what is still up in the end has lasted long, and is no fair sample");
    let rows = measure::judge(&tally);
    assert!(rows.iter().all(|row| row.agrees));
    // Odds need a point and a player's turn: two short runs may lack a few of the twelve.
    assert!(rows.len() + 3 >= Subject::all().count(), "every bet, and odds: {} rows", rows.len());
    let (kind, row) = tally
        .rows
        .iter_mut()
        .filter(|((subject, _), _)| *subject == Subject::Bet(Bet::AnySeven))
        .max_by_key(|(_, row)| row.bets)
        .unwrap();
    assert!(row.bets > 30, "{kind:?}: {}", row.bets);
    row.paid += 4 * row.staked;
    assert_eq!(measure::judge(&tally).iter().filter(|row| !row.agrees).count(), 1);
}

fn measured(scenario: &crate::scenario::Scenario, seed: u64) -> crate::run::Tally {
    let (outcome, tally) = crate::run::measure(scenario, seed, "");
    assert_eq!(outcome.record.verdict, bitcraps_reports::Verdict::Pass, "{:?}", outcome.record.properties);
    tally
}

#[test]
fn decimals_are_rounded_and_have_a_sign_and_a_zero() {
    let of = |numerator: i64, denominator: i64| BigRational::new(numerator.into(), denominator.into());
    assert_eq!(decimal(&of(2, 3), 4), "0.6667");
    assert_eq!(decimal(&of(-1, 200), 2), "-0.01");
    assert_eq!(percent(&of(7, 495)), "1.4141");
}

/// The usual stakes by bankroll at full Kelly: pass 7/495, place 6 1/77, hard 6 1/99, hard hop 1/216, any seven 1/24.
#[test]
fn the_kelly_limits_are_the_edges_and_every_bet_has_one() {
    let kelly = kelly(&usual());
    let edges = kelly["edges"].as_object().unwrap();
    assert_eq!(edges.len(), Bet::all().count());
    for (bet, edge) in [
        ("pass_line", "7/495"),
        ("place:6", "1/66"),
        ("hardway:6", "1/11"),
        ("hop:3-3", "5/36"),
        ("any_seven", "1/6"),
    ] {
        assert_eq!(edges[bet], edge, "{bet}");
    }
    for (bet, edge) in edges {
        let (numerator, denominator) = edge.as_str().unwrap().split_once('/').unwrap();
        let (numerator, denominator): (u32, u32) = (numerator.parse().unwrap(), denominator.parse().unwrap());
        assert!((1..denominator).contains(&numerator), "{bet}: {edge}");
        let exact = usual().into_iter().find(|row| row.name() == *bet).unwrap().edge.edge;
        let short = BigRational::new(numerator.into(), denominator.into());
        let billionth = BigRational::new(1.into(), 1_000_000_000.into());
        assert!(short <= exact && exact - short < billionth, "{bet}: {edge}");
    }
}
