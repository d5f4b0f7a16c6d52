//! Parameters as the gateway binds them: names in any case, values leniently read, as the module's
//! own proxies and independent clients send them. A value of another type is refused here with the
//! transformation error; whether it makes sense is the cmdlet's business.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::cmdlet::Cmdlet;
use super::failure::Failure;

#[derive(Debug)]
pub(crate) struct Parameters {
    cmdlet: Cmdlet,
    values: BTreeMap<&'static str, Value>,
}

/// A value for a multivalued property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListEdit {
    Replace(Vec<String>),
    /// `{"@odata.type":"#Exchange.GenericHashTable","Add":[…],"Remove":[…]}`
    Edit {
        add: Vec<String>,
        remove: Vec<String>,
    },
}

const HASH_TABLE: &str = "#Exchange.GenericHashTable";

impl Parameters {
    pub(crate) fn bind(cmdlet: Cmdlet, given: &Map<String, Value>) -> Result<Self, Failure> {
        let mut values = BTreeMap::new();
        // `Name@odata.type` annotates its neighbour.
        for (name, value) in given.iter().filter(|(name, _)| !name.contains('@')) {
            let known = cmdlet
                .parameter(name)
                .ok_or_else(|| Failure::unknown_parameter(name, cmdlet.name()))?;
            values.insert(known, value.clone());
        }
        Ok(Self { cmdlet, values })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn missing(&self, name: &str) -> Failure {
        Failure::missing_parameter(name, self.cmdlet.name())
    }

    /// JSON booleans, and the strings that some clients send.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        match value {
            Value::Bool(value) => Ok(Some(*value)),
            Value::String(text) => match text.trim_start_matches('$').to_ascii_lowercase().as_str()
            {
                "true" => Ok(Some(true)),
                "false" => Ok(Some(false)),
                _ => Err(Failure::transformation(name, value, "Legal values are true and false.")),
            },
            _ => Err(Failure::transformation(name, value, "Legal values are true and false.")),
        }
    }

    pub(crate) fn switch(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.boolean(name)?.unwrap_or(false))
    }

    /// A string or a number, as text; null is absent.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(Failure::transformation(name, other, "A string is expected.")),
        }
    }

    /// An array of strings, or one string with commas.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        self.values.get(name).map(|value| strings(name, value)).transpose()
    }

    /// A whole list, or what to add to and remove from it.
    pub(crate) fn list_edit(&self, name: &str) -> Result<Option<ListEdit>, Failure> {
        match self.values.get(name) {
            Some(Value::Object(table)) => edit(name, table).map(Some),
            _ => Ok(self.list(name)?.map(ListEdit::Replace)),
        }
    }

    pub(crate) fn given(&self, name: &str) -> Value {
        self.values.get(name).cloned().unwrap_or_default()
    }
}

fn strings(name: &str, value: &Value) -> Result<Vec<String>, Failure> {
    let wrong = || Failure::transformation(name, value, "A list of strings is expected.");
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

/// Keys in any case; an empty table clears the list (CIPP does so).
fn edit(name: &str, table: &Map<String, Value>) -> Result<ListEdit, Failure> {
    let whole = || Value::Object(table.clone());
    if table.get("@odata.type").and_then(Value::as_str) != Some(HASH_TABLE) {
        let legal = format!("A hash table needs \"@odata.type\":\"{HASH_TABLE}\".");
        return Err(Failure::transformation(name, &whole(), &legal));
    }
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    let mut empty = true;
    for (key, value) in table.iter().filter(|(key, _)| !key.contains('@')) {
        empty = false;
        match key.to_ascii_lowercase().as_str() {
            "add" => add = strings(name, value)?,
            "remove" => remove = strings(name, value)?,
            _ => {
                let legal = "Legal keys are Add and Remove.";
                return Err(Failure::transformation(name, &whole(), legal));
            }
        }
    }
    Ok(if empty { ListEdit::Replace(Vec::new()) } else { ListEdit::Edit { add, remove } })
}
