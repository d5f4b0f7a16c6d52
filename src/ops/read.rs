//! Reads the tenant. A list is believed only when it ended well: an expired link starts it again, a
//! last page that is exactly full is confirmed by a second reading with another page size, and
//! anything else that is odd stops the operation.

use std::io;

use jiff::civil::Date;
use uuid::Uuid;

use super::ports::{ReadObserver, Stopped};
use crate::diagnostic::Diagnostic;
use crate::plan::{
    DifferingRows, MailboxDiffer, MailboxFindings, MailboxJudge, MailboxWatch, ObservedTenant,
    Population,
};
use crate::providers::exchange::{Exchange, ListEnd, MailboxQuery, ReadError, RowRefused};
use crate::resource::{ActionVocabulary, RecipientType};
use crate::state::{Check, DesiredState, MailboxRow, Selection};

/// The largest page that the service gives.
const PAGE: u16 = 1000;
/// How often an expired link may start a list again.
const RESTARTS: u32 = 2;

/// Whether the spec manages, checks or depends on what is told of the organisation as a whole.
pub(super) fn needs_organization(desired: &DesiredState) -> bool {
    desired.unified_audit_log.is_some()
        || desired.mailbox_auditing.is_some()
        || desired.policies.iter().any(|policy| policy.enabled.is_some())
        || desired.checks.iter().any(Check::asks_for_organization)
}

/// The switches that the spec manages, checks or depends on.
pub(super) async fn switches(
    exchange: &Exchange,
    desired: &DesiredState,
) -> Result<ObservedTenant, Stopped> {
    let mut observed = ObservedTenant::default();
    if needs_organization(desired) {
        observed.organization = Some(exchange.organization().await.map_err(stop)?);
    }
    if desired.needs_audit_log() {
        observed.unified_audit_log = Some(exchange.unified_audit_log().await.map_err(stop)?);
    }
    Ok(observed)
}

/// What mailboxes are compared with and judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'s> {
    pub(super) desired: &'s DesiredState,
    /// Names mailboxes that have to be there.
    pub(super) selection: &'s Selection,
    /// The organisation's switch as read and as it will be.
    pub(super) auditing: [bool; 2],
    pub(super) today: Date,
}

/// Keeps the rows that are compared.
pub(super) trait Recorder: Send {
    /// A list begins, perhaps anew: what came before does not count.
    fn begin(&mut self) -> io::Result<()>;
    /// A row came.
    fn row(&mut self, row: &MailboxRow<'_>) -> io::Result<()>;
}

impl<'s> Rules<'s> {
    pub(super) fn differ(self) -> MailboxDiffer<'s> {
        let judge = MailboxJudge::new(self.desired, self.auditing, self.today);
        let differ =
            MailboxDiffer::new(self.desired, self.auditing[1], self.today).checked_by(judge);
        if self.selection.is_whole() {
            return differ;
        }
        differ.watching(MailboxWatch::new(self.selection, self.desired))
    }
}

/// Reads all mailboxes that the spec's policies and checks are about, compares and judges them.
pub(super) async fn mailboxes(
    exchange: &Exchange,
    rules: Rules<'_>,
    mut recorder: Option<&mut dyn Recorder>,
    observer: &mut dyn ReadObserver,
) -> Result<MailboxFindings, Stopped> {
    let mut listing = Listing::new(rules.desired);
    if recorder.is_some() {
        // Who plans from what is kept may name mailboxes by any address.
        listing.queries.iter_mut().for_each(|query| query.addresses = true);
    }
    let (mut differ, mut vocabulary, ends) =
        compare(exchange, rules, &listing, &mut recorder, observer).await?;
    if ends.iter().any(|end| end.last_page_full) {
        let first = differ.population();
        listing.confirm(&ends);
        tracing::info!(mailboxes = first.mailboxes, "the last page was full, reading again");
        let (mut again, words, ends) =
            compare(exchange, rules, &listing, &mut recorder, observer).await?;
        let still_full = ends.iter().any(|end| end.last_page_full);
        if still_full || again.population() != first {
            return Err(unstable(first, again.population()));
        }
        (differ, vocabulary) = (again, words);
    }
    observer.reading_ended();
    differ.finish(vocabulary).map_err(differing_rows)
}

/// Two rows of one mailbox do not agree.
pub(super) fn differing_rows(differing: DifferingRows) -> Stopped {
    Stopped::state_unknown(
        Diagnostic::error("differing-rows", differing.to_string())
            .note("one of the two rows is wrong, so nothing is planned from this list")
            .help("run the command again; the listing may have been caught during a change"),
    )
}

fn unstable(first: Population, second: Population) -> Stopped {
    let (one, two) = (first.mailboxes, second.mailboxes);
    Stopped::state_unknown(
        Diagnostic::error("incomplete-read", "the list of mailboxes may have been cut off")
            .note(format!(
                "its last page was exactly full, and reading it again gave another list ({one} \
                 mailboxes, then {two})"
            ))
            .help("run the command again when no mailboxes are being created or removed"),
    )
}

