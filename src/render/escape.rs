//! Texts of others inside of Markdown and HTML. Names come from the tenant, where whoever may create a
//! mailbox may choose them; none of them may change what a reader sees around it.

use super::wording::visible;

/// A text as the content or the quoted attribute of an HTML element.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text as a Markdown code span: nothing in it is a link, a mention, an image or an element.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// How many backticks stand side by side at most.
pub(super) fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}

/// A sentence in Markdown. What stands between backticks becomes a code span, and so does every word
/// that is more than letters: an address, a name with a sign in it. What Markdown or a forge gives a
/// meaning to is among them.
pub(super) fn prose(text: &str) -> String {
    let text = visible(text);
    let balanced = text.matches('`').count().is_multiple_of(2);
    let mut written = Prose { text: String::with_capacity(text.len() + 16), after_code: false };
    if balanced {
        for (place, piece) in text.split('`').enumerate() {
            match place % 2 {
                0 => written.words(piece),
                _ => written.code(piece),
            }
        }
    } else {
        written.words(&text);
    }
    written.text
}

struct Prose {
    text: String,
    after_code: bool,
}

impl Prose {
    fn words(&mut self, text: &str) {
        for (place, word) in text.split(' ').enumerate() {
            if place > 0 {
                self.plain(" ");
            }
            let body = word.trim_end_matches([',', ';', ':', '.', ')']);
            let body = body.trim_start_matches('(');
            let begins_line = self.text.is_empty() && word.ends_with(['.', ')']);
            if is_plain(body) && !begins_line {
                self.plain(word);
            } else {
                self.around(word, body);
            }
        }
    }

    /// A word as code, with the punctuation around it outside.
    fn around(&mut self, word: &str, body: &str) {
        let start = word.find(body).unwrap_or_default();
        let (before, rest) = word.split_at(start);
        let (body, after) = rest.split_at(body.len());
        if body.is_empty() {
            self.code(word);
            return;
        }
        self.plain(before);
        self.code(body);
        self.plain(after);
    }

    fn plain(&mut self, text: &str) {
        if !text.is_empty() {
            self.after_code = false;
            self.text.push_str(text);
        }
    }

    /// Two code spans side by side would be one, with an end elsewhere.
    fn code(&mut self, text: &str) {
        if self.after_code {
            self.text.push(' ');
        }
        self.text.push_str(&code(text));
        self.after_code = true;
    }
}

/// A word that means nothing but itself, wherever it stands.
fn is_plain(word: &str) -> bool {
    let inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '\'' | '-' | '%');
    word.chars().all(inner) && !word.starts_with('-') && !word.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_ours_stays_a_sentence() {
        let text =
            "`admin` and `owner` differ from `mailbox_audit.people`: Microsoft's set (all 13).";
        assert_eq!(prose(text), text);
        assert_eq!(
            prose("3 mailboxes: Admin loses Copy, Move and Send"),
            "3 mailboxes: Admin loses Copy, Move and Send"
        );
    }

    #[test]
    fn what_markdown_would_read_becomes_code() {
        assert_eq!(prose("by @octocat, see #1"), "by `@octocat`, see `#1`");
        assert_eq!(prose("<img src=x> ![](y)"), "`<img` `src=x>` `![](y`)");
        assert_eq!(prose("a`b"), "``a`b``");
        assert_eq!(prose("1. first"), "`1`. first");
    }

    #[test]
    fn code_holds_backticks_of_any_length_and_never_touches_its_neighbour() {
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(prose("`a``b`"), "`a` `b`");
    }
}
