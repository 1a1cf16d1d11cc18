//! Bodies that come in two parts, too late, too short, or not to the end.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

use crate::http::Delivery;

/// A body of two parts.
pub(super) struct Parts {
    parts: Vec<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
    pause_ms: u64,
    ends_well: bool,
}

impl Parts {
    pub(super) fn new(body: Vec<u8>, delivery: Delivery) -> Self {
        let whole = Bytes::from(body);
        let mut parts = match delivery.cut_after {
            Some(n) => vec![whole.slice(..n.min(whole.len()))],
            None if delivery.pause_ms > 0 => {
                let half = whole.len() / 2;
                vec![whole.slice(..half), whole.slice(half..)]
            }
            None => vec![whole],
        };
        parts.reverse();
        let ends_well = delivery.cut_after.is_none() && delivery.extra_length == 0;
        Self { parts, pause: None, pause_ms: delivery.pause_ms, ends_well }
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        match self.parts.pop() {
            Some(part) => {
                if self.pause_ms > 0 && !self.parts.is_empty() {
                    self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_millis(self.pause_ms))));
                }
                Poll::Ready(Some(Ok(Frame::data(part))))
            }
            None if self.ends_well => Poll::Ready(None),
            None => Poll::Ready(Some(Err(std::io::Error::other("cut")))),
        }
    }
}
