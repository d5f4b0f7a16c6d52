//! The checks of a plan for people: what failed first, what passed last and by name alone. What stands
//! in front of each says in a word what became of it.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::escape::{code, html, prose};
use super::plan_text::Detail;
use super::style::{FAINT, LOUD, REMOVED, STRONG};
use super::wording::visible;
use crate::plan::{CheckResult, CheckVerdict};
use crate::resource::{Address, Kind};
use crate::state::{CheckSeverity, CheckedState};

/// What became of a check, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Failed,
    Warns,
    Unknown,
    Passed,
}

impl Standing {
    const ALL: [Self; 4] = [Self::Failed, Self::Warns, Self::Unknown, Self::Passed];

    fn of(check: &CheckResult) -> Self {
        match (check.verdict, check.severity) {
            (CheckVerdict::Failed, CheckSeverity::Error) => Self::Failed,
            (CheckVerdict::Failed, CheckSeverity::Warning) => Self::Warns,
            (CheckVerdict::Unknown, _) => Self::Unknown,
            (CheckVerdict::Passed, _) => Self::Passed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Warns => "Warning",
            Self::Unknown => "Not judged",
            Self::Passed => "Passed",
        }
    }
}

fn address(check: &CheckResult) -> String {
    Address::named(Kind::Check, &check.name).to_string()
}

fn of_standing(checks: &[CheckResult], wanted: Standing) -> Vec<&CheckResult> {
    checks.iter().filter(|check| Standing::of(check) == wanted).collect()
}

/// `1 failed, 3 passed`.
fn counts(checks: &[CheckResult]) -> String {
    let words = [
        (Standing::Failed, "failed"),
        (Standing::Warns, "with a warning"),
        (Standing::Unknown, "not judged"),
        (Standing::Passed, "passed"),
    ];
    let number = |standing| of_standing(checks, standing).len();
    let counts = words.into_iter().filter(|(standing, _)| number(*standing) > 0);
    let counts = counts.map(|(standing, word)| format!("{} {word}", number(standing)));
    counts.collect::<Vec<_>>().join(", ")
}

/// Which state it is about, and what the plan does about it.
fn state(check: &CheckResult) -> &'static str {
    let is_failed = check.verdict == CheckVerdict::Failed;
    match (check.on, check.verdict_after) {
        (CheckedState::Planned, _) => "as planned",
        (CheckedState::Observed, Some(CheckVerdict::Passed)) if is_failed => {
            "as observed; this plan mends it"
        }
        (CheckedState::Observed, Some(CheckVerdict::Failed)) if is_failed => {
            "as observed; this plan does not mend it"
        }
        (CheckedState::Observed, _) => "as observed",
    }
}

fn place(check: &CheckResult) -> String {
    check.place.as_ref().map_or_else(String::new, |place| format!(" ({place})"))
}

/// Sentences about a check that did not pass.
fn details(check: &CheckResult) -> Vec<(&'static str, &str)> {
    [
        ("Asserts", Some(check.asserts.as_str())),
        ("Found", check.reason.as_deref()),
        ("Why", check.description.as_deref()),
    ]
    .into_iter()
    .filter_map(|(word, text)| Some((word, text?)))
    .collect()
}

/// Writes them as text.
pub(super) fn write_text(
    out: &mut dyn Write,
    checks: &[CheckResult],
    detail: Detail,
) -> io::Result<()> {
    if checks.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}Checks:{STRONG:#} {}.", counts(checks))?;
    for standing in Standing::ALL {
        for check in of_standing(checks, standing) {
            write_one(out, check, standing, detail)?;
        }
    }
    Ok(())
}

