//! What is wrong with a file, and where: one value per mistake, printed with the line and a caret.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario can't run.
    Error,
    /// The scenario runs, but perhaps not as meant.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file as named by the caller, or `--set`.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// In characters on that line, at least 1.
    pub length: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line itself, without its end.
    pub text: String,
}

/// The longest piece of a line that is shown.
const WIDTH: usize = 160;

impl fmt::Display for Diagnostic {
    /// Like rustc: message, place, the line, carets, help. Ends without a newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "{word}: {}", self.message)?;
        writeln!(f, "{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
        // A window of the line around the place, so that a file on one line stays readable.
        let before = self.column.max(1) as usize - 1;
        let skipped = before.saturating_sub(WIDTH / 2);
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let shown: String = self.text.chars().skip(skipped).take(WIDTH).map(visible).collect();
        let room = shown.chars().count().saturating_sub(before - skipped).max(1);
        let carets = "^".repeat((self.length as usize).clamp(1, room));
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", shown.trim_end())?;
        write!(f, "{gutter} | {}{carets}", " ".repeat(before - skipped))?;
        if let Some(help) = &self.help {
            write!(f, "\n{gutter} = help: {help}")?;
        }
        Ok(())
    }
}
