//! A terminal's text as an SVG: monospace on a light ground, in the terminal's colours. Text with
//! escape sequences in, a picture out; it knows the few styles that the program uses.

use std::fmt::Write as _;

const LINE: usize = 17;
/// The width of a letter, in tenths.
const LETTER: usize = 72;
const MARGIN: usize = 16;

/// The beginning of a plan up to its first group of mailboxes, and its summary. What is left out
/// between them is a line of dots.
pub(super) fn shorten(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().collect();
    let is_group = |line: &&str| line.contains("# mailbox_audit.");
    let groups: Vec<usize> =
        (0..lines.len()).filter(|at| lines.get(*at).is_some_and(is_group)).collect();
    let second = groups.get(1).copied().unwrap_or(lines.len());
    let summary = lines.iter().position(|line| line.contains("Plan:")).unwrap_or(lines.len());
    let end = lines.len().min(summary + 2);
    let mut shown = lines[..second].to_vec();
    shown.extend(["  ...", ""]);
    shown.extend(&lines[summary..end]);
    shown.join("\n")
}

/// How a piece of text looks.
#[derive(Default)]
struct Look {
    bold: bool,
    faint: bool,
    color: Option<&'static str>,
}

impl Look {
    fn take(&mut self, code: &str) {
        match code {
            "1" => self.bold = true,
            "2" => self.faint = true,
            "31" => self.color = Some("#b3261e"),
            "32" => self.color = Some("#1a7f37"),
            "33" => self.color = Some("#9a6700"),
            _ => *self = Self::default(),
        }
    }

    fn attributes(&self) -> String {
        let fill = self.color.or(self.faint.then_some("#6e7781"));
        let mut text = fill.map_or_else(String::new, |fill| format!(" fill=\"{fill}\""));
        if self.bold {
            text.push_str(" font-weight=\"bold\"");
        }
        text
    }
}

/// Draws a text.
pub(super) fn draw(text: &str) -> String {
    let plain = |line: &str| pieces(line).iter().map(|(_, text)| text.chars().count()).sum();
    let widest: usize = text.lines().map(plain).max().unwrap_or_default();
    let width = widest * LETTER / 10 + 2 * MARGIN;
    let height = text.lines().count() * LINE + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"A plan of Auditform\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#f6f8fa\"/>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" \
         font-size=\"12\" fill=\"#1f2328\" xml:space=\"preserve\">\n"
    );
    for (line, place) in text.lines().zip(1..) {
        let y = MARGIN + place * LINE - 5;
        let _ = write!(svg, "<text x=\"{MARGIN}\" y=\"{y}\">");
        for (attributes, piece) in pieces(line) {
            let piece = piece.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = match attributes.as_str() {
                "" => write!(svg, "{piece}"),
                _ => write!(svg, "<tspan{attributes}>{piece}</tspan>"),
            };
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The pieces of a line with the attributes of each.
fn pieces(line: &str) -> Vec<(String, String)> {
    let mut look = Look::default();
    let mut parts = line.split("\u{1b}[");
    let mut found = vec![(String::new(), parts.next().unwrap_or_default().to_owned())];
    for part in parts {
        let (codes, text) = part.split_once('m').unwrap_or((part, ""));
        codes.split(';').for_each(|code| look.take(code));
        found.push((look.attributes(), text.to_owned()));
    }
    found.retain(|(_, text)| !text.is_empty());
    found
}