fn write_one(
    out: &mut dyn Write,
    check: &CheckResult,
    standing: Standing,
    detail: Detail,
) -> io::Result<()> {
    let (sign, style) = match standing {
        Standing::Failed => ("!", LOUD),
        Standing::Warns => ("!", REMOVED),
        Standing::Unknown => ("?", STRONG),
        Standing::Passed => ("", FAINT),
    };
    let gap = if sign.is_empty() { "" } else { " " };
    let (word, place, state) = (standing.word(), place(check), state(check));
    let name = address(check);
    writeln!(
        out,
        "  {style}{sign}{gap}{word}:{style:#} {}, {state}{}",
        visible(&name),
        visible(&place)
    )?;
    if standing == Standing::Passed && detail != Detail::Full {
        return Ok(());
    }
    for (word, text) in details(check) {
        writeln!(out, "      {word}: {}", visible(text))?;
    }
    for violation in &check.violations {
        let (mailbox, because) = (visible(&violation.mailbox), visible(&violation.because));
        writeln!(out, "      - {mailbox}: {because}")?;
    }
    if check.more_violations > 0 {
        writeln!(out, "      - and {} more", check.more_violations)?;
    }
    Ok(())
}

/// As Markdown: the count, then a line or more for each check, the gravest first.
pub(super) fn markdown(checks: &[CheckResult]) -> (String, Vec<String>) {
    let lines = Standing::ALL.into_iter().flat_map(|standing| {
        let all = of_standing(checks, standing).into_iter();
        all.map(move |check| markdown_of(check, standing))
    });
    (format!("**Checks: {}.**\n\n", counts(checks)), lines.collect())
}

fn markdown_of(check: &CheckResult, standing: Standing) -> String {
    let place = check.place.as_ref();
    let place = place.map_or_else(String::new, |place| format!(" ({})", code(place)));
    let (word, name, state) = (standing.word(), code(&address(check)), state(check));
    let mut text = format!("- **{word}:** {name}, {state}{place}\n");
    if standing == Standing::Passed {
        return text;
    }
    for (word, sentence) in details(check) {
        let _ = writeln!(text, "  - {word}: {}", prose(sentence));
    }
    for violation in &check.violations {
        let (mailbox, because) = (code(&violation.mailbox), prose(&violation.because));
        let _ = writeln!(text, "  - {mailbox}: {because}");
    }
    if check.more_violations > 0 {
        let _ = writeln!(text, "  - and {} more", check.more_violations);
    }
    text
}

/// As a section of the page. `sentence` sets names between backticks as code.
pub(super) fn write_html(
    out: &mut dyn Write,
    checks: &[CheckResult],
    sentence: impl Fn(&str) -> String,
) -> io::Result<()> {
    if checks.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">Checks</h2>\n<p>{}.</p>\n<ul>",
        counts(checks)
    )?;
    for standing in Standing::ALL {
        for check in of_standing(checks, standing) {
            write_item(out, check, standing, &sentence)?;
        }
    }
    writeln!(out, "</ul>\n</section>")
}

fn write_item(
    out: &mut dyn Write,
    check: &CheckResult,
    standing: Standing,
    sentence: impl Fn(&str) -> String,
) -> io::Result<()> {
    let (word, state) = (standing.word(), state(check));
    let (name, place) = (html(&address(check)), html(&place(check)));
    let class = if standing == Standing::Failed { " class=\"refused\"" } else { "" };
    write!(out, "<li{class}><strong>{word}:</strong> <code>{name}</code>, {state}{place}")?;
    if standing != Standing::Passed {
        write!(out, "<ul>")?;
        for (word, text) in details(check) {
            write!(out, "<li>{word}: {}</li>", sentence(text))?;
        }
        for violation in &check.violations {
            let (mailbox, because) = (html(&violation.mailbox), sentence(&violation.because));
            write!(out, "<li><bdi>{mailbox}</bdi>: {because}</li>")?;
        }
        if check.more_violations > 0 {
            write!(out, "<li>and {} more</li>", check.more_violations)?;
        }
        write!(out, "</ul>")?;
    }
    writeln!(out, "</li>")
}
