//! Sockets: our own accept loop, so that connections can be closed, delayed or counted in one
//! place. A listener, the way its connections speak and a router go in; it runs until told to
//! stop, then lets running requests end.

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::front::Front;
use super::message::Scheme;
use super::proxy;
use super::wire::{Cut, Wire};

/// How long running requests may take after the stop.
const GRACE: Duration = Duration::from_secs(5);
/// After an accept that failed for want of file handles.
const PAUSE: Duration = Duration::from_millis(50);

/// How connections of one listener speak.
#[derive(Clone)]
pub(crate) enum Door {
    Plain,
    Tls(TlsAcceptor),
    /// CONNECT first, then TLS; what it refuses is logged by the front.
    Proxy(TlsAcceptor, Arc<Front>),
}

impl Door {
    /// As the client sees it.
    pub(crate) fn scheme(&self) -> Scheme {
        match self {
            Self::Plain => Scheme::Http,
            Self::Tls(_) | Self::Proxy(..) => Scheme::Https,
        }
    }
}

/// Serves until `stop` changes or its sender is gone.
pub(crate) async fn serve(
    listener: TcpListener,
    door: Door,
    router: Router,
    mut stop: watch::Receiver<()>,
) {
    let router = router.layer(Extension(door.scheme()));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (door, router) = (door.clone(), router.clone());
                    connections.spawn(connection(Wire::new(stream), door, router, stop.clone()));
                }
                Err(error) => {
                    tracing::warn!("the emulator could not accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, drained).await;
    connections.abort_all();
}

async fn connection(stream: Wire, door: Door, router: Router, mut stop: watch::Receiver<()>) {
    let cut = stream.cut();
    let router = router.layer(Extension(cut.clone()));
    match door {
        Door::Plain => http(stream, router, stop, cut).await,
        Door::Tls(acceptor) => {
            let opened = secure(acceptor, stream);
            if let Some(stream) = unless_stopped(opened, &mut stop).await {
                http(stream, router, stop, cut).await;
            }
        }
        Door::Proxy(acceptor, front) => {
            let opened = async {
                let stream = proxy::tunnel(stream, &front).await?;
                acceptor.accept(stream).await.ok()
            };
            if let Some(stream) = unless_stopped(opened, &mut stop).await {
                http(stream, router, stop, cut).await;
            }
        }
    }
}

/// None too where the connection did not come about: clients that hang up in the middle, or do not
/// trust us, are no news.
async fn unless_stopped<S>(
    opening: impl Future<Output = Option<S>>,
    stop: &mut watch::Receiver<()>,
) -> Option<S> {
    tokio::select! {
        stream = opening => stream,
        _ = stop.changed() => None,
    }
}

/// Nothing but TLS is served here; who speaks plain HTTP is told so.
async fn secure(
    acceptor: TlsAcceptor,
    mut stream: Wire,
) -> Option<tokio_rustls::server::TlsStream<Wire>> {
    let mut first = [0];
    // A TLS record begins with a small number, a request with a letter.
    if stream.peek(&mut first).await.ok()? == 1 && first[0].is_ascii_alphabetic() {
        let text = "This address speaks https alone.\n";
        let length = text.len();
        let answer = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.shutdown().await.ok()?;
        return None;
    }
    acceptor.accept(stream).await.ok()
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    router: Router,
    mut stop: watch::Receiver<()>,
    cut: Cut,
) {
    let service = TowerToHyperService::new(router);
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        _ = serving.as_mut() => return,
        () = cut.torn() => return,
        _ = stop.changed() => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = serving => {}
        () = cut.torn() => {}
    }
}
