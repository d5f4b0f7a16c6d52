//! Which files a spec is made of: `extends` names the spec below, `include` names parts. A name goes
//! in; every file is read once and its place in the whole comes out. What the files say beyond that
//! is none of its business.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::files::{Files, beside};
use super::read::{Entry, Reader};
use super::{VERSION, merge, references, syntax, unknown_version};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span};

/// The most files of a spec.
const MOST_FILES: usize = 256;
/// The most bytes of all files of a spec together.
const MOST_BYTES: usize = 16 << 20;
/// The most files from the spec that was named to one that it is made of.
const DEEPEST: usize = 16;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Part {
    /// Its path from the directory of the spec.
    pub(super) name: String,
    pub(super) file: FileId,
    /// Where its places begin.
    pub(super) start: usize,
    identity: PathBuf,
    /// Where it is named, and in which part.
    named: Option<(Span, usize)>,
}

/// The files of a spec.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) all: Vec<Part>,
    /// The files that count as one, by their place in `all`; those of the lowest spec come first.
    pub(super) layers: Vec<Vec<usize>>,
    /// A file is of a version that this release cannot judge.
    pub(super) is_unknown: bool,
}

/// What a file says of others.
struct Heads {
    extends: Option<(String, Span)>,
    include: Vec<(String, Span)>,
}

struct Gathering<'a> {
    files: &'a dyn Files,
    directory: &'a Path,
    sources: &'a mut Sources,
    reader: &'a mut Reader,
    parts: Parts,
    bytes: usize,
    is_full: bool,
}

/// Reads the file of a name and all that belongs to it. Names start at `directory`.
pub(super) fn gather(
    files: &dyn Files,
    (directory, name): (&Path, &str),
    sources: &mut Sources,
    reader: &mut Reader,
) -> Parts {
    let parts = Parts { all: Vec::new(), layers: Vec::new(), is_unknown: false };
    let mut gathering =
        Gathering { files, directory, sources, reader, parts, bytes: 0, is_full: false };
    let mut next = gathering.open(name.to_owned(), None);
    while let Some((part, heads)) = next {
        let mut layer = vec![part];
        gathering.include(part, heads.include, &mut layer);
        gathering.parts.layers.insert(0, layer);
        next = heads.extends.and_then(|(path, place)| {
            let name = beside(&gathering.parts.all[part].name, &path);
            gathering.open(name, Some((place, part)))
        });
    }
    gathering.parts
}

