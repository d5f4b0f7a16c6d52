//! Reads a plan back: a first pass finds its version, so that a document of a newer release is told
//! from a broken one; a second takes one member and one change after another and digests them on the
//! way. What was cut off, edited or never was a plan is an error, and nothing of it is believed.

use std::fmt;
use std::io::{self, BufReader, Read};

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::restore::{Restorer, Unfit};
use super::room::{LONGEST_CHANGE, Limited, Room};
use super::saved::{GitCommit, Host, List, Made, Object, SpecText, VOLATILE, covered, digest_as};
use super::{Counts, FORMAT_VERSION};
use crate::plan::{CheckResult, Plan};
use crate::resource::{FormatVersion, PlanDigest};

/// Longer documents are refused: a plan of a million mailboxes takes a third of it.
const LONGEST: u64 = 512 << 20;

/// The members that came with format 1.3.
const SINCE_1_3: [&str; 3] = ["checks", "selection", "snapshot"];
/// And with 1.4.
const SINCE_1_4: [&str; 1] = ["undoes"];

/// A plan that was read back.
#[derive(Debug)]
pub struct ReadPlan {
    /// The plan.
    pub plan: Plan,
    /// Its digest, computed anew and equal to the stated one; `None` in printed documents.
    pub digest: Option<PlanDigest>,
    /// The spec that it was made from; `None` in printed documents.
    pub spec: Option<SpecText>,
    /// When, by what and where it was made, as far as it says.
    pub made: Option<Made>,
    /// The version of its format.
    pub format_version: String,
}

/// Why a document cannot be taken for a plan.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePlan {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
    /// It is something else.
    #[error("it is not a plan: {0}")]
    NotAPlan(String),
    /// It ends in the middle.
    #[error("it is cut off: the document does not end")]
    Cut,
    /// A newer release made it.
    #[error("its format is {0}, and this release reads up to {FORMAT_VERSION}")]
    TooNew(String),
    /// It is not what was saved.
    #[error("it was changed after it was saved: it states {stated} and amounts to {computed}")]
    Edited {
        /// What stands in it.
        stated: PlanDigest,
        /// What it amounts to.
        computed: PlanDigest,
    },
    /// Some part of it cannot be.
    #[error("it is broken: {0}")]
    Broken(String),
    /// It is longer than any plan.
    #[error("it is longer than {} MiB, which no plan is", LONGEST >> 20)]
    TooLong,
    /// One part of it is.
    #[error("a part of it is longer than in any plan")]
    LongPart,
}

/// Whether a file that begins like this is a plan and not a spec: no TOML begins with a brace, nor
/// with the first bytes of what zstd has compressed.
pub fn looks_like_plan(beginning: &[u8]) -> bool {
    let text = beginning.trim_ascii_start();
    text.starts_with(b"{") || beginning.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

/// Reads a plan; `open` is called twice.
pub fn read_plan(
    open: &mut dyn FnMut() -> io::Result<Box<dyn Read>>,
) -> Result<ReadPlan, UnreadablePlan> {
    let room = Room::default();
    let head = parse(open()?, &room, &room)?;
    let Some(version) = head.format_version else {
        let reason = "it has no `format_version`".to_owned();
        return Err(UnreadablePlan::NotAPlan(reason));
    };
    let Some(format) = FormatVersion::readable(&version, FORMAT_VERSION) else {
        return Err(UnreadablePlan::TooNew(version));
    };
    // A printed document states the digest of the saved one, which cannot be computed from it.
    let stated = head.digest.filter(|_| head.spec.is_some());
    let mut body = Body::new(format, stated.is_some(), &room);
    parse(open()?, &room, &mut body)?;
    let computed = body.hasher.take().map(Sha256::finalize);
    if let (Some(stated), Some(computed)) = (stated, computed) {
        let computed = PlanDigest::new(computed.into());
        if stated != computed {
            return Err(UnreadablePlan::Edited { stated, computed });
        }
    }
    let plan = body.restorer.finish().map_err(|unfit| UnreadablePlan::Broken(unfit.to_string()))?;
    if let (Some(stated), Some(spec)) = (stated, &body.spec)
        && format >= FormatVersion::new(1, 2)
        && digest_as(&version, &plan, spec)? != stated
    {
        // What people read in the file would not be what is carried out.
        let reason = "what it says of its changes does not follow from them".to_owned();
        return Err(UnreadablePlan::Broken(reason));
    }
    let made = head.created_at.map(|created_at| Made {
        created_at,
        tool_version: head.tool_version.unwrap_or_default(),
        git: head.git,
        host: head.host,
    });
    Ok(ReadPlan { plan, digest: stated, spec: body.spec, made, format_version: version })
}

impl From<io::Error> for UnreadablePlan {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn parse<'de, S: DeserializeSeed<'de>>(
    reader: Box<dyn Read>,
    room: &Room,
    seed: S,
) -> Result<S::Value, UnreadablePlan> {
    room.0.set(LONGEST_CHANGE);
    let mut limited = BufReader::with_capacity(1 << 16, reader.take(LONGEST));
    let parts = Limited { room, reader: &mut limited };
    let mut json = serde_json::Deserializer::from_reader(parts);
    let parsed = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    parsed.map_err(|error| {
        if limited.get_ref().limit() == 0 {
            return UnreadablePlan::TooLong;
        }
        match error.classify() {
            serde_json::error::Category::Io if room.0.get() == 0 => UnreadablePlan::LongPart,
            serde_json::error::Category::Io => UnreadablePlan::Io(error.into()),
            serde_json::error::Category::Eof => UnreadablePlan::Cut,
            serde_json::error::Category::Syntax => UnreadablePlan::NotAPlan(error.to_string()),
            serde_json::error::Category::Data => UnreadablePlan::Broken(error.to_string()),
        }
    })
}

/// What the first pass looks for.
#[derive(Debug, Default)]
pub(super) struct Head {
    format_version: Option<String>,
    digest: Option<PlanDigest>,
    spec: Option<IgnoredAny>,
    created_at: Option<Timestamp>,
    tool_version: Option<String>,
    git: Option<GitCommit>,
    host: Option<Host>,
}

impl<'de> DeserializeSeed<'de> for &Room {
    type Value = Head;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Head, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &Room {
    type Value = Head;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head, A::Error> {
        let mut head = Head::default();
        while let Some(name) = map.next_key::<String>()? {
            self.give(&name);
            match name.as_str() {
                "format_version" => head.format_version = map.next_value()?,
                "digest" => head.digest = map.next_value()?,
                "spec" => head.spec = map.next_value()?,
                "created_at" => head.created_at = map.next_value()?,
                "tool_version" => head.tool_version = map.next_value()?,
                "git" => head.git = map.next_value()?,
                "host" => head.host = map.next_value()?,
                "changes" => map.next_value_seed(PassedOver(self))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            self.0.set(LONGEST_CHANGE);
        }
        Ok(head)
    }
}

/// A list that is passed over, one element at a time.
struct PassedOver<'r>(&'r Room);

impl<'de> DeserializeSeed<'de> for PassedOver<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PassedOver<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of changes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.0.set(LONGEST_CHANGE);
        while elements.next_element::<IgnoredAny>()?.is_some() {
            self.0.0.set(LONGEST_CHANGE);
        }
        Ok(())
    }
}

/// What the second pass gathers.
struct Body<'r> {
    format: FormatVersion,
    room: &'r Room,
    /// Digests what is read, where a digest is stated.
    hasher: Option<Sha256>,
    restorer: Restorer,
    spec: Option<SpecText>,
}

