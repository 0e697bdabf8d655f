//! The expressions of plan tables: one row each, columns by index, aliases left out.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchemaRef};
use datafusion::logical_expr::expr::{
    AggregateFunction, Alias, SetQuantifier, Sort as SortExpr, WindowFunction,
};
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, LogicalPlan, Operator, Partitioning, Subquery, Volatility,
    WindowFunctionDefinition,
};

use crate::edge::abi::wb_expr_flag;
use crate::function::{aggregate, scalar};
use crate::plan::walk::canon::{hex, literal_text, type_text};
use crate::edge::error::Result;
use crate::plan::walk::expr_text::{cast_detail, grouping, like_head, nulls_ignored, signed, terms};
use crate::plan::walk::rows::{CallRow, ColRow, ExprRow, Head, Place, Spot, Walk, small};
use crate::relation::node::RelNode;
use crate::plan::edit::tie_sort::below_mark;

impl Head {
    /// A function of the host has its identity.
    fn of_host(mut self, identity: Option<[u8; 32]>) -> Self {
        if let Some(identity) = identity {
            self.func_origin = "host";
            hex(&identity, &mut self.func_identity);
        }
        self
    }

    /// Whether it reads what is around it, and where it is.
    fn of_subquery(mut self, subquery: &Subquery) -> Self {
        let place = |n: u64| u32::try_from(n).unwrap_or(0);
        if let Some(span) = subquery.spans.first() {
            self.place = (place(span.start.line), place(span.start.column));
        }
        self.flag(wb_expr_flag::WB_EXPR_CORRELATED, !subquery.outer_ref_columns.is_empty())
    }

    fn builtin(kind: &'static str, op: String, volatility: Volatility) -> Self {
        let volatility = volatility_name(volatility);
        Self { kind, op, func_origin: "builtin", volatility, ..Self::default() }
    }
}

fn volatility_name(volatility: Volatility) -> &'static str {
    match volatility {
        Volatility::Immutable => "immutable",
        Volatility::Stable => "stable",
        Volatility::Volatile => "volatile",
    }
}

impl Walk {
    /// A relation operator is a function, and the node says the rest.
    fn operator(&mut self, node: &RelNode, place: &Place) {
        let mut func_identity = String::new();
        hex(&node.call.fun.identity, &mut func_identity);
        let head = Head {
            func_identity,
            func_origin: "host",
            volatility: volatility_name(Volatility::Immutable),
            ..Head::new("relation_function", node.call.fun.name.as_str())
        };
        self.push(head, String::new(), Spot::root("operator", 0), place);
    }

