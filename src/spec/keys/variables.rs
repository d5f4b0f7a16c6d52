//! `[variables.NAME]`.

use super::row::{Alternative, Key, List, Section, Shape};
use super::shapes::{ANY_TEXT, TEXT, word};

/// What a variable holds.
const VALUE: Shape = Shape::Either(&[
    Alternative { shape: ANY_TEXT, about: "where `type = \"string\"`" },
    Alternative { shape: Shape::Boolean, about: "where `type = \"bool\"`" },
    Alternative { shape: Shape::Integer(i64::MIN, i64::MAX), about: "where `type = \"integer\"`" },
    Alternative { shape: Shape::List(&TEXTS), about: "where `type = \"list\"`" },
]);
const TEXTS: List =
    List { noun: "list of texts", of: ANY_TEXT, least: 0, most: None, is_distinct: false };

/// `[variables.NAME]`.
pub const VARIABLE: &Section = &Section {
    id: "variable",
    title: "[variables.NAME]",
    place: "in `[variables.NAME]`",
    about: "What the spec leaves open: its type, and the value that holds where none is given. It \
            is used as `\"${var.NAME}\"`, and is no secret",
    keys: &[
        Key::new(
            "type",
            Shape::Words(&[
                word("string", "text"),
                word("bool", "`true` or `false`"),
                word("integer", "a whole number"),
                word("list", "a list of texts"),
            ]),
            "what it holds; a list is one of texts",
        )
        .required()
        .literal()
        .example("\"integer\""),
        Key::new("default", VALUE, "its value where none is given")
            .note("Of its `type`. Without it, one has to be given.")
            .literal()
            .example("180"),
        Key::new("description", TEXT, "what it is for, for people")
            .literal()
            .example("\"Part of the names of what is made.\""),
    ],
};
