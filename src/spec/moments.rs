//! Moments and lengths of time as a spec writes them: `2026-12-01`, `2026-12-01T08:00:00Z`,
//! `365d`. A value goes in; a point or a length of time comes out, always in UTC.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use toml::de::DeValue;

use super::read::{Entry, Reader};
use crate::diagnostic::Diagnostic;
use crate::resource::parse_duration;

/// What a day without a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfDay {
    /// Its first moment.
    Begin,
    /// Its last second.
    End,
}

/// A day, or a moment with its offset.
pub(super) fn moment(reader: &mut Reader, entry: &Entry<'_>, of_day: OfDay) -> Option<Timestamp> {
    let text = match entry.node {
        DeValue::String(text) => text.trim().to_owned(),
        DeValue::Datetime(moment) => moment.to_string(),
        _ => {
            let help = format!("write `{} = 2026-12-01`", entry.name);
            reader.wrong_type(entry, "a date or time", help);
            return None;
        }
    };
    let is_day = text.len() == 10;
    let moment = if is_day { day(&text, of_day) } else { text.parse::<Timestamp>().ok() };
    if moment.is_none() {
        let summary = format!("`{}` is neither a day nor a moment", entry.path);
        let finding = Diagnostic::error("invalid-date", summary).at(entry.span, "");
        let lacks_offset = text.parse::<jiff::civil::DateTime>().is_ok();
        reader.report(if lacks_offset && !is_day {
            finding
                .note("without an offset from UTC it is another moment on each machine")
                .help(format!("write `{} = {text}Z`, or the offset instead of `Z`", entry.name))
        } else {
            finding.help("write a day that exists as `2026-12-01`, or `2026-12-01T08:00:00Z`")
        });
    }
    moment
}

fn day(text: &str, of_day: OfDay) -> Option<Timestamp> {
    let date: Date = text.parse().ok()?;
    let time = match of_day {
        OfDay::Begin => Time::midnight(),
        OfDay::End => Time::constant(23, 59, 59, 0),
    };
    date.to_datetime(time).to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A length of time such as `30d`, longer than nothing.
pub(super) fn duration(
    reader: &mut Reader,
    entry: &Entry<'_>,
    example: &str,
) -> Option<SignedDuration> {
    let text = match entry.node {
        DeValue::Integer(number) => {
            let help = format!("write `{0} = \"{number}d\"` for {number} days", entry.name);
            reader.wrong_type(entry, "a length of time in quotes", help);
            return None;
        }
        _ => reader.text(entry, example)?,
    };
    let length = parse_duration(text.trim()).filter(SignedDuration::is_positive);
    if length.is_none() {
        let summary = format!("`{}` is not a length of time", entry.path);
        reader.report(
            Diagnostic::error("invalid-duration", summary)
                .at(entry.span, "")
                .note("it is a whole number above zero with `d`, `h`, `m` or `s`")
                .help(format!("write `{} = \"{example}\"`", entry.name)),
        );
    }
    length
}

/// Whole days of a length of time, begun ones counted.
pub(super) fn days(length: SignedDuration) -> i64 {
    const DAY: i64 = 24 * 60 * 60;
    (length.as_secs() + DAY - 1).div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_second() {
        let end = day("2027-12-01", OfDay::End).map(|moment| moment.to_string());
        assert_eq!(end.as_deref(), Some("2027-12-01T23:59:59Z"));
    }
}
