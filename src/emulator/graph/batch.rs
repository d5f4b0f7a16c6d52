//! `POST /v1.0/$batch`: up to twenty requests in one ("Combine multiple HTTP requests using JSON
//! batching"). They run in the order of their dependencies and are answered in one body; what
//! fails takes its dependents with it. Nothing flows from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Call;
use super::failure::Failure;
use crate::emulator::message::{Answer, Content, Request};

const AT_MOST: usize = 20;

struct Item<'a> {
    id: &'a str,
    method: Method,
    /// Path and query, behind the version.
    url: &'a str,
    depends_on: Vec<&'a str>,
    sent: &'a Value,
}

pub(crate) fn run(call: &Call<'_>) -> Result<Answer, Failure> {
    if call.method != Method::POST {
        return Err(Failure::method_not_allowed());
    }
    let body = super::body::object(call.request)?;
    let requests = body.get("requests").and_then(Value::as_array);
    let requests = requests.ok_or_else(|| invalid("'requests' must be an array."))?;
    if requests.len() > AT_MOST {
        return Err(invalid(&format!(
            "Number of batch request steps exceeds the maximum value of {AT_MOST}."
        )));
    }
    let mut open = items(requests)?;
    let mut statuses: BTreeMap<&str, StatusCode> = BTreeMap::new();
    let mut responses = Vec::new();
    while !open.is_empty() {
        let is_ready = |item: &Item<'_>| item.depends_on.iter().all(|id| statuses.contains_key(id));
        let Some(place) = open.iter().position(is_ready) else {
            return Err(invalid("The 'dependsOn' of the requests is circular."));
        };
        let item = open.remove(place);
        let failed =
            item.depends_on.iter().any(|id| statuses.get(id).is_none_or(|it| !it.is_success()));
        let answer = if failed { dependent(call) } else { answered(call, &item)? };
        statuses.insert(item.id, answer.status);
        responses.push(response(item.id, &answer));
    }
    Ok(Answer::json(StatusCode::OK, &json!({ "responses": responses })))
}

fn invalid(message: &str) -> Failure {
    Failure::malformed(format!("Invalid batch payload format. {message}"))
}

fn items(requests: &[Value]) -> Result<Vec<Item<'_>>, Failure> {
    let mut ids = BTreeSet::new();
    let mut items = Vec::new();
    for sent in requests {
        let id = sent["id"].as_str().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| invalid("Every request needs an 'id'."))?;
        if !ids.insert(id) {
            return Err(invalid("Every request needs an 'id' of its own."));
        }
        let method = sent["method"].as_str().and_then(|name| name.to_uppercase().parse().ok());
        let url = sent["url"].as_str();
        let (Some(method), Some(url)) = (method, url) else {
            return Err(invalid("Every request needs 'method' and 'url'."));
        };
        let depends_on = sent["dependsOn"].as_array().map_or(&[][..], Vec::as_slice);
        let depends_on = depends_on.iter().filter_map(Value::as_str).collect();
        items.push(Item { id, method, url, depends_on, sent });
    }
    let is_known = |item: &Item<'_>| item.depends_on.iter().all(|id| ids.contains(id));
    if items.iter().all(is_known) {
        Ok(items)
    } else {
        Err(invalid("A 'dependsOn' names no request of this batch."))
    }
}

/// The token is the outer one's; all other headers are the item's own.
fn answered(call: &Call<'_>, item: &Item<'_>) -> Result<Answer, Failure> {
    let mut headers = HeaderMap::new();
    for name in ["authorization", "host"] {
        if let Some(value) = call.request.headers.get(name) {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in item.sent["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes());
        let value = value.as_str().map(HeaderValue::from_str);
        if let (Ok(name), Some(Ok(value))) = (name, value)
            && name != "authorization"
        {
            headers.insert(name, value);
        }
    }
    let has_body = !item.sent["body"].is_null();
    if has_body && !headers.contains_key("content-type") {
        return Err(invalid("A request with a body needs a Content-Type header."));
    }
    let (path, query) = item.url.split_once('?').unwrap_or((item.url, ""));
    let request = Request {
        scheme: call.request.scheme,
        query: query.to_owned(),
        headers,
        stale: call.request.stale,
        body: if has_body { item.sent["body"].to_string().into() } else { Vec::new().into() },
    };
    let path = format!("/v1.0/{}", path.trim_start_matches('/'));
    // A batch within a batch is none.
    if path.starts_with("/v1.0/$batch") {
        return Err(invalid("A batch cannot hold another one."));
    }
    Ok(super::answer(call.service, item.method.clone(), &path, &request))
}

fn dependent(call: &Call<'_>) -> Answer {
    let failure = Failure::new(
        StatusCode::FAILED_DEPENDENCY,
        "FailedDependency",
        "A request on which this one depends has failed.",
    );
    failure.answer(call.request, call.now)
}

fn response(id: &str, answer: &Answer) -> Value {
    let mut response = json!({ "id": id, "status": answer.status.as_u16() });
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned().into()))
        })
        .collect();
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    if let Content::Bytes(bytes) = &answer.content
        && !bytes.is_empty()
    {
        let text = String::from_utf8_lossy(bytes);
        response["body"] = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
    }
    response
}
