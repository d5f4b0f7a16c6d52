//! Characters that do not belong where they stand: letters of another alphabet that look like Latin
//! ones, typographic dashes, invisible characters. Copied text holds them. Text in; words about
//! them out.

use crate::diagnostic::and_list;

/// Which characters of a text are not among those that are allowed, each named with its code point
/// and the places where it stands, counted from one.
pub(super) fn strange(text: &str, is_allowed: impl Fn(char) -> bool) -> Vec<String> {
    let mut found: Vec<(char, Vec<usize>)> = Vec::new();
    for (place, letter) in (1..).zip(text.chars()) {
        if is_allowed(letter) {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == letter) {
            Some((_, places)) => places.push(place),
            None => found.push((letter, vec![place])),
        }
    }
    found.into_iter().map(|(letter, places)| described(letter, &places)).collect()
}

fn described(letter: char, places: &[usize]) -> String {
    let many = if places.len() == 1 { "position" } else { "positions" };
    let places: Vec<String> = places.iter().map(usize::to_string).collect();
    if letter == ' ' {
        return format!("there is a space at {many} {}", and_list(&places));
    }
    format!("{} at {many} {} is {}", name(letter), and_list(&places), script(letter))
}

/// A character as it can be shown, with its code point.
fn name(letter: char) -> String {
    let number = u32::from(letter);
    let is_visible = !letter.is_control() && !is_invisible(letter);
    if is_visible { format!("`{letter}` (U+{number:04X})") } else { format!("U+{number:04X}") }
}

pub(super) fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
}

/// What kind of character it is.
pub(super) fn script(letter: char) -> &'static str {
    match letter {
        '\u{400}'..='\u{52f}' => "a Cyrillic letter",
        '\u{370}'..='\u{3ff}' => "a Greek letter",
        '\u{2010}'..='\u{2015}' => "a typographic dash",
        letter if is_invisible(letter) => "an invisible character",
        letter if letter.is_whitespace() => "a space",
        letter if letter.is_alphabetic() => "a letter that does not belong here",
        _ => "a character that does not belong here",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_foreign_letter_is_named_once_with_all_its_places() {
        let found = strange("6AEА5А\u{200e}", |letter| letter.is_ascii_hexdigit());
        assert_eq!(
            found,
            [
                "`А` (U+0410) at positions 4 and 6 is a Cyrillic letter",
                "U+200E at position 7 is an invisible character",
            ]
        );
    }
}
