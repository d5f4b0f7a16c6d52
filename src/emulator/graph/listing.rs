//! What a read gives: one object or a page of them, by `$select`, `$filter`, `$search`, `$top`,
//! `$count` and `$skiptoken` ("Advanced query capabilities on Microsoft Entra ID objects"). Whole
//! objects go in, in the order of their ids, so that a page link stays right while others come
//! and go.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::Call;
use super::failure::Failure;
use super::filter::Filter;
use crate::emulator::message::Answer;

/// A collection: how it is called and what may be asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Of the `@odata.context`.
    pub(crate) set: &'static str,
    /// In messages.
    pub(crate) resource: &'static str,
    pub(crate) filterable: &'static [&'static str],
    /// Properties that only `$select` shows.
    pub(crate) hidden: &'static [&'static str],
}

const PAGE: usize = 100;
const PAGE_AT_MOST: usize = 999;

/// One object.
pub(crate) fn one(call: &Call<'_>, kind: &Kind, object: &Value) -> Result<Answer, Failure> {
    let selected = selected(call, kind, object)?;
    let shown = shown(object, kind, selected.as_deref());
    Ok(entity(call, StatusCode::OK, kind, shown))
}

/// One object after a write: whole, whatever was selected.
pub(crate) fn created(call: &Call<'_>, kind: &Kind, object: &Value) -> Answer {
    entity(call, StatusCode::CREATED, kind, shown(object, kind, None))
}

fn entity(call: &Call<'_>, status: StatusCode, kind: &Kind, object: Map<String, Value>) -> Answer {
    let mut body = Map::new();
    body.insert("@odata.context".into(), call.context(&format!("{}/$entity", kind.set)).into());
    body.extend(object);
    Answer::json(status, &Value::Object(body))
}

