//! The expressions of plan tables: one row each, columns by index, aliases left out.

use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::common::{Column, DFSchemaRef};
use datafusion::logical_expr::expr::{
    AggregateFunction, Alias, SetQuantifier, Sort as SortExpr, WindowFunction,
};
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, LogicalPlan, Operator, Partitioning, Subquery, Volatility,
    WindowFunctionDefinition,
};

use crate::function::{aggregate, scalar};
use crate::plan::walk::canon::{hex, literal_text, type_text};
use crate::edge::error::Result;
use crate::plan::walk::expr_text::{cast_text, frame_text, grouping_text, like_text, nulls_ignored, terms};
use crate::plan::walk::rows::{CallRow, ColRow, ExprRow, Place, Walk, small};
use crate::relation::node::RelNode;
use crate::plan::edit::tie_sort::below_mark;

/// Where an expression hangs.
#[derive(Clone, Copy)]
struct Spot {
    role: &'static str,
    role_ord: u32,
    parent: i32,
    child_ord: u32,
}

impl Spot {
    fn root(role: &'static str, role_ord: usize) -> Self {
        Self { role, role_ord: small(role_ord), parent: -1, child_ord: 0 }
    }
}

/// What a row says of its expression itself.
#[derive(Default)]
struct Head {
    kind: &'static str,
    op: String,
    func_identity: String,
    func_origin: &'static str,
    literal: String,
    volatility: &'static str,
}

impl Head {
    fn new(kind: &'static str, op: impl Into<String>) -> Self {
        Self { kind, op: op.into(), ..Self::default() }
    }

    /// A function of the host has its identity.
    fn of_host(mut self, identity: Option<[u8; 32]>) -> Self {
        if let Some(identity) = identity {
            self.func_origin = "host";
            hex(&identity, &mut self.func_identity);
        }
        self
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
        self.exprs.push(ExprRow {
            node: place.node,
            role: "operator",
            role_ord: 0,
            parent: -1,
            child_ord: 0,
            kind: "relation_function",
            op: node.call.fun.name.clone(),
            func_identity,
            func_origin: "host",
            literal: String::new(),
            volatility: volatility_name(Volatility::Immutable),
            data_type: String::new(),
            call: CallRow::default(),
        });
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
        self.exprs.push(ExprRow {
            node: place.node,
            role: spot.role,
            role_ord: spot.role_ord,
            parent: spot.parent,
            child_ord: spot.child_ord,
            kind: head.kind,
            op: head.op,
            func_identity: head.func_identity,
            func_origin: head.func_origin,
            literal: head.literal,
            volatility: head.volatility,
            data_type,
            call: CallRow::default(),
        });
        id
    }

