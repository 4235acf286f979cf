//! Names the sources that this program is built of: `BITCRAPS_SOURCES`, what
//!
//! ```text
//! find Cargo.lock Cargo.toml CITATION.cff node reports sim \( -name target -o -name tests -o -name examples \
//!   -o -name browser -o -name madsim \) -prune -o -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.js' -o -name '*.css' \
//!   -o -name '*.html' -o -name '*.yaml' -o -name '*.lock' -o -name '*.cff' \) -print | LC_ALL=C sort | xargs b3sum | b3sum
//! ```
//!
//! prints at the root of the checkout.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const ENDS: [&str; 8] = [".rs", ".toml", ".js", ".css", ".html", ".yaml", ".lock", ".cff"];
/// Folders of which nothing goes into the program.
const BESIDE: [&str; 5] = ["target", "tests", "examples", "browser", "madsim"];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    let mut files = ["Cargo.lock", "Cargo.toml", "CITATION.cff"].map(PathBuf::from).to_vec();
    for folder in ["node", "reports", "sim"] {
        collect(root, Path::new(folder), &mut files)?;
    }
    let mut names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    names.sort();
    let mut sums = String::new();
    for name in names {
        // Each file by itself: of a folder, what other builds leave in it would count too.
        println!("cargo::rerun-if-changed={}", root.join(&name).display());
        let sum = blake3::hash(&fs::read(root.join(&name))?);
        let _ = writeln!(sums, "{}  {name}", sum.to_hex());
    }
    println!("cargo::rustc-env=BITCRAPS_SOURCES={}", blake3::hash(sums.as_bytes()).to_hex());
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = folder.join(&name);
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !BESIDE.contains(&&*name) {
                collect(root, &path, files)?;
            }
        } else if ENDS.iter().any(|end| name.ends_with(end)) {
            files.push(path);
        }
    }
    Ok(())
}
