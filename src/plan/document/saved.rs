//! The saved form of a plan: canonical JSON (RFC 8785), members in the order of their names, written
//! one after another. Its digest is SHA-256 over the same text without the members that differ each
//! time it is made: when, by which release, from which commit, where, upon a reading of when.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::row::{MailboxRow, Particulars, WholeRow};
use super::{Counts, FORMAT_VERSION, SignInRow, SnapshotRow, Tenant, addresses, refused};
use crate::plan::{Change, CheckResult, MailboxView, Plan};
use crate::resource::{Address, PlanDigest};

/// The members that the digest leaves out, beside `summary.reads` and the numbers of checks that passed.
pub(super) const VOLATILE: [&str; 6] =
    ["created_at", "digest", "git", "host", "snapshot", "tool_version"];

/// When, by what and where a plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When.
    pub created_at: Timestamp,
    /// By which release.
    pub tool_version: String,
    /// From which commit, where the spec lies in a Git repository.
    pub git: Option<GitCommit>,
    /// Where.
    pub host: Option<Host>,
}

/// A commit of a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitCommit {
    /// Its id.
    #[schemars(regex(pattern = "^[0-9a-f]{40,64}$"))]
    pub commit: String,
    /// The spec's directory holds changes that are not in it.
    pub dirty: bool,
}

/// Where a plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The directory of the spec, absolute.
    pub directory: String,
    /// The same from the directory of the file, where it was saved as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_plan: Option<String>,
}

/// The spec that a plan was made from, whole: an apply of the plan reads no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecText {
    /// The name, among `files`, of the one that was named.
    pub entry: String,
    /// Texts by path, relative to the directory of the entry.
    #[schemars(extend("minProperties" = 1))]
    pub files: BTreeMap<String, String>,
    /// The values of variables, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, serde_json::Value>,
}

/// A plan with what is saved beside it.
#[derive(Debug, Clone, Copy)]
pub struct SavedPlan<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// The spec that it was made from.
    pub spec: &'p SpecText,
    /// When, by what and where.
    pub made: &'p Made,
}

impl SavedPlan<'_> {
    /// Writes it, digest included.
    pub fn write(&self, digest: PlanDigest, out: &mut dyn Write) -> io::Result<()> {
        self.write_in_line(digest, out)?;
        out.write_all(b"\n")
    }

    /// The same without an end of line, since more comes after it.
    pub fn write_in_line(&self, digest: PlanDigest, out: &mut dyn Write) -> io::Result<()> {
        let mut object = Object::begin(out)?;
        let volatile = Volatile { digest, made: self.made };
        let form = Form { version: FORMAT_VERSION, volatile: Some(&volatile) };
        members(self.plan, self.spec, form, &mut object)?;
        object.end()
    }
}

/// The digest of a plan: the same whenever the same plan is made from the same spec.
pub fn digest(plan: &Plan, spec: &SpecText) -> io::Result<PlanDigest> {
    digest_as(FORMAT_VERSION, plan, spec)
}

/// The digest that a release of another format would have given it.
pub(super) fn digest_as(version: &str, plan: &Plan, spec: &SpecText) -> io::Result<PlanDigest> {
    let mut hasher = Sha256::new();
    let mut object = Object::begin(&mut hasher)?;
    members(plan, spec, Form { version, volatile: None }, &mut object)?;
    object.end()?;
    Ok(PlanDigest::new(hasher.finalize().into()))
}

/// In which format, and with what beside the plan itself.
#[derive(Clone, Copy)]
struct Form<'a> {
    version: &'a str,
    volatile: Option<&'a Volatile<'a>>,
}

struct Volatile<'a> {
    digest: PlanDigest,
    made: &'a Made,
}

/// An object whose members come one after another; who writes them keeps them in order.
pub(super) struct Object<'w> {
    out: &'w mut dyn Write,
    is_empty: bool,
}

impl<'w> Object<'w> {
    pub(super) fn begin(out: &'w mut dyn Write) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, is_empty: true })
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        let comma = if self.is_empty { "" } else { "," };
        self.is_empty = false;
        write!(self.out, "{comma}\"{name}\":")
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> io::Result<()> {
        self.name(name)?;
        canonical(self.out, value)
    }

    /// A member whose text is canonical already.
    pub(super) fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.name(name)?;
        self.out.write_all(text.as_bytes())
    }

    /// A list whose elements come one after another.
    pub(super) fn list(&mut self, name: &str) -> io::Result<List<'_>> {
        self.name(name)?;
        self.out.write_all(b"[")?;
        Ok(List { out: self.out, is_empty: true })
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}")
    }
}

pub(super) struct List<'w> {
    out: &'w mut dyn Write,
    is_empty: bool,
}

impl List<'_> {
    fn comma(&mut self) -> io::Result<()> {
        let comma: &[u8] = if self.is_empty { b"" } else { b"," };
        self.is_empty = false;
        self.out.write_all(comma)
    }

    fn element<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        self.comma()?;
        canonical(self.out, value)
    }

    /// An element whose text is canonical already.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.comma()?;
        self.out.write_all(text.as_bytes())
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"]")
    }
}

fn canonical<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    serde_jcs::to_writer(out, value).map_err(io::Error::from)
}

