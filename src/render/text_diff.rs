//! Two texts line by line, as `diff -u` shows them.

use std::io::{self, Write};

use similar::{ChangeTag, TextDiff};

use super::style::{ADDED, FAINT, REMOVED, STRONG};

/// Writes how `after` differs from `before`, both of the file `name`.
pub fn write_text_diff(
    out: &mut dyn Write,
    name: &str,
    before: &str,
    after: &str,
) -> io::Result<()> {
    writeln!(out, "{STRONG}--- {name}{STRONG:#}\n{STRONG}+++ {name}{STRONG:#}")?;
    for hunk in TextDiff::from_lines(before, after).unified_diff().iter_hunks() {
        writeln!(out, "{FAINT}{}{FAINT:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let line = change.value().trim_end_matches(['\n', '\r']);
            match change.tag() {
                ChangeTag::Equal => writeln!(out, " {line}")?,
                ChangeTag::Delete => writeln!(out, "{REMOVED}-{line}{REMOVED:#}")?,
                ChangeTag::Insert => writeln!(out, "{ADDED}+{line}{ADDED:#}")?,
            }
            if change.missing_newline() {
                writeln!(out, "{FAINT}\\ no newline at the end{FAINT:#}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_with_lines_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh=1";
        let mut out = anstream::StripStream::new(Vec::new());
        let shown = write_text_diff(&mut out, "x.toml", before, "a\nb\nc\nd\ne\nf\ng\nh = 1\n");
        assert!(shown.is_ok());
        assert_eq!(
            String::from_utf8_lossy(&out.into_inner()),
            "--- x.toml\n+++ x.toml\n@@ -5,4 +5,4 @@\n e\n f\n g\n-h=1\n\\ no newline at the end\n+h = 1\n"
        );
    }
}
