//! A stream that is asked on threads of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result as DfResult;
use datafusion::execution::RecordBatchStream;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{Future, Stream, StreamExt};
use tokio::task::JoinHandle;

use crate::edge::error::Error;
use crate::runtime::threads::Place;

type Answer = (SendableRecordBatchStream, Option<DfResult<RecordBatch>>);

/// Where a detached stream is.
enum Turn {
    Idle(SendableRecordBatchStream),
    Asked(JoinHandle<Answer>),
    Over,
}

/// A stream that is asked on the threads of its place, and never on those of whoever waits for
/// it: they are free to stop waiting. It is asked for no more than is wanted.
pub(crate) struct Detached {
    schema: SchemaRef,
    // Dropped in this order.
    turn: Turn,
    place: Place,
}

impl Detached {
    pub fn new(stream: SendableRecordBatchStream, place: Place) -> Self {
        Self { schema: stream.schema(), turn: Turn::Idle(stream), place }
    }

    /// Drops what is at hand; it may have tasks on the place's threads.
    fn end(&mut self) {
        match std::mem::replace(&mut self.turn, Turn::Over) {
            Turn::Idle(stream) => {
                let _inside = self.place.handle.enter();
                drop(stream);
            }
            Turn::Asked(task) => task.abort(),
            Turn::Over => {}
        }
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        self.end();
    }
}

impl Stream for Detached {
    type Item = DfResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut task = match std::mem::replace(&mut self.turn, Turn::Over) {
            Turn::Over => return Poll::Ready(None),
            Turn::Asked(task) => task,
            Turn::Idle(mut stream) => self.place.handle.spawn(async move {
                let answer = stream.next().await;
                (stream, answer)
            }),
        };
        let Poll::Ready(answer) = Pin::new(&mut task).poll(cx) else {
            self.turn = Turn::Asked(task);
            return Poll::Pending;
        };
        match answer {
            Ok((stream, answer)) => {
                self.turn = Turn::Idle(stream);
                match &answer {
                    Some(Ok(_)) => {}
                    Some(Err(_)) => self.end(),
                    None => {
                        self.end();
                        self.place.ended = true;
                    }
                }
                Poll::Ready(answer)
            }
            // Goes on where it would have gone without a task.
            Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
            Err(e) => Poll::Ready(Some(Err(Error::from(e).into_df()))),
        }
    }
}

impl RecordBatchStream for Detached {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
