//! The colours of texts. Colour never carries meaning alone: every coloured word is also marked by
//! a sign or says what it means. Who writes the text strips the colours where they are not wanted.

use anstyle::{AnsiColor, Color, Style};

const fn colored(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

/// Something that comes into being or is added.
pub(super) const ADDED: Style = colored(AnsiColor::Green);
/// Something that changes.
pub(super) const CHANGED: Style = colored(AnsiColor::Yellow);
/// Something that goes, is weakened, or failed.
pub(super) const REMOVED: Style = colored(AnsiColor::Red);
/// A loss, said before anything else.
pub(super) const LOUD: Style = colored(AnsiColor::Red).bold();
/// What a reader may skip.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Headings and results.
pub(super) const STRONG: Style = Style::new().bold();
