//! Stores, bound inputs and staged files.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::*;
use arrow::ffi_stream::FFI_ArrowArrayStream;

use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};

use crate::input::rows::{MemoryBound, StreamBound};
use crate::edge::codes::*;
use crate::edge::error::{Error, Result};
use crate::input::late::Bound;
use crate::runtime::threads::RtInner;
use crate::snapshot::snap::SnapInner;
use crate::exec::stage_sink::PartSizes;
use crate::exec::stage::{StageOptions, stage};
use crate::store::objects;
use crate::store::objects::StoreInner;
use crate::store::place::Place;
use crate::runtime::stream::{export_batches, import_stream};
use crate::input::table::TableBound;
use crate::tests::kit::*;

fn memory(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Arc<dyn Bound> {
    Arc::new(MemoryBound::collect(imported(schema, batches)).unwrap())
}

fn unbounded() -> Arc<dyn MemoryPool> {
    Arc::new(UnboundedMemoryPool::default())
}

fn options() -> StageOptions {
    StageOptions {
        prefix: "stage/a-".into(),
        partition_columns: Vec::new(),
        sort_columns: Vec::new(),
        stats_columns: None,
        target_file_bytes: 0,
        row_group_rows: 1000,
        row_group_bytes: 64 << 20,
        bound_bytes: 256,
        parts: PartSizes { bytes: 10 << 20, in_flight: 8 },
        compression: "zstd".into(),
        compression_level: 3,
        file_metadata: vec![("weir.run".into(), "7".into())],
        abort_after: std::time::Duration::from_secs(5),
    }
}

fn staged(
    rt: &Arc<RtInner>,
    to: &StoreInner,
    sql: &str,
    schema: &SchemaRef,
    bound: Arc<dyn Bound>,
    options: &StageOptions,
) -> Result<(SchemaRef, RecordBatch)> {
    let rows = Query::new(rt, 1).stream(sql, Arc::clone(schema), bound)?;
    let (schema, mut batches) = rt.block_on(stage(to, (rows, rt.place().handle.clone()), &unbounded(), None, options))??;
    Ok((schema, batches.remove(0)))
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = batch.column_by_name(name).unwrap();
    column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_string())
}

/// column -> (nulls, min, max) of the first file
fn stats(batch: &RecordBatch, column: &str) -> (i64, Option<String>, Option<String>) {
    let row = (0..batch.num_rows())
        .find(|i| text(batch, "column", *i).as_deref() == Some(column))
        .unwrap_or_else(|| panic!("no statistics of {column}"));
    let nulls = batch.column_by_name("null_count").unwrap();
    (nulls.as_primitive::<Int64Type>().value(row), text(batch, "min", row), text(batch, "max", row))
}

struct StagedFile {
    path: String,
    size: u64,
    values: Vec<Option<String>>,
}

/// As C tells of files that no log has; of partition values as any type that turns into the column's.
fn bound(to: &StoreInner, schema: &SchemaRef, columns: &[&str], files: &[StagedFile]) -> TableBound {
    let size = |file: &StagedFile| i64::try_from(file.size).unwrap();
    let mut table: Vec<(&str, ArrayRef)> = vec![
        ("path", Arc::new(StringArray::from_iter_values(files.iter().map(|f| &f.path)))),
        ("size", Arc::new(Int64Array::from_iter_values(files.iter().map(size)))),
        ("rows", Arc::new(Int64Array::from(vec![None; files.len()]))),
    ];
    let members: Vec<(FieldRef, ArrayRef)> = columns
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let t = schema.field_with_name(name).unwrap().data_type();
            let texts: StringArray = files.iter().map(|f| f.values[i].as_deref()).collect();
            let values = cast(&texts, t).unwrap();
            (Arc::new(Field::new(*name, t.clone(), true)), values)
        })
        .collect();
    if !members.is_empty() {
        table.push(("partition", Arc::new(StructArray::from(members))));
    }
    let batch = RecordBatch::try_from_iter_with_nullable(
        table.into_iter().map(|(name, array)| (name, array, true)),
    );
    let batch = batch.unwrap();
    let mut c = FFI_ArrowArrayStream::empty();
    // SAFETY: a local.
    unsafe { export_batches(batch.schema(), vec![batch], &mut c).unwrap() };
    TableBound::new(Place::new(to).unwrap(), None, in_files(schema), c)
}

