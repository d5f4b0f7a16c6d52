//! Paths to endpoints, which are plain functions over whole requests. What every request passes
//! before and after them is `front.rs`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Path, Request as HttpRequest, State};
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};

use super::exchange::invoke_command;
use super::front::{Front, observe};
use super::graph;
use super::identity::{device_endpoint, endpoint, issuer, managed_identity};
use super::message::{Answer, Request, Scheme, Stale};
use super::state_document;

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
        let Stale(age) = request.extensions().get::<Stale>().copied().unwrap_or_default();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await?;
        Ok(Self { scheme, query, headers, body, stale: age })
    }
}

fn response(answer: Answer) -> Response {
    answer.into_response()
}
