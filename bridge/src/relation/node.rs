//! The logical node of a relation operator. Its inputs are projections that have the columns
//! it reads, each under a name of its own; it refers to them by these names, because
//! the optimiser may take columns away and move the others.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::row::{RowConverter, SortField};
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::{Column, DFSchema, DFSchemaRef, internal_err, plan_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::logical_expr::{
    Cast, Expr, Filter, LogicalPlan, Projection, UserDefinedLogicalNodeCore,
};

use crate::edge::codes::E_SQL_PLAN;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::relation::rel::{FILTER, NARROW, RelCall, TOTAL, Wants};

/// A key of the order within a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub column: String,
    pub descending: bool,
    pub nulls_first: bool,
}

/// The columns of one input, by the names that its projection gave them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    pub outputs: Vec<String>,
    pub groups: Vec<String>,
    pub values: Vec<String>,
    pub order: Vec<Key>,
}

/// See the module.
#[derive(Clone)]
pub(crate) struct RelNode {
    pub call: Arc<RelCall>,
    inputs: [Arc<LogicalPlan>; 2],
    pub left: Side,
    pub right: Side,
    schema: DFSchemaRef,
}

fn refuse(message: String) -> Error {
    Error::new(E_SQL_PLAN, ORIGIN_BRIDGE, message)
}

/// Builds the projection below one input.
struct Builder<'a> {
    input: &'a LogicalPlan,
    names: BTreeSet<String>,
    /// Input column, the type it is cast to, and its name.
    have: Vec<(usize, DataType, String)>,
    exprs: Vec<Expr>,
}

impl<'a> Builder<'a> {
    fn new(input: &'a LogicalPlan) -> Self {
        Self { input, names: BTreeSet::new(), have: Vec::new(), exprs: Vec::new() }
    }

    fn fresh(&self) -> String {
        let taken = |name: &str| {
            self.names.contains(name) || self.input.schema().field_names().iter().any(|n| n == name)
        };
        let mut name = format!("__key_{}", self.exprs.len());
        while taken(&name) {
            name.push('_');
        }
        name
    }

    /// The name of a column, cast if it has another type.
    fn column(&mut self, index: usize, data_type: Option<&DataType>) -> Result<String> {
        let schema = self.input.schema();
        let Some((qualifier, field)) = schema.iter().nth(index) else {
            return Err(refuse(format!("there is no column {index}")));
        };
        let want = data_type.unwrap_or(field.data_type());
        let there = self.have.iter().find(|(i, t, _)| *i == index && t == want);
        if let Some((_, _, name)) = there {
            return Ok(name.clone());
        }
        let plain = want == field.data_type();
        let name = if plain && !self.names.contains(field.name()) {
            field.name().clone()
        } else {
            self.fresh()
        };
        let column = Expr::Column(Column::from((qualifier, field)));
        let expr =
            if plain { column } else { Expr::Cast(Cast::new(Box::new(column), want.clone())) };
        self.exprs.push(expr.alias(&name));
        self.names.insert(name.clone());
        self.have.push((index, want.clone(), name.clone()));
        Ok(name)
    }

    fn columns(&mut self, list: &[usize], types: Option<&[DataType]>) -> Result<Vec<String>> {
        let mut names = Vec::with_capacity(list.len());
        for (ord, index) in list.iter().enumerate() {
            names.push(self.column(*index, types.and_then(|t| t.get(ord)))?);
        }
        Ok(names)
    }

    fn build(mut self, wants: &Wants, groups: &[DataType]) -> Result<(LogicalPlan, Side)> {
        let outputs = self.columns(&wants.outputs, None)?;
        let integers = vec![DataType::Int64; wants.values.len()];
        let mut side = Side {
            outputs,
            groups: self.columns(&wants.groups, Some(groups))?,
            values: self.columns(&wants.values, Some(&integers))?,
            order: Vec::new(),
        };
        for key in &wants.order {
            let column = self.column(key.column, None)?;
            let (descending, nulls_first) = (key.descending, key.nulls_first);
            side.order.push(Key { column, descending, nulls_first });
        }
        if self.exprs.is_empty() {
            return Err(refuse("a relation operator reads no column of an input".to_string()));
        }
        let projection = Projection::try_new(self.exprs, Arc::new(self.input.clone()))?;
        for key in side.groups.iter().chain(side.order.iter().map(|k| &k.column)) {
            let field = projection.schema.field_with_unqualified_name(key)?;
            if !sortable(field.data_type()) {
                let data_type = field.data_type();
                return Err(refuse(format!("rows cannot be sorted by {key}, a {data_type}")));
            }
        }
        if wants.flags & TOTAL != 0 {
            for field in projection.schema.fields() {
                let name = field.name();
                let there =
                    side.groups.contains(name) || side.order.iter().any(|k| k.column == *name);
                if !there && sortable(field.data_type()) {
                    let key = Key { column: name.clone(), descending: false, nulls_first: true };
                    side.order.push(key);
                }
            }
        }
        Ok((LogicalPlan::Projection(projection), side))
    }
}

