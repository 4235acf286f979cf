//! Writes the page of a made-up sweep, to look at: `cargo run -p
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
    let page = bitcraps_reports::write_campaign(&rows, &dir)?;
    println!("{}", page.display());
    Ok(())
}