/// Asks once for each kind of thing that the spec manages or checks, to see whether the caller is let in.
pub(super) async fn try_reading(
    exchange: &Exchange,
    desired: &DesiredState,
) -> Result<(), ReadError> {
    if needs_organization(desired) {
        exchange.organization().await?;
    }
    if desired.needs_audit_log() {
        exchange.unified_audit_log().await?;
    }
    try_listing(exchange, desired).await
}

/// Asks for one mailbox, whichever comes first.
pub(super) async fn try_listing(
    exchange: &Exchange,
    desired: &DesiredState,
) -> Result<(), ReadError> {
    let listing = Listing::new(desired);
    let Some(query) = listing.queries.first() else { return Ok(()) };
    let query = MailboxQuery { page_size: 1, addresses: false, ..query.clone() };
    let mut vocabulary = ActionVocabulary::default();
    let mut enough = |_: &MailboxRow<'_>| Err(RowRefused("one is enough".to_owned()));
    match exchange.mailboxes(&query, &mut vocabulary, &mut enough).await {
        Ok(_) | Err(ReadError::RowRefused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes each row as it comes.
pub(super) type OnRow<'a> = dyn FnMut(&MailboxRow<'_>) -> Result<(), RowRefused> + Send + 'a;

/// The lists that hold all mailboxes of a spec: group mailboxes have a list of their own.
struct Listing {
    queries: Vec<MailboxQuery>,
}

impl Listing {
    fn new(desired: &DesiredState) -> Self {
        let by_policies = desired
            .policies
            .iter()
            .any(|policy| !policy.include.is_empty() || !policy.exclude.is_empty());
        Self::of(types(desired), by_policies || selects_by_address(desired))
    }

    /// Those that the spec's checks are about.
    fn of_checks(desired: &DesiredState) -> Self {
        Self::of(types_of_checks(desired), selects_by_address(desired))
    }

    fn of(types: Vec<RecipientType>, addresses: bool) -> Self {
        let (groups, others): (Vec<_>, Vec<_>) =
            types.into_iter().partition(|kind| *kind == RecipientType::GroupMailbox);
        let queries = [others, groups]
            .into_iter()
            .filter(|types| !types.is_empty())
            .map(|recipient_types| MailboxQuery { recipient_types, addresses, page_size: PAGE })
            .collect();
        Self { queries }
    }

    /// Other page sizes, with which complete lists of these lengths have no full last page.
    fn confirm(&mut self, ends: &[ListEnd]) {
        for (query, end) in self.queries.iter_mut().zip(ends) {
            let size = (2..PAGE).rev().find(|size| !end.rows.is_multiple_of(u64::from(*size)));
            query.page_size = size.unwrap_or(PAGE - 1);
        }
    }
}

/// The types of mailboxes that the spec's checks are about.
pub(super) fn types_of_checks(desired: &DesiredState) -> Vec<RecipientType> {
    RecipientType::ALL.into_iter().filter(|kind| is_checked(desired, *kind)).collect()
}

fn is_checked(desired: &DesiredState, kind: RecipientType) -> bool {
    let mut checks = desired.checks.iter().filter_map(Check::mailboxes);
    checks.any(|check| check.recipient_types.contains(&kind))
}

/// Whether some check tells mailboxes apart by their addresses.
fn selects_by_address(desired: &DesiredState) -> bool {
    let mut checks = desired.checks.iter().filter_map(Check::mailboxes);
    checks.any(|check| !check.include.is_empty() || !check.exclude.is_empty())
}

/// The types of mailboxes that the spec's policies and checks are about.
pub(super) fn types(desired: &DesiredState) -> Vec<RecipientType> {
    let wanted = |kind: &RecipientType| {
        desired.policies.iter().any(|policy| policy.recipient_types.contains(kind))
            || is_checked(desired, *kind)
    };
    RecipientType::ALL.into_iter().filter(wanted).collect()
}

async fn compare<'s>(
    exchange: &Exchange,
    rules: Rules<'s>,
    listing: &Listing,
    recorder: &mut Option<&mut dyn Recorder>,
    observer: &mut dyn ReadObserver,
) -> Result<(MailboxDiffer<'s>, ActionVocabulary, Vec<ListEnd>), Stopped> {
    let mut restarts = 0;
    loop {
        let mut differ = rules.differ();
        let mut vocabulary = ActionVocabulary::default();
        if let Some(recorder) = recorder {
            recorder.begin().map_err(|error| unkept(&error))?;
        }
        let mut lost = None;
        let mut on_row = |row: &MailboxRow<'_>| {
            differ.observe(row);
            observer.reading(differ.rows() as u64);
            let kept = recorder.as_mut().map_or(Ok(()), |recorder| recorder.row(row));
            kept.map_err(|error| {
                let refused = RowRefused(error.to_string());
                lost = Some(error);
                refused
            })
        };
        let listed = list(exchange, listing, &mut vocabulary, &mut on_row).await;
        if let Some(error) = lost {
            return Err(unkept(&error));
        }
        match listed {
            Ok(ends) => return Ok((differ, vocabulary, ends)),
            Err(ReadError::LinkExpired { .. }) if restarts < RESTARTS => restarts += 1,
            Err(error) => return Err(stop(error)),
        }
        observer.reading_ended();
        tracing::info!(restarts, "a page's link expired, the list starts again");
    }
}

