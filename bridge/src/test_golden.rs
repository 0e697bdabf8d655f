//! Reads the tables that other programs wrote. The folder of cases is given by WEIR_GOLDEN.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::bind_delta::DeltaBound;
use crate::codes::*;
use crate::error::{Error, Result};
use crate::rt::RtInner;
use crate::snap::SnapInner;
use crate::store::StoreInner;
use crate::test_kit::*;

fn golden() -> PathBuf {
    PathBuf::from(std::env::var("WEIR_GOLDEN").expect("WEIR_GOLDEN"))
}

fn store(rt: &Arc<RtInner>, case: &str) -> Arc<StoreInner> {
    open(rt, &format!("file://{}/{case}/table", golden().display()))
}

fn read(
    rt: &Arc<RtInner>,
    case: &str,
    version: Option<u64>,
    sql: &str,
    partitions: usize,
) -> Result<Vec<String>> {
    let snap = Arc::new(SnapInner::open(&store(rt, case), version)?);
    let schema = snap.snapshot.arrow_schema();
    let batches =
        Query::new(rt, partitions).run(sql, schema, Arc::new(DeltaBound::new(snap, None)))?;
    Ok(rows(&batches))
}

fn expected(case: &str, file: &str) -> Vec<String> {
    rows(&parquet_rows(&golden().join(case).join(file)))
}

fn code(rt: &Arc<RtInner>, case: &str, version: Option<u64>) -> i32 {
    match read(rt, case, version, "select * from t", 1) {
        Ok(rows) => panic!("{case}: {} rows", rows.len()),
        Err(e) => e.code,
    }
}

#[test]
#[ignore = "needs WEIR_GOLDEN"]
fn reads_what_others_wrote() {
    let rt = runtime();
    for case in [
        "dat-basic_append",
        "dat-multi_partitioned",
        "dat-all_primitive_types",
        "dat-nested_types",
        "dat-timestamp_ntz",
        "deltars-table-with-dv-small",
        "kernelrs-with-short-dv",
        "spark-v2_checkpoint_dv",
        "golden-table-with-columnmapping-mode-name",
        "golden-table-with-columnmapping-mode-id",
        "spark-cm_id_nested_part",
        "golden-v2-checkpoint-json",
        "golden-v2-checkpoint-parquet",
        "spark-special_partitions",
        "spark-typed_partitions",
        "spark-extreme_values",
        "spark-schema_evolution",
        "edited-inline_dv",
        "edited-stray_files",
    ] {
        for partitions in [1, 4] {
            let found = read(&rt, case, None, "select * from t", partitions);
            let found = found.unwrap_or_else(|e| panic!("{case}: {e:?}"));
            assert_eq!(found, expected(case, "expected.parquet"), "{case}");
        }
    }
}

#[test]
#[ignore = "needs WEIR_GOLDEN"]
fn refuses_what_is_broken() {
    let rt = runtime();
    for (case, wanted) in [
        ("edited-bad_schema_string", E_LOG_CORRUPT),
        ("edited-corrupt_checkpoint_no_json", E_LOG_CORRUPT),
        ("edited-corrupt_dv_file", E_FILE_CORRUPT),
        ("edited-duplicate_columns", E_LOG_CORRUPT),
        ("edited-empty_commit", E_LOG_CORRUPT),
        ("edited-garbage_commit_line", E_LOG_CORRUPT),
        ("edited-incomplete_checkpoint_no_json", E_LOG_CORRUPT),
        ("edited-log_gap", E_LOG_CORRUPT),
        ("edited-missing_data_file", E_FILE_MISSING),
        ("edited-missing_dv_file", E_FILE_MISSING),
        ("edited-no_metadata", E_LOG_CORRUPT),
        ("edited-no_protocol", E_LOG_CORRUPT),
        ("edited-reader_version_too_high", E_FEATURE_UNSUPPORTED),
        ("edited-truncated_commit", E_LOG_CORRUPT),
        ("edited-truncated_data_file", E_FILE_CORRUPT),
        ("edited-unknown_reader_feature", E_FEATURE_UNSUPPORTED),
        ("golden-no-delta-log-folder", E_TABLE_MISSING),
        ("spark-type_widening", E_FEATURE_UNSUPPORTED),
    ] {
        if golden().join(case).join("case.json").exists() {
            let text = std::fs::read_to_string(golden().join(case).join("case.json")).unwrap();
            let case_json: Value = serde_json::from_str(&text).unwrap();
            if case.starts_with("edited") && case_json["read_should"] == "ok" {
                continue;
            }
        }
        assert_eq!(code(&rt, case, None), wanted, "{case}");
    }
    assert_eq!(code(&rt, "spark-log_truncated", Some(9)), E_VERSION_MISSING);
    assert_eq!(code(&rt, "spark-log_truncated", Some(17)), E_VERSION_MISSING);
    assert_eq!(code(&rt, "dat-basic_append", Some(17)), E_VERSION_MISSING);
}