    /// All expressions of a node, in a fixed order. Scans are elsewhere.
    pub fn node_exprs(&mut self, plan: &LogicalPlan, place: &Place) -> Result<()> {
        match plan {
            LogicalPlan::Projection(node) => self.exprs_of("project", &node.expr, place),
            LogicalPlan::Filter(node) => self.exprs_of("filter", [&node.predicate], place),
            LogicalPlan::Window(node) => self.exprs_of("window", &node.window_expr, place),
            LogicalPlan::Aggregate(node) => {
                self.exprs_of("group", &node.group_expr, place)?;
                self.exprs_of("agg", &node.aggr_expr, place)
            }
            LogicalPlan::Sort(node) => self.sorts_of("sort", &node.expr, place),
            LogicalPlan::Join(node) => {
                // Keys see one side each: a name may be on both.
                for (ord, (left, right)) in node.on.iter().enumerate() {
                    self.one_side("join_left", ord, left, place, 0)?;
                    self.one_side("join_right", ord, right, place, 1)?;
                }
                self.exprs_of("join_filter", &node.filter, place)
            }
            LogicalPlan::Repartition(node) => match &node.partitioning_scheme {
                Partitioning::Hash(exprs, _) | Partitioning::DistributeBy(exprs) => {
                    self.exprs_of("repartition", exprs, place)
                }
                Partitioning::RoundRobinBatch(_) | Partitioning::Range(_) => Ok(()),
            },
            LogicalPlan::Limit(node) => {
                self.exprs_of("skip", node.skip.as_deref(), place)?;
                self.exprs_of("fetch", node.fetch.as_deref(), place)
            }
            LogicalPlan::Values(node) => {
                self.exprs_of("values", node.values.iter().flatten(), place)
            }
            LogicalPlan::Extension(node) => {
                if let Some(node) = node.node.as_any().downcast_ref::<RelNode>() {
                    self.operator(node, place);
                }
                self.exprs_of("extension", &node.node.expressions(), place)
            }
            LogicalPlan::Distinct(Distinct::On(node)) => {
                self.exprs_of("distinct_on", &node.on_expr, place)?;
                self.exprs_of("distinct_select", &node.select_expr, place)?;
                let sorts = node.sort_expr.as_deref().unwrap_or_default();
                self.sorts_of("distinct_sort", sorts, place)
            }
            LogicalPlan::Union(_)
            | LogicalPlan::TableScan(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Statement(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::Distinct(Distinct::All(_))
            | LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::Unnest(_)
            | LogicalPlan::RecursiveQuery(_) => Ok(()),
        }
    }

    /// Expressions of one role.
    pub fn exprs_of<'a>(
        &mut self,
        role: &'static str,
        exprs: impl IntoIterator<Item = &'a Expr>,
        place: &Place,
    ) -> Result<()> {
        for (ord, expr) in exprs.into_iter().enumerate() {
            self.expr(expr, Spot::root(role, ord), place)?;
        }
        Ok(())
    }

    fn sorts_of(&mut self, role: &'static str, sorts: &[SortExpr], place: &Place) -> Result<()> {
        for (ord, sort) in sorts.iter().enumerate() {
            self.sort_key(sort, Spot::root(role, ord), place)?;
        }
        Ok(())
    }

    fn one_side(
        &mut self,
        role: &'static str,
        ord: usize,
        expr: &Expr,
        place: &Place,
        side: usize,
    ) -> Result<()> {
        let from = self.colrefs.len();
        let schema = place.inputs.get(side).map_or_else(|| Arc::clone(&place.merged), Arc::clone);
        let alone = Place::new(place.node, vec![schema]);
        self.expr(expr, Spot::root(role, ord), &alone)?;
        for row in self.colrefs.iter_mut().skip(from) {
            if row.node == place.node && !row.outer {
                row.input = small(side);
            }
        }
        Ok(())
    }

    fn push(&mut self, head: Head, data_type: String, spot: Spot, place: &Place) -> u32 {
        let id = small(self.exprs.len());
        self.exprs.push(ExprRow { node: place.node, spot, head, data_type });
        id
    }

    fn sort_key(&mut self, sort: &SortExpr, spot: Spot, place: &Place) -> Result<()> {
        let head = Head::new("sort_key", "")
            .flag(wb_expr_flag::WB_EXPR_DESCENDING, !sort.asc)
            .flag(wb_expr_flag::WB_EXPR_NULLS_FIRST, sort.nulls_first);
        let id = self.push(head, String::new(), spot, place);
        self.kids(id, [&sort.expr], spot, place)
    }

    fn kids<'a>(
        &mut self,
        parent: u32,
        exprs: impl IntoIterator<Item = &'a Expr>,
        spot: Spot,
        place: &Place,
    ) -> Result<()> {
        self.kids_from(parent, 0, exprs, spot, place).map(drop)
    }

