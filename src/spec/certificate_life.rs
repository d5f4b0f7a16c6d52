//! How long a certificate lives and when it is renewed: `valid_from`, `valid_for` or `valid_until`,
//! `rotate_before`, `overlap`. A table in; lengths of time out that fit one another. The bounds are
//! Entra's: a year by default, about two where nothing forbids it ("Add a certificate to an app").

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::moments::{self, OfDay};
use super::named;
use super::read::{Entry, Reader, Reported, Table};
use crate::diagnostic::Diagnostic;
use crate::resource::written_duration;
use crate::state::Validity;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is in the spec if it does not say.
const DEFAULT_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Two years, one of them a leap year.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(731 * 24);
const DEFAULT_OVERLAP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The times of a certificate.
pub(super) struct Life {
    pub(super) valid_from: Option<Timestamp>,
    pub(super) validity: Validity,
    pub(super) rotate_before: Option<SignedDuration>,
    pub(super) overlap: SignedDuration,
}

/// Reads the times; where `today` is known, they are held against it and one another.
pub(super) fn read(
    reader: &mut Reader,
    table: &Table<'_>,
    today: Option<Date>,
) -> Result<Life, Reported> {
    let valid_from = reader.optional(table, "valid_from", |reader, entry| {
        moments::moment(reader, entry, OfDay::Begin)
    });
    let help = "keep `valid_for`, or `valid_until` for a fixed end";
    let alone = named::conflict(reader, table, ("valid_for", "valid_until"), help);
    let valid_for = reader.optional(table, "valid_for", |reader, entry| {
        moments::duration(reader, entry, "365d").map(Validity::For)
    });
    let valid_until = reader.optional(table, "valid_until", |reader, entry| {
        moments::moment(reader, entry, OfDay::End).map(Validity::Until)
    });
    let mut length = |key: &str, example: &str| {
        reader.optional(table, key, |reader, entry| moments::duration(reader, entry, example))
    };
    let rotate_before = length("rotate_before", "30d");
    let overlap = length("overlap", "7d");
    alone?;
    let validity = valid_until?.or(valid_for?).unwrap_or(Validity::For(DEFAULT_LIFE));
    let (valid_from, rotate_before, overlap) = (valid_from?, rotate_before?, overlap?);
    let mut life =
        Life { valid_from, validity, rotate_before, overlap: overlap.unwrap_or(DEFAULT_OVERLAP) };
    let Some(today) = today else { return Ok(life) };
    let length = length_of_life(reader, table, &life, today)?;
    let window = if matches!(life.validity, Validity::Until(_)) && life.valid_from.is_none() {
        // It may have been made long ago, so what is left of it says nothing about its length.
        life.rotate_before.unwrap_or(SignedDuration::MAX)
    } else {
        rotation(reader, table, &life, length)?
    };
    if overlap.is_none() {
        life.overlap = life.overlap.min(window);
    }
    overlapping(reader, table, &life, window)?;
    Ok(life)
}

/// How long it lives from its beginning, or from today.
fn length_of_life(
    reader: &mut Reader,
    table: &Table<'_>,
    life: &Life,
    today: Date,
) -> Result<SignedDuration, Reported> {
    let now = today.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| Reported)?;
    let from = life.valid_from.unwrap_or(now);
    let key = if matches!(life.validity, Validity::Until(_)) { "valid_until" } else { "valid_for" };
    let (length, until) = match life.validity {
        Validity::For(length) => (length, from.checked_add(length).unwrap_or(Timestamp::MAX)),
        Validity::Until(until) => (until.duration_since(from), until),
    };
    // The default has no entry, and can be wrong only together with `valid_from`.
    let entry = reader.entry(table, key).or_else(|| reader.entry(table, "valid_from"));
    let Some(entry) = entry else { return Ok(length) };
    if !length.is_positive() {
        let mut finding = Diagnostic::error(
            "ends-before-it-begins",
            "the certificate would end before it begins",
        )
        .at(entry.whole(), "");
        if let Some(from) = reader.entry(table, "valid_from") {
            finding = finding.at(from.whole(), "it begins here");
        }
        if life.valid_from.is_some() {
            reader.report(finding.help("move `valid_until` to a later day, or use `valid_for`"));
            return Err(Reported);
        }
    }
    if until < now {
        reader.report(
            Diagnostic::error("validity-over", "the certificate would have expired already")
                .at(entry.whole(), format!("it would end at {until}"))
                .note(format!("today is {today}, in UTC"))
                .help("write `valid_for = \"365d\"`, or a later day"),
        );
        return Err(Reported);
    }
    if from.duration_since(now) >= DAY {
        not_yet(reader, table, from);
    }
    // The day of `valid_until` belongs to its life; a year from today is still a year.
    let slack = if key == "valid_until" { DAY } else { SignedDuration::ZERO };
    too_long(reader, &entry, length - slack)?;
    Ok(length)
}