    fn sort_key(&mut self, sort: &SortExpr, spot: Spot, place: &Place) -> Result<()> {
        let direction = if sort.asc { "asc" } else { "desc" };
        let nulls = if sort.nulls_first { "nulls_first" } else { "nulls_last" };
        let head = Head::new("sort_key", format!("{direction} {nulls}"));
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
        let head = self.head(expr)?;
        let data_type = match expr {
            Expr::BinaryExpr(b) if matches!(b.op, Operator::And | Operator::Or) => {
                "bool".to_string()
            }
            expr => match expr.get_type(place.merged.as_ref()) {
                Ok(data_type) => type_text(&data_type),
                // Grouping sets and variables of lambdas have none of their own.
                Err(_) => String::new(),
            },
        };
        let id = self.push(head, data_type, spot, place);
        if let Some(row) = self.exprs.last_mut() {
            row.call = CallRow::of(expr);
        }
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
                        let _ = writeln!(head.op, "{key}={value}");
                    }
                }
                head
            }
            Expr::BinaryExpr(binary) => Head::new("binary", binary.op.to_string()),
            Expr::Like(like) => Head::new("like", like_text(like)),
            Expr::SimilarTo(like) => Head::new("similar_to", like_text(like)),
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
            Expr::Between(between) => Head::new("between", format!("negated={}", between.negated)),
            Expr::Case(case) => {
                let (base, other) = (case.expr.is_some(), case.else_expr.is_some());
                let whens = case.when_then_expr.len();
                Head::new("case", format!("base={base} when={whens} else={other}"))
            }
            Expr::Cast(cast) => Head::new("cast", cast_text(&cast.field)),
            Expr::TryCast(cast) => Head::new("try_cast", cast_text(&cast.field)),
            Expr::ScalarFunction(call) => {
                let volatility = call.func.signature().volatility;
                Head::builtin("scalar_function", call.func.name().to_string(), volatility)
                    .of_host(scalar::host_identity(&call.func))
            }
            Expr::AggregateFunction(AggregateFunction { func, params }) => {
                let op = format!(
                    "{} args={} distinct={} filter={} order={} ignore_nulls={}",
                    func.name(),
                    params.args.len(),
                    params.distinct,
                    params.filter.is_some(),
                    params.order_by.len(),
                    nulls_ignored(params.null_treatment)
                );
                Head::builtin("aggregate_function", op, func.signature().volatility)
                    .of_host(aggregate::host_identity(func))
            }
            Expr::WindowFunction(window) => window_head(window)?,
            Expr::InList(list) => {
                Head::new("in_list", format!("negated={} n={}", list.negated, list.list.len()))
            }
            Expr::Exists(exists) => Head::new("exists", format!("negated={}", exists.negated)),
            Expr::InSubquery(within) => {
                Head::new("in_subquery", format!("negated={}", within.negated))
            }
            Expr::SetComparison(set) => {
                let quantifier = match set.quantifier {
                    SetQuantifier::Any => "any",
                    SetQuantifier::All => "all",
                };
                Head::new("set_comparison", format!("{} {quantifier}", set.op))
            }
            Expr::ScalarSubquery(_) => Head::new("scalar_subquery", ""),
            Expr::Wildcard { .. } => Head::new("wildcard", expr.to_string()),
            Expr::GroupingSet(set) => Head::new("grouping_set", grouping_text(set).0),
            Expr::Placeholder(placeholder) => Head::new("placeholder", placeholder.id.as_str()),
            Expr::OuterReferenceColumn(_, column) => {
                let depth = self.outer_level(column).map_or(-1, |(depth, ..)| signed(depth));
                Head::new("outer_column", format!("depth={depth}"))
            }
            Expr::Unnest(unnest) => Head::new("unnest", format!("outer={}", unnest.outer)),
            Expr::HigherOrderFunction(call) => {
                let volatility = call.func.signature().volatility;
                Head::builtin("higher_order_function", call.func.name().to_string(), volatility)
            }
            Expr::Lambda(lambda) => Head::new("lambda", format!("params={}", lambda.params.len())),
            Expr::LambdaVariable(variable) => {
                Head::new("lambda_variable", self.lambda_text(&variable.name))
            }
        })
    }

    /// By how many lambdas out, and which parameter there.
    fn lambda_text(&self, name: &str) -> String {
        for (depth, params) in self.lambdas.iter().rev().enumerate() {
            if let Some(index) = params.iter().position(|param| param == name) {
                return format!("depth={depth} index={index}");
            }
        }
        format!("free={name}")
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
            let _ = write!(row.op, " unresolved={}", column.flat_name());
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
            Expr::GroupingSet(set) => return self.kids(id, grouping_text(set).1, spot, place),
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
    let family = match &window.fun {
        WindowFunctionDefinition::AggregateUDF(_) => "aggregate",
        WindowFunctionDefinition::WindowUDF(_) => "window",
    };
    let op = format!(
        "{name} family={family} args={} partition={} filter={} order={} distinct={} \
         ignore_nulls={} frame={}",
        params.args.len(),
        params.partition_by.len(),
        params.filter.is_some(),
        params.order_by.len(),
        params.distinct,
        nulls_ignored(params.null_treatment),
        frame_text(&params.window_frame)?
    );
    let identity = match &window.fun {
        WindowFunctionDefinition::AggregateUDF(f) => aggregate::host_identity(f),
        WindowFunctionDefinition::WindowUDF(_) => None,
    };
    Ok(Head::builtin("window_function", op, volatility).of_host(identity))
}

fn signed(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn find(inputs: &[DFSchemaRef], column: &Column) -> Option<(usize, usize)> {
    let mut all = inputs.iter().enumerate();
    all.find_map(|(i, schema)| schema.maybe_index_of_column(column).map(|field| (i, field)))
}