    /// Children numbered from `first`; gives the next number.
    fn kids_from<'a>(
        &mut self,
        parent: u32,
        first: u32,
        exprs: impl IntoIterator<Item = &'a Expr>,
        spot: Spot,
        place: &Place,
    ) -> Result<u32> {
        let parent = i32::try_from(parent).unwrap_or(i32::MAX);
        let mut child_ord = first;
        for expr in exprs {
            self.expr(expr, Spot { parent, child_ord, ..spot }, place)?;
            child_ord += 1;
        }
        Ok(child_ord)
    }

    fn expr(&mut self, expr: &Expr, spot: Spot, place: &Place) -> Result<()> {
        if let Expr::Alias(Alias { expr, .. }) = expr {
            // Names are in the outputs.
            return self.expr(expr, spot, place);
        }
        if let Some(key) = below_mark(expr) {
            return self.expr(key, spot, place);
        }
        let mut head = self.head(expr)?;
        let data_type = match expr {
            Expr::BinaryExpr(b) if matches!(b.op, Operator::And | Operator::Or) => {
                "bool".to_string()
            }
            expr => match expr.get_type(place.merged.as_ref()) {
                Ok(data_type) => {
                    head.flags |= type_flags(&data_type);
                    type_text(&data_type)
                }
                // Grouping sets and variables of lambdas have none of their own.
                Err(_) => String::new(),
            },
        };
        let id = self.push(head, data_type, spot, place);
        self.below(expr, id, spot, place)
    }

    #[expect(deprecated, reason = "a variant that the planner does not make any more")]
    fn head(&self, expr: &Expr) -> Result<Head> {
        Ok(match expr {
            Expr::Alias(_) => Head::new("alias", ""),
            Expr::Column(_) => Head::new("column", ""),
            Expr::ScalarVariable(_, names) => Head::new("variable", names.join(".")),
            Expr::Literal(value, metadata) => {
                let mut head = Head::new("literal", "");
                head.literal = literal_text(value)?;
                if let Some(metadata) = metadata {
                    for (key, value) in metadata.inner() {
                        let _ = writeln!(head.detail, "{key}={value}");
                    }
                }
                head
            }
            Expr::BinaryExpr(binary) => Head::new("binary", binary.op.to_string()),
            Expr::Like(like) => like_head("like", like),
            Expr::SimilarTo(like) => like_head("similar_to", like),
            Expr::Not(_) => Head::new("not", ""),
            Expr::IsNotNull(_) => Head::new("is_not_null", ""),
            Expr::IsNull(_) => Head::new("is_null", ""),
            Expr::IsTrue(_) => Head::new("is_true", ""),
            Expr::IsFalse(_) => Head::new("is_false", ""),
            Expr::IsUnknown(_) => Head::new("is_unknown", ""),
            Expr::IsNotTrue(_) => Head::new("is_not_true", ""),
            Expr::IsNotFalse(_) => Head::new("is_not_false", ""),
            Expr::IsNotUnknown(_) => Head::new("is_not_unknown", ""),
            Expr::Negative(_) => Head::new("negative", ""),
            Expr::Between(between) => {
                Head::new("between", "").flag(wb_expr_flag::WB_EXPR_NEGATED, between.negated)
            }
            Expr::Case(case) => Head::new("case", "")
                .flag(wb_expr_flag::WB_EXPR_BASE, case.expr.is_some())
                .flag(wb_expr_flag::WB_EXPR_ELSE, case.else_expr.is_some()),
            Expr::Cast(cast) => {
                let detail = cast_detail(&cast.field);
                Head { detail, ..Head::new("cast", type_text(cast.field.data_type())) }
            }
            Expr::TryCast(cast) => {
                let detail = cast_detail(&cast.field);
                Head { detail, ..Head::new("try_cast", type_text(cast.field.data_type())) }
            }
            Expr::ScalarFunction(call) => {
                let volatility = call.func.signature().volatility;
                Head::builtin("scalar_function", call.func.name().to_string(), volatility)
                    .of_host(scalar::host_identity(&call.func))
            }
            Expr::AggregateFunction(AggregateFunction { func, params }) => {
                let (name, volatility) = (func.name().to_string(), func.signature().volatility);
                Head { call: CallRow::of_aggregate(params), ..Head::builtin("aggregate_function", name, volatility) }
                    .of_host(aggregate::host_identity(func))
                    .flag(wb_expr_flag::WB_EXPR_DISTINCT, params.distinct)
                    .flag(wb_expr_flag::WB_EXPR_FILTERED, params.filter.is_some())
                    .flag(wb_expr_flag::WB_EXPR_IGNORE_NULLS, nulls_ignored(params.null_treatment))
            }
            Expr::WindowFunction(window) => window_head(window)?,
            Expr::InList(list) => {
                Head::new("in_list", "").flag(wb_expr_flag::WB_EXPR_NEGATED, list.negated)
            }
            Expr::Exists(exists) => Head::new("exists", "")
                .flag(wb_expr_flag::WB_EXPR_NEGATED, exists.negated)
                .of_subquery(&exists.subquery),
            Expr::InSubquery(within) => Head::new("in_subquery", "")
                .flag(wb_expr_flag::WB_EXPR_NEGATED, within.negated)
                .of_subquery(&within.subquery),
            Expr::SetComparison(set) => Head::new("set_comparison", set.op.to_string())
                .flag(wb_expr_flag::WB_EXPR_ALL, matches!(set.quantifier, SetQuantifier::All))
                .of_subquery(&set.subquery),
            Expr::ScalarSubquery(subquery) => {
                Head::new("scalar_subquery", "").of_subquery(subquery)
            }
            Expr::Wildcard { .. } => Head::new("wildcard", expr.to_string()),
            Expr::GroupingSet(set) => grouping(set).0,
            Expr::Placeholder(placeholder) => Head::new("placeholder", placeholder.id.as_str()),
            Expr::OuterReferenceColumn(_, column) => {
                let depth = self.outer_level(column).map_or(-1, |(depth, ..)| signed(depth));
                Head { depth, ..Head::new("outer_column", "") }
            }
            Expr::Unnest(unnest) => {
                Head::new("unnest", "").flag(wb_expr_flag::WB_EXPR_OUTER, unnest.outer)
            }
            Expr::HigherOrderFunction(call) => {
                let volatility = call.func.signature().volatility;
                Head::builtin("higher_order_function", call.func.name().to_string(), volatility)
            }
            Expr::Lambda(lambda) => Head::new("lambda", "").number(signed(lambda.params.len())),
            Expr::LambdaVariable(variable) => self.lambda_variable(&variable.name),
        })
    }

    /// By how many lambdas out, and which parameter there.
    fn lambda_variable(&self, name: &str) -> Head {
        let head = Head::new("lambda_variable", "");
        for (depth, params) in self.lambdas.iter().rev().enumerate() {
            if let Some(index) = params.iter().position(|param| param == name) {
                return Head { depth: signed(depth), ..head }.number(signed(index));
            }
        }
        Head { depth: -1, detail: name.to_string(), ..head }
    }

    fn outer_level(&self, column: &Column) -> Option<(usize, usize, usize)> {
        for (depth, inputs) in self.outer.iter().rev().enumerate() {
            if let Some((input, field)) = find(inputs, column) {
                return Some((depth, input, field));
            }
        }
        None
    }

    fn column(&mut self, id: u32, column: &Column, outer: bool, place: &Place) {
        let found = if outer {
            self.outer_level(column).map(|(_, input, field)| (input, field))
        } else {
            find(&place.inputs, column)
        };
        if found.is_none()
            && let Some(row) = self.exprs.last_mut()
        {
            // Two columns that are not found must not look the same.
            row.head.detail = column.flat_name();
        }
        let (input, field) = found.map_or((u32::MAX, u32::MAX), |(i, f)| (small(i), small(f)));
        self.colrefs.push(ColRow {
            expr: id,
            node: place.node,
            input,
            field,
            qualifier: column.relation.as_ref().map(ToString::to_string).unwrap_or_default(),
            name: column.name.clone(),
            outer,
        });
    }

    fn nested(&mut self, subquery: &Subquery, id: u32, place: &Place) -> Result<()> {
        self.subquery(&subquery.subquery, place, id)
    }

    fn below(&mut self, expr: &Expr, id: u32, spot: Spot, place: &Place) -> Result<()> {
        match expr {
            Expr::Column(column) => self.column(id, column, false, place),
            Expr::OuterReferenceColumn(_, column) => self.column(id, column, true, place),
            Expr::BinaryExpr(binary) => match binary.op {
                Operator::And | Operator::Or => {
                    return self.kids(id, terms(binary), spot, place);
                }
                _ => return self.kids(id, [&*binary.left, &*binary.right], spot, place),
            },
            Expr::Like(like) | Expr::SimilarTo(like) => {
                return self.kids(id, [&*like.expr, &*like.pattern], spot, place);
            }
            Expr::Not(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::Negative(inner) => return self.kids(id, [&**inner], spot, place),
            Expr::Between(b) => return self.kids(id, [&*b.expr, &*b.low, &*b.high], spot, place),
            Expr::Case(case) => {
                let next = self.kids_from(id, 0, case.expr.as_deref(), spot, place)?;
                let pairs = case.when_then_expr.iter();
                let pairs = pairs.flat_map(|(when, then)| [when.as_ref(), then.as_ref()]);
                let next = self.kids_from(id, next, pairs, spot, place)?;
                self.kids_from(id, next, case.else_expr.as_deref(), spot, place)?;
            }
            Expr::Cast(cast) => return self.kids(id, [&*cast.expr], spot, place),
            Expr::TryCast(cast) => return self.kids(id, [&*cast.expr], spot, place),
            Expr::ScalarFunction(call) => return self.kids(id, &call.args, spot, place),
            Expr::HigherOrderFunction(call) => return self.kids(id, &call.args, spot, place),
            Expr::AggregateFunction(AggregateFunction { params, .. }) => {
                let next = self.kids_from(id, 0, &params.args, spot, place)?;
                let next = self.kids_from(id, next, params.filter.as_deref(), spot, place)?;
                self.sort_keys(id, next, &params.order_by, spot, place)?;
            }
            Expr::WindowFunction(window) => {
                let params = &window.params;
                let next = self.kids_from(id, 0, &params.args, spot, place)?;
                let next = self.kids_from(id, next, &params.partition_by, spot, place)?;
                let next = self.kids_from(id, next, params.filter.as_deref(), spot, place)?;
                self.sort_keys(id, next, &params.order_by, spot, place)?;
            }
            Expr::InList(list) => {
                let all = std::iter::once(list.expr.as_ref()).chain(&list.list);
                return self.kids(id, all, spot, place);
            }
            Expr::Exists(exists) => return self.nested(&exists.subquery, id, place),
            Expr::ScalarSubquery(subquery) => return self.nested(subquery, id, place),
            Expr::InSubquery(within) => {
                self.kids(id, [&*within.expr], spot, place)?;
                return self.nested(&within.subquery, id, place);
            }
            Expr::SetComparison(set) => {
                self.kids(id, [&*set.expr], spot, place)?;
                return self.nested(&set.subquery, id, place);
            }
            Expr::GroupingSet(set) => return self.kids(id, grouping(set).1, spot, place),
            Expr::Unnest(unnest) => return self.kids(id, [&*unnest.expr], spot, place),
            Expr::Lambda(lambda) => {
                self.lambdas.push(lambda.params.clone());
                let result = self.kids(id, [&*lambda.body], spot, place);
                self.lambdas.pop();
                return result;
            }
            _ => {}
        }
        Ok(())
    }

    fn sort_keys(
        &mut self,
        parent: u32,
        first: u32,
        sorts: &[SortExpr],
        spot: Spot,
        place: &Place,
    ) -> Result<()> {
        let parent = i32::try_from(parent).unwrap_or(i32::MAX);
        for (child_ord, sort) in (first..).zip(sorts) {
            self.sort_key(sort, Spot { parent, child_ord, ..spot }, place)?;
        }
        Ok(())
    }
}

