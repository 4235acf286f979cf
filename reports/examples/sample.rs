//! Writes the report of a made-up run, to look at and to measure: `cargo run -p bitcraps-reports --example sample --
//! DIR [NODES HEIGHTS [MESSAGES]]`. With MESSAGES the report has about so many, of the whole run.

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = arguments.first().map(PathBuf::from) else {
        return Err(
            "give the folder to write to, and optionally the numbers of nodes, heights and messages".into()
        );
    };
    let nodes = arguments.get(1).map_or(Ok(5), |text| text.parse())?;
    let heights = arguments.get(2).map_or(Ok(300), |text| text.parse())?;
    let mut record = sample::run(nodes, heights);
    if let Some(messages) = arguments.get(3) {
        record.windows.push(sample::whole_run(nodes, messages.parse()?));
    }
    #[expect(clippy::disallowed_methods, reason = "how long writing takes is what this is run for")]
    let started = std::time::Instant::now();
    let page = bitcraps_reports::write(&record, &dir)?;
    let took = started.elapsed();
    let row = bitcraps_reports::Row { report: "report.html".into(), ..bitcraps_reports::Row::of(&record) };
    let campaign = dir.join("campaign.html");
    std::fs::write(&campaign, bitcraps_reports::campaign_html(&[row])?)?;
    let messages: usize = record.windows.iter().map(|window| window.messages.len()).sum();
    let bytes = page.metadata()?.len();
    println!("{} ({bytes} bytes, {messages} messages, written in {} ms)", page.display(), took.as_millis());
    println!("{}", campaign.display());
    Ok(())
}
