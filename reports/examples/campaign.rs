//! Writes the page of a made-up sweep, and of its comparison with a slower one, to look at: `cargo run -p
//! bitcraps-reports --example campaign -- DIR [SEEDS]`. There are 300 runs for each seed, 10 seeds unless told.

#[path = "../tests/sweep/mod.rs"]
mod sweep;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = arguments.first().map(PathBuf::from) else {
        return Err("give the folder to write to, and optionally the number of seeds".into());
    };
    let seeds = arguments.get(1).map_or(Ok(10), |text| text.parse())?;
    let rows = sweep::rows(seeds);
    let page = bitcraps_reports::write_campaign(&rows, &[], &dir)?;
    let comparison = bitcraps_reports::compare(&rows, &slower(&rows), &bitcraps_reports::Rule::default());
    print!("{}", comparison.to_text());
    let compared = dir.join("compare.html");
    std::fs::write(&compared, bitcraps_reports::compare_html(&comparison))?;
    println!("{}\n{}", page.display(), compared.display());
    Ok(())
}

/// The same runs with tendermint a tenth slower, each a little more or less, and one more failure.
fn slower(rows: &[bitcraps_reports::Row]) -> Vec<bitcraps_reports::Row> {
    let mut slower = rows.to_vec();
    for row in slower.iter_mut().filter(|row| row.engine == "tendermint") {
        let percent = 108 + row.seed * 7 % 5;
        row.commit_p50_ns = row.commit_p50_ns.map(|ns| ns * percent / 100);
        row.commit_p99_ns = row.commit_p99_ns.map(|ns| ns * (percent + 2) / 100);
        row.commands = row.commands * 100 / percent;
    }
    if let Some(row) = slower.first_mut() {
        row.verdict = bitcraps_reports::Verdict::Violated;
        row.violated = vec!["agreement".into()];
    }
    slower
}
