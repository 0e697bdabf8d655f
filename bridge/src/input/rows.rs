//! Inputs bound to streams of the caller: read once as they come, or collected first.

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::{ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ReplaceChildrenOptions};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, PlanProperties};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;

use crate::edge::codes::E_STREAM_USED;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::input::adapt::relabel;
use crate::input::late::{Bound, Wanted};
use crate::runtime::threads;
use crate::runtime::stream::ImportedStream;

/// How many batches may wait between the caller's stream and the engine.
const WAITING: usize = 2;

type Slot = Mutex<Option<ImportedStream>>;

pub(crate) fn take(slot: &Slot, name: &str) -> Result<ImportedStream> {
    let taken = slot.lock().unwrap_or_else(|e| e.into_inner()).take();
    taken.ok_or_else(|| {
        let message = format!("the stream bound to {name} was read already; it can be read once");
        Error::new(E_STREAM_USED, ORIGIN_BRIDGE, message)
    })
}

/// A stream, to be read by one scan of one execution.
pub struct StreamBound {
    name: String,
    schema: SchemaRef,
    stream: Slot,
}

impl fmt::Debug for StreamBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {}", self.name)
    }
}

impl StreamBound {
    /// `name` is for messages.
    pub fn new(name: String, stream: ImportedStream) -> Self {
        let schema = stream.schema();
        Self { name, schema, stream: Mutex::new(Some(stream)) }
    }
}

#[async_trait]
impl Bound for StreamBound {
    fn kind(&self) -> &'static str {
        "stream"
    }

    fn once(&self) -> bool {
        true
    }

    async fn scan(&self, _wanted: &Wanted<'_>) -> Result<Arc<dyn ExecutionPlan>> {
        let stream = take(&self.stream, &self.name)?;
        let schema = Arc::new(Schema::new(self.schema.fields().clone()));
        Ok(Arc::new(StreamExec::new(self.name.clone(), schema, stream)))
    }
}

/// Reads the stream on a thread that may block.
struct StreamExec {
    name: String,
    stream: Arc<Slot>,
    properties: Arc<PlanProperties>,
}

impl StreamExec {
    fn new(name: String, schema: SchemaRef, stream: ImportedStream) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { name, stream: Arc::new(Mutex::new(Some(stream))), properties }
    }
}

impl fmt::Debug for StreamExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamExec {}", self.name)
    }
}

impl DisplayAs for StreamExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamExec")
    }
}

impl ExecutionPlan for StreamExec {
    fn name(&self) -> &str {
        "StreamExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        if !children.is_empty() {
            return internal_err!("StreamExec has no children");
        }
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn execute(
        &self,
        partition: usize,
        _context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("StreamExec has one partition");
        }
        let schema = self.schema();
        let mut stream = take(&self.stream, &self.name).map_err(Error::into_df)?;
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&schema), WAITING);
        let sender = builder.tx();
        let read = move || {
            while let Some(batch) = stream.next_batch() {
                let batch = batch.and_then(|batch| relabel(batch, &schema)).map_err(Error::into_df);
                let last = batch.is_err();
                // Nobody listens any more: the execution ended or was cancelled.
                if sender.blocking_send(batch).is_err() || last {
                    break;
                }
            }
            Ok(())
        };
        builder.spawn_blocking(move || threads::waiting(read));
        Ok(builder.build())
    }
}

/// Batches that were collected; can be read many times.
#[derive(Debug)]
pub struct MemoryBound {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl MemoryBound {
    /// Reads the whole stream, on the caller's thread.
    pub fn collect(mut stream: ImportedStream) -> Result<Self> {
        let schema = Arc::new(Schema::new(stream.schema().fields().clone()));
        let mut batches = Vec::new();
        while let Some(batch) = stream.next_batch() {
            batches.push(relabel(batch?, &schema)?);
        }
        Ok(Self { schema, batches })
    }
}

#[async_trait]
impl Bound for MemoryBound {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn held_bytes(&self) -> usize {
        self.batches.iter().map(RecordBatch::get_array_memory_size).sum()
    }

    async fn scan(&self, _wanted: &Wanted<'_>) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = vec![self.batches.clone()];
        Ok(MemorySourceConfig::try_new_exec(&partitions, Arc::clone(&self.schema), None)?)
    }
}
