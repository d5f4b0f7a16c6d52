//! Paths to endpoints. Every request first meets the faults and last the request log, whatever its
//! path; between them the endpoints are plain functions over whole requests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};

use super::exchange::invoke_command;
use super::faults::{Faults, Harm, Subject, Verdict, When};
use super::graph;
use super::identity::{device_endpoint, endpoint, issuer, managed_identity};
use super::message::{Answer, Content, Request, Scheme};
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

impl Front {
    /// One line for a request that no route has seen.
    pub(crate) fn record(
        &self,
        method: &str,
        path: String,
        status: StatusCode,
    ) -> std::io::Result<()> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let time = time(self.service.clock.now());
        log.write(&Entry {
            time,
            method,
            path,
            cmdlet: None,
            anchor: None,
            status: status.as_u16(),
            fault: None,
        })
    }
}

impl Front {
    /// The request, and what rules see of it where there are any. Our own pages have no faults.
    async fn seen(
        &self,
        request: HttpRequest,
    ) -> Result<(HttpRequest, Option<Subject>), BytesRejection> {
        let is_ours = request.uri().path().starts_with("/_emulator/");
        if is_ours || !self.faults.look_at_requests() {
            return Ok((request, None));
        }
        let (parts, body) = request.into_parts();
        let body = Bytes::from_request(HttpRequest::from_parts(parts.clone(), body), &()).await?;
        let tenant = &self.service.tenant;
        let subject = Subject::of(&parts.method, parts.uri.path(), &body, tenant);
        Ok((HttpRequest::from_parts(parts, Body::from(body)), Some(subject)))
    }

    fn verdict(&self, subject: Option<&Subject>) -> Verdict {
        let judge = |subject| self.faults.judge(subject, self.service.clock.now());
        subject.map_or_else(|| self.faults.wait_alone(), judge)
    }

    /// The service's answer, or what a fault makes of it.
    async fn answered(
        &self,
        verdict: &Verdict,
        subject: Option<&Subject>,
        request: HttpRequest,
        next: Next,
    ) -> Response {
        let (Some(harm), Some(subject)) = (&verdict.harm, subject) else {
            return next.run(request).await;
        };
        match harm {
            Harm::Answer { shape, when } => {
                if *when == When::After {
                    next.run(request).await;
                }
                let mut answer = shape.answer(subject, self.service.clock.now());
                answer.cmdlet.clone_from(&subject.cmdlet);
                response(answer)
            }
        }
    }
}

type Shared = State<Arc<Front>>;

pub(crate) fn router(front: Arc<Front>) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery))
        .route("/{tenant}/oauth2/v2.0/token", post(token))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device_code))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/common/discovery/instance", get(instance))
        .route("/metadata/identity/oauth2/token", get(instance_metadata))
        .route("/msi/token", get(app_service))
        .route("/_emulator/device", get(device_page).post(device_answer))
        .route("/_emulator/oidc/token", get(github_token))
        .route("/adminapi/beta/{tenant}/InvokeCommand", post(invoke))
        .route("/v1.0/{*path}", any(directory))
        .route("/beta/{*path}", any(directory))
        .route("/_emulator/state", get(state))
        .layer(from_fn_with_state(Arc::clone(&front), observe))
        .with_state(front)
}

async fn discovery(State(front): Shared, Path(tenant): Path<String>, request: Request) -> Response {
    response(endpoint::discovery(&front.service, &tenant, &request))
}

async fn token(State(front): Shared, Path(tenant): Path<String>, request: Request) -> Response {
    response(endpoint::token(&front.service, &tenant, &request))
}

async fn device_code(
    State(front): Shared,
    Path(tenant): Path<String>,
    request: Request,
) -> Response {
    response(device_endpoint::device_code(&front.service, &tenant, &request))
}

async fn keys() -> Response {
    response(endpoint::keys())
}

async fn instance(State(front): Shared, request: Request) -> Response {
    response(endpoint::instance(&front.service, &request))
}

async fn instance_metadata(State(front): Shared, request: Request) -> Response {
    response(managed_identity::instance_metadata(&front.service, &request))
}

async fn app_service(State(front): Shared, request: Request) -> Response {
    response(managed_identity::app_service(&front.service, &request))
}

async fn device_page(State(front): Shared) -> Response {
    response(device_endpoint::page(&front.service))
}

async fn device_answer(State(front): Shared, request: Request) -> Response {
    response(device_endpoint::answer(&front.service, &request))
}

async fn github_token(State(front): Shared, request: Request) -> Response {
    response(issuer::github_token(&front.service, &request))
}

async fn invoke(State(front): Shared, Path(tenant): Path<String>, request: Request) -> Response {
    response(invoke_command(&front.service, &tenant, &request))
}

/// Graph; the path goes on as it was sent, as its keys are decoded one by one.
async fn directory(State(front): Shared, uri: Uri, method: Method, request: Request) -> Response {
    response(graph::answer(&front.service, method, uri.path(), &request))
}

async fn state(State(front): Shared) -> Response {
    response(state_document::state(&front.service))
}

impl<S: Send + Sync> FromRequest<S> for Request {
    type Rejection = BytesRejection;

    async fn from_request(request: HttpRequest, state: &S) -> Result<Self, Self::Rejection> {
        let scheme = request.extensions().get::<Scheme>().copied().unwrap_or_default();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await?;
        Ok(Self { scheme, query, headers, body })
    }
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
    let path = path_without_secrets(request.uri().path(), request.uri().query());
    let method = request.method().clone();
    let anchor = request.headers().get("x-anchormailbox").cloned();
    let client_id = request.headers().get("client-request-id").cloned();
    let (request, subject) = match front.seen(request).await {
        Ok(seen) => seen,
        Err(refused) => return refused.into_response(),
    };
    let verdict = front.verdict(subject.as_ref());
    if !verdict.delay.is_zero() {
        tokio::time::sleep(verdict.delay).await;
    }
    let mut response = front.answered(&verdict, subject.as_ref(), request, next).await;
    // Answered: the next one may come in.
    drop(verdict.slot);
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
        fault: verdict.fault.as_deref(),
    };
    match log.write(&entry) {
        Ok(()) => response,
        Err(error) => {
            let text = format!("the request log cannot be written: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// Every answer names itself, unless its body has done so already, and the client's own number for the request where it gave one.
fn identify(headers: &mut HeaderMap, client_id: Option<HeaderValue>) {
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.entry(HeaderName::from_static("request-id")).or_insert(id);
    }
    if let Some(client_id) = client_id {
        headers.insert(HeaderName::from_static("client-request-id"), client_id);
    }
}
