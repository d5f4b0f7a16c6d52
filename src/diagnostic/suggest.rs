//! Nearest known word to a mistyped one, and lists in plain English.

/// The candidate that is most like `word`, if one is near enough to be what was meant.
///
/// Distance counts insertions, deletions, replacements and swaps of neighbours, ignoring case; a
/// third of the longer word's length may differ.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut closest = Closest::to(word);
    candidates.into_iter().filter(|candidate| closest.consider(candidate)).last()
}

/// The nearest known word to a mistyped one, where the known ones come one by one.
#[derive(Debug, Clone)]
pub struct Closest {
    wanted: Vec<char>,
    best: Option<(usize, String)>,
}

impl Closest {
    /// Looks for what is like a word.
    pub fn to(word: &str) -> Self {
        Self { wanted: word.to_lowercase().chars().collect(), best: None }
    }

    /// Takes a word; whether it is nearer than all before it.
    pub fn consider(&mut self, candidate: &str) -> bool {
        let length = candidate.chars().count();
        let allowed = (self.wanted.len().max(length) / 3).max(1);
        if self.wanted.len().abs_diff(length) > allowed {
            return false;
        }
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        let distance = distance(&self.wanted, &letters);
        let best = self.best.as_ref().map(|(distance, word)| (*distance, word.as_str()));
        let is_nearer = best.is_none_or(|best| (distance, candidate) < best);
        if distance <= allowed && is_nearer {
            self.best = Some((distance, candidate.to_owned()));
        }
        distance <= allowed && is_nearer
    }

    /// The nearest so far, if one is near enough to be what was meant.
    pub fn found(&self) -> Option<&str> {
        self.best.as_ref().map(|(_, word)| word.as_str())
    }
}

fn distance(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    let mut two_back = vec![0; width];
    let mut previous: Vec<usize> = (0..width).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut current = vec![row + 1; width];
        for (column, other) in right.iter().enumerate() {
            let replaced = previous[column] + usize::from(letter != other);
            let mut best = replaced.min(previous[column + 1] + 1).min(current[column] + 1);
            let swapped =
                row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other;
            if swapped {
                best = best.min(two_back[column - 1] + 1);
            }
            current[column + 1] = best;
        }
        two_back = previous;
        previous = current;
    }
    previous[right.len()]
}

/// `a`, `a and b`, `a, b and c`.
pub fn and_list<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_finds_the_word_that_was_meant() {
        let words = ["HardDelete", "SoftDelete", "SendAs", "Send"];
        assert_eq!(nearest("HardDelte", words), Some("HardDelete"));
        assert_eq!(nearest("harddelete", words), Some("HardDelete"));
        assert_eq!(nearest("SnedAs", words), Some("SendAs"));
    }

    #[test]
    fn a_word_that_is_like_none_suggests_none() {
        assert_eq!(nearest("Everything", ["HardDelete", "SendAs"]), None);
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(and_list(&["Admin"]), "Admin");
        assert_eq!(and_list(&["Admin", "Delegate", "Owner"]), "Admin, Delegate and Owner");
    }
}
