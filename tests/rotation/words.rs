//! What people would see, as text.

use auditform::diagnostic::{Diagnostics, Sources};
use auditform::render;

pub(super) fn shown(sources: &Sources, diagnostics: &Diagnostics) -> String {
    render::diagnostics(sources, diagnostics, false)
}

pub(super) fn without_colour(text: Vec<u8>) -> String {
    anstream::adapter::strip_str(&String::from_utf8(text).unwrap()).to_string()
}
