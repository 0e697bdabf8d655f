//! Executions and stages with little memory: they end within it, or say so.

use std::fmt::{Display, Formatter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::*;
use arrow::datatypes::*;
use arrow::util::pretty::pretty_format_batches;
use datafusion::common::{Result as DfResult, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
    PeakRecordingPool,
};
use futures::TryStreamExt;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::input::rows::MemoryBound;
use crate::edge::codes::*;
use crate::exec::cut::{Parts, Widths, batch_bytes};
use crate::edge::error::Result;
use crate::exec::run::{ExecInner, ExecSpec};
use crate::runtime::merge_pool::{GATHER, MERGE, MergePool, Shares};
use crate::tests::plan::{plan, session, spec};
use crate::exec::stage::{StageOptions, stage};
use crate::exec::stage_sink::PartSizes;
use crate::store::objects;
use crate::tests::kit::*;

fn count(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Refuses one request, and knows who asked.
#[derive(Debug)]
struct Refusing {
    inner: Arc<dyn MemoryPool>,
    asked: AtomicUsize,
    refused: usize,
    names: Mutex<Vec<String>>,
}

impl Refusing {
    fn new(inner: Arc<dyn MemoryPool>, refused: usize) -> Arc<Self> {
        Arc::new(Self { inner, asked: AtomicUsize::new(0), refused, names: Mutex::default() })
    }
}

impl Display for Refusing {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "refusing")
    }
}

impl MemoryPool for Refusing {
    fn name(&self) -> &str {
        "refusing"
    }
    fn register(&self, consumer: &MemoryConsumer) {
        self.names.lock().unwrap().push(consumer.name().to_string());
        self.inner.register(consumer);
    }
    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }
    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.inner.grow(reservation, additional);
    }
    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.inner.shrink(reservation, shrink);
    }
    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> DfResult<()> {
        if self.asked.fetch_add(1, Ordering::SeqCst) + 1 == self.refused {
            return Err(resources_datafusion_err!("refused"));
        }
        self.inner.try_grow(reservation, additional)
    }
    fn reserved(&self) -> usize {
        self.inner.reserved()
    }
    fn memory_limit(&self) -> MemoryLimit {
        self.inner.memory_limit()
    }
}

const QUERIES: [&str; 4] = [
    "SELECT value FROM generate_series(1, 60000) ORDER BY value * 7919 % 10007, value",
    "SELECT a.value FROM generate_series(1, 20000) a JOIN generate_series(1, 20000) b \
     ON a.value = b.value * 3 ORDER BY a.value",
    "SELECT value % 5000 AS k, count(*) AS n FROM generate_series(1, 40000) GROUP BY 1 ORDER BY 1",
    "SELECT value FROM generate_series(1, 30000) ORDER BY value DESC LIMIT 9000",
];

fn tight(folder: &Folder, partitions: usize) -> ExecSpec {
    ExecSpec {
        batch_rows: 1024,
        memory_bytes: 4 << 20,
        spill_dir: Some(folder.0.clone()),
        shares: Shares { gather: 15, merge: 50 },
        widths: Widths { cut_bytes: 64 << 10, wide_bytes: 0, top_rows: 1024 },
        sort_in_place_bytes: 1,
        sort_reserve_bytes: 64 << 10,
        no_hash_join: true,
        ..spec(partitions)
    }
}

fn run_over(sql: &str, spec: &ExecSpec, pool: Arc<dyn MemoryPool>) -> Result<String> {
    let sess = session();
    let plan = plan(&sess, sql)?.optimize()?;
    let exec = ExecInner::with_pool(&sess, &plan, Arc::default(), spec, None, |_| pool)?;
    let rows = exec.start()?;
    let batches = sess.rt.block_on(rows.try_collect::<Vec<_>>())??;
    Ok(pretty_format_batches(&batches)?.to_string())
}

fn merge_pool(spec: &ExecSpec, inner: Arc<dyn MemoryPool>) -> Arc<dyn MemoryPool> {
    Arc::new(MergePool::new(inner, spec.memory_bytes, spec.partitions, spec.shares))
}

