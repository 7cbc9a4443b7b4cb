//! `COPY … TO STDOUT`, row by row: the server sends each in a message, which is returned as it is.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio_postgres::{Client, CopyOutStream};

use super::DbError;

/// A COPY to the client in progress.
pub(crate) struct CopyOut {
    stream: Pin<Box<CopyOutStream>>,
    doing: String,
}

impl CopyOut {
    /// Begins. `statement` is the whole COPY; `doing` says in errors what was being done.
    pub(crate) async fn begin(client: &Client, statement: &str, doing: &str) -> Result<Self, DbError> {
        let stream = client.copy_out(statement).await.map_err(|e| DbError::of(doing, e))?;
        Ok(Self { stream: Box::pin(stream), doing: doing.to_owned() })
    }

    /// The next row with its line feed; `None` after the last.
    /// Errors: the connection is lost, or the server stopped.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, DbError> {
        let row = self.stream.next().await.transpose();
        row.map_err(|e| DbError::of(self.doing.clone(), e))
    }
}
