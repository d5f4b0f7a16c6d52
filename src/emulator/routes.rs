//! Paths to endpoints. Every request first meets the faults and last the request log, whatever its
//! path; between them the endpoints are plain functions over whole requests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::exchange::invoke_command;
use super::faults::Faults;
use super::identity::endpoint;
use super::message::{Answer, Content, Request};
use super::request_log::{Entry, RequestLog, path_without_secrets, time};
use super::service::Service;
use super::state_document;

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) service: Arc<Service>,
    pub(crate) faults: Faults,
    pub(crate) log: Option<RequestLog>,
}

type Shared = State<Arc<Front>>;

pub(crate) fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery))
        .route("/{tenant}/oauth2/v2.0/token", post(token))
        .route("/adminapi/beta/{tenant}/InvokeCommand", post(invoke))
        .route("/_emulator/state", get(state))
        .layer(from_fn_with_state(Arc::clone(&front), observe))
        .with_state(front)
}

async fn discovery(
    State(front): Shared,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = whole(query, headers, Bytes::new());
    response(endpoint::discovery(&front.service, &tenant, &request))
}

async fn token(
    State(front): Shared,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    response(endpoint::token(&front.service, &tenant, &whole(query, headers, body)))
}

async fn invoke(
    State(front): Shared,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    response(invoke_command(&front.service, &tenant, &whole(query, headers, body)))
}

async fn state(State(front): Shared) -> Response {
    response(state_document::state(&front.service))
}

fn whole(query: Option<String>, headers: HeaderMap, body: Bytes) -> Request {
    Request { query: query.unwrap_or_default(), headers, body }
}

/// Rides on a response to the log.
#[derive(Clone)]
struct Cmdlet(String);

fn response(answer: Answer) -> Response {
    let mut response = Response::new(match answer.content {
        Content::Bytes(bytes) => Body::from(bytes),
        Content::Stream(body) => body,
    });
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if let Some(cmdlet) = answer.cmdlet {
        response.extensions_mut().insert(Cmdlet(cmdlet));
    }
    response
}

/// The one place that sees every request and every answer.
async fn observe(State(front): Shared, request: HttpRequest, next: Next) -> Response {
    let verdict = front.faults.judge();
    if !verdict.delay.is_zero() {
        tokio::time::sleep(verdict.delay).await;
    }
    let path = path_without_secrets(request.uri().path(), request.uri().query());
    let method = request.method().clone();
    let anchor = request.headers().get("x-anchormailbox").cloned();
    let client_id = request.headers().get("client-request-id").cloned();
    let mut response = next.run(request).await;
    identify(response.headers_mut(), client_id);
    let Some(log) = &front.log else {
        return response;
    };
    let entry = Entry {
        time: time(front.service.clock.now()),
        method: method.as_str(),
        path,
        cmdlet: response.extensions().get::<Cmdlet>().map(|cmdlet| cmdlet.0.as_str()),
        anchor: anchor.as_ref().and_then(|value| value.to_str().ok()),
        status: response.status().as_u16(),
    };
    match log.write(&entry) {
        Ok(()) => response,
        Err(error) => {
            let text = format!("the request log cannot be written: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// Every answer names itself, and the client's own number for the request where it gave one.
fn identify(headers: &mut HeaderMap, client_id: Option<HeaderValue>) {
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("request-id"), id);
    }
    if let Some(client_id) = client_id {
        headers.insert(HeaderName::from_static("client-request-id"), client_id);
    }
}