#[test]
#[ignore = "needs WEIR_GOLDEN"]
fn rows_come_in_one_order() {
    let rt = runtime();
    let order = |case: &str| -> Vec<String> {
        let snap = Arc::new(SnapInner::open(&store(&rt, case), None).unwrap());
        let schema = snap.snapshot.arrow_schema();
        let found = Query::new(&rt, 1)
            .run("select * from t", schema, Arc::new(DeltaBound::new(snap, None)))
            .unwrap();
        found
            .iter()
            .flat_map(|b| (0..b.num_rows()).map(|i| rows(&[b.slice(i, 1)]).remove(0)))
            .collect()
    };
    for case in ["spark-merge_cdf_dv", "spark-v2_checkpoint_dv", "dat-multi_partitioned"] {
        let first = order(case);
        for _ in 0..10 {
            assert_eq!(order(case), first, "{case}");
        }
    }
}

/// Everything there is, at every version; prints what differs. A wrong row fails.
#[test]
#[ignore = "needs WEIR_GOLDEN; long"]
fn reads_every_version_right_or_not_at_all() {
    let rt = runtime();
    let mut wrong = Vec::new();
    let mut good = 0;
    let mut cases: Vec<String> = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| golden().join(name).join("case.json").exists())
        .collect();
    cases.sort();
    let only = std::env::var("WEIR_CASE").unwrap_or_default();
    cases.retain(|c| c.contains(&only));
    for case in &cases {
        let text = std::fs::read_to_string(golden().join(case).join("case.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        for version in json["versions"].as_array().cloned().unwrap_or_default() {
            let number = version["version"].as_u64();
            let found = read(&rt, case, number, "select * from t", 1);
            let label = format!("{case} v{}", number.unwrap_or_default());
            let should_read = version["read_should"] == "ok";
            let either = version.get("also_acceptable").is_some_and(|a| !a.is_null());
            let file = version["expected"].as_str();
            match (found, file) {
                (Ok(rows), Some(file)) if rows == expected(case, file) => {
                    if should_read || either {
                        good += 1
                    } else {
                        wrong.push(format!("{label}: should be refused"))
                    }
                }
                // Variants are given as text in the expected rows.
                (Ok(_), Some(_)) if text.contains("type:variant") => {}
                (Ok(rows), Some(file)) => {
                    let want = expected(case, file);
                    wrong.push(format!(
                        "{label}: {} rows, not {}\n   {:?}\n   {:?}",
                        rows.len(),
                        want.len(),
                        rows.iter().find(|r| !want.contains(r)),
                        want.iter().find(|r| !rows.contains(r))
                    ));
                }
                (Ok(_), None) if either => good += 1,
                (Ok(rows), None) => wrong.push(format!(
                    "{label}: {} rows, should be refused: {}",
                    rows.len(),
                    version["error_kind"]
                )),
                (Err(e), _) if should_read && !either => {
                    println!("REFUSED {label}: {} {}", e.code, e.message);
                }
                (Err(e), _) => {
                    good += 1;
                    println!(
                        "ok {label}: {} -> {} {}",
                        version["error_kind"],
                        e.code,
                        e.message.chars().take(150).collect::<String>()
                    );
                }
            }
        }
        for query in json["queries"].as_array().cloned().unwrap_or_default() {
            let filter = query["where"].as_str().unwrap();
            for pushdown in ["false", "true"] {
                let run = || -> Result<Vec<arrow::array::RecordBatch>> {
                    let snap = Arc::new(SnapInner::open(&store(&rt, case), None)?);
                    let schema = snap.snapshot.arrow_schema();
                    Query::new(&rt, 1)
                        .set("datafusion.execution.parquet.pushdown_filters", pushdown)
                        .run(
                            &format!("select * from t where {filter}"),
                            schema,
                            Arc::new(DeltaBound::new(snap, None)),
                        )
                };
                match run() {
                    Ok(found) if count(&found) as u64 == query["count"].as_u64().unwrap() => {
                        good += 1
                    }
                    Ok(found) => wrong.push(format!(
                        "{case} where {filter} ({pushdown}): {} rows, not {}",
                        count(&found),
                        query["count"]
                    )),
                    Err(Error { code: E_FEATURE_UNSUPPORTED, .. }) => {}
                    Err(e) => println!("QUERY {case} where {filter}: {} {}", e.code, e.message),
                }
            }
        }
    }
    println!("{good} right");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
