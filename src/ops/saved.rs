//! Saved plans as files: written whole or not at all and readable by their owner alone, compressed
//! where the name ends in `.zst`; read back with what tells whether they still hold.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use jiff::civil::Date;

use super::directory_of;
use super::load::{Capture, CapturedFile, Loaded, SPEC_FILE, load_again};
use super::ports::{Ports, Stopped};
use crate::diagnostic::{Diagnostic, and_list};
use crate::plan::{
    GitCommit, Host, Made, Plan, ReadPlan, SavedPlan, SpecText, UnreadablePlan, digest,
    looks_like_plan, read_plan,
};
use crate::resource::PlanDigest;

/// Best speed for its size; a plan shrinks to a twentieth.
const COMPRESSION: i32 = 3;

/// The spec of a plan, to be kept with it.
pub fn spec_text(loaded: &Loaded) -> SpecText {
    let Capture { files, variables } = &loaded.capture;
    let value = |value| serde_json::to_value(value).unwrap_or_default();
    SpecText {
        entry: files.first().map(|file| file.path.clone()).unwrap_or_default(),
        files: files.iter().map(|file| (file.path.clone(), file.text.clone())).collect(),
        variables: variables.iter().map(|(name, one)| (name.clone(), value(one))).collect(),
    }
}

/// The same, to be read again.
pub fn capture_of(spec: &SpecText) -> Result<Capture, Stopped> {
    let mut files: Vec<CapturedFile> = spec
        .files
        .iter()
        .map(|(path, text)| CapturedFile { path: path.clone(), text: text.clone() })
        .collect();
    files.sort_by_key(|file| file.path != spec.entry);
    let value = |(name, value): (&String, &serde_json::Value)| {
        Ok((name.clone(), serde_json::from_value(value.clone())?))
    };
    let variables: Result<_, serde_json::Error> = spec.variables.iter().map(value).collect();
    let variables = variables.map_err(|error| {
        let summary = format!("a variable of the plan has no value: {error}");
        Stopped::error(Diagnostic::error("unreadable-plan", summary))
    })?;
    Ok(Capture { files, variables })
}

/// The digest by which a plan is approved.
pub fn digest_of(plan: &Plan, spec: &SpecText) -> Result<PlanDigest, Stopped> {
    digest(plan, spec).map_err(|error| {
        let summary = format!("the plan cannot be digested: {error}");
        Stopped::error(Diagnostic::error("unwritable-output", summary))
    })
}

