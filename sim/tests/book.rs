//! The documents as a book: every link leads somewhere, every page is in the table of contents, every name of a file that
//! is told is there, and the version to cite is this one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the pages in docs/, the table of contents not among them.
fn pages() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("docs")).expect("docs/");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect()
}

/// A text line for line, with blocks of code blank.
fn prose(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut blank = |line: &str| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        inside || fence
    };
    text.lines().map(|line| if blank(line) { "" } else { line }).collect()
}

/// Where the links and images of a text lead to, each with the number of its line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(prose(text)) {
        // What stands between backticks is no link.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for rest in plain.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            found.push((number, target.to_owned()));
        }
    }
    found
}

/// The anchors of a page's headings, as code hosts and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let headings = prose(text).into_iter().filter(|line| line.starts_with('#'));
    let slugs = headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    });
    let mut all = BTreeSet::new();
    for slug in slugs {
        let times = seen.entry(slug.clone()).or_default();
        all.insert(if *times == 0 { slug } else { format!("{slug}-{times}") });
        *times += 1;
    }
    all
}

/// What is wrong with a link, if something is. `within`: what it may not leave.
fn wrong(page: &Path, text: &str, target: &str, within: &Path) -> Option<&'static str> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let (file, text) = match path {
        "" => (page.to_owned(), text.to_owned()),
        path => match page.parent().expect("a folder").join(path).canonicalize() {
            Ok(file) if file.is_dir() => (file, String::new()),
            Ok(file) => {
                (file.clone(), String::from_utf8_lossy(&fs::read(&file).expect("a file")).into_owned())
            }
            Err(_) => return Some("there is no such file"),
        },
    };
    if !file.starts_with(within) {
        return Some("it leads out of the book: write the file's path as code");
    }
    (!anchor.is_empty() && !anchors(&text).contains(anchor)).then_some("the page has no such heading")
}

fn broken(page: &Path, within: &Path) -> Vec<String> {
    let text = read(page);
    let shown = page.strip_prefix(root()).expect("a page of the repository").display().to_string();
    let links = links(&text);
    let broken = links.iter().filter_map(|(line, target)| {
        wrong(page, &text, target, within).map(|why| format!("{shown}:{line}: `{target}`: {why}"))
    });
    broken.collect()
}

#[test]
fn every_link_of_the_book_leads_to_a_page_and_a_heading_of_the_book() {
    let docs = root().join("docs");
    let broken: Vec<_> = pages().iter().flat_map(|page| broken(&docs.join(page), &docs)).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    let broken = broken(&root().join("README.md"), &root());
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents_once_and_every_entry_is_a_page() {
    let mut listed: Vec<String> =
        links(&read(&root().join("docs/SUMMARY.md"))).into_iter().map(|(_, target)| target).collect();
    listed.sort();
    assert_eq!(listed, pages().into_iter().collect::<Vec<_>>());
}

/// Paths in backticks that begin like one of the repository's folders, such as `sim/src/lab/`.
fn told_files(text: &str) -> Vec<(usize, String)> {
    const FOLDERS: [&str; 9] =
        ["node/", "sim/", "reports/", "scenarios/", "deploy/", "docs/", "fuzz/", "bench/", ".github/"];
    let mut told = Vec::new();
    for (number, line) in (1..).zip(prose(text)) {
        for code in line.split('`').skip(1).step_by(2) {
            let path = code.split(' ').next().unwrap_or_default();
            let pattern = path.contains(['{', '*', '<', '…', ':']) || path.contains("NAME");
            if FOLDERS.iter().any(|folder| path.starts_with(folder)) && !pattern {
                told.push((number, path.to_owned()));
            }
        }
    }
    told
}

#[test]
fn every_file_that_the_book_names_is_there() {
    // What a run or a build leaves is not in the repository.
    let made = |path: &str| path.starts_with("fuzz/corpus") || path.starts_with("fuzz/artifacts");
    let mut missing = Vec::new();
    for page in pages() {
        let told = told_files(&read(&root().join("docs").join(&page)));
        for (line, path) in told.into_iter().filter(|(_, path)| !made(path)) {
            if !root().join(&path).exists() {
                missing.push(format!("docs/{page}:{line}: `{path}`"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn the_version_to_cite_is_this_one() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read(&root().join("CITATION.cff")).contains(&format!("\nversion: {version}\n")));
    assert!(read(&root().join("docs/citing.md")).contains(&format!("version = {{{version}}}")));
}

#[test]
fn a_heading_becomes_the_anchor_that_links_to_it_use() {
    let text = "# The `x`: a, b & c\n## Twice\n```\n# no heading\n```\n## Twice\n";
    let expected = ["the-x-a-b--c", "twice", "twice-1"].map(str::to_owned);
    assert_eq!(anchors(text), expected.into());
}