/// The names of `$select` in the spelling of `object`.
fn selected(call: &Call<'_>, kind: &Kind, object: &Value) -> Result<Option<Vec<String>>, Failure> {
    let Some(select) = call.option("select") else {
        return Ok(None);
    };
    let names = select.split(',').map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| {
        let all = object.as_object().into_iter().flat_map(Map::keys);
        all.map(String::as_str).find(|known| known.eq_ignore_ascii_case(name)).map(str::to_owned)
    };
    let resource = kind.resource;
    names
        .map(|name| {
            known(name).ok_or_else(|| {
                Failure::malformed(format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                    lower_first(resource)
                ))
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn shown(object: &Value, kind: &Kind, selected: Option<&[String]>) -> Map<String, Value> {
    let all = object.as_object().cloned().unwrap_or_default();
    all.into_iter()
        .filter(|(name, _)| match selected {
            None => !kind.hidden.contains(&name.as_str()),
            Some(names) => names.contains(name),
        })
        .collect()
}

/// A page.
pub(crate) fn page(call: &Call<'_>, kind: &Kind, objects: Vec<Value>) -> Result<Answer, Failure> {
    let matching = matching(call, kind, objects)?;
    let top = match call.option("top") {
        None => PAGE,
        Some(top) => top.parse().ok().filter(|top| (1..=PAGE_AT_MOST).contains(top)).ok_or_else(
            || Failure::malformed(format!("Invalid page size specified: '{top}'. Must be between 1 and {PAGE_AT_MOST} inclusive.")),
        )?,
    };
    let counted = counts(call)?.then_some(matching.len());
    let after = match call.option("skiptoken") {
        None => None,
        Some(token) => Some(read_token(&token).ok_or_else(Failure::expired_page)?),
    };
    let id = |object: &Value| object["id"].as_str().unwrap_or_default().to_owned();
    let mut rest = matching.iter().filter(|it| after.as_ref().is_none_or(|last| id(it) > *last));
    let page: Vec<&Value> = rest.by_ref().take(top).collect();
    let last = page.last().filter(|_| rest.next().is_some()).map(|object| id(object));
    let mut rows = Vec::with_capacity(page.len());
    let selected = page.first().map_or(Ok(None), |object| selected(call, kind, object))?;
    for object in page {
        rows.push(Value::Object(shown(object, kind, selected.as_deref())));
    }
    let mut body = json!({ "@odata.context": call.context(kind.set), "value": rows });
    if let Some(count) = counted {
        body["@odata.count"] = count.into();
    }
    if let Some(last) = last {
        body["@odata.nextLink"] = next_link(call, &last).into();
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `/$count`: the bare number.
pub(crate) fn count(call: &Call<'_>, kind: &Kind, objects: Vec<Value>) -> Result<Answer, Failure> {
    if !call.is_eventual() {
        return Err(no_count());
    }
    let matching = matching(call, kind, objects)?;
    Ok(Answer::new(StatusCode::OK, "text/plain", matching.len().to_string().into_bytes()))
}

fn no_count() -> Failure {
    Failure::query("$count is not currently supported.")
}

fn counts(call: &Call<'_>) -> Result<bool, Failure> {
    match call.option("count").as_deref() {
        None | Some("false") => Ok(false),
        Some("true") if call.is_eventual() => Ok(true),
        Some("true") => Err(no_count()),
        Some(_) => Err(Failure::malformed("Invalid value for the query option '$count'.")),
    }
}

fn matching(call: &Call<'_>, kind: &Kind, objects: Vec<Value>) -> Result<Vec<Value>, Failure> {
    for option in ["expand", "orderby", "skip", "apply"] {
        if call.option(option).is_some() {
            return Err(Failure::query(format!("Unsupported query option: ${option}.")));
        }
    }
    let filter = filter(call, kind)?;
    let search = search(call)?;
    let is_wanted = |object: &Value| {
        filter.as_ref().is_none_or(|filter| filter.matches(object))
            && search.as_ref().is_none_or(|(property, text)| {
                object[property].as_str().is_some_and(|value| value.to_lowercase().contains(text))
            })
    };
    Ok(objects.into_iter().filter(is_wanted).collect())
}

fn filter(call: &Call<'_>, kind: &Kind) -> Result<Option<Filter>, Failure> {
    let Some(text) = call.option("filter") else {
        return Ok(None);
    };
    let filter = Filter::parse(&text)
        .ok_or_else(|| Failure::malformed(format!("Invalid filter clause: '{text}'.")))?;
    if let Some(property) =
        filter.properties().into_iter().find(|name| !kind.filterable.contains(name))
    {
        return Err(Failure::query(format!(
            "Unsupported or invalid query filter clause specified for property '{property}' of resource '{}'.",
            kind.resource
        )));
    }
    if filter.is_advanced() && !(call.is_eventual() && counts(call)?) {
        return Err(Failure::query("Unsupported Query."));
    }
    Ok(Some(filter))
}

/// `"displayName:text"`.
fn search(call: &Call<'_>) -> Result<Option<(String, String)>, Failure> {
    let Some(text) = call.option("search") else {
        return Ok(None);
    };
    if !call.is_eventual() {
        return Err(Failure::query(
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let clause = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match clause.and_then(|clause| clause.split_once(':')) {
        Some((property, wanted)) => Ok(Some((property.to_owned(), wanted.to_lowercase()))),
        None => Err(Failure::malformed(
            "Syntax error: the value of $search is \"property:value\", in double quotes.",
        )),
    }
}

/// The same question, from behind `last` on.
fn next_link(call: &Call<'_>, last: &str) -> String {
    let mut query: Vec<_> = call
        .request
        .query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_token(pair))
        .map(str::to_owned)
        .collect();
    query.push(format!("$skiptoken={}", URL_SAFE_NO_PAD.encode(format!("after {last}"))));
    format!("{}{}?{}", call.request.origin(), call.path, query.join("&"))
}

fn is_token(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    matches!(name.as_str(), "$skiptoken" | "%24skiptoken" | "skiptoken")
}

fn read_token(token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("after ").map(str::to_owned)
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + letters.as_str()
    })
}