/// As a table has them.
fn in_files(schema: &SchemaRef) -> SchemaRef {
    let plain = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Dictionary(_, values) => {
            Arc::new(Field::new(field.name(), values.as_ref().clone(), field.is_nullable()))
        }
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(plain.collect::<Vec<_>>()))
}

fn files(batch: &RecordBatch, columns: &[&str]) -> Vec<StagedFile> {
    let size = batch.column_by_name("size").unwrap().as_primitive::<UInt64Type>().clone();
    (0..batch.num_rows())
        .filter(|i| text(batch, "column", *i).is_none())
        .map(|i| {
            let json: serde_json::Value =
                serde_json::from_str(&text(batch, "partition_values", i).unwrap()).unwrap();
            StagedFile {
                path: text(batch, "path", i).unwrap(),
                size: size.value(i),
                values: columns.iter().map(|c| json[c].as_str().map(String::from)).collect(),
            }
        })
        .collect()
}

/// Four rows of every type that a table can have.
pub(crate) fn all_types() -> RecordBatch {
    let strings = StringViewArray::from(vec![Some("b"), None, Some(""), Some("é\u{10ffff}")]);
    let list = ListArray::new(
        Arc::new(Field::new("item", DataType::Int32, true)),
        OffsetBuffer::new(vec![0, 2, 2, 3, 3].into()),
        Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
        Some(NullBuffer::from(vec![true, true, true, false])),
    );
    let inner = StructArray::from(vec![
        (
            Arc::new(Field::new("x", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![Some(5), None, Some(-7), Some(9)])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("l", list.data_type().clone(), true)),
            Arc::new(list.clone()) as ArrayRef,
        ),
        (
            Arc::new(Field::new("y", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["q", "r", "s", "t"])) as ArrayRef,
        ),
    ]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for i in 0..4 {
        if i != 1 {
            map.keys().append_value(format!("k{i}"));
            map.values().append_option((i != 2).then_some(i));
        }
        map.append(i != 1).unwrap();
    }
    let decimal = Decimal128Array::from(vec![Some(12345), Some(-5), None, Some(0)])
        .with_precision_and_scale(10, 3)
        .unwrap();
    let big =
        Decimal128Array::from(vec![Some(10_i128.pow(30)), Some(-10_i128.pow(30)), None, None])
            .with_precision_and_scale(38, 0)
            .unwrap();
    let time = vec![Some(0), Some(1_577_836_800_123_456), None, Some(-1)];
    let dict: DictionaryArray<Int32Type> = vec!["u", "v", "u", "w"].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
        ("i8", Arc::new(Int8Array::from(vec![Some(1), Some(-128), None, Some(127)]))),
        ("i16", Arc::new(Int16Array::from(vec![Some(1), Some(-300), None, Some(300)]))),
        ("i32", Arc::new(Int32Array::from(vec![Some(1), Some(i32::MIN), None, Some(2)]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(1), Some(i64::MIN), None, Some(i64::MAX)]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.1), Some(-1.5), None, Some(2.0)]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NAN), None, Some(2.0)]))),
        ("inf", Arc::new(Float64Array::from(vec![0.5, f64::INFINITY, 1.0, 2.0]))),
        ("s", Arc::new(strings)),
        ("bin", Arc::new(BinaryArray::from(vec![b"\x00".as_slice(), b"\xff", b"", b"z"]))),
        ("d", Arc::new(Date32Array::from(vec![Some(0), Some(-1), None, Some(18262)]))),
        ("ts", Arc::new(TimestampMicrosecondArray::from(time.clone()).with_timezone("UTC"))),
        ("ntz", Arc::new(TimestampMicrosecondArray::from(time))),
        ("dec", Arc::new(decimal)),
        ("big", Arc::new(big)),
        ("n", Arc::new(Int32Array::from(vec![None, None, None, None]))),
        ("dict", Arc::new(dict)),
        ("l", Arc::new(list)),
        ("st", Arc::new(inner)),
        ("m", Arc::new(map.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

#[test]
fn stages_all_types_with_exact_statistics() {
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    let batch = all_types();
    let schema = batch.schema();
    let bound = memory(&schema, vec![batch.clone()]);
    let (out, table) = staged(&rt, &to, "select * from t", &schema, bound, &options()).unwrap();
    assert_eq!(out.metadata()["rows"], "4");
    let s = |v: &str| Some(v.to_string());
    assert_eq!(stats(&table, "b"), (1, s("false"), s("true")));
    assert_eq!(stats(&table, "i8"), (1, s("-128"), s("127")));
    assert_eq!(stats(&table, "i64"), (1, s("-9223372036854775808"), s("9223372036854775807")));
    assert_eq!(stats(&table, "f32"), (1, s("-1.5"), s("2")));
    assert_eq!(stats(&table, "f64"), (1, None, None));
    assert_eq!(stats(&table, "inf"), (0, s("0.5"), None));
    assert_eq!(stats(&table, "s"), (1, s(""), s("é\u{10ffff}")));
    assert_eq!(stats(&table, "bin"), (0, None, None));
    assert_eq!(stats(&table, "d"), (1, s("1969-12-31"), s("2020-01-01")));
    assert_eq!(
        stats(&table, "ts"),
        (1, s("1969-12-31T23:59:59.999999Z"), s("2020-01-01T00:00:00.123456Z"))
    );
    assert_eq!(stats(&table, "ntz").1, s("1969-12-31T23:59:59.999999"));
    assert_eq!(stats(&table, "dec"), (1, s("-0.005"), s("12.345")));
    assert_eq!(stats(&table, "big").1, s(&format!("-1{}", "0".repeat(30))));
    assert_eq!(stats(&table, "n"), (4, None, None));
    assert_eq!(stats(&table, "dict"), (0, s("u"), s("w")));
    assert_eq!(stats(&table, "st.x"), (1, s("-7"), s("9")));
    assert_eq!(stats(&table, "st.y"), (0, s("q"), s("t")));
    let names: Vec<_> = (0..table.num_rows()).filter_map(|i| text(&table, "column", i)).collect();
    assert!(!names.iter().any(|n| n == "l" || n == "m" || n == "st.l"), "{names:?}");

    // The file by itself, and through the bound input.
    let path = folder.0.join("stage/a-00000.parquet");
    assert_eq!(rows(&parquet_rows(&path)), rows(&[batch.clone()]));
    let file = parquet::file::reader::SerializedFileReader::try_from(path.as_path()).unwrap();
    use parquet::file::reader::FileReader;
    let metadata = file.metadata().file_metadata().key_value_metadata().unwrap().clone();
    assert!(metadata.iter().all(|kv| kv.key != "ARROW:schema"), "{metadata:?}");
    assert!(metadata.iter().any(|kv| kv.key == "weir.run"));
    let bound = self::bound(&to, &schema, &[], &files(&table, &[]));
    let found = Query::new(&rt, 1).run("select * from t", in_files(&schema), Arc::new(bound)).unwrap();
    assert_eq!(rows(&found), rows(&[batch]));
}

/// As far as readers agree on the order: not of floats, and of nothing behind them.
#[test]
fn footers_say_what_rows_are_sorted_by() {
    use parquet::file::reader::FileReader;
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    let batch = all_types().project(&[18, 8, 6, 4]).unwrap();
    let schema = batch.schema();
    // A column of the folder has one value in each file.
    let cases: [(&[&str], &[&str], &[i32]); 5] = [
        (&["s", "i64", "f64", "s"], &[], &[3, 5]),
        (&["st", "s"], &[], &[]),
        (&["f64"], &[], &[]),
        (&[], &[], &[]),
        (&["s", "i64"], &["s"], &[4]),
    ];
    let texts = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    for (at, (names, folders, leaves)) in cases.iter().enumerate() {
        let (sort_columns, partition_columns) = (texts(names), texts(folders));
        let prefix = format!("{at}/");
        let options = StageOptions { sort_columns, partition_columns, prefix, ..options() };
        let bound = memory(&schema, vec![batch.clone()]);
        staged(&rt, &to, "select * from t", &schema, bound, &options).unwrap();
        let path = folder.0.join(format!("{at}/00000.parquet"));
        let file = parquet::file::reader::SerializedFileReader::try_from(path.as_path()).unwrap();
        let sorted = file.metadata().row_group(0).sorting_columns().cloned().unwrap_or_default();
        assert!(sorted.iter().all(|column| !column.descending && column.nulls_first));
        let found: Vec<i32> = sorted.iter().map(|column| column.column_idx).collect();
        assert_eq!(&found, leaves);
    }
}

#[test]
fn statistics_are_merged_over_row_groups_and_cut_outwards() {
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    let schema = Arc::new(Schema::new(vec![
        Field::new("i", DataType::Int64, true),
        Field::new("s", DataType::Utf8, true),
    ]));
    let long = |c: char| c.to_string().repeat(500);
    let batches: Vec<RecordBatch> = (0..10)
        .map(|i| {
            let numbers = Int64Array::from_iter((0..100).map(|j| (j != 3).then_some(i * 100 + j)));
            let texts = StringArray::from_iter_values(
                (0..100).map(|_| if i == 4 { long('z') } else { long('a') }),
            );
            RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers), Arc::new(texts)])
                .unwrap()
        })
        .collect();
    let options = StageOptions {
        row_group_rows: 64,
        compression: "snappy".into(),
        stats_columns: Some(vec!["i".into(), "s".into()]),
        ..options()
    };
    let bound = memory(&schema, batches);
    let (_, table) = staged(&rt, &to, "select * from t", &schema, bound, &options).unwrap();
    assert_eq!(stats(&table, "i"), (10, Some("0".into()), Some("999".into())));
    let (low, high) = ("a".repeat(256), format!("{}{{", "z".repeat(255)));
    assert_eq!(stats(&table, "s"), (0, Some(low), Some(high)));
}

