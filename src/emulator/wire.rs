//! A connection that can be torn, as networks and load balancers do it: whoever holds its `Cut`
//! ends it with a reset, wherever it is in an answer. Otherwise the stream is passed through.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    cut: Cut,
}

/// Tears one connection; clones tear the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<Shears>);

#[derive(Debug, Default)]
struct Shears {
    closed: AtomicBool,
    told: Notify,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Answers are small and clients wait for them; a socket that refuses still works.
        let _ = stream.set_nodelay(true);
        Self { stream, cut: Cut::default() }
    }

    pub(crate) fn cut(&self) -> Cut {
        self.cut.clone()
    }

    /// As `TcpStream::peek`.
    pub(crate) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(buffer).await
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.cut.0.closed.load(Ordering::Acquire) {
            // Without lingering, what closes a connection is a reset and not an end.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl Cut {
    pub(crate) fn tear(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.told.notify_one();
    }

    /// Ready once it is torn.
    pub(crate) async fn torn(&self) {
        self.0.told.notified().await;
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
