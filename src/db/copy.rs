//! `COPY … FROM STDIN` in large buffers. The library's own writer flushes every 4 KiB; here whole rows are
//! gathered into half a megabyte before they are sent.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio_postgres::{Client, CopyInSink};

use super::DbError;
use crate::fault;

/// The size of one message to the server.
const BUFFER: usize = 512 * 1024;

/// A COPY in progress. If it is dropped before [`CopyIn::finish`], the server discards it.
pub(crate) struct CopyIn {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    buffer: BytesMut,
    doing: String,
}

impl CopyIn {
    /// Begins. `statement` is the whole COPY; `doing` says in errors what was being done.
    pub(crate) async fn begin(client: &Client, statement: &str, doing: &str) -> Result<Self, DbError> {
        let sink = client.copy_in(statement).await.map_err(|e| DbError::of(doing, e))?;
        Ok(Self {
            sink: Box::pin(sink),
            buffer: BytesMut::with_capacity(BUFFER + BUFFER / 4),
            doing: doing.to_owned(),
        })
    }

    /// The buffer for whole rows; call [`CopyIn::flow`] after each or some of them.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Sends the buffer if it is full.
    /// Errors: the connection is lost, or the server has refused an earlier row.
    pub(crate) async fn flow(&mut self) -> Result<(), DbError> {
        if self.buffer.len() < fault::number("MUSTER_TEST_BUFFER", BUFFER) {
            return Ok(());
        }
        self.send().await
    }

    /// Sends the rest and ends the COPY. Returns the number of rows that the server took.
    /// Errors: the connection is lost, or the server refused a row.
    pub(crate) async fn finish(mut self) -> Result<u64, DbError> {
        if !self.buffer.is_empty() {
            self.send().await?;
        }
        self.sink.as_mut().finish().await.map_err(|e| DbError::of(self.doing, e))
    }

    async fn send(&mut self) -> Result<(), DbError> {
        let full = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(BUFFER + BUFFER / 4));
        self.sink.send(full.freeze()).await.map_err(|e| DbError::of(self.doing.clone(), e))
    }
}
