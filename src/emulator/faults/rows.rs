//! Answers that hold other rows than the tenant has. A list as the service wrote it goes in; the
//! same with a row twice, away or changed comes out, or nothing where the row is not in it.

use axum::body::Bytes;
use serde_json::Value;

/// What happens to one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowFault {
    /// It comes twice.
    Duplicate,
    /// It does not come.
    Missing,
    /// It comes twice, and once with `AuditEnabled` the other way round.
    Differ,
}

impl RowFault {
    pub(super) const NAMES: [(&'static str, Self); 3] =
        [("duplicate", Self::Duplicate), ("missing", Self::Missing), ("differ", Self::Differ)];
}

/// Of the row with this Guid, or of the first one.
pub(super) fn altered(body: &[u8], fault: RowFault, guid: Option<&str>) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let rows = answer.get_mut("value")?.as_array_mut()?;
    let at = match guid {
        None => 0,
        Some(guid) => rows.iter().position(|row| row["Guid"] == guid)?,
    };
    let row = rows.get(at)?.clone();
    match fault {
        RowFault::Missing => {
            rows.remove(at);
        }
        RowFault::Duplicate => rows.insert(at, row),
        RowFault::Differ => {
            let mut other = row;
            let enabled = other.get("AuditEnabled")?.as_bool()?;
            other["AuditEnabled"] = Value::Bool(!enabled);
            rows.insert(at, other);
        }
    }
    Some(answer.to_string().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(fault: RowFault, guid: Option<&str>) -> Option<Value> {
        let list = json!({ "value": [
            { "Guid": "1", "AuditEnabled": true }, { "Guid": "2", "AuditEnabled": true } ] });
        let altered = altered(list.to_string().as_bytes(), fault, guid)?;
        Some(serde_json::from_slice::<Value>(&altered).ok()?["value"].clone())
    }

    #[test]
    fn one_row_comes_twice_or_not_or_in_two_ways() {
        let row = |guid: &str, enabled: bool| json!({ "Guid": guid, "AuditEnabled": enabled });
        let (one, two) = (row("1", true), row("2", true));
        let all = |rows: &[&Value]| Some(json!(rows));
        assert_eq!(rows(RowFault::Duplicate, None), all(&[&one, &one, &two]));
        assert_eq!(rows(RowFault::Missing, Some("2")), all(&[&one]));
        assert_eq!(rows(RowFault::Differ, Some("2")), all(&[&one, &row("2", false), &two]));
    }

    #[test]
    fn a_list_without_the_row_stays_as_it_is() {
        assert_eq!(rows(RowFault::Missing, Some("3")), None);
        assert_eq!(altered(b"not JSON", RowFault::Missing, None), None);
        assert_eq!(altered(b"{\"value\":[]}", RowFault::Missing, None), None);
    }
}
