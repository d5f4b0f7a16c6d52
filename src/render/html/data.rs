//! Every change of a plan for the page's script, as JSON in elements that no browser executes. What
//! mailboxes share stands once, by pattern; a mailbox adds its name, its Guid and the number of its
//! pattern. No text in it can end the element, whatever a mailbox is called.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::plan::{Action, Change, MailboxView, Reversible, Value};
use crate::render::survey::{Survey, section_name};

/// Writes the elements.
pub(super) fn write_data(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    let mailboxes = &survey.plan.mailboxes;
    let few: Vec<Shape> = survey.plan.few().map(|change| Shape::of(&change, None)).collect();
    let patterns: BTreeMap<u32, Shape> = survey
        .patterns
        .iter()
        .map(|(id, found)| (*id, Shape::of(&Change::Mailbox(found.first), Some(found.group))))
        .collect();
    write_element(out, "few", |out| few.serialize(&mut safe(out)))?;
    write_element(out, "patterns", |out| patterns.serialize(&mut safe(out)))?;
    write_element(out, "pattern-of", |out| {
        let ids = mailboxes.iter().map(MailboxView::pattern_id);
        serde::Serializer::collect_seq(&mut safe(out), ids)
    })?;
    write_element(out, "names", |out| {
        let names = mailboxes.iter().map(MailboxView::upn);
        serde::Serializer::collect_seq(&mut safe(out), names)
    })?;
    write!(out, "<script type=\"application/json\" id=\"data-guids\">\"")?;
    for view in mailboxes.iter() {
        write!(out, "{}", view.guid().simple())?;
    }
    writeln!(out, "\"</script>")
}

fn write_element(
    out: &mut dyn Write,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> serde_json::Result<()>,
) -> io::Result<()> {
    write!(out, "<script type=\"application/json\" id=\"data-{name}\">")?;
    write(out)?;
    writeln!(out, "</script>")
}

fn safe(out: &mut dyn Write) -> Serializer<&mut dyn Write, InElement> {
    Serializer::with_formatter(out, InElement(CompactFormatter))
}

/// JSON in which no `<`, `>` or `&` stands: in JSON they occur in strings alone, where an escape
/// means the same.
struct InElement(CompactFormatter);

impl Formatter for InElement {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(['<', '>', '&']) {
            let (text, escape) = match piece.as_bytes().last() {
                Some(b'<') => (&piece[..piece.len() - 1], "\\u003c"),
                Some(b'>') => (&piece[..piece.len() - 1], "\\u003e"),
                Some(b'&') => (&piece[..piece.len() - 1], "\\u0026"),
                _ => (piece, ""),
            };
            self.0.write_string_fragment(out, text)?;
            out.write_all(escape.as_bytes())?;
        }
        Ok(())
    }
}

/// A change, or what mailboxes of a pattern have in common.
#[derive(Serialize)]
struct Shape<'p> {
    /// `None` for a pattern: there it is made of the section and the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    section: String,
    action: &'static str,
    reason: String,
    /// The place of the group that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_type: Option<&'static str>,
    attributes: Vec<(&'p str, Side<'p>, Side<'p>)>,
    removes: Vec<(&'p str, Vec<&'p str>)>,
    weakens: Vec<String>,
    leaves_microsoft_management: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    irreversible_because: Option<std::borrow::Cow<'static, str>>,
}

impl<'p> Shape<'p> {
    fn of(change: &Change<'p>, group: Option<usize>) -> Self {
        let attributes = change.attributes().into_iter();
        let attributes = attributes.map(|one| (one.name, side(one.before), side(one.after)));
        Self {
            address: group.is_none().then(|| change.address().to_string()),
            section: section_name(change),
            action: Action::name(change.action()),
            reason: change.reason(),
            group,
            recipient_type: match change {
                Change::Mailbox(view) => Some(view.pattern().recipient_type.name()),
                _ => None,
            },
            attributes: attributes.collect(),
            removes: change.removes(),
            weakens: change.weakens(),
            leaves_microsoft_management: change.leaves_management(),
            irreversible_because: match change.reversible() {
                Reversible::No(reason) => Some(reason),
                Reversible::Yes => None,
            },
        }
    }
}

/// The value of an attribute on one side of the change.
#[derive(Serialize)]
#[serde(untagged)]
enum Side<'p> {
    None(()),
    Bool(bool),
    Text(String),
    Set(Vec<&'p str>),
    Unknown { unknown: bool },
}

fn side(value: Option<Value<'_>>) -> Side<'_> {
    match value {
        None => Side::None(()),
        Some(Value::Bool(value)) => Side::Bool(value),
        Some(Value::Text(text)) => Side::Text(text),
        Some(Value::Set(values)) => Side::Set(values),
        Some(Value::Unknown) => Side::Unknown { unknown: true },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn no_text_can_end_the_element_and_every_text_reads_as_it_was() {
        let name = "</script><!-- <script> \"&amp;\\ \u{2028} Zo\u{eb}";
        let mut out = Vec::new();
        name.serialize(&mut safe(&mut out)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(['<', '>', '&']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), name);
    }
}
