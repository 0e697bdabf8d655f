//! Runs a relation operator: brings the groups of two sorted inputs together, gives whole
//! groups to the host, and gathers the rows that it names. Holds the groups at hand, no more.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DynComparator, Int64Array, RecordBatch, RecordBatchOptions,
    StructArray, make_comparator,
};
use arrow::compute::{TakeOptions, concat_batches, partition, take};
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::common::internal_err;
use datafusion::error::Result as DfResult;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::BaselineMetrics;
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::edge::guard;
use crate::edge::error::Error;
use crate::relation::rel::{ALONE, Chunk, RelState};
use crate::relation::columns::{Columns, GROUP_ORDER, SideColumns};
use crate::runtime::threads::CancelToken;



/// One partition's work.
pub(crate) struct Work {
    pub state: RelState,
    pub columns: Arc<Columns>,
    pub left: SendableRecordBatchStream,
    pub right: SendableRecordBatchStream,
    pub schema: SchemaRef,
    pub partition: usize,
    pub context: Arc<TaskContext>,
    pub metrics: BaselineMetrics,
    pub token: Option<CancelToken>,
}

/// A batch, and its groups.
struct Part {
    batch: RecordBatch,
    keys: Vec<ArrayRef>,
    groups: Vec<Range<usize>>,
    at: usize,
    bytes: usize,
    /// Whether pieces of it wait for their chunk.
    used: bool,
}

/// Rows of a batch; `bytes` is what the whole batch holds.
struct Piece {
    batch: RecordBatch,
    serial: u64,
    rows: Range<usize>,
    bytes: usize,
}

impl Piece {
    /// The part of the batch's bytes that its rows have.
    fn share(&self) -> usize {
        let whole = self.batch.num_rows().max(1);
        self.bytes.div_ceil(whole).saturating_mul(self.rows.len()).min(self.bytes)
    }
}

/// One input, read group by group.
struct Cursor {
    input: SendableRecordBatchStream,
    schema: SchemaRef,
    groups: Vec<usize>,
    part: Option<Part>,
    serial: u64,
    ended: bool,
    /// What waits: whole groups, their number of rows, and where each ends.
    pieces: Vec<Piece>,
    rows: usize,
    offsets: Vec<i64>,
    memory: MemoryReservation,
}

fn columns_of(batch: &RecordBatch, columns: &[usize]) -> DfResult<Vec<ArrayRef>> {
    let column = |index: &usize| match batch.columns().get(*index) {
        Some(column) => Ok(Arc::clone(column)),
        None => internal_err!("a batch has no column {index}"),
    };
    columns.iter().map(column).collect()
}

/// Texts that share buffers with other batches, in buffers of their own: held batches would
/// otherwise hold, and be charged for, all of what they share.
fn compact(batch: &RecordBatch) -> DfResult<RecordBatch> {
    let column = |column: &ArrayRef| -> ArrayRef {
        let held = |buffers: &[arrow::buffer::Buffer]| -> usize {
            buffers.iter().map(arrow::buffer::Buffer::len).sum()
        };
        if let Some(texts) = column.as_string_view_opt() {
            if held(texts.data_buffers()) > 2 * texts.total_buffer_bytes_used() {
                return Arc::new(texts.gc());
            }
        } else if let Some(bytes) = column.as_binary_view_opt()
            && held(bytes.data_buffers()) > 2 * bytes.total_buffer_bytes_used()
        {
            return Arc::new(bytes.gc());
        }
        Arc::clone(column)
    };
    let columns = batch.columns().iter().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
}

fn any_null(keys: &[ArrayRef], row: usize) -> bool {
    keys.iter().any(|key| key.is_null(row))
}

/// Compares rows of two batches by their groups.
struct Comparer {
    serials: (u64, u64),
    keys: Vec<DynComparator>,
}

impl Comparer {
    fn new(serials: (u64, u64), left: &[ArrayRef], right: &[ArrayRef]) -> DfResult<Self> {
        let mut keys = Vec::with_capacity(left.len());
        for (l, r) in left.iter().zip(right) {
            keys.push(make_comparator(l.as_ref(), r.as_ref(), GROUP_ORDER)?);
        }
        Ok(Self { serials, keys })
    }