impl Gathering<'_> {
    /// Reads what a part includes, and what that includes.
    fn include(&mut self, part: usize, named: Vec<(String, Span)>, layer: &mut Vec<usize>) {
        for (path, place) in named {
            for name in self.matching(part, &path, place) {
                let Some((included, heads)) = self.open(name, Some((place, part))) else {
                    continue;
                };
                layer.push(included);
                if let Some((_, place)) = heads.extends {
                    self.reader.report(
                        Diagnostic::error("extends-in-include", "a part cannot extend a spec")
                            .at(place, "this file is included")
                            .help("write `extends` in the spec that is named on the command line")
                            .help("or `include` the file, if it is a part as well"),
                    );
                }
                self.include(included, heads.include, layer);
            }
        }
    }

    /// The names that a path or a pattern stands for, in their order.
    fn matching(&mut self, part: usize, path: &str, place: Span) -> Vec<String> {
        let name = beside(&self.parts.all[part].name, path);
        let is_pattern = |text: &str| text.contains(['*', '?', '[', '{']);
        let (directory, file) = name.rsplit_once('/').unwrap_or(("", &name));
        if !is_pattern(path) {
            return vec![name];
        }
        let trouble = |summary: String| Diagnostic::error("invalid-include", summary).at(place, "");
        let (within, pattern) = path.rsplit_once('/').unwrap_or(("", path));
        if is_pattern(within) {
            self.reader.report(
                trouble(format!("`{within}` cannot be a pattern"))
                    .note("a pattern is looked up in one directory")
                    .help("name each directory: `include = [\"policies/*.toml\"]`"),
            );
            return Vec::new();
        }
        let glob = match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                self.reader.report(
                    trouble(format!("`{pattern}` is not a pattern: {}", error.kind()))
                        .note("`*` is any text, `?` one character, `[a-c]` one of, `{a,b}` either"),
                );
                return Vec::new();
            }
        };
        let mut found = match self.files.list(directory) {
            Ok(found) => found,
            Err(finding) => {
                self.reader.miss_parts();
                let help = "the path starts at the directory of this file";
                self.reader.report(finding.at(place, "").help(help));
                return Vec::new();
            }
        };
        // As in a shell: editors and systems keep files of their own under such names.
        found.retain(|name| !name.starts_with('.') || file.starts_with('.'));
        found.retain(|name| glob.is_match(name));
        found.sort();
        if found.is_empty() {
            self.reader.report(
                Diagnostic::warning("include-matches-nothing", format!("no file is `{path}`"))
                    .at(place, "")
                    .help("the path starts at the directory of this file"),
            );
        }
        let within = name.strip_suffix(file).unwrap_or_default();
        found.into_iter().map(|name| format!("{within}{name}")).collect()
    }

    /// Reads a file and what it says of others.
    fn open(&mut self, name: String, named: Option<(Span, usize)>) -> Option<(usize, Heads)> {
        if self.is_full {
            return None;
        }
        let file = match self.files.read(&name) {
            Ok(file) => file,
            Err(finding) => {
                self.reader.miss_parts();
                let finding = match named {
                    Some((place, part)) => self
                        .with_chain(finding.at(place, ""), part)
                        .help("the path starts at the directory of this file"),
                    None => *finding,
                };
                self.reader.report(finding);
                return None;
            }
        };
        let known = self.parts.all.iter().position(|part| part.identity == file.identity);
        if let (Some(known), Some((place, part))) = (known, named) {
            self.again(known, (place, part), &file.shown);
            return None;
        }
        self.bytes += file.text.len();
        if let Some(finding) = self.beyond(named) {
            self.reader.miss_parts();
            self.reader.report(finding);
            self.is_full = true;
            return None;
        }
        let path = self.directory.join(&name);
        let directory = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let id = self.sources.add(file.shown, file.text);
        let source = self.sources.get(id)?;
        let start = self.reader.open(id, source, directory);
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        if !errors.is_empty() {
            self.reader.miss_parts();
        }
        syntax::report(self.reader, (start, &source.text), table.get_ref(), &errors);
        let table = merge::shifted(table.into_inner(), start);
        let (heads, is_unknown) = heads(self.reader, &table);
        self.parts.is_unknown |= is_unknown;
        self.parts.all.push(Part { name, file: id, start, identity: file.identity, named });
        Some((self.parts.all.len() - 1, heads))
    }

    /// What there is too much of.
    fn beyond(&self, named: Option<(Span, usize)>) -> Option<Diagnostic> {
        let (place, part) = named?;
        let trouble = |summary: &str| Diagnostic::error("spec-too-large", summary).at(place, "");
        if self.parts.all.len() >= MOST_FILES {
            return Some(trouble("a spec has at most 256 files").help("put several into one"));
        }
        if self.bytes > MOST_BYTES {
            return Some(trouble("the files of a spec have more than 16 MiB in all"));
        }
        if self.chain(part).len() >= DEEPEST {
            let finding = trouble("files name one another more than 16 deep");
            return Some(self.with_chain(finding, part).help("name the files in the spec itself"));
        }
        None
    }

    /// The parts from the spec to one of its parts.
    fn chain(&self, mut part: usize) -> Vec<usize> {
        let mut chain = vec![part];
        while let Some((_, above)) = self.parts.all[part].named {
            chain.insert(0, above);
            part = above;
        }
        chain
    }

    fn shown(&self, part: usize) -> &str {
        let source = self.sources.get(self.parts.all[part].file);
        source.map_or("", |source| source.path.as_str())
    }

    /// The names of the parts from one to the next.
    fn arrows(&self, parts: &[usize]) -> String {
        let names: Vec<String> =
            parts.iter().map(|part| format!("`{}`", self.shown(*part))).collect();
        names.join(" -> ")
    }

    /// Says how a part came to be read, unless it is the spec itself.
    fn with_chain(&self, finding: Diagnostic, part: usize) -> Diagnostic {
        let chain = self.chain(part);
        if chain.len() < 2 {
            return finding;
        }
        finding.note(format!("this file is read by {}", self.arrows(&chain)))
    }

    /// A file is named that was read before.
    fn again(&mut self, known: usize, (place, part): (Span, usize), shown: &str) {
        let chain = self.chain(part);
        let loops = chain.iter().position(|above| *above == known);
        let arrows = |parts: &[usize]| format!("{} -> `{shown}`", self.arrows(parts));
        let finding = if let Some(begin) = loops {
            let mut finding =
                Diagnostic::error("include-loop", format!("`{shown}` comes back to itself"))
                    .at(place, format!("names `{shown}`"));
            for part in chain[begin..].iter().skip(1) {
                if let Some((named, _)) = self.parts.all[*part].named {
                    finding = finding.at(named, format!("names `{}`", self.shown(*part)));
                }
            }
            let help = "remove one of the names; what both need goes into a file of its own";
            finding.note(format!("the loop is {}", arrows(&chain[begin..]))).help(help)
        } else {
            let summary = format!("`{shown}` is part of the spec twice");
            let mut finding =
                Diagnostic::error("included-twice", summary).at(place, "a second time");
            let mut first = vec![known];
            if let Some((named, above)) = self.parts.all[known].named {
                finding = finding.at(named, "first named here");
                first = self.chain(above);
            }
            finding
                .note(format!("it is read by {}", arrows(&first)))
                .note(format!("and again by {}", arrows(&chain)))
                .help("keep one of the two")
        };
        self.reader.report(finding);
    }
}