/// Whichever request is refused: right rows or MEMORY.
#[test]
fn each_request_may_be_refused() {
    let folder = Folder::new();
    for partitions in [1, 3] {
        let spec = tight(&folder, partitions);
        for sql in QUERIES {
            let fair = || Arc::new(FairSpillPool::new(spec.memory_bytes));
            let whole = Refusing::new(fair(), 0);
            let rows = run_over(sql, &spec, merge_pool(&spec, Arc::clone(&whole) as _)).unwrap();
            let asked = whole.asked.load(Ordering::SeqCst);
            assert!(asked > 3, "{sql}");
            let (mut ended, mut refused) = (0, 0);
            for n in (1..=asked).step_by(asked / 20 + 1) {
                let pool = merge_pool(&spec, Refusing::new(fair(), n) as _);
                match run_over(sql, &spec, pool) {
                    Ok(again) => {
                        assert_eq!(again, rows, "{sql}, refused {n}");
                        ended += 1;
                    }
                    Err(e) => {
                        assert_eq!(e.code, E_MEMORY, "{sql}, refused {n}: {}", e.message);
                        refused += 1;
                    }
                }
            }
            assert!(ended + refused > 0, "{sql}");
        }
    }
}

/// The pool tells sorts by these names: without them it would be a plain one.
#[test]
fn sorts_have_the_names_that_the_pool_looks_for() {
    let folder = Folder::new();
    let spec = tight(&folder, 2);
    let pool = Refusing::new(Arc::new(FairSpillPool::new(spec.memory_bytes)), 0);
    run_over(QUERIES[0], &spec, merge_pool(&spec, Arc::clone(&pool) as _)).unwrap();
    let names = pool.names.lock().unwrap();
    for wanted in [GATHER, MERGE] {
        assert!(names.iter().any(|name| name.starts_with(wanted)), "{wanted}: {names:?}");
    }
}

#[test]
fn plans_are_the_same_rows_in_less_memory() {
    let folder = Folder::new();
    for sql in QUERIES {
        let roomy = ExecSpec { memory_bytes: 0, batch_rows: 8192, ..spec(2) };
        let rows = run_over(sql, &roomy, Arc::new(GreedyMemoryPool::new(1 << 30))).unwrap();
        for partitions in [1, 2, 4] {
            let spec = tight(&folder, partitions);
            let pool = merge_pool(&spec, Arc::new(FairSpillPool::new(spec.memory_bytes)));
            assert_eq!(run_over(sql, &spec, pool).unwrap(), rows, "{sql} at {partitions}");
        }
    }
}

fn one_column(name: &str, column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter([(name, column)]).unwrap()
}

/// 8,192 rows that share one text of 64 KB: 512 MB where each has a copy.
fn wide() -> Vec<RecordBatch> {
    let text = "a".repeat(64 << 10);
    let mut views = StringViewBuilder::new().with_deduplicate_strings();
    for _ in 0..8192 {
        views.append_value(&text);
    }
    let keys = Int32Array::from(vec![0; 8192]);
    let values = Arc::new(StringArray::from(vec![text.as_str()]));
    let dictionary = DictionaryArray::new(keys, values);
    let views = one_column("x", Arc::new(views.finish()));
    let nested = StructArray::from(views.clone());
    vec![
        views,
        one_column("x", Arc::new(dictionary)),
        one_column("x", Arc::new(nested)),
    ]
}

#[test]
fn rows_that_share_a_text_are_cut_by_what_they_would_take() {
    for batch in wide() {
        assert!(batch_bytes(&batch) >= 512 << 20, "{}", batch_bytes(&batch));
        let parts = Parts::new(batch, 8192, 1 << 20);
        let parts: Vec<_> = parts.map(|part| part.unwrap()).collect();
        assert_eq!(parts.iter().map(RecordBatch::num_rows).sum::<usize>(), 8192);
        assert!(parts.iter().all(|part| batch_bytes(part) <= 1 << 20));
    }
    // What fits stays as it is; long batches are cut by rows, and are then alone.
    let rows: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
    let whole: Vec<_> = Parts::new(one_column("x", Arc::clone(&rows)), 100_000, 1 << 20).collect();
    assert!(Arc::ptr_eq(whole[0].as_ref().unwrap().column(0), &rows));
    let bare = one_column("x", Arc::clone(&rows)).project(&[]).unwrap();
    let bare: Vec<_> = Parts::new(bare, 8192, 1 << 20).map(|part| part.unwrap()).collect();
    assert_eq!(count(&bare), 100_000);
    for part in Parts::new(one_column("x", rows), 8192, 1 << 20) {
        assert!(part.unwrap().get_array_memory_size() < 8192 * 8 + 1024);
    }
}