fn window_head(window: &WindowFunction) -> Result<Head> {
    let params = &window.params;
    let (name, volatility) = match &window.fun {
        WindowFunctionDefinition::AggregateUDF(f) => (f.name(), f.signature().volatility),
        WindowFunctionDefinition::WindowUDF(f) => (f.name(), f.signature().volatility),
    };
    let identity = match &window.fun {
        WindowFunctionDefinition::AggregateUDF(f) => aggregate::host_identity(f),
        WindowFunctionDefinition::WindowUDF(_) => None,
    };
    let head = Head {
        call: CallRow::of_window(params)?,
        ..Head::builtin("window_function", name.to_string(), volatility)
    };
    let aggregate = matches!(window.fun, WindowFunctionDefinition::AggregateUDF(_));
    Ok(head
        .of_host(identity)
        .flag(wb_expr_flag::WB_EXPR_AGGREGATE, aggregate)
        .flag(wb_expr_flag::WB_EXPR_DISTINCT, params.distinct)
        .flag(wb_expr_flag::WB_EXPR_FILTERED, params.filter.is_some())
        .flag(wb_expr_flag::WB_EXPR_IGNORE_NULLS, nulls_ignored(params.null_treatment)))
}

/// What of a type decides something, whatever its other parts are.
fn type_flags(data_type: &DataType) -> u32 {
    let mut flags = 0;
    for (flag, set) in [
        (wb_expr_flag::WB_EXPR_IS_FLOAT, data_type.is_floating()),
        (wb_expr_flag::WB_EXPR_IS_INTEGER, data_type.is_integer()),
        (wb_expr_flag::WB_EXPR_HAS_FLOATS, has_floats(data_type)),
    ] {
        flags |= if set { flag as u32 } else { 0 };
    }
    flags
}

fn has_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _)
        | DataType::RunEndEncoded(_, field) => has_floats(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_floats(field.data_type())),
        DataType::Union(fields, _) => fields.iter().any(|(_, field)| has_floats(field.data_type())),
        DataType::Dictionary(_, values) => has_floats(values),
        other => other.is_floating(),
    }
}

fn find(inputs: &[DFSchemaRef], column: &Column) -> Option<(usize, usize)> {
    let mut all = inputs.iter().enumerate();
    all.find_map(|(i, schema)| schema.maybe_index_of_column(column).map(|field| (i, field)))
}
