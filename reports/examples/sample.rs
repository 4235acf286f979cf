//! Writes the report of a made-up run, to look at: `cargo run -p bitcraps-reports --example sample -- DIR [NODES
//! HEIGHTS]`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = arguments.first().map(PathBuf::from) else {
        return Err("give the folder to write to, and optionally the numbers of nodes and heights".into());
    };
    let nodes = arguments.get(1).map_or(Ok(5), |text| text.parse())?;
    let heights = arguments.get(2).map_or(Ok(300), |text| text.parse())?;
    let record = sample::run(nodes, heights);
    let page = bitcraps_reports::write(&record, &dir)?;
    let row = bitcraps_reports::Row { report: "report.html".into(), ..bitcraps_reports::Row::of(&record) };
    let campaign = dir.join("campaign.html");
    std::fs::write(&campaign, bitcraps_reports::campaign_html(&[row])?)?;
    println!("{}\n{}", page.display(), campaign.display());
    Ok(())
}