/// What was read could not be kept: the disk is full, say.
fn unkept(error: &io::Error) -> Stopped {
    let summary = format!("what was read cannot be kept: {error}");
    Stopped::error(Diagnostic::error("unwritable-output", summary))
}

/// Reads the lists once; says how each of them ended.
async fn list(
    exchange: &Exchange,
    listing: &Listing,
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<Vec<ListEnd>, ReadError> {
    let mut ends = Vec::new();
    for query in &listing.queries {
        ends.push(exchange.mailboxes(query, vocabulary, on_row).await?);
    }
    Ok(ends)
}

/// Reads the lists for what was written to them. Rows may come twice here: seeing one again does
/// no harm.
pub(super) async fn again(
    exchange: &Exchange,
    desired: &DesiredState,
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<(), Stopped> {
    repeated(exchange, &Listing::new(desired), vocabulary, on_row).await.map(|_| ())
}

/// Reads the lists, anew where a link expires.
async fn repeated(
    exchange: &Exchange,
    listing: &Listing,
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<Vec<ListEnd>, Stopped> {
    let mut restarts = 0;
    loop {
        match list(exchange, listing, vocabulary, on_row).await {
            Ok(ends) => return Ok(ends),
            Err(ReadError::LinkExpired { .. }) if restarts < RESTARTS => restarts += 1,
            Err(error) => return Err(stop(error)),
        }
    }
}

/// Reads mailboxes by their Guids; those that are not there hand over no row.
pub(super) async fn each(
    exchange: &Exchange,
    expected: &[(Uuid, RecipientType)],
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<(), Stopped> {
    for (guid, kind) in expected {
        exchange.mailbox(*guid, *kind, vocabulary, on_row).await.map_err(stop)?;
    }
    Ok(())
}

/// Reads the lists of the types of these mailboxes. A last page that is exactly full is confirmed by
/// another reading: rows may come twice here, and seeing one again does no harm.
pub(super) async fn of_types(
    exchange: &Exchange,
    expected: &[(Uuid, RecipientType)],
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<(), Stopped> {
    let is_expected = |kind: &RecipientType| expected.iter().any(|(_, expected)| expected == kind);
    let types = RecipientType::ALL.into_iter().filter(is_expected).collect();
    confirmed(exchange, Listing::of(types, false), vocabulary, on_row).await
}

/// Reads the lists that the spec's checks are about, confirmed likewise.
pub(super) async fn of_checks(
    exchange: &Exchange,
    desired: &DesiredState,
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<(), Stopped> {
    confirmed(exchange, Listing::of_checks(desired), vocabulary, on_row).await
}

async fn confirmed(
    exchange: &Exchange,
    mut listing: Listing,
    vocabulary: &mut ActionVocabulary,
    on_row: &mut OnRow<'_>,
) -> Result<(), Stopped> {
    for _ in 0..2 {
        let ends = repeated(exchange, &listing, vocabulary, on_row).await?;
        if !ends.iter().any(|end| end.last_page_full) {
            return Ok(());
        }
        listing.confirm(&ends);
    }
    Err(Stopped::state_unknown(
        Diagnostic::error("incomplete-read", "the list of mailboxes may have been cut off")
            .note("its last page was exactly full, and so was that of another reading")
            .help("run the command again when no mailboxes are being created or removed"),
    ))
}

/// A read that failed, as findings. What the user can mend (the application, its certificate, its
/// permission, the tenant's name) is an error; everything else leaves the state unknown.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`, which hands over")]
pub(super) fn stop(error: ReadError) -> Stopped {
    let (code, users) = match &error {
        ReadError::SignIn(error) if error.is_unreachable() => ("sign-in-unreachable", false),
        ReadError::SignIn(_) | ReadError::Token(_) => ("sign-in", true),
        ReadError::Denied { .. } => ("denied", false),
        ReadError::Throttled { .. } => ("throttled", false),
        ReadError::Unreachable { .. } => ("unreachable", false),
        ReadError::Unavailable { .. } => ("unavailable", false),
        _ => ("incomplete-read", false),
    };
    let diagnostic = Diagnostic::error(code, error.to_string()).of_request(error.request_id());
    let help = error.help();
    let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
    if users {
        Stopped::error(diagnostic)
    } else {
        Stopped::state_unknown(
            diagnostic.note("what could not be read is unknown, so nothing is planned"),
        )
    }
}
