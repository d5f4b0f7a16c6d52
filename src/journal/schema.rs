//! The JSON Schema of a line of a journal, made from the types that are written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::record::{Head, Record};
use crate::schema::schema_text;

/// The JSON Schema of a line, as published.
pub fn journal_schema() -> String {
    schema_text::<Line>(
        "A line of a journal of Auditform",
        "One line of `.auditform/runs/RUN.jsonl`, which `auditform apply` writes: first the run, \
         then its plan, then what happened. Readers take every journal whose `format_version`, in \
         its first line, begins with the same number, and ignore types and members that they do \
         not know; this schema is of the version that it was published with and knows all of them.",
    )
}

/// Any line.
struct Line;

impl JsonSchema for Line {
    fn schema_name() -> Cow<'static, str> {
        "Line".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut lines = Vec::new();
        for mut sort in [Opening::json_schema(generator), Record::json_schema(generator)] {
            if let Some(Value::Array(sorts)) = sort.remove("oneOf") {
                lines.extend(sorts);
            }
        }
        json_schema!({ "oneOf": lines })
    }
}

/// The lines that a journal begins with; a view, of which only the schema is used.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "of a view only the schema is used")]
enum Opening {
    /// The first line: which run this is. It tells enough to list runs, and which rules were in
    /// force, without reading on.
    Run(Box<Head>),
    /// The second line: what each change was and becomes stands in it.
    Plan {
        /// The plan as `plan --out` saves it, canonical and with its digest: see
        /// `plan.schema.json`.
        plan: Map<String, Value>,
    },
}