/// All members in the order of their names, those that differ each time only where they are given.
fn members(
    plan: &Plan,
    spec: &SpecText,
    form: Form<'_>,
    object: &mut Object<'_>,
) -> io::Result<()> {
    let volatile = form.volatile;
    let before_mailboxes = addresses(&plan.before_mailboxes());
    let mut patterns = Patterns::of(plan, &before_mailboxes)?;
    if let Some(rules) = &plan.approval {
        object.member("approval", rules)?;
    }
    changes(plan, &mut patterns, object)?;
    if !plan.checks.is_empty() {
        match volatile {
            Some(_) => object.member("checks", &plan.checks)?,
            None => object.member("checks", &covered(plan.checks.clone()))?,
        }
    }
    if let Some(Volatile { made, .. }) = volatile {
        object.member("created_at", &made.created_at.to_string())?;
    }
    object.member("deferred", &addresses(&plan.deferred))?;
    if let Some(Volatile { digest, .. }) = volatile {
        object.member("digest", digest)?;
    }
    object.member("format_version", form.version)?;
    if let Some(git) = volatile.and_then(|volatile| volatile.made.git.as_ref()) {
        object.member("git", git)?;
    }
    if let Some(host) = volatile.and_then(|volatile| volatile.made.host.as_ref()) {
        object.member("host", host)?;
    }
    object.member("notes", &plan.notes)?;
    let mut list = object.list("patterns")?;
    patterns.rows.iter().try_for_each(|row| list.text(row))?;
    list.end()?;
    members_after_patterns(plan, spec, volatile, object)
}

fn members_after_patterns(
    plan: &Plan,
    spec: &SpecText,
    volatile: Option<&Volatile<'_>>,
    object: &mut Object<'_>,
) -> io::Result<()> {
    object.member("pending", &addresses(&plan.pending))?;
    object.member("refused", &refused(plan))?;
    object.member("safeguards", &plan.safeguards)?;
    if let Some(selected) = &plan.selected {
        object.member("selection", selected)?;
    }
    if let Some(gate) = &plan.sign_in {
        object.member("sign_in", &SignInRow::of(gate))?;
    }
    if let Some(taken_at) = plan.snapshot.filter(|_| volatile.is_some()) {
        object.member("snapshot", &SnapshotRow { taken_at })?;
    }
    object.member("spec", spec)?;
    let mut counts = Counts::of(plan);
    counts.reads = counts.reads.filter(|_| volatile.is_some());
    object.member("summary", &counts)?;
    object.member("tenant", &Tenant::of(plan))?;
    if let Some(Volatile { made, .. }) = volatile {
        object.member("tool_version", &made.tool_version)?;
    }
    if let Some(undoes) = &plan.undoes {
        object.member("undoes", undoes)?;
    }
    if !plan.unread.is_empty() {
        object.member("unread", &addresses(&plan.unread))?;
    }
    object.member("violations", &plan.refused)
}

/// The checks as far as the digest covers them.
pub(super) fn covered(checks: Vec<CheckResult>) -> Vec<CheckResult> {
    checks.into_iter().map(CheckResult::without_numbers_of_a_pass).collect()
}

fn changes(plan: &Plan, patterns: &mut Patterns, object: &mut Object<'_>) -> io::Result<()> {
    let mut list = object.list("changes")?;
    for change in plan.few() {
        list.element(&WholeRow::of(&change, &addresses(&change.depends_on(plan))))?;
    }
    for view in plan.mailboxes.iter() {
        list.element(&mailbox_row(view, patterns.number(view)))?;
    }
    list.end()
}

fn mailbox_row(view: MailboxView<'_>, pattern: u32) -> MailboxRow {
    let address: Address = view.address();
    let upn = (address.key() != Some(view.upn())).then(|| view.upn().to_owned());
    MailboxRow { address: address.to_string(), guid: view.guid(), pattern, upn }
}

/// The patterns of a plan as texts, numbered as the changes first name them: in which order the
/// mailboxes were read makes no difference.
struct Patterns {
    rows: Vec<String>,
    numbers: Vec<Option<u32>>,
}

impl Patterns {
    fn of(plan: &Plan, depends_on: &[String]) -> io::Result<Self> {
        let mut patterns = Self { rows: Vec::new(), numbers: Vec::new() };
        let mut known: HashMap<String, u32> = HashMap::new();
        for view in plan.mailboxes.iter() {
            let place = view.pattern_id() as usize;
            if patterns.numbers.len() <= place {
                patterns.numbers.resize(place + 1, None);
            }
            if patterns.numbers[place].is_some() {
                continue;
            }
            let row = Particulars::of(&Change::Mailbox(view), depends_on);
            let text = serde_jcs::to_string(&row).map_err(io::Error::from)?;
            let next = u32::try_from(patterns.rows.len()).unwrap_or(u32::MAX);
            let number = *known.entry(text.clone()).or_insert(next);
            if number == next {
                patterns.rows.push(text);
            }
            patterns.numbers[place] = Some(number);
        }
        Ok(patterns)
    }

    fn number(&self, view: MailboxView<'_>) -> u32 {
        self.numbers.get(view.pattern_id() as usize).copied().flatten().unwrap_or(u32::MAX)
    }
}