#[test]
fn partitions_and_sizes_make_new_files() {
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    let schema = Arc::new(Schema::new(vec![
        Field::new("p", DataType::Utf8, true),
        Field::new("v", DataType::Int64, true),
        Field::new("q", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("e", DataType::Decimal128(8, 2), true),
    ]));
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(StringArray::from(vec![
                None,
                Some(""),
                Some("a/b c%"),
                Some("a/b c%"),
                Some("z"),
            ])),
            Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5])),
            Arc::new(
                TimestampMicrosecondArray::from(vec![
                    0,
                    0,
                    1_577_836_800_000_001,
                    1_577_836_800_000_001,
                    7,
                ])
                .with_timezone("UTC"),
            ),
            Arc::new(
                Decimal128Array::from(vec![Some(150), Some(150), None, None, Some(-5)])
                    .with_precision_and_scale(8, 2)
                    .unwrap(),
            ),
        ],
    )
    .unwrap();
    let columns = ["p", "q", "e"];
    let options = StageOptions {
        partition_columns: columns.iter().map(|c| c.to_string()).collect(),
        ..options()
    };
    let bound = memory(&schema, vec![batch.clone()]);
    let (_, table) = staged(&rt, &to, "select * from t", &schema, bound, &options).unwrap();
    let found = files(&table, &columns);
    let some = |v: &str| Some(v.to_string());
    let values: Vec<_> = found.iter().map(|f| f.values.clone()).collect();
    assert_eq!(
        values,
        vec![
            vec![None, some("1970-01-01 00:00:00.000000"), some("1.50")],
            vec![some("a/b c%"), some("2020-01-01 00:00:00.000001"), None],
            vec![some("z"), some("1970-01-01 00:00:00.000007"), some("-0.05")],
        ]
    );
    let bound = self::bound(&to, &schema, &columns, &found);
    let back =
        Query::new(&rt, 1).run("select * from t", Arc::clone(&schema), Arc::new(bound)).unwrap();
    // Delta knows no empty text in a partition value: it comes back as null.
    let mut wanted = rows(&[batch.clone()]);
    for row in &mut wanted {
        *row = row.replace("p=\"\"", "p=null");
    }
    wanted.sort();
    assert_eq!(rows(&back), wanted);

    let small = StageOptions { target_file_bytes: 1, prefix: "small/".into(), ..options };
    let small = StageOptions { partition_columns: Vec::new(), ..small };
    let bound = memory(&schema, vec![batch.slice(0, 2), batch.slice(2, 3)]);
    let (_, table) = staged(&rt, &to, "select * from t", &schema, bound, &small).unwrap();
    assert_eq!(files(&table, &[]).len(), 2);
}

