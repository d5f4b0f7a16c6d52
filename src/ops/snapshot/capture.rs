//! Takes a snapshot: reads what a plan of the spec would read, in the same way, and writes it whole or
//! not at all. A read that fails, or turns out short, leaves no file.

use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use tempfile::NamedTempFile;

use super::document::{ExchangePart, Head, MARK, SNAPSHOT_VERSION};
use super::scope::Scope;
use super::write::SnapshotWriter;
use crate::diagnostic::Diagnostic;
use crate::ops::connect::Connection;
use crate::ops::directory_of;
use crate::ops::ports::{Ports, ReadObserver, Stopped};
use crate::ops::read::{Recorder, Rules};
use crate::ops::source::Source;
use crate::resource::ActionVocabulary;
use crate::state::{DesiredState, MailboxRow, Selection};

/// As of saved plans.
const COMPRESSION: i32 = 3;

type Out<'f> = SnapshotWriter<zstd::Encoder<'static, &'f File>>;

/// Takes a snapshot of what a spec asks; how many mailboxes are in it. `beside` is the spec's directory.
pub async fn capture(
    connection: &mut Connection,
    desired: &DesiredState,
    beside: &Path,
    ports: &Ports,
    out: &Path,
    observer: &mut dyn ReadObserver,
) -> Result<u64, Stopped> {
    let unwritten = |error: &io::Error| {
        let summary = format!("the snapshot cannot be saved as `{}`: {error}", out.display());
        Stopped::error(Diagnostic::error("unwritable-output", summary))
    };
    // Such files are made for their owner alone.
    let file = NamedTempFile::new_in(directory_of(out)).map_err(|error| unwritten(&error))?;
    let taken_at = ports.now();
    let mut source = Source::Tenant(connection);
    let identity = source.identity(desired, ports).await?;
    let directory_requests = source.directory_requests();
    let exchange = if source.enter(desired, &identity, ports).await? {
        let switches = source.switches(desired, beside, ports).await?;
        Some(ExchangePart {
            entered: source.entered(),
            organization: switches.organization,
            unified_audit_log: switches.unified_audit_log,
            pending_unified_audit_log: switches.pending_unified_audit_log,
        })
    } else {
        None
    };
    let is_read = exchange.is_some();
    let head = Head {
        auditform: MARK.to_owned(),
        format_version: SNAPSHOT_VERSION.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at,
        tenant: source.tenant(),
        scope: Scope::of(desired),
        identity,
        directory_requests,
        exchange,
    };
    let mut recording = Recording { file: file.as_file(), head: &head, writer: None };
    recording.begin().map_err(|error| unwritten(&error))?;
    let mut vocabulary = ActionVocabulary::default();
    let mut requests = 0;
    if is_read && desired.needs_mailboxes() {
        let selection = Selection::default();
        let today = ports.today();
        let rules = Rules { desired, selection: &selection, auditing: [true; 2], today };
        let (found, listing) = source.mailboxes(rules, Some(&mut recording), observer).await?;
        // Conflicts between policies are the spec's affair: another one may plan from this.
        vocabulary = found.changes.vocabulary().clone();
        requests = listing;
    }
    let mailboxes = recording.end(&vocabulary, requests).map_err(|error| unwritten(&error))?;
    let saved = file.as_file().sync_all();
    let saved = saved.and_then(|()| file.persist(out).map_err(|error| error.error));
    saved.map_err(|error| unwritten(&error))?;
    Ok(mailboxes)
}

/// Keeps the rows while they are compared.
struct Recording<'a> {
    file: &'a File,
    head: &'a Head,
    writer: Option<Out<'a>>,
}

impl Recording<'_> {
    fn end(self, vocabulary: &ActionVocabulary, requests: u64) -> io::Result<u64> {
        let Some(writer) = self.writer else { return Err(io::ErrorKind::NotFound.into()) };
        let (encoder, mailboxes) = writer.end(vocabulary, requests)?;
        encoder.finish()?;
        Ok(mailboxes)
    }
}

impl Recorder for Recording<'_> {
    fn begin(&mut self) -> io::Result<()> {
        self.writer = None;
        self.file.set_len(0)?;
        (&mut &*self.file).rewind()?;
        let encoder = zstd::Encoder::new(self.file, COMPRESSION)?;
        self.writer = Some(SnapshotWriter::begin(encoder, self.head)?);
        Ok(())
    }

    fn row(&mut self, row: &MailboxRow<'_>) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.mailbox(row),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
