//! Partition values that are empty texts. The protocol says that they are null, whatever the
//! column's type; the reader gives empty text for them where the column has text or bytes.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, binary, case, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use deltalake_core::kernel::Snapshot;

use crate::snap_files;
use crate::error::Result;

/// A partition column of text or bytes.
struct Place {
    name: String,
    /// What the log's partition values call it.
    key: String,
    is_blank: bool,
}

/// Finds the columns of which some file has an empty text.
pub struct Search(Vec<Place>);

impl Search {
    /// None if the table has no column that could be one.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        use buoyant_kernel::schema::DataType as KernelType;
        let mode = snapshot.table_configuration().column_mapping_mode();
        let schema = snapshot.schema();
        let places: Vec<Place> = snapshot
            .metadata()
            .partition_columns()
            .iter()
            .filter_map(|name| schema.field(name))
            .filter(|field| [KernelType::STRING, KernelType::BINARY].contains(field.data_type()))
            .map(|field| Place {
                name: field.name().to_string(),
                key: field.physical_name(mode).to_string(),
                is_blank: false,
            })
            .collect();
        (!places.is_empty()).then_some(Self(places))
    }

    /// Looks at one batch of the log's list of files.
    pub fn look(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some((keys, values)) = snap_files::partition_values(batch)? else { return Ok(()) };
        for i in 0..values.len() {
            if values.is_valid(i) && values.value(i).is_empty() {
                let key = keys.value(i);
                self.0.iter_mut().filter(|p| p.key == key).for_each(|p| p.is_blank = true);
            }
        }
        Ok(())
    }

    /// The columns that were found, as the table calls them.
    pub fn found(self) -> Vec<String> {
        self.0.into_iter().filter(|place| place.is_blank).map(|place| place.name).collect()
    }
}

/// The column at a place of the plan's output, null where it is empty.
fn null_if_empty(
    plan: &Arc<dyn ExecutionPlan>,
    column: Arc<dyn PhysicalExpr>,
    t: &DataType,
) -> Result<Arc<dyn PhysicalExpr>> {
    let empty = ScalarValue::from("").cast_to(t)?;
    let is_empty = binary(Arc::clone(&column), Operator::Eq, lit(empty), &plan.schema())?;
    let null = lit(ScalarValue::try_new_null(t)?);
    Ok(case(None, vec![(is_empty, null)], Some(column))?)
}

/// The plan with null for the empty texts of these columns.
pub fn as_null(
    plan: Arc<dyn ExecutionPlan>,
    columns: &[String],
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    if !schema.fields().iter().any(|field| columns.contains(field.name())) {
        return Ok(plan);
    }
    let mut exprs = Vec::with_capacity(schema.fields().len());
    for (i, field) in schema.fields().iter().enumerate() {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), i));
        let expr = match columns.contains(field.name()) {
            true => null_if_empty(&plan, column, field.data_type())?,
            false => column,
        };
        exprs.push((expr, field.name().clone()));
    }
    Ok(Arc::new(ProjectionExec::try_new(exprs, plan)?))
}