/// The type in which two columns are compared.
fn common(call: &RelCall, left: &Schema, right: &Schema) -> Result<Vec<DataType>> {
    let mut types = Vec::new();
    for (l, r) in call.left.groups.iter().zip(&call.right.groups) {
        let (Some(l), Some(r)) = (left.fields().get(*l), right.fields().get(*r)) else {
            return Err(refuse("a group column is missing".to_string()));
        };
        let found = comparison_coercion(l.data_type(), r.data_type()).map(|found| match found {
            DataType::Dictionary(_, value) => *value,
            found => found,
        });
        types.push(found.ok_or_else(|| {
            let (name, lt, rt) = (&call.fun.name, l.data_type(), r.data_type());
            let (l, r) = (l.name(), r.name());
            refuse(format!("{name}: {l} ({lt}) and {r} ({rt}) cannot be compared"))
        })?);
    }
    Ok(types)
}

impl RelNode {
    /// A call over two inputs as they were planned.
    pub fn plan(call: Arc<RelCall>, left: LogicalPlan, right: LogicalPlan) -> Result<Self> {
        let types = common(&call, left.schema().as_arrow(), right.schema().as_arrow())?;
        let (left_input, left) = Builder::new(&left).build(&call.left, &types)?;
        let (right_input, right) = Builder::new(&right).build(&call.right, &types)?;
        let schema = DFSchema::from_unqualified_fields(call.fields.clone(), Default::default())?;
        let inputs = [Arc::new(left_input), Arc::new(right_input)];
        Ok(Self { call, inputs, left, right, schema: Arc::new(schema) })
    }

    /// The inputs' schemas.
    pub fn input_schemas(&self) -> (&DFSchemaRef, &DFSchemaRef) {
        let [left, right] = &self.inputs;
        (left.schema(), right.schema())
    }

    /// Everything that can change a result, columns by index.
    pub fn canonical(&self) -> String {
        let (left, right) = self.input_schemas();
        format!(
            "op={} {} left[{}] right[{}]",
            self.call.fun.name,
            self.call.canonical,
            by_index(&self.left, left),
            by_index(&self.right, right)
        )
    }

    fn filterable(&self) -> bool {
        self.call.left.flags & FILTER != 0
    }
}

fn by_index(side: &Side, schema: &DFSchema) -> String {
    let index = |name: &String| {
        let found = schema.index_of_column_by_name(None, name);
        found.map_or_else(|| "?".to_string(), |i| i.to_string())
    };
    let list = |names: &[String]| names.iter().map(index).collect::<Vec<_>>().join(",");
    let order = side.order.iter().map(|key| {
        let direction = if key.descending { "desc" } else { "asc" };
        let nulls = if key.nulls_first { "first" } else { "last" };
        format!("{} {direction} {nulls}", index(&key.column))
    });
    format!(
        "outputs={} groups={} values={} order={}",
        list(&side.outputs),
        list(&side.groups),
        list(&side.values),
        order.collect::<Vec<_>>().join(",")
    )
}

impl fmt::Debug for RelNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_for_explain(f)
    }
}

impl PartialEq for RelNode {
    fn eq(&self, other: &Self) -> bool {
        self.call.fun.identity == other.call.fun.identity
            && self.call.canonical == other.call.canonical
            && self.call.options == other.call.options
            && self.left == other.left
            && self.right == other.right
            && self.schema == other.schema
            && self.inputs == other.inputs
    }
}

impl Eq for RelNode {}

impl Hash for RelNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.call.fun.identity.hash(state);
        self.call.canonical.hash(state);
        self.call.options.hash(state);
        self.left.hash(state);
        self.right.hash(state);
        self.inputs.hash(state);
    }
}

impl PartialOrd for RelNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let ordering = self
            .call
            .canonical
            .cmp(&other.call.canonical)
            .then_with(|| self.canonical().cmp(&other.canonical()));
        match ordering {
            Ordering::Equal => match self.inputs.partial_cmp(&other.inputs) {
                // Equal in what is compared, and yet not the same.
                Some(Ordering::Equal) if self != other => None,
                found => found,
            },
            found => Some(found),
        }
    }
}

/// The engine puts a predicate that may go below a node above every input. Ours are about the
/// left input; this takes it away from the right one.
fn without_pushed(
    left: &LogicalPlan,
    right: LogicalPlan,
    before: &[Arc<LogicalPlan>; 2],
) -> LogicalPlan {
    let [old_left, old_right] = before;
    match (left, right) {
        (LogicalPlan::Filter(l), LogicalPlan::Filter(r))
            if l.predicate == r.predicate && l.input == *old_left && r.input == *old_right =>
        {
            let Filter { input, .. } = r;
            Arc::unwrap_or_clone(input)
        }
        (_, right) => right,
    }
}

