//! What a staged file is written to.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::errors::Result;

/// A writer of one object that may be given up at any time: the plain one panics when it is
/// touched once more after its end failed.
pub struct Sink {
    target: BufWriter,
    /// Its end was begun: it cleans up after itself from there on.
    ended: bool,
}

impl Sink {
    pub fn new(store: &Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { target: BufWriter::new(Arc::clone(store), path), ended: false }
    }

    /// Gives up the parts of an unfinished object; the store would keep them otherwise.
    pub async fn abort(mut self) {
        if !self.ended {
            // The reason for giving up is what the caller hears of.
            let _ = self.target.abort().await;
        }
    }
}

impl AsyncFileWriter for Sink {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        AsyncFileWriter::write(&mut self.target, bytes)
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.ended = true;
            AsyncFileWriter::complete(&mut self.target).await
        }
        .boxed()
    }
}
