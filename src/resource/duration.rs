//! Lengths of time as specs and plans write them: `30d`, `24h`, `5m`, `90s`. Text in, a length out,
//! and back.

use jiff::SignedDuration;

/// Reads a whole number with `d`, `h`, `m` or `s`.
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    let seconds = match text.chars().last()? {
        'd' => 24 * 60 * 60,
        'h' => 60 * 60,
        'm' => 60,
        's' => 1,
        _ => return None,
    };
    let number: u32 = text[..text.len() - 1].parse().ok()?;
    i64::from(number).checked_mul(seconds).map(SignedDuration::from_secs)
}

/// A length of time as a spec would write it, without what is below a second.
pub fn written_duration(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    for (unit, size) in [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60)] {
        if seconds % size == 0 {
            return format!("{}{unit}", seconds / size);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("365d"), Some(SignedDuration::from_hours(365 * 24)));
        assert_eq!(parse_duration("90s"), Some(SignedDuration::from_secs(90)));
        for text in ["", "d", "365", "-1d", "1.5d", "1y", "1dd", "99999999999d", "5µ"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_length_of_time_is_written_with_the_largest_unit_that_fits() {
        for text in ["30d", "36h", "90m", "61s"] {
            assert_eq!(parse_duration(text).map(written_duration).as_deref(), Some(text));
        }
    }
}