#[test]
fn no_rows_make_no_files() {
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    let schema = all_types().schema();
    let bound = memory(&schema, Vec::new());
    let (out, table) = staged(&rt, &to, "select * from t", &schema, bound, &options()).unwrap();
    assert_eq!((table.num_rows(), out.metadata()["rows"].as_str()), (0, "0"));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
    let bound = self::bound(&to, &schema, &[], &[]);
    let found = Query::new(&rt, 1).run("select count(*) as n from t", schema, Arc::new(bound));
    assert_eq!(rows(&found.unwrap()), vec!["n=0"]);
}

#[test]
fn what_a_table_cannot_hold_is_refused() {
    let rt = runtime();
    let to = open(&rt, "memory:///");
    let schema = Arc::new(Schema::new(vec![Field::new("u", DataType::UInt32, true)]));
    let bound = memory(&schema, Vec::new());
    let e = staged(&rt, &to, "select * from t", &schema, bound, &options()).unwrap_err();
    assert_eq!(e.code, E_OUTPUT_TYPE);
    // Nanoseconds that do not fit microseconds.
    let schema = Arc::new(Schema::new(vec![Field::new(
        "t",
        DataType::Timestamp(TimeUnit::Nanosecond, None),
        true,
    )]));
    for (nanos, wanted) in [(5_000, 0), (5_001, E_VALUE_RANGE)] {
        let column = Arc::new(TimestampNanosecondArray::from(vec![nanos]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
        let bound = memory(&schema, vec![batch]);
        let code = staged(&rt, &to, "select * from t", &schema, bound, &options())
            .map_or_else(|e| e.code, |_| 0);
        assert_eq!(code, wanted);
    }
}

#[test]
fn a_stream_is_read_once_and_adapted() {
    let rt = runtime();
    let from = Arc::new(Schema::new_with_metadata(
        vec![Field::new("b", DataType::Int32, true), Field::new("a", DataType::Utf8, true)],
        [("k".to_string(), "v".to_string())].into(),
    ));
    let batch = RecordBatch::try_new(
        Arc::clone(&from),
        vec![
            Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
            Arc::new(StringArray::from(vec!["x", "y", "z"])),
        ],
    )
    .unwrap();
    let declared = Arc::new(Schema::new(vec![
        Field::new("a", DataType::Utf8View, true),
        Field::new("b", DataType::Int64, true),
        Field::new("c", DataType::Date32, true),
    ]));
    let query = Query::new(&rt, 1);
    let make = || -> Arc<dyn Bound> {
        Arc::new(StreamBound::new("main.t".into(), imported(&from, vec![batch.clone(); 5])))
    };
    let bound = make();
    let found = query.run("select * from t where b = 3", Arc::clone(&declared), Arc::clone(&bound));
    assert_eq!(rows(&found.unwrap()), vec!["a=\"z\" b=3 c=null"; 5]);
    let again = query.run("select * from t", Arc::clone(&declared), bound);
    assert_eq!(again.unwrap_err().code, E_STREAM_USED);
    let found = query.run("select count(*) as n from t", Arc::clone(&declared), make());
    assert_eq!(rows(&found.unwrap()), vec!["n=15"]);
    let twice = query.run("select 1 from t a join t b on a.a = b.a", declared, make());
    assert_eq!(twice.unwrap_err().code, E_STREAM_USED);
    // A limit: the caller's stream is let go although it has not ended.
    let wrong = Arc::new(Schema::new(vec![Field::new("b", DataType::Int16, true)]));
    assert_eq!(query.run("select * from t", wrong, make()).unwrap_err().code, E_SCHEMA_CHANGED);
    let lacking = Arc::new(Schema::new(vec![Field::new("zz", DataType::Int16, false)]));
    assert_eq!(query.run("select * from t", lacking, make()).unwrap_err().code, E_SCHEMA_CHANGED);
}

#[test]
fn missing_and_broken_files_have_their_codes() {
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    let schema = Arc::new(Schema::new(vec![Field::new("i", DataType::Int64, true)]));
    let read = |size: u64| -> Error {
        let files = vec![StagedFile { path: "x 1.parquet".into(), size, values: Vec::new() }];
        let bound = self::bound(&to, &schema, &[], &files);
        Query::new(&rt, 1).run("select * from t", Arc::clone(&schema), Arc::new(bound)).unwrap_err()
    };
    let e = read(100);
    assert_eq!(e.code, E_FILE_MISSING, "{e:?}");
    objects::put_impl(&to, "x 1.parquet", vec![7; 100], true).unwrap();
    let e = read(100);
    assert_eq!(e.code, E_FILE_CORRUPT, "{e:?}");
    let e = read(200);
    assert_eq!(e.code, E_FILE_CORRUPT, "{e:?}");
}

#[test]
fn an_input_without_data_is_a_bug() {
    let rt = runtime();
    let schema = Arc::new(Schema::new(vec![Field::new("i", DataType::Int64, true)]));
    let bound = memory(&schema, Vec::new());
    let e = Query::new(&rt, 1).run("select * from u", Arc::clone(&schema), bound);
    assert_eq!(e.unwrap_err().code, E_SQL_PLAN);
    let state = datafusion::prelude::SessionContext::new().state();
    let late = crate::input::late::LateBound::new("s", "t", schema);
    use datafusion::catalog::TableProvider;
    let e = rt.block_on(async { late.scan(&state, None, &[], None).await }).unwrap();
    assert_eq!(Error::from(e.unwrap_err()).code, E_BUG);
}

#[test]
fn objects_come_and_go() {
    let rt = runtime();
    let folder = Folder::new();
    std::fs::create_dir_all(folder.0.join("d/e")).unwrap();
    for name in ["plain", "a b", "p=%2F", "ü", "x#1", "new\nline", "q?*"] {
        std::fs::write(folder.0.join("d").join(name), name).unwrap();
    }
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"bad\xff");
    std::fs::write(folder.0.join("d").join(odd), "x").unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.0.join("d/dangling")).unwrap();
    std::os::unix::fs::symlink("..", folder.0.join("d/e/circle")).unwrap();
    std::fs::write(folder.0.join("d/e/deep"), "x").unwrap();
    let list = |store: &StoreInner, prefix: &str, after: &str, deep: bool| -> Vec<String> {
        let listed = objects::list_impl(store, prefix, after, deep).unwrap();
        let column = listed.column(0).as_string::<i32>().clone();
        column.iter().map(|v| v.unwrap().to_string()).collect()
    };
    let to = open(&rt, &folder.url());
    let flat = list(&to, "d", "", false);
    assert_eq!(flat, ["d/a b", "d/p=%2F", "d/plain", "d/q?*", "d/ü"]);
    let deep = list(&to, "d", "d/p=%2F", true);
    assert!(deep.contains(&"d/e/deep".to_string()) == ("d/e/deep" > "d/p=%2F"), "{deep:?}");
    assert!(list(&to, "", "", true).contains(&"d/e/deep".to_string()));
    assert!(list(&to, "none", "", true).is_empty());

    for url in [folder.url(), "memory:///".to_string(), "memory:///below/this".to_string()] {
        let to = open(&rt, &url);
        objects::put_impl(&to, "z/a%20b", b"one".to_vec(), true).unwrap();
        let e = objects::put_impl(&to, "z/a%20b", b"two".to_vec(), true).unwrap_err();
        assert_eq!(e.code, E_EXISTS);
        objects::put_impl(&to, "z/a%20b", b"two".to_vec(), false).unwrap();
        let paths = vec!["z/a%20b".to_string(), "z/none".to_string()];
        let got = objects::get_impl(&to, &paths, 1 << 20).unwrap();
        assert_eq!(got.column(2).as_boolean(), &BooleanArray::from(vec![true, false]));
        assert_eq!(got.column(6).as_binary::<i32>().value(0), b"two");
        assert_eq!(list(&to, "z", "", true), ["z/a%20b"]);
        objects::delete_impl(&to, &paths).unwrap();
        assert!(list(&to, "z", "", true).is_empty());
        assert_eq!(objects::put_impl(&to, "../x", vec![], true).unwrap_err().code, E_BAD_VALUE);
    }
    let mut secret = StoreInner::open(
        Arc::clone(&rt),
        "s3://bucket/table",
        &[("no_such_key".into(), "x".into())],
    );
    assert_eq!(secret.unwrap_err().code, E_BAD_VALUE);
    secret = StoreInner::open(
        Arc::clone(&rt),
        "s3://bucket/table",
        &[("aws_region".into(), "eu-west-1".into()), ("max_retries".into(), "2".into())],
    );
    assert!(secret.is_ok());
}

