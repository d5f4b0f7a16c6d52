//! Durations on the command line: a number with `s`, `m`, `h` or `d`.

use std::time::Duration;

/// Reads `90s`, `5m`, `24h`, `365d`.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is not a duration; write it as `90s`, `5m`, `24h` or `7d`");
    let unit = text.chars().last().ok_or_else(wanted)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(wanted()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wanted())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_make_a_duration_and_nothing_else_does() {
        assert_eq!(parse("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse("365d"), Ok(Duration::from_hours(365 * 24)));
        for text in ["", "5", "m", "-5s", "1.5h", "99999999999999999999s", "5µ"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
