//! Which files of a table can have rows that a scan wants, by what its log says of them; and what
//! the optimiser may guess from it.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, ScalarValue, Statistics};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

use crate::edge::error::Result;
use crate::input::table_files::TableFiles;

struct Known<'a>(&'a TableFiles);

fn unsigned(array: &ArrayRef) -> Option<ArrayRef> {
    cast(array, &DataType::UInt64).ok()
}

impl PruningStatistics for Known<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        let name = column.name();
        self.0.partition(name).or_else(|| self.0.min(name)).cloned()
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        let name = column.name();
        self.0.partition(name).or_else(|| self.0.max(name)).cloned()
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let name = column.name();
        let Some(values) = self.0.partition(name) else {
            return self.0.nulls(name).and_then(unsigned);
        };
        let rows = self.0.rows();
        let counts: UInt64Array = (0..values.len())
            .map(|at| match (values.is_null(at), rows.is_valid(at)) {
                (false, _) => Some(0),
                (true, true) => u64::try_from(rows.value(at)).ok(),
                (true, false) => None,
            })
            .collect();
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows: ArrayRef = Arc::new(self.0.rows().clone());
        unsigned(&rows)
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// The files that may have rows for which the predicate is true.
pub fn kept(
    files: &TableFiles,
    predicate: Option<&Arc<dyn PhysicalExpr>>,
    table: &SchemaRef,
    max_in_list: usize,
) -> Result<Vec<usize>> {
    let pruning = predicate.and_then(|predicate| {
        PruningPredicateBuilder::new()
            .with_file_schema(Arc::clone(table))
            .with_max_in_list_size(max_in_list)
            .build(Arc::clone(predicate))
    });
    // None, too, of what no bounds speak about.
    let Some(pruning) = pruning else { return Ok((0..files.len()).collect()) };
    let keep = pruning.prune(&Known(files))?;
    Ok(keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(at, _)| at).collect())
}

/// The least or the greatest of all files' bounds; None: some file has none.
fn bound(values: Option<&ArrayRef>, kept: &[usize], least: bool) -> Option<ScalarValue> {
    let values = values?;
    let compare = make_comparator(values, values, SortOptions::default()).ok()?;
    let mut found: Option<usize> = None;
    for at in kept {
        if values.is_null(*at) {
            return None;
        }
        let better = found.is_none_or(|found| {
            let order = compare(*at, found);
            if least { order.is_lt() } else { order.is_gt() }
        });
        if better {
            found = Some(*at);
        }
    }
    ScalarValue::try_from_array(values, found?).ok()
}

fn guess(value: Option<ScalarValue>) -> Precision<ScalarValue> {
    value.map_or(Precision::Absent, Precision::Inexact)
}

fn column(files: &TableFiles, kept: &[usize], name: &str) -> ColumnStatistics {
    let partition = files.partition(name);
    let min = bound(partition.or_else(|| files.min(name)), kept, true);
    let max = bound(partition.or_else(|| files.max(name)), kept, false);
    let nulls = files.nulls(name).map(|nulls| nulls.as_primitive::<Int64Type>());
    let count = nulls.and_then(|nulls| {
        kept.iter().try_fold(0_usize, |sum, at| {
            let here = nulls.is_valid(*at).then(|| nulls.value(*at))?;
            sum.checked_add(usize::try_from(here).ok()?)
        })
    });
    ColumnStatistics {
        null_count: count.map_or(Precision::Absent, Precision::Inexact),
        min_value: guess(min),
        max_value: guess(max),
        ..ColumnStatistics::new_unknown()
    }
}

/// Estimates, of the wanted columns: others wrote the log, and nothing may be computed from it.
pub fn statistics(files: &TableFiles, kept: &[usize], table: &Schema, wanted: &Schema) -> Statistics {
    let rows = kept.iter().try_fold(0_usize, |sum, at| {
        sum.checked_add(usize::try_from(files.live_rows(*at)?).ok()?)
    });
    let bytes = kept.iter().try_fold(0_usize, |sum, at| {
        sum.checked_add(usize::try_from(files.size(*at)).ok()?)
    });
    let columns = table.fields().iter().map(|field| match wanted.field_with_name(field.name()) {
        Ok(_) => column(files, kept, field.name()),
        Err(_) => ColumnStatistics::new_unknown(),
    });
    Statistics {
        num_rows: rows.map_or(Precision::Absent, Precision::Inexact),
        total_byte_size: bytes.map_or(Precision::Absent, Precision::Inexact),
        column_statistics: columns.collect(),
    }
}