/// WB_SNAP_FILES through the interface.
fn listed(snap: &Arc<SnapInner>) -> RecordBatch {
    let handle = crate::snapshot::snap::wb_snap { inner: Arc::clone(snap) };
    let mut c = FFI_ArrowArrayStream::empty();
    let mut err = crate::edge::abi::wb_err::empty();
    // SAFETY: locals.
    let mut stream = unsafe {
        assert_eq!(crate::snapshot::export::wb_snap_table_read(&handle, 2, std::ptr::null(), &mut c, &mut err), 0);
        import_stream(&mut c).unwrap()
    };
    let mut batches = Vec::new();
    while let Some(batch) = stream.next_batch() {
        batches.push(batch.unwrap());
    }
    arrow::compute::concat_batches(&stream.schema(), &batches).unwrap()
}

/// A table of our own making: checkpoint, transactions, list of files, selection of files.
#[test]
fn a_snapshot_gives_its_parts() {
    let rt = runtime();
    let folder = Folder::new();
    let to = open(&rt, &folder.url());
    assert_eq!(SnapInner::open(&to, None).unwrap_err().code, E_TABLE_MISSING);
    let schema = Arc::new(Schema::new(vec![
        Field::new("v", DataType::Int64, true),
        Field::new("p", DataType::Utf8, true),
    ]));
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            Arc::new(StringArray::from(vec!["a b", "a b", "c"])),
        ],
    )
    .unwrap();
    let options =
        StageOptions { partition_columns: vec!["p".into()], prefix: "q=%41 /".into(), ..options() };
    let bound = memory(&schema, vec![batch.clone()]);
    let (_, table) = staged(&rt, &to, "select * from t", &schema, bound, &options).unwrap();
    let staged = files(&table, &["p"]);
    let mut commit = String::from(concat!(
        r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#,
        "\n",
        r#"{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"v\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"p\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["p"],"configuration":{"b":"1","a":"2"},"createdTime":0}}"#,
        "\n",
        r#"{"txn":{"appId":"weir","version":7}}"#,
        "\n",
    ));
    for file in &staged {
        let path = file.path.replace('%', "%25").replace(' ', "%20");
        let value = file.values[0].as_ref().unwrap();
        commit.push_str(&format!(
            "{{\"add\":{{\"path\":\"{path}\",\"partitionValues\":{{\"p\":\"{value}\"}},\"size\":{},\
             \"modificationTime\":5,\"dataChange\":true,\"stats\":\"{{\\\"numRecords\\\":{}}}\"}}}}\n",
            file.size,
            if value == "c" { 1 } else { 2 },
        ));
    }
    let log = "_delta_log/00000000000000000000.json";
    objects::put_impl(&to, log, commit.into_bytes(), true).unwrap();
    let snap = Arc::new(SnapInner::open(&to, None).unwrap());
    assert_eq!(snap.version, 0);
    assert_eq!(snap.txn("weir").unwrap(), Some(7));
    assert_eq!(snap.txn("other").unwrap(), None);
    let actions = snap.actions().unwrap();
    let json = |row| text(&actions, "json", row).unwrap();
    assert_eq!(text(&actions, "name", 0).as_deref(), Some("protocol"));
    assert!(json(0).contains(r#""minReaderVersion":1"#), "{}", json(0));
    assert!(json(1).contains(r#""a":"2""#) && json(1).contains(r#""b":"1""#), "{}", json(1));
    snap.checkpoint().unwrap();
    snap.checkpoint().unwrap();
    assert!(folder.0.join("_delta_log/00000000000000000000.checkpoint.parquet").exists());
    assert_eq!(SnapInner::open(&to, Some(1)).unwrap_err().code, E_VERSION_MISSING);

    let snap = Arc::new(SnapInner::open(&to, Some(0)).unwrap());
    let one = |i: usize| staged[i].path.replace('%', "%25").replace(' ', "%20");
    let listed = listed(&snap);
    let column = |name: &str| -> Vec<Option<String>> {
        (0..listed.num_rows()).map(|i| text(&listed, name, i)).collect()
    };
    let mut paths: Vec<_> = column("path").into_iter().flatten().collect();
    paths.sort();
    assert_eq!(paths, vec![one(0), one(1)]);
    assert!(column("partition_values").contains(&Some(r#"{"p":"a b"}"#.into())));
    assert!(column("stats").contains(&Some(r#"{"numRecords":2}"#.into())));
    assert_eq!(column("dv"), vec![None, None]);
}