/// What a file says of others and of its version, which is judged before anything else in it.
fn heads(reader: &mut Reader, table: &DeTable<'_>) -> (Heads, bool) {
    let root = reader.root(table);
    let version = reader.entry(&root, "version");
    let mut is_unknown = false;
    if let Some(entry) = &version
        && let DeValue::Integer(number) = entry.node
        && (number.radix() != 10 || number.as_str().parse::<u32>() != Ok(VERSION))
    {
        reader.report(unknown_version(entry, &number.to_string()));
        is_unknown = true;
    }
    let extends =
        reader.optional(&root, "extends", |reader, entry| path(reader, entry, "../auditform.toml"));
    let include = reader.optional(&root, "include", |reader, entry| {
        let items = reader.list(entry, "[\"common.toml\", \"policies/*.toml\"]")?;
        Some(items.iter().filter_map(|item| path(reader, item, "common.toml")).collect())
    });
    if extends.is_err() || include.is_err() {
        reader.miss_parts();
    }
    let extends = extends.ok().flatten();
    (Heads { extends, include: include.ok().flatten().unwrap_or_default() }, is_unknown)
}

/// A path to another file. Which files there are is settled before variables have values.
fn path(reader: &mut Reader, entry: &Entry<'_>, example: &str) -> Option<(String, Span)> {
    let text = reader.text(entry, example)?;
    if references::is_in(text) {
        reader.miss_parts();
        reader.report(
            Diagnostic::error(
                "misplaced-reference",
                format!("`{}` takes no variables", entry.name),
            )
            .at(entry.span, "")
            .note("which files there are is settled before variables have values")
            .help(
                "write the path itself; what differs by environment goes into a spec of its \
                     own that `extends` this one",
            ),
        );
        return None;
    }
    Some((text.to_owned(), entry.span))
}

/// The tree of a part, with places that say which part it is.
pub(super) fn tree<'s>(sources: &'s Sources, part: &Part) -> DeTable<'s> {
    let text = sources.get(part.file).map_or("", |source| source.text.as_str());
    let (table, _): (Spanned<DeTable<'s>>, _) = DeTable::parse_recoverable(text);
    merge::shifted(table.into_inner(), part.start)
}