/// Refused with large batches, sorted with small ones.
#[test]
fn a_sort_of_wide_rows_ends_within_its_memory() {
    let rt = runtime();
    let folder = Folder::new();
    let batch = wide().remove(0);
    let sess = session();
    let schema = batch.schema();
    let late = crate::input::late::LateBound::new("main", "wide", Arc::clone(&schema));
    sess.declare("main", "wide", Arc::new(late)).unwrap();
    let bind = bind();
    let bound = MemoryBound::collect(imported(&schema, vec![batch.slice(0, 4000)])).unwrap();
    bind.insert("main", "wide", Arc::new(bound));
    let sql = "SELECT length(x) AS n FROM (SELECT x FROM main.wide ORDER BY x LIMIT 1 OFFSET 3999)";
    let plan = plan(&sess, sql).unwrap().optimize().unwrap();
    let memory_bytes = 16 << 20;
    let run = |spec: &ExecSpec| {
        let exec = ExecInner::new(&sess, &plan, bind.bindings(), spec, None)?;
        let rows = rt.block_on(exec.start()?.try_collect::<Vec<_>>())??;
        Ok::<_, crate::edge::error::Error>((count(&rows), exec.peak_bytes()))
    };
    let first = ExecSpec {
        batch_rows: 8192,
        memory_bytes,
        widths: Widths { cut_bytes: 1 << 20, wide_bytes: memory_bytes / 4, top_rows: 0 },
        ..spec(1)
    };
    assert_eq!(run(&first).unwrap_err().code, E_MEMORY);
    let widths = Widths { cut_bytes: 1 << 20, wide_bytes: 0, top_rows: 100 };
    let less = ExecSpec { memory_bytes, widths, batch_rows: 32, ..tight(&folder, 1) };
    let (rows, peak) = run(&less).unwrap();
    assert_eq!(rows, 1);
    assert!(peak <= memory_bytes as i64, "{peak}");
}

fn options() -> StageOptions {
    StageOptions {
        prefix: "s/".into(),
        partition_columns: Vec::new(),
        sort_columns: Vec::new(),
        stats_columns: None,
        target_file_bytes: 0,
        row_group_rows: 1 << 20,
        row_group_bytes: 64 << 20,
        bound_bytes: 64,
        parts: PartSizes { bytes: 1 << 20, in_flight: 2 },
        compression: "none".into(),
        compression_level: 0,
        file_metadata: Vec::new(),
        abort_after: std::time::Duration::from_secs(5),
    }
}

/// Texts of 1 KB, each another.
const WIDE_ROWS: &str = "SELECT concat(value, repeat('x', 1000)) AS s, value \
                         FROM generate_series(1, 20000)";

fn stage_over(pool: &Arc<dyn MemoryPool>, options: &StageOptions, folder: &Folder) -> Result<()> {
    let sess = session();
    let plan = plan(&sess, WIDE_ROWS)?.optimize()?;
    let spec = ExecSpec { batch_rows: 1000, memory_bytes: 0, ..spec(1) };
    let exec = ExecInner::new(&sess, &plan, Arc::default(), &spec, None)?;
    let to = open(&sess.rt, &folder.url());
    let rows = exec.start_on()?;
    sess.rt.block_on(stage(&to, rows, pool, None, options))??;
    Ok(())
}

fn groups(folder: &Folder) -> Vec<(i64, i64)> {
    let file = std::fs::File::open(folder.0.join("s/00000.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let groups = reader.metadata().row_groups();
    groups.iter().map(|group| (group.num_rows(), group.compressed_size())).collect()
}

#[test]
fn row_groups_are_cut_by_bytes() {
    let folder = Folder::new();
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1 << 30));
    stage_over(&pool, &options(), &folder).unwrap();
    assert_eq!(groups(&folder).len(), 1);
    let folder = Folder::new();
    let most = 2 << 20;
    stage_over(&pool, &StageOptions { row_group_bytes: most, ..options() }, &folder).unwrap();
    let found = groups(&folder);
    assert!(found.len() >= 9, "{found:?}");
    assert_eq!(found.iter().map(|(rows, _)| rows).sum::<i64>(), 20000);
    assert!(found.iter().all(|(_, bytes)| *bytes <= 2 * most as i64), "{found:?}");
    assert_eq!(pool.reserved(), 0);
}

#[test]
fn a_writer_closes_row_groups_when_it_is_refused() {
    let folder = Folder::new();
    let limit = 12 << 20;
    let peak = Arc::new(PeakRecordingPool::new(Arc::new(GreedyMemoryPool::new(limit))));
    stage_over(&(Arc::clone(&peak) as _), &options(), &folder).unwrap();
    let found = groups(&folder);
    assert!(found.len() > 1, "{found:?}");
    assert_eq!(found.iter().map(|(rows, _)| rows).sum::<i64>(), 20000);
    assert!(peak.max_reserved() > limit / 2, "{}", peak.max_reserved());
    assert_eq!(peak.reserved(), 0);
    // Too little for one batch: said, not taken.
    let small: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1 << 10));
    assert_eq!(stage_over(&small, &options(), &Folder::new()).unwrap_err().code, E_MEMORY);
    assert_eq!(small.reserved(), 0);
}