impl<'r> Body<'r> {
    fn new(format: FormatVersion, has_digest: bool, room: &'r Room) -> Self {
        let hasher = has_digest.then(Sha256::new);
        Self { format, room, hasher, restorer: Restorer::default(), spec: None }
    }

    fn members<'de, A: MapAccess<'de>>(
        &mut self,
        mut map: A,
        object: &mut Object<'_>,
        in_order: bool,
    ) -> Result<(), A::Error> {
        let mut previous = String::new();
        while let Some(name) = map.next_key::<String>()? {
            if in_order && name <= previous {
                return Err(A::Error::custom(format!("`{name}` is not where it belongs")));
            }
            self.room.give(&name);
            if name == "changes" {
                let list = object.list(&name).map_err(A::Error::custom)?;
                let (room, restorer) = (self.room, &mut self.restorer);
                map.next_value_seed(Rows { room, list, restorer })?;
            } else {
                let text: Box<RawValue> = map.next_value()?;
                self.member(&name, text.get(), object).map_err(A::Error::custom)?;
            }
            previous = name;
            self.room.0.set(LONGEST_CHANGE);
        }
        Ok(())
    }

    fn member(&mut self, name: &str, text: &str, object: &mut Object<'_>) -> Result<(), Unfit> {
        // Of an older document no release has written them, and what it says is not made anew.
        let is_newer = self.format < FormatVersion::new(1, 3) && SINCE_1_3.contains(&name)
            || self.format < FormatVersion::new(1, 4) && SINCE_1_4.contains(&name);
        if is_newer {
            return Err(Unfit::new(format!(
                "`{name}` is no part of a plan of format {}",
                self.format
            )));
        }
        if name == "summary" {
            let mut counts: Counts = serde_json::from_str(text)?;
            self.restorer.counts(&counts);
            counts.reads = None;
            object.text(name, &serde_jcs::to_string(&counts)?)?;
            return Ok(());
        }
        if name == "checks" {
            let checks: Vec<CheckResult> = serde_json::from_str(text)?;
            object.text(name, &serde_jcs::to_string(&covered(checks.clone()))?)?;
            self.restorer.checks(checks);
            return Ok(());
        }
        if !VOLATILE.contains(&name) {
            object.text(name, text)?;
        }
        if name == "spec" {
            self.spec = Some(serde_json::from_str(text)?);
            return Ok(());
        }
        self.restorer.member(name, text)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Body<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Body<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Some(mut hasher) = self.hasher.take() else {
            let mut sink = io::sink();
            let mut object = Object::begin(&mut sink).map_err(A::Error::custom)?;
            return self.members(map, &mut object, false);
        };
        let mut object = Object::begin(&mut hasher).map_err(A::Error::custom)?;
        self.members(map, &mut object, true)?;
        object.end().map_err(A::Error::custom)?;
        self.hasher = Some(hasher);
        Ok(())
    }
}

/// The list of changes, taken one by one.
struct Rows<'a> {
    room: &'a Room,
    list: List<'a>,
    restorer: &'a mut Restorer,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of changes")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        self.room.0.set(LONGEST_CHANGE);
        while let Some(text) = rows.next_element::<Box<RawValue>>()? {
            self.room.0.set(LONGEST_CHANGE);
            self.list.text(text.get()).map_err(A::Error::custom)?;
            self.restorer.change(text.get()).map_err(A::Error::custom)?;
        }
        self.list.end().map_err(A::Error::custom)
    }
}