fn not_yet(reader: &mut Reader, table: &Table<'_>, from: Timestamp) {
    let Some(entry) = reader.entry(table, "valid_from") else { return };
    reader.report(
        Diagnostic::warning("valid-later", "the certificate is not valid yet")
            .at(entry.whole(), "")
            .note(format!("until {from} no application can sign in with it"))
            .help("remove `valid_from`: it then begins when it is made"),
    );
}

fn too_long(
    reader: &mut Reader,
    entry: &Entry<'_>,
    length: SignedDuration,
) -> Result<(), Reported> {
    let days = moments::days(length);
    let place = format!("{days} days");
    let policy = "a tenant may allow less: its policy for applications can cap the life of \
                  certificates\n(`asymmetricKeyLifetime`), and then refuses longer ones when they \
                  are registered";
    if length > LONGEST_LIFE {
        reader.report(
            Diagnostic::error("validity-too-long", "a certificate lives for at most 731 days")
                .at(entry.whole(), place)
                .note("Entra refuses longer ones (`KeyCredentialsInvalidEndDate`)")
                .help("write `valid_for = \"365d\"`: it is renewed before it ends"),
        );
        return Err(Reported);
    }
    if length > DEFAULT_LIFE {
        reader.report(
            Diagnostic::warning("validity-long", "the certificate lives for more than a year")
                .at(entry.whole(), place)
                .note(policy)
                .help("write `valid_for = \"365d\"`: it is renewed before it ends"),
        );
    }
    Ok(())
}

/// How long before its end the certificate is renewed.
fn rotation(
    reader: &mut Reader,
    table: &Table<'_>,
    life: &Life,
    length: SignedDuration,
) -> Result<SignedDuration, Reported> {
    let third = length / 3;
    let Some(window) = life.rotate_before else { return Ok(third) };
    if window < length {
        return Ok(window);
    }
    let Some(entry) = reader.entry(table, "rotate_before") else { return Ok(third) };
    let shown = written_duration(length);
    reader.report(
        Diagnostic::error(
            "rotate-before-too-long",
            "the certificate would be renewed as soon as it is made",
        )
        .at(entry.whole(), format!("it lives for {shown} in all"))
        .help(format!(
            "write less than its life, or remove `rotate_before`: a third, {} days, is the default",
            moments::days(third)
        )),
    );
    Err(Reported)
}

/// The old certificate has to be valid for as long as it stays.
fn overlapping(
    reader: &mut Reader,
    table: &Table<'_>,
    life: &Life,
    window: SignedDuration,
) -> Result<(), Reported> {
    let Some(entry) = reader.entry(table, "overlap").filter(|_| life.overlap > window) else {
        return Ok(());
    };
    let mut finding = Diagnostic::error(
        "overlap-too-long",
        "the old certificate would end before its overlap with the new one does",
    )
    .at(entry.whole(), "");
    if let Some(rotate) = reader.entry(table, "rotate_before") {
        finding = finding.at(rotate.whole(), "it is renewed this long before its end");
    } else {
        let days = moments::days(window);
        finding = finding.note(format!("it is renewed {days} days before its end, by default"));
    }
    reader.report(finding.help("make `overlap` at most as long as `rotate_before`"));
    Err(Reported)
}