/// When and where this plan is made, to be saved as `out` if anywhere. Git is asked where it is there.
pub fn made(directory: &Path, out: Option<&Path>, ports: &Ports) -> Made {
    let absolute = std::path::absolute(directory).ok();
    let beside = out.and_then(|out| std::path::absolute(directory_of(out)).ok());
    Made {
        created_at: ports.now(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        git: git_commit(directory),
        host: absolute.map(|path| Host {
            directory: path.display().to_string(),
            from_plan: beside.map(|beside| from(&beside, &path).display().to_string()),
        }),
    }
}

/// The way from one absolute path to another.
fn from(start: &Path, end: &Path) -> PathBuf {
    let shared = start.components().zip(end.components()).take_while(|(one, other)| one == other);
    let shared = shared.count();
    let up = start.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(end.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

fn git_commit(directory: &Path) -> Option<GitCommit> {
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(directory).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let commit = git(&["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
    let status = git(&["status", "--porcelain", "--", "."])?;
    Some(GitCommit { commit, dirty: !status.trim().is_empty() })
}

/// Saves a plan.
pub fn save(plan: &SavedPlan<'_>, digest: PlanDigest, path: &Path) -> Result<(), Stopped> {
    write(plan, digest, path).map_err(|error| {
        let summary = format!("the plan cannot be saved as `{}`: {error}", path.display());
        Stopped::error(Diagnostic::error("unwritable-output", summary))
    })
}

fn write(plan: &SavedPlan<'_>, digest: PlanDigest, path: &Path) -> io::Result<()> {
    // Such files are made for their owner alone.
    let file = tempfile::NamedTempFile::new_in(directory_of(path))?;
    let mut out = BufWriter::with_capacity(1 << 16, file.as_file());
    if path.extension().is_some_and(|extension| extension == "zst") {
        let mut encoder = zstd::Encoder::new(&mut out, COMPRESSION)?;
        plan.write(digest, &mut encoder)?;
        encoder.finish()?;
    } else {
        plan.write(digest, &mut out)?;
    }
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether a path is a saved plan and not a spec, by what it holds.
pub fn is_saved_plan(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let opened = path.is_file().then(|| File::open(path).ok()).flatten();
    let read = opened.map(|file| file.take(256).read_to_end(&mut beginning));
    matches!(read, Some(Ok(_))) && looks_like_plan(&beginning)
}

/// Reads a plan back.
pub fn read_saved(path: &Path) -> Result<ReadPlan, Stopped> {
    let mut open = || -> io::Result<Box<dyn Read>> { Ok(Box::new(File::open(path)?)) };
    read_saved_from(&mut open).map_err(|error| unreadable(path, &error))
}

/// Reads a plan back from what `open` begins anew each time, compressed or not.
pub fn read_saved_from(
    open: &mut dyn FnMut() -> io::Result<Box<dyn Read>>,
) -> Result<ReadPlan, UnreadablePlan> {
    let is_compressed = {
        let mut magic = [0; 4];
        let read = open().and_then(|mut file| file.read_exact(&mut magic));
        read.is_ok() && magic == zstd::zstd_safe::MAGICNUMBER.to_le_bytes()
    };
    let mut open = || -> io::Result<Box<dyn Read>> {
        let file = open()?;
        if is_compressed { Ok(Box::new(zstd::Decoder::new(file)?)) } else { Ok(file) }
    };
    read_plan(&mut open)
}

fn unreadable(path: &Path, error: &UnreadablePlan) -> Stopped {
    let summary = format!("`{}` is no plan to go by", path.display());
    let finding = match error {
        UnreadablePlan::TooNew(_) => {
            Diagnostic::error("plan-too-new", summary).help("take a newer release of Auditform")
        }
        UnreadablePlan::Edited { .. } => Diagnostic::error("plan-edited", summary)
            .help("a plan is not edited: change the spec and plan again"),
        _ => Diagnostic::error("unreadable-plan", summary)
            .help("save it again with `auditform plan --out FILE`"),
    };
    Stopped::error(
        finding.note(error.to_string()).note("nothing of it was believed, and no call was made"),
    )
}

/// Where the spec of a plan is to be found by now: where it was as seen from the plan, so that both may
/// have moved; else where it was; else beside the plan; else here.
pub fn spec_directory(plan_file: &Path, read: &ReadPlan) -> Option<PathBuf> {
    let entry = read.spec.as_ref().map_or(SPEC_FILE, |spec| spec.entry.as_str());
    let was = read.made.as_ref().and_then(|made| made.host.as_ref());
    let beside = directory_of(plan_file);
    let candidates = [
        was.and_then(|host| host.from_plan.as_ref()).map(|way| beside.join(way)),
        was.map(|host| PathBuf::from(&host.directory)),
        Some(beside.to_path_buf()),
        Some(PathBuf::from(".")),
    ];
    candidates.into_iter().flatten().find(|directory| directory.join(entry).is_file())
}

/// Compares the spec that a plan was made from with what lies in a directory by now.
pub fn compare_spec(spec: &SpecText, directory: &Path, today: Date) -> Result<(), Stopped> {
    let capture = capture_of(spec)?;
    let changed = match load_again(&capture, directory, today) {
        Ok(loaded) => changed_files(spec, &spec_text(&loaded)),
        Err(_) => vec![format!("`{}`", directory.join(&spec.entry).display())],
    };
    if changed.is_empty() {
        return Ok(());
    }
    let verb = if changed.len() == 1 { "is" } else { "are" };
    Err(Stopped::stale(
        Diagnostic::error("spec-changed", "the spec is not the one that was planned")
            .note(format!("{} {verb} not as when the plan was made", and_list(&changed)))
            .note("no call was made")
            .help("plan again, or give `--plan-only` if the plan alone is what you want"),
    ))
}

/// The files of two specs that are not the same in both.
pub fn changed_files(old: &SpecText, new: &SpecText) -> Vec<String> {
    let names: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    let is_changed = |name: &&String| old.files.get(*name) != new.files.get(*name);
    names.into_iter().filter(is_changed).map(|name| format!("`{name}`")).collect()
}
