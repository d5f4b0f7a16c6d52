//! `docs/faults.md`, section by section: the TOML that it shows is what the emulator is given, and
//! what follows is what the program prints and what the request log holds. `SNAPSHOTS=overwrite`
//! writes the page anew, which is then to be read as a newcomer would.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use snapbox::{Data, assert_data_eq};

use super::{Emulator, World};

/// How many sections run at once; most of the time they wait.
const AT_ONCE: usize = 6;

fn page() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md")
}

/// The text of the first block of this language.
fn block<'t>(text: &'t str, language: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("```{language}\n"))?;
    rest.split("```").next()
}

/// An apply shows its plan first, which is the same everywhere.
fn after_the_plan(text: &str) -> &str {
    let (_, report) = text.split_once("\nDigest: ").unwrap_or_default();
    let report = report.split_once('\n').map_or("", |(_, report)| report);
    if report.trim().is_empty() { text } else { report }
}

/// Without moments, how often something was tried in its time, and how far a clock is off.
fn without_times(text: &str) -> String {
    let is_moment = |word: &str| word.starts_with("20") && word.contains('T') && word.contains('Z');
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 0..words.len() {
        if is_moment(words[at]) {
            words[at] = if words[at].ends_with(',') { "<moment>," } else { "<moment>" };
        }
        if ["try", "tries"].contains(&words[at]) && at > 0 {
            (words[at - 1], words[at]) = ("<n>", "tries");
        }
        if words[at] == "behind" && at > 1 {
            words[at - 2] = "<n>";
        }
    }
    words.join(" ")
}

/// The same section with what is printed now.
fn run(section: &str, seed: &str, spec: &str) -> String {
    let Some(console) = block(section, "console") else {
        return section.to_owned();
    };
    let faults = block(section, "toml").unwrap();
    let world = World::new();
    world.write("faults.toml", faults);
    // A comment in the file says that it takes another tenant.
    let mailboxes = faults.lines().find_map(|line| line.strip_prefix("# mailboxes = "));
    let generated = mailboxes.map(|number| format!("[generate]\nmailboxes = {number}\n"));
    let seed = generated.as_deref().unwrap_or(seed);
    let emulator = Emulator::with(&world, seed, &["--faults", "faults.toml"]);
    world.spec(&emulator, spec);
    let mut shown = String::new();
    for command in console.lines().filter(|line| line.starts_with("$ ")) {
        let arguments: Vec<&str> = command.split_whitespace().skip(2).collect();
        let output = world.run(&arguments);
        let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let text = without_times(&world.redact(after_the_plan(text).trim()));
        writeln!(shown, "{command}\n{text}\n# ends with {}", output.code).unwrap();
    }
    let new = section.replacen(console, &shown, 1);
    let Some(log) = block(section, "log") else {
        return new;
    };
    // Writes are under way together and come in any order.
    let mut lines: Vec<String> = emulator
        .requests()
        .into_iter()
        .filter_map(|request| {
            let what = request.cmdlet.unwrap_or(request.path);
            Some(format!("{} {what}: {}", request.status, request.fault?))
        })
        .collect();
    lines.dedup();
    let lines = world.redact(&lines.join("\n"));
    new.replacen(&format!("```log\n{log}"), &format!("```log\n{lines}\n"), 1)
}

#[test]
fn the_page_shows_what_users_see_of_every_fault() {
    let text = std::fs::read_to_string(page()).unwrap();
    let (head, catalogue) = text.split_once("\n## The catalogue\n").unwrap();
    let seed = block(catalogue, "toml").unwrap();
    let (_, rest) = catalogue.split_once("```toml\n").unwrap();
    let spec = block(rest, "toml").unwrap();
    let sections: Vec<&str> = catalogue.split("\n### ").collect();
    let new: Vec<Mutex<String>> = sections.iter().map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(section) = sections.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let at = sections.iter().position(|known| known == section).unwrap();
                    *new[at].lock().unwrap() = run(section, seed, spec);
                }
            });
        }
    });
    let new: Vec<String> = new.into_iter().map(|text| text.into_inner().unwrap()).collect();
    let new = format!("{head}\n## The catalogue\n{}", new.join("\n### "));
    assert_data_eq!(new, Data::read_from(&page(), None).raw());
}