/// An output's field over an input whose column may have another type by now: the engine
/// coerces the types of a union, for one, only after the statement was read.
fn retyped(field: &FieldRef, input: &LogicalPlan, column: &str) -> FieldRef {
    let schema = input.schema();
    let Some(at) = schema.index_of_column_by_name(None, column) else { return Arc::clone(field) };
    let now = schema.field(at);
    if now.data_type() == field.data_type() && (field.is_nullable() || !now.is_nullable()) {
        return Arc::clone(field);
    }
    let nullable = field.is_nullable() || now.is_nullable();
    let fresh = field.as_ref().clone().with_data_type(now.data_type().clone());
    Arc::new(fresh.with_nullable(nullable))
}

impl UserDefinedLogicalNodeCore for RelNode {
    fn name(&self) -> &str {
        &self.call.fun.name
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().map(AsRef::as_ref).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        // The columns that are read go by name; the engine would look for them in both inputs.
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let kept = if self.filterable() { self.left.outputs.len() } else { 0 };
        self.schema.fields().iter().skip(kept).map(|f| f.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = |side: &Side| {
            let order = side.order.iter().map(|key| {
                let tail = if key.descending { " DESC" } else { "" };
                format!("{}{tail}", key.column)
            });
            let order: Vec<String> = order.collect();
            format!(
                "groups=[{}], values=[{}], order=[{}]",
                side.groups.join(", "),
                side.values.join(", "),
                order.join(", ")
            )
        };
        write!(f, "{}: {}", self.call.fun.name, self.call.canonical)?;
        write!(f, ", left: {}, right: {}", keys(&self.left), keys(&self.right))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let name = &self.call.fun.name;
        let Ok([left, right]) = <[LogicalPlan; 2]>::try_from(inputs) else {
            return internal_err!("{name} has two inputs");
        };
        if !exprs.is_empty() {
            return internal_err!("{name} has no expressions");
        }
        let right = without_pushed(&left, right, &self.inputs);
        let has = |plan: &LogicalPlan, column: &String| {
            plan.schema().index_of_column_by_name(None, column).is_some()
        };
        let mut fields = Vec::with_capacity(self.schema.fields().len());
        let mut outputs = Vec::with_capacity(self.left.outputs.len());
        for (column, field) in self.left.outputs.iter().zip(self.schema.fields()) {
            if has(&left, column) {
                outputs.push(column.clone());
                fields.push(retyped(field, &left, column));
            }
        }
        let others = self.schema.fields().iter().skip(self.left.outputs.len());
        for (ord, field) in others.enumerate() {
            fields.push(match self.right.outputs.get(ord) {
                Some(column) => retyped(field, &right, column),
                None => Arc::clone(field),
            });
        }
        let lost = |plan: &LogicalPlan, side: &Side| {
            let read = side.groups.iter().chain(&side.values);
            let mut read = read.chain(side.order.iter().map(|key| &key.column));
            read.any(|column| !has(plan, column))
        };
        if lost(&left, &self.left)
            || lost(&right, &self.right)
            || self.right.outputs.iter().any(|column| !has(&right, column))
        {
            return plan_err!("{name}: an input lost a column that is read");
        }
        let schema = DFSchema::from_unqualified_fields(fields.into(), Default::default())?;
        Ok(Self {
            call: Arc::clone(&self.call),
            inputs: [Arc::new(left), Arc::new(right)],
            left: Side { outputs, ..self.left.clone() },
            right: self.right.clone(),
            schema: Arc::new(schema),
        })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        if self.call.left.flags & NARROW == 0 {
            return None;
        }
        let (left, right) = self.input_schemas();
        let outputs = output_columns.iter().filter_map(|i| self.left.outputs.get(*i));
        let side = &self.left;
        let read = side.groups.iter().chain(&side.values);
        let read = read.chain(side.order.iter().map(|key| &key.column));
        let mut needed = BTreeSet::new();
        for column in outputs.chain(read) {
            needed.insert(left.index_of_column_by_name(None, column)?);
        }
        Some(vec![needed.into_iter().collect(), (0..right.fields().len()).collect()])
    }
}

/// Maps have no order; neither have unions, as far as all operators go.
pub(crate) fn sortable(data_type: &DataType) -> bool {
    fn ordered(data_type: &DataType) -> bool {
        match data_type {
            DataType::Map(..) | DataType::Union(..) | DataType::Null => false,
            DataType::List(f)
            | DataType::LargeList(f)
            | DataType::FixedSizeList(f, _)
            | DataType::ListView(f)
            | DataType::LargeListView(f) => ordered(f.data_type()),
            DataType::Struct(fields) => fields.iter().all(|f| ordered(f.data_type())),
            DataType::Dictionary(_, value) => ordered(value),
            DataType::RunEndEncoded(_, values) => ordered(values.data_type()),
            _ => true,
        }
    }
    ordered(data_type) && RowConverter::supports_fields(&[SortField::new(data_type.clone())])
}
