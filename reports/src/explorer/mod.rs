//! The time line of a run's page: charts and the space-time diagram on one axis, to zoom and to ask.
//!
//! It is a style sheet and a script, both inside the page; the script reads what [`crate::carried`] wrote. Each file
//! in `js/` has one subject; they share one scope, so a name in one is a name in all. Without a script the page keeps
//! its drawn figures.

/// What the time line adds to the page's style sheet.
pub(crate) const STYLE: &str = include_str!("explorer.css");
/// Where the time line appears.
pub(crate) const SECTION: &str = include_str!("explorer.html");

/// The files of the script. Classes come before what is run at once.
const FILES: [&str; 24] = [
    include_str!("js/words.js"),
    include_str!("js/unpack.js"),
    include_str!("js/sorted.js"),
    include_str!("js/film.js"),
    include_str!("js/causality.js"),
    include_str!("js/ticks.js"),
    include_str!("js/theme.js"),
    include_str!("js/viewport.js"),
    include_str!("js/panel.js"),
    include_str!("js/faults.js"),
    include_str!("js/latency.js"),
    include_str!("js/rates.js"),
    include_str!("js/heights.js"),
    include_str!("js/spacetime.js"),
    include_str!("js/lanes.js"),
    include_str!("js/arrows.js"),
    include_str!("js/density.js"),
    include_str!("js/overview.js"),
    include_str!("js/gestures.js"),
    include_str!("js/keys.js"),
    include_str!("js/choices.js"),
    include_str!("js/reader.js"),
    include_str!("js/explorer.js"),
    include_str!("js/main.js"),
];
/// Copies the command line; works where the time line does not.
pub(crate) const COPY: &str = include_str!("js/copy.js");

/// The page's program.
pub(crate) fn script() -> String {
    let files: String = FILES.join("\n");
    format!("<script>\n\"use strict\";\n{{\n{COPY}}}\n{{\n{files}}}\n</script>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_script_is_in_it_once() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explorer/js");
        let script = script();
        let mut files = 0;
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            assert_eq!(script.matches(&text).count(), 1, "{}", path.display());
            files += 1;
        }
        assert_eq!(files, FILES.len() + 1);
    }

    #[test]
    fn the_script_can_end_at_its_end_only() {
        assert_eq!(script().matches("</script").count(), 1);
        assert!(!script().contains("<!--"));
    }
}
