//! From the columns that one file of a table has to those of the table: by what files call them,
//! and only where no value can change. Columns that a file lacks are null.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::common::tree_node::{
    Transformed, TransformedResult, TreeNode, TreeNodeRecursion,
};
use datafusion::common::{Result as DfResult, ScalarValue, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::functions::core::getfield::GetFieldFunc;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal, cast, lit};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};

use crate::input::adapt;
use crate::input::adapt::{How, Shape};
use crate::edge::codes::E_SCHEMA_CHANGED;
use crate::edge::error::{Error, ORIGIN_BRIDGE};

/// A column of a file as a column of the table.
#[derive(Debug)]
struct Adapted {
    column: Arc<dyn PhysicalExpr>,
    to: FieldRef,
    names: FieldRef,
}

impl fmt::Display for Adapted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", self.column, self.to.data_type())
    }
}

impl PartialEq for Adapted {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.to == other.to && self.names == other.names
    }
}

impl Eq for Adapted {}

impl Hash for Adapted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.to.hash(state);
    }
}

impl PhysicalExpr for Adapted {
    fn data_type(&self, _input: &Schema) -> DfResult<DataType> {
        Ok(self.to.data_type().clone())
    }

    fn nullable(&self, _input: &Schema) -> DfResult<bool> {
        Ok(self.to.is_nullable())
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let array = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        let shape = Shape::stored(self.to.data_type(), self.names.data_type());
        let adapted = adapt::adapt_array(self.to.name(), &array, shape).map_err(Error::into_df)?;
        Ok(ColumnarValue::Array(adapted))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DfResult<Arc<dyn PhysicalExpr>> {
        let (Some(column), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("an adapted column has one column below");
        };
        let (to, names) = (Arc::clone(&self.to), Arc::clone(&self.names));
        Ok(Arc::new(Self { column, to, names }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes adapters for the files of one table.
#[derive(Debug)]
pub struct TableAdapters {
    /// For messages.
    pub what: String,
    /// The table's columns with what files call them.
    pub names: SchemaRef,
}

/// For one file.
#[derive(Debug)]
struct FileAdapter {
    what: String,
    names: SchemaRef,
    table: SchemaRef,
    file: SchemaRef,
}

impl PhysicalExprAdapterFactory for TableAdapters {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> DfResult<Arc<dyn PhysicalExprAdapter>> {
        let (what, names) = (self.what.clone(), Arc::clone(&self.names));
        Ok(Arc::new(FileAdapter { what, names, table, file }))
    }
}

impl FileAdapter {
    fn column(&self, name: &str) -> DfResult<Option<Arc<dyn PhysicalExpr>>> {
        // What the reader makes itself, as row numbers, is no column of the table.
        let (Ok(to), Ok(names)) =
            (self.table.field_with_name(name), self.names.field_with_name(name))
        else {
            return Ok(None);
        };
        let Some(index) = adapt::stored_place(self.file.fields(), names) else {
            if to.is_nullable() {
                return Ok(Some(lit(ScalarValue::try_new_null(to.data_type())?)));
            }
            let message =
                format!("{}: a file has no column {name}, which is NOT NULL", self.what);
            return Err(Error::new(E_SCHEMA_CHANGED, ORIGIN_BRIDGE, message).into_df());
        };
        let stored = self.file.field(index);
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(stored.name(), index));
        let shape = Shape::stored(to.data_type(), names.data_type());
        let plain = !matches!(stored.data_type(), DataType::Dictionary(..));
        Ok(Some(match adapt::how(stored.data_type(), shape) {
            How::Same => column,
            // The engine's own cast, because it can compare through it.
            How::Cast if plain => cast(column, &self.file, to.data_type().clone())?,
            How::Never => {
                let name = format!("{}.{name}", self.what);
                return Err(adapt::mismatch(&name, stored.data_type(), to.data_type()).into_df());
            }
            _ => {
                let (to, names) = (Arc::new(to.clone()), Arc::new(names.clone()));
                Arc::new(Adapted { column, to, names })
            }
        }))
    }
}

/// The texts that name a field in a column; None: it is not named by texts alone.
fn path_of(call: &ScalarFunctionExpr) -> Option<(&Column, Vec<&str>)> {
    let (column, keys) = call.args().split_first()?;
    let mut path = Vec::with_capacity(keys.len());
    for key in keys {
        path.push(key.downcast_ref::<Literal>()?.value().try_as_str().flatten()?);
    }
    Some((column.downcast_ref::<Column>()?, path))
}

fn fields_of(field: &Field) -> Option<&Fields> {
    match field.data_type() {
        DataType::Struct(fields) => Some(fields),
        _ => None,
    }
}

impl FileAdapter {
    /// A field of a struct, read without the others where the file has it as it is.
    fn leaf(&self, call: &ScalarFunctionExpr) -> DfResult<Option<Arc<dyn PhysicalExpr>>> {
        let Some((column, path)) = path_of(call) else { return Ok(None) };
        let (Ok(mut to), Ok(mut names)) =
            (self.table.field_with_name(column.name()), self.names.field_with_name(column.name()))
        else {
            return Ok(None);
        };
        let Some(index) = adapt::stored_place(self.file.fields(), names) else { return Ok(None) };
        let mut stored = self.file.field(index);
        let mut args: Vec<Arc<dyn PhysicalExpr>> =
            vec![Arc::new(Column::new(stored.name(), index))];
        for name in path {
            let (Some(below), Some(called), Some(there)) =
                (fields_of(to), fields_of(names), fields_of(stored))
            else {
                return Ok(None);
            };
            let Some((at, field)) = below.find(name) else { return Ok(None) };
            let Some(called) = called.get(at) else { return Ok(None) };
            let Some(found) = adapt::stored_place(there, called).and_then(|at| there.get(at)) else {
                return Ok(None);
            };
            to = field.as_ref();
            names = called.as_ref();
            stored = found.as_ref();
            args.push(lit(stored.name().as_str()));
        }
        let shape = Shape::stored(to.data_type(), names.data_type());
        let how = adapt::how(stored.data_type(), shape);
        if !matches!(how, How::Same | How::Cast) {
            return Ok(None);
        }
        let function = Arc::new(call.fun().clone());
        let config = Arc::new(call.config_options().clone());
        let leaf: Arc<dyn PhysicalExpr> =
            Arc::new(ScalarFunctionExpr::try_new(function, args, &self.file, config)?);
        Ok(Some(match how {
            How::Same => leaf,
            _ => cast(leaf, &self.file, to.data_type().clone())?,
        }))
    }
}

impl PhysicalExprAdapter for FileAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> DfResult<Arc<dyn PhysicalExpr>> {
        let replaced = expr.transform_down(|expr| {
            if let Some(call) = ScalarFunctionExpr::try_downcast_func::<GetFieldFunc>(expr.as_ref())
                && let Some(leaf) = self.leaf(call)?
            {
                return Ok(Transformed::new(leaf, true, TreeNodeRecursion::Jump));
            }
            let Some(column) = expr.downcast_ref::<Column>() else {
                return Ok(Transformed::no(expr));
            };
            Ok(match self.column(column.name())? {
                // Not again below: what stands there has columns of the file.
                Some(new) => Transformed::new(new, true, TreeNodeRecursion::Jump),
                None => Transformed::no(expr),
            })
        });
        replaced.data()
    }
}