    fn compare(&self, left: usize, right: usize) -> Ordering {
        let mut found = self.keys.iter().map(|key| key(left, right));
        found.find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl Cursor {
    fn new(
        input: SendableRecordBatchStream,
        side: &SideColumns,
        memory: MemoryReservation,
    ) -> Self {
        let schema = input.schema();
        Self {
            input,
            schema,
            groups: side.groups.clone(),
            part: None,
            serial: 0,
            ended: false,
            pieces: Vec::new(),
            rows: 0,
            offsets: vec![0],
            memory,
        }
    }

    /// Makes sure that there is a group at hand; false at the end.
    async fn head(&mut self) -> DfResult<bool> {
        loop {
            if self.part.as_ref().is_some_and(|part| part.at < part.groups.len()) {
                return Ok(true);
            }
            if let Some(part) = self.part.take()
                && !part.used
            {
                self.memory.shrink(part.bytes);
            }
            if self.ended {
                return Ok(false);
            }
            let Some(batch) = self.input.next().await else {
                self.ended = true;
                return Ok(false);
            };
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            let batch = compact(&batch)?;
            let keys = columns_of(&batch, &self.groups)?;
            let groups = if keys.is_empty() {
                std::iter::once(0..batch.num_rows()).collect()
            } else {
                partition(&keys)?.ranges()
            };
            let bytes = get_record_batch_memory_size(&batch);
            self.memory.try_grow(bytes)?;
            self.serial += 1;
            self.part = Some(Part { batch, keys, groups, at: 0, bytes, used: false });
        }
    }

    /// The first row of the group at hand, and the keys of its batch.
    fn first(&self) -> Option<(&[ArrayRef], usize)> {
        let part = self.part.as_ref()?;
        part.groups.get(part.at).map(|rows| (part.keys.as_slice(), rows.start))
    }

    fn is_null(&self) -> bool {
        self.first().is_some_and(|(keys, row)| any_null(keys, row))
    }

    fn keep(&mut self, rows: Range<usize>) {
        let Some(part) = &mut self.part else { return };
        part.used = true;
        self.rows += rows.len();
        if let Some(last) = self.pieces.last_mut()
            && last.serial == self.serial
            && last.rows.end == rows.start
        {
            last.rows.end = rows.end;
            return;
        }
        let (batch, bytes) = (part.batch.clone(), part.bytes);
        self.pieces.push(Piece { batch, serial: self.serial, rows, bytes });
    }

    /// Takes the group at hand, which may go on in later batches: to keep it or to drop it.
    async fn take_group(&mut self, keep: bool) -> DfResult<()> {
        loop {
            let Some(part) = &mut self.part else { return Ok(()) };
            let Some(rows) = part.groups.get(part.at).cloned() else { return Ok(()) };
            part.at += 1;
            let last = part.at == part.groups.len();
            let keys = part.keys.clone();
            let end = rows.end.saturating_sub(1);
            if keep {
                self.keep(rows);
            }
            if !last || !self.head().await? {
                return Ok(());
            }
            let Some((next, row)) = self.first() else { return Ok(()) };
            let same = Comparer::new((0, 0), &keys, next)?.compare(end, row).is_eq();
            if !same {
                return Ok(());
            }
        }
    }

    /// The group that was taken, or none, is the next of the chunk.
    fn end_group(&mut self) {
        self.offsets.push(i64::try_from(self.rows).unwrap_or(i64::MAX));
    }

    /// The bytes of the rows that wait.
    fn share(&self) -> usize {
        self.pieces.iter().map(Piece::share).sum()
    }

    /// What waits, in one batch.
    fn gather(&mut self) -> DfResult<RecordBatch> {
        let pieces = std::mem::take(&mut self.pieces);
        let slices = pieces.iter().map(|p| p.batch.slice(p.rows.start, p.rows.len()));
        let slices: Vec<RecordBatch> = slices.collect();
        match slices.as_slice() {
            [one] => Ok(one.clone()),
            many => Ok(concat_batches(&self.schema, many)?),
        }
    }

    /// Nothing waits any more; the batch at hand stays.
    fn clear(&mut self) {
        self.rows = 0;
        self.offsets.clear();
        self.offsets.push(0);
        let bytes = self.part.as_mut().map_or(0, |part| {
            part.used = false;
            part.bytes
        });
        self.memory.resize(bytes);
    }
}

struct Runner {
    state: RelState,
    columns: Arc<Columns>,
    left: Cursor,
    right: Cursor,
    comparer: Option<Comparer>,
    schema: SchemaRef,
    batch_rows: usize,
    memory: MemoryReservation,
    ready: VecDeque<RecordBatch>,
    ended: bool,
    metrics: BaselineMetrics,
    token: Option<CancelToken>,
}

/// The rows of one partition.
pub(crate) fn open(work: Work) -> DfResult<SendableRecordBatchStream> {
    let name = work.state.call.fun.name.clone();
    let reserve = |part: &str| {
        let consumer = MemoryConsumer::new(format!("{name}[{}] {part}", work.partition));
        consumer.register(work.context.memory_pool())
    };
    let runner = Runner {
        left: Cursor::new(work.left, &work.columns.left, reserve("left")),
        right: Cursor::new(work.right, &work.columns.right, reserve("right")),
        memory: reserve("result"),
        batch_rows: work.context.session_config().batch_size().max(1),
        state: work.state,
        columns: work.columns,
        comparer: None,
        schema: Arc::clone(&work.schema),
        ready: VecDeque::new(),
        ended: false,
        metrics: work.metrics,
        token: work.token,
    };
    let rows = futures::stream::try_unfold(runner, |mut runner| async move {
        let batch = runner.next().await?;
        Ok(batch.map(|batch| (batch, runner)))
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(work.schema, rows)))
}

impl Runner {
    async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        loop {
            guard::point("operator.task");
            if let Some(batch) = self.ready.pop_front() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            if self.ended {
                self.metrics.done();
                return Ok(None);
            }
            self.memory.free();
            self.fill().await?;
            let time = self.metrics.elapsed_compute().clone();
            let _timer = time.timer();
            self.run()?;
        }
    }

    /// Collects whole groups until there is enough to run.
    async fn fill(&mut self) -> DfResult<()> {
        let alone = self.state.call.left.flags & ALONE != 0;
        while self.left.rows < self.batch_rows && self.right.rows < self.batch_rows {
            if !self.left.head().await? {
                self.ended = true;
                return Ok(());
            }
            let matched = self.seek().await?;
            if !matched && !alone {
                self.left.take_group(false).await?;
                continue;
            }
            if matched {
                self.right.take_group(true).await?;
            }
            self.left.take_group(true).await?;
            self.left.end_group();
            self.right.end_group();
        }
        Ok(())
    }

    /// Goes on in the right input to the group of the left one; false if it has none.
    async fn seek(&mut self) -> DfResult<bool> {
        if self.left.is_null() {
            return Ok(false);
        }
        while self.right.head().await? {
            let ordering = match (self.left.first(), self.right.first()) {
                (Some((left, l)), Some((right, r))) => {
                    if any_null(right, r) {
                        Ordering::Greater
                    } else {
                        let serials = (self.left.serial, self.right.serial);
                        let fresh = match self.comparer.take() {
                            Some(there) if there.serials == serials => there,
                            _ => Comparer::new(serials, left, right)?,
                        };
                        let ordering = fresh.compare(l, r);
                        self.comparer = Some(fresh);
                        ordering
                    }
                }
                _ => return internal_err!("there is no group at hand"),
            };
            match ordering {
                Ordering::Less => return Ok(false),
                Ordering::Equal => return Ok(true),
                Ordering::Greater => self.right.take_group(false).await?,
            }
        }
        Ok(false)
    }

    /// Gives the groups to the host and gathers the result.
    fn run(&mut self) -> DfResult<()> {
        if self.left.rows > 0 || self.right.rows > 0 {
            // Copies of the rows, the host's own memory, and the result.
            let copies = self.left.share().saturating_add(self.right.share());
            let scratch = self.state.scratch(self.left.rows, self.right.rows);
            self.memory.try_grow(copies.saturating_add(scratch))?;
            let left = self.left.gather()?;
            let right = self.right.gather()?;
            let chunk = Chunk {
                left_offsets: &self.left.offsets,
                right_offsets: &self.right.offsets,
                left: &columns_of(&left, &self.columns.left.values)?,
                right: &columns_of(&right, &self.columns.right.values)?,
                stop: self.token.as_ref(),
            };
            let rows = self.state.run(&chunk).map_err(Error::into_df)?;
            let batch = self.assemble(&left, &right, &rows)?;
            let total = batch.num_rows();
            for start in (0..total).step_by(self.batch_rows) {
                let length = self.batch_rows.min(total - start);
                self.ready.push_back(batch.slice(start, length));
            }
        }
        self.left.clear();
        self.right.clear();
        Ok(())
    }

    fn assemble(
        &self,
        left: &RecordBatch,
        right: &RecordBatch,
        rows: &StructArray,
    ) -> DfResult<RecordBatch> {
        let [from_left, from_right, computed @ ..] = rows.columns() else {
            return internal_err!("the host's rows have no row numbers");
        };
        let (from_left, from_right) =
            (from_left.as_primitive::<Int64Type>(), from_right.as_primitive::<Int64Type>());
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        gathered(left, &self.columns.left.outputs, from_left, &mut columns)?;
        gathered(right, &self.columns.right.outputs, from_right, &mut columns)?;
        columns.extend(computed.iter().map(Arc::clone));
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// The rows of some columns by number; a row that is not there is an error of the host.
fn gathered(
    batch: &RecordBatch,
    columns: &[usize],
    rows: &Int64Array,
    out: &mut Vec<ArrayRef>,
) -> DfResult<()> {
    let all = rows.null_count() == 0 && rows.len() == batch.num_rows() && {
        let mut count = 0..;
        rows.values().iter().all(|row| Some(*row) == count.next())
    };
    for column in columns_of(batch, columns)? {
        out.push(if all {
            column
        } else {
            take(column.as_ref(), rows, Some(TakeOptions { check_bounds: true }))?
        });
    }
    Ok(())
}
