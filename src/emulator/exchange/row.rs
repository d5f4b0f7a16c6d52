//! Writes rows as the gateway does: properties with their annotations beside them. Cells go in,
//! JSON text comes out, without a tree in between: a page of a thousand rows is a megabyte.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Guid(Uuid),
    /// A .NET value that travels as text.
    Typed(&'static str, Cow<'a, str>),
    /// JSON as it stands: numbers, null, empty lists.
    Json(&'static str),
    /// The same with its .NET type.
    TypedJson(&'static str, &'static str),
    List(Vec<Cow<'a, str>>),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

/// `"name":value,` of an envelope.
pub(crate) fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    quoted(out, name);
    out.push(b':');
    out.extend_from_slice(value.to_string().as_bytes());
    out.push(b',');
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}

/// Appends one row. Names are ours and need no escaping.
pub(crate) fn write<'a>(
    out: &mut Vec<u8>,
    annotated: bool,
    cells: impl Iterator<Item = (&'static str, Cell<'a>)>,
) {
    out.push(if out.is_empty() { b' ' } else { b',' });
    let start = out.len();
    for (name, cell) in cells {
        out.push(if out.len() == start { b'{' } else { b',' });
        if annotated {
            annotate(out, name, &cell);
        }
        quoted(out, name);
        out.push(b':');
        value(out, &cell);
    }
    if out.len() == start {
        out.push(b'{');
    }
    out.push(b'}');
}

fn annotate(out: &mut Vec<u8>, name: &str, cell: &Cell<'_>) {
    let mut annotation = |kind: &str, value: &str| {
        for part in ["\"", name, kind, "\":\"", value, "\","] {
            out.extend_from_slice(part.as_bytes());
        }
    };
    match cell {
        Cell::Guid(_) => {
            annotation("@data.type", "System.Guid");
            annotation("@odata.type", "#Guid");
        }
        Cell::Typed(kind, _) | Cell::TypedJson(kind, _) => annotation("@data.type", kind),
        Cell::List(_) => annotation("@odata.type", "#Collection(String)"),
        Cell::Text(_) | Cell::Bool(_) | Cell::Json(_) => {}
    }
}

fn value(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Text(text) | Cell::Typed(_, text) => quoted(out, text),
        Cell::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Cell::Guid(guid) => {
            let mut buffer = Uuid::encode_buffer();
            quoted(out, guid.hyphenated().encode_lower(&mut buffer));
        }
        Cell::Json(json) | Cell::TypedJson(_, json) => out.extend_from_slice(json.as_bytes()),
        Cell::List(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                quoted(out, item);
            }
            out.push(b']');
        }
    }
}
