//! Tables about an execution: its physical plan, the files it reads, its metrics.

use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::metrics::MetricValue;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};

use crate::edge::abi::wb_exec_table;
use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::exec::run::ExecInner;
use crate::input::node::InputExec;
use crate::runtime::small_table;
use crate::store::place::path_of;
use crate::input::table_source::TableSource;

type Plan = Arc<dyn ExecutionPlan>;

/// A node of the physical plan; the position in the list is its id (pre-order).
struct Node<'a> {
    parent: i32,
    plan: &'a Plan,
    /// The input that it is part of: its table and its provider.
    input: Option<(String, &'static str)>,
}

/// The scan of files that the node is.
fn file_scan(plan: &Plan) -> Option<&FileScanConfig> {
    let source = plan.downcast_ref::<DataSourceExec>()?.data_source();
    source.downcast_ref::<FileScanConfig>().or_else(|| Some(TableSource::of(plan)?.config()))
}

fn collect<'a>(
    plan: &'a Plan,
    parent: i32,
    around: Option<(String, &'static str)>,
    out: &mut Vec<Node<'a>>,
) {
    let id = i32::try_from(out.len()).unwrap_or(i32::MAX);
    let input = match (plan.downcast_ref::<InputExec>(), TableSource::of(plan)) {
        (Some(input), _) => {
            let name = format!("{}.{}", input.schema_name(), input.table_name());
            Some((name, input.provider_kind()))
        }
        (None, Some(table)) => Some((table.name().to_string(), table.provider_kind())),
        (None, None) => around,
    };
    out.push(Node { parent, plan, input: input.clone() });
    for child in plan.children() {
        collect(child, id, input.clone(), out);
    }
}

fn batch(columns: Vec<(&str, Arc<dyn arrow::array::Array>)>) -> Result<RecordBatch> {
    small_table::batch(columns.into_iter().map(|(name, array)| (name, false, array)).collect())
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Arc<StringArray> {
    Arc::new(StringArray::from_iter_values(values))
}

fn ids(values: impl IntoIterator<Item = usize>) -> Arc<UInt32Array> {
    let values = values.into_iter().map(|id| u32::try_from(id).unwrap_or(u32::MAX));
    Arc::new(UInt32Array::from_iter_values(values))
}

fn nodes_batch(nodes: &[Node<'_>]) -> Result<RecordBatch> {
    let details: Vec<String> = nodes
        .iter()
        .map(|node| displayable(node.plan.as_ref()).one_line().to_string().trim().to_string())
        .collect();
    let partitions = nodes.iter().map(|n| n.plan.output_partitioning().partition_count());
    batch(vec![
        ("node_id", ids(0..nodes.len())),
        ("parent_id", Arc::new(Int32Array::from_iter_values(nodes.iter().map(|n| n.parent)))),
        ("kind", texts(nodes.iter().map(|n| n.plan.name()))),
        ("detail", texts(details.iter().map(String::as_str))),
        ("partitions", ids(partitions)),
    ])
}

struct FileRow {
    node: usize,
    table: String,
    path: String,
    provider: &'static str,
}

fn files_batch(nodes: &[Node<'_>]) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for (node, at) in nodes.iter().enumerate() {
        let Some(config) = file_scan(at.plan) else { continue };
        let (table, provider) = at.input.clone().unwrap_or((String::new(), "other"));
        for file in config.file_groups.iter().flat_map(|group| group.iter()) {
            rows.push(FileRow {
                node,
                table: table.clone(),
                path: path_of(&file.object_meta.location).to_string(),
                provider,
            });
        }
    }
    // Parts of one file are in several groups.
    rows.sort_by(|a, b| (a.node, &a.path).cmp(&(b.node, &b.path)));
    rows.dedup_by(|a, b| a.node == b.node && a.path == b.path);
    batch(vec![
        ("node_id", ids(rows.iter().map(|r| r.node))),
        ("table_name", texts(rows.iter().map(|r| r.table.as_str()))),
        ("path", texts(rows.iter().map(|r| r.path.as_str()))),
        ("provider_kind", texts(rows.iter().map(|r| r.provider))),
    ])
}

/// A metric as numbers; some are several.
fn values(value: &MetricValue) -> Vec<(String, usize)> {
    let name = value.name();
    let one = |n: usize| vec![(name.to_string(), n)];
    match value {
        MetricValue::PruningMetrics { pruning_metrics: pruning, .. } => vec![
            (format!("{name}.pruned"), pruning.pruned()),
            (format!("{name}.matched"), pruning.matched()),
        ],
        MetricValue::Ratio { ratio_metrics: ratio, .. } => {
            vec![(format!("{name}.part"), ratio.part()), (format!("{name}.total"), ratio.total())]
        }
        // Points in time say nothing that the caller's clock does not.
        MetricValue::StartTimestamp(_) | MetricValue::EndTimestamp(_) => Vec::new(),
        value => one(value.as_usize()),
    }
}

fn metrics_batch(nodes: &[Node<'_>]) -> Result<RecordBatch> {
    let mut rows: Vec<(usize, String, i32, i64)> = Vec::new();
    for (node, at) in nodes.iter().enumerate() {
        let Some(metrics) = at.plan.metrics() else { continue };
        for metric in metrics.iter() {
            let partition = metric.partition().map_or(-1, |p| i32::try_from(p).unwrap_or(i32::MAX));
            for (mut name, value) in values(metric.value()) {
                for label in metric.labels() {
                    name.push_str(&format!("{{{}={}}}", label.name(), label.value()));
                }
                rows.push((node, name, partition, i64::try_from(value).unwrap_or(i64::MAX)));
            }
        }
    }
    rows.sort();
    batch(vec![
        ("node_id", ids(rows.iter().map(|r| r.0))),
        ("name", texts(rows.iter().map(|r| r.1.as_str()))),
        ("partition", Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.2)))),
        ("value", Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.3)))),
    ])
}

/// One of the tables (wb_exec_table).
pub(crate) fn table(exec: &ExecInner, which: i32) -> Result<RecordBatch> {
    const NODES: i32 = wb_exec_table::WB_EXEC_NODES as i32;
    const FILES: i32 = wb_exec_table::WB_EXEC_FILES as i32;
    const METRICS: i32 = wb_exec_table::WB_EXEC_METRICS as i32;
    const TOTALS: i32 = wb_exec_table::WB_EXEC_TOTALS as i32;
    let mut nodes = Vec::new();
    if which != TOTALS {
        collect(&exec.plan, -1, None, &mut nodes);
    }
    match which {
        NODES => nodes_batch(&nodes),
        FILES => files_batch(&nodes),
        METRICS => metrics_batch(&nodes),
        TOTALS => batch(vec![
            ("name", texts(["peak_bytes"])),
            ("value", Arc::new(Int64Array::from_iter_values([exec.peak_bytes()]))),
        ]),
        _ => {
            let message = format!("{which} is no table of an execution");
            Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message))
        }
    }
}
