//! Bodies that do not arrive as they should: piece by piece, or half and then nothing. Whole bytes
//! go in, a body for hyper comes out.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

/// Bytes in one piece of a body that drips.
const PIECE: usize = 64;

/// Sends pieces with pauses between them; then ends, or breaks off.
pub(super) struct Slow {
    pieces: VecDeque<Bytes>,
    pause: Duration,
    breaks_off: bool,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Slow {
    /// All of it, with a pause before each piece.
    pub(super) fn drip(bytes: &[u8], pause: Duration) -> Self {
        let pieces = bytes.chunks(PIECE).map(Bytes::copy_from_slice).collect();
        Self { pieces, pause, breaks_off: false, waiting: None }
    }

    /// The first half, and then the connection ends.
    pub(super) fn half(bytes: &[u8]) -> Self {
        let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
        Self { pieces: [half].into(), pause: Duration::ZERO, breaks_off: true, waiting: None }
    }
}

impl Body for Slow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.pieces.is_empty() {
            let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
            return Poll::Ready(self.breaks_off.then(broken));
        }
        let pause = self.pause;
        if !pause.is_zero() {
            let sleep = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.waiting = None;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}