/// Bounds hold all values, as bytes, wherever characters are cut.
#[test]
fn cut_bounds_hold_all_texts() {
    let rt = runtime();
    let most = '\u{10ffff}';
    let columns: [Vec<String>; 6] = [
        ["a", "ä", "z"].iter().map(|c| c.repeat(100)).collect(),
        (0..5).map(|n| format!("{}{}é{}", "x".repeat(60 + n), "ü", "w".repeat(90))).collect(),
        vec![format!("{}{}", "a".repeat(62), String::from(most).repeat(40)), "b".into()],
        vec![String::from(most).repeat(80), "\u{d7ff}".repeat(50), "\u{d7ff}".repeat(70)],
        vec!["😀".repeat(33), "😀".repeat(16), "".into()],
        vec!["\u{7f}".repeat(65), "\u{7ff}".repeat(65), "\u{ffff}".repeat(65)],
    ];
    for texts in columns {
        let folder = Folder::new();
        let batch = one_column("s", Arc::new(StringArray::from(texts.clone())));
        let to = open(&rt, &folder.url());
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1 << 30));
        let bound = MemoryBound::collect(imported(&batch.schema(), vec![batch.clone()])).unwrap();
        let query = Query::new(&rt, 1);
        let rows = query.stream("SELECT * FROM main.t", batch.schema(), Arc::new(bound)).unwrap();
        let rows = (rows, rt.place().handle.clone());
        let (_, out) = rt.block_on(stage(&to, rows, &pool, None, &options())).unwrap().unwrap();
        let bound = |column: usize| out[0].column(column).as_string::<i32>().value(1).to_string();
        let (min, max) = (bound(8), bound(9));
        for text in &texts {
            assert!(min.as_bytes() <= text.as_bytes() && text.as_bytes() <= max.as_bytes());
        }
        assert!(min.len() <= 64);
        let file = std::fs::File::open(folder.0.join("s/00000.parquet")).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let stats = reader.metadata().row_group(0).column(0).statistics().unwrap().clone();
        let Statistics::ByteArray(stats) = stats else { panic!("{stats:?}") };
        assert_eq!(stats.max_opt().unwrap().data(), max.as_bytes());
        assert!(stats.min_opt().unwrap().data().len() <= 64);
        // The last characters of their lengths have none above them: such a text stays whole.
        assert!(max.len() <= 64 || max.starts_with([most, '\u{ffff}']), "{max}");
    }
}

#[test]
fn an_object_of_more_than_can_be_had_is_refused_before_it_is_read() {
    let rt = runtime();
    let folder = Folder::new();
    let file = std::fs::File::create(folder.0.join("huge")).unwrap();
    file.set_len(3 << 30).unwrap();
    std::fs::write(folder.0.join("small"), "abc").unwrap();
    let to = open(&rt, &folder.url());
    let huge = ["huge".to_string()];
    for most in [1 << 20, u64::MAX] {
        let e = objects::get_impl(&to, &huge, most).unwrap_err();
        assert_eq!(e.code, E_TOO_LARGE);
        assert!(e.message.contains("huge") && e.message.contains("3221225472"), "{}", e.message);
    }
    // Only looked at, it may have any size.
    let rows = objects::get_impl(&to, &huge, 0).unwrap();
    assert_eq!(rows.column(3).as_primitive::<UInt64Type>().value(0), 3 << 30);
    let small = vec!["small".to_string(); 3];
    assert!(objects::get_impl(&to, &small, 9).is_ok());
    assert_eq!(objects::get_impl(&to, &small, 8).unwrap_err().code, E_TOO_LARGE);
}

#[test]
fn rows_in_memory_are_of_the_pool() {
    let sess = session();
    let rows: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
    let batch = one_column("x", rows);
    let late = crate::input::late::LateBound::new("main", "held", batch.schema());
    sess.declare("main", "held", Arc::new(late)).unwrap();
    let bind = bind();
    let schema = batch.schema();
    let bound = MemoryBound::collect(imported(&schema, vec![batch])).unwrap();
    bind.insert("main", "held", Arc::new(bound));
    let make = |sql: &str, memory_bytes| {
        let plan = plan(&sess, sql)?.optimize()?;
        ExecInner::new(&sess, &plan, bind.bindings(), &ExecSpec { memory_bytes, ..spec(1) }, None)
    };
    assert!(make("SELECT x FROM main.held", 1 << 20).unwrap().peak_bytes() >= 800_000);
    assert_eq!(make("SELECT x FROM main.held", 1 << 19).err().unwrap().code, E_MEMORY);
    assert!(make("SELECT 1 AS x", 1 << 19).is_ok());
}
