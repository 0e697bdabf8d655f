//! Aggregate functions of the host: their description and types, and what a plan may ask of
//! them. Accumulators are in `udaf_acc`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{AggregateFunction, NullTreatment, WindowFunction};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Expr, GroupsAccumulator,
    LogicalPlan, Signature, WindowFrame, WindowFunctionDefinition,
};

use crate::edge::guard;
use crate::edge::abi_agg::{wb_agg_flags, wb_aggregate_fn};
use crate::edge::codes::{E_BAD_VALUE, E_BUG};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::function::accumulator::{Acc, GroupsAcc};
use crate::function::aggregate_call::{Call, HostAgg, Ops};
use crate::function::call::{place, plan_error};
use crate::function::spec::{Head, Release, Spec};

impl<'a> From<&'a wb_aggregate_fn> for Head<'a> {
    fn from(raw: &'a wb_aggregate_fn) -> Self {
        Self {
            name: &raw.name,
            aliases: raw.aliases,
            n_aliases: raw.n_aliases,
            identity: raw.identity,
            volatility: raw.volatility,
            params: raw.params,
            n_params: raw.n_params,
            doc: &raw.doc,
            flags: 0,
        }
    }
}

fn ops(name: &str, raw: &wb_aggregate_fn) -> Result<Ops> {
    let lacks = |what: &str| {
        let message = format!("aggregate {name} lacks the callback {what}");
        Error::new(E_BUG, ORIGIN_BRIDGE, message)
    };
    Ok(Ops {
        return_field: raw.return_field.ok_or_else(|| lacks("return_field"))?,
        state_schema: raw.state_schema.ok_or_else(|| lacks("state_schema"))?,
        empty: raw.empty,
        open: raw.open.ok_or_else(|| lacks("open"))?,
        update: raw.update.ok_or_else(|| lacks("update"))?,
        retract: raw.retract,
        merge: raw.merge.ok_or_else(|| lacks("merge"))?,
        evaluate: raw.evaluate.ok_or_else(|| lacks("evaluate"))?,
        state: raw.state.ok_or_else(|| lacks("state"))?,
        convert: raw.convert,
        size: raw.size.ok_or_else(|| lacks("size"))?,
        close: raw.close.ok_or_else(|| lacks("close"))?,
    })
}

const STAR: u32 = wb_agg_flags::WB_AGG_STAR as u32;
const DISTINCT: u32 = wb_agg_flags::WB_AGG_DISTINCT as u32;
const NULL_TREATMENT: u32 = wb_agg_flags::WB_AGG_NULL_TREATMENT as u32;

/// The engine's function object; the host's object is the caller's until `own`.
pub fn aggregate_udf(
    spec: Spec,
    raw: &wb_aggregate_fn,
    validate_full: bool,
) -> Result<AggregateUDF> {
    let ops = ops(&spec.name, raw)?;
    if raw.flags & !(STAR | DISTINCT | NULL_TREATMENT) != 0 || spec.params.is_empty() {
        let message = format!("aggregate {}: an unknown flag, or no parameter", spec.name);
        return Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message));
    }
    let signature = crate::function::spec::signature(&spec);
    let documentation = crate::function::spec::documentation(&spec);
    let agg = Arc::new(HostAgg {
        spec: Arc::new(spec),
        flags: raw.flags,
        object: raw.self_,
        ops,
        release: OnceLock::new(),
        validate_full,
    });
    Ok(AggregateUDF::new_from_impl(HostUdaf { agg, signature, documentation }))
}

/// An aggregate of the host, as the engine sees it.
struct HostUdaf {
    agg: Arc<HostAgg>,
    signature: Signature,
    documentation: Documentation,
}

fn host_agg(udaf: &AggregateUDF) -> Option<&Arc<HostAgg>> {
    let any: &dyn AggregateUDFImpl = udaf.inner().as_ref();
    any.downcast_ref::<HostUdaf>().map(|host| &host.agg)
}

/// The description of an aggregate of the host; None for the engine's own.
pub fn host_spec(udaf: &AggregateUDF) -> Option<Arc<Spec>> {
    host_agg(udaf).map(|agg| Arc::clone(&agg.spec))
}

/// The session owns the host's object from here on.
pub fn own(udaf: &AggregateUDF, release: Option<Release>) {
    if let Some(agg) = host_agg(udaf) {
        agg.own(release);
    }
}

/// Whether `f(*)` of this function stands for all columns.
pub fn takes_star(udaf: &AggregateUDF) -> bool {
    host_agg(udaf).is_some_and(|agg| agg.has(STAR))
}

/// The identity of an aggregate of the host; None for the engine's own.
pub fn host_identity(udaf: &AggregateUDF) -> Option<[u8; 32]> {
    host_agg(udaf).map(|agg| agg.spec.identity)
}

impl fmt::Debug for HostUdaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostUdaf").field("name", &self.agg.spec.name).finish_non_exhaustive()
    }
}

// As for scalar functions: the identity says what is done.
impl PartialEq for HostUdaf {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.agg.spec, &other.agg.spec);
        a.identity == b.identity && a.name == b.name
    }
}

impl Eq for HostUdaf {}

impl Hash for HostUdaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.agg.spec.identity.hash(state);
        self.agg.spec.name.hash(state);
    }
}

impl AggregateUDFImpl for HostUdaf {
    fn name(&self) -> &str {
        &self.agg.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.agg.spec.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        let message = format!("{}: the type depends on more than the types", self.agg.spec.name);
        Err(Error::new(E_BUG, ORIGIN_BRIDGE, message).into_df())
    }

    fn return_field(&self, fields: &[FieldRef]) -> DfResult<FieldRef> {
        guard::catch("udaf.return_field", || self.agg.return_field(fields)).map_err(Error::into_df)
    }

    fn is_nullable(&self) -> bool {
        self.agg.ops.empty.is_none()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(self.agg.spec.coerce(arg_types))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> DfResult<Vec<FieldRef>> {
        let fields = guard::catch("udaf.state_fields", || {
            let given = self.agg.given_fields(args.input_fields)?;
            self.agg.state_fields(&Call::of_types(&given, args.is_distinct)?)
        });
        let fields = fields.map_err(Error::into_df)?;
        let named = |field: &FieldRef| {
            let name = format_state_name(args.name, field.name());
            Arc::new(field.as_ref().clone().with_name(name))
        };
        Ok(fields.iter().map(named).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> DfResult<Box<dyn Accumulator>> {
        let acc = guard::catch("udaf.open", || Acc::open(&self.agg, &args, false));
        Ok(Box::new(acc.map_err(Error::into_df)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> DfResult<Box<dyn Accumulator>> {
        let acc = guard::catch("udaf.open", || Acc::open(&self.agg, &args, true));
        Ok(Box::new(acc.map_err(Error::into_df)?))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> DfResult<Box<dyn GroupsAccumulator>> {
        let acc = guard::catch("udaf.open", || Acc::open(&self.agg, &args, false));
        Ok(Box::new(GroupsAcc::new(acc.map_err(Error::into_df)?)))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn default_value(&self, data_type: &DataType) -> DfResult<ScalarValue> {
        guard::catch("udaf.empty", || self.agg.empty(data_type)).map_err(Error::into_df)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.agg.has(NULL_TREATMENT)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// A use of a host's aggregate in a plan.
struct Use<'a> {
    agg: &'a HostAgg,
    args: &'a [Expr],
    distinct: bool,
    nulls: Option<NullTreatment>,
    frame: Option<&'a WindowFrame>,
}

fn used(expr: &Expr) -> Option<Use<'_>> {
    match expr {
        Expr::AggregateFunction(AggregateFunction { func, params }) => Some(Use {
            agg: host_agg(func)?,
            args: &params.args,
            distinct: params.distinct,
            nulls: params.null_treatment,
            frame: None,
        }),
        Expr::WindowFunction(window) => {
            let WindowFunction { fun: WindowFunctionDefinition::AggregateUDF(func), params } =
                window.as_ref()
            else {
                return None;
            };
            Some(Use {
                agg: host_agg(func)?,
                args: &params.args,
                distinct: params.distinct,
                nulls: params.null_treatment,
                frame: Some(&params.window_frame),
            })
        }
        _ => None,
    }
}

fn each_use(plan: &LogicalPlan, check: impl Fn(&Use<'_>) -> Result<()>) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|root| {
            root.apply(|expr| {
                if let Some(call) = used(expr) {
                    check(&call).map_err(Error::into_df)?;
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

/// Refuses clauses that an aggregate of the host does not understand. Before the optimiser, which
/// rewrites some of them away.
pub fn check_calls(plan: &LogicalPlan) -> Result<()> {
    each_use(plan, |call| {
        let name = &call.agg.spec.name;
        if call.distinct && !call.agg.has(DISTINCT) {
            return Err(plan_error(format!("{name} does not take DISTINCT")));
        }
        if call.nulls.is_some() && !call.agg.has(NULL_TREATMENT) {
            return Err(plan_error(format!("{name} does not take IGNORE NULLS or RESPECT NULLS")));
        }
        let moves = call.frame.is_some_and(|frame| !frame.is_ever_expanding());
        if moves && call.agg.ops.retract.is_none() {
            let message = format!(
                "{name} cannot be used over a moving frame: let the frame begin with UNBOUNDED \
                 PRECEDING"
            );
            return Err(plan_error(message));
        }
        Ok(())
    })
}

/// Refuses arguments that must be literals and are none. After the optimiser, which folds
/// constants.
pub fn check_literals(plan: &LogicalPlan) -> Result<()> {
    each_use(plan, |call| {
        let spec = &call.agg.spec;
        for (ord, arg) in call.args.iter().enumerate() {
            let wanted = spec.param(ord).is_some_and(|param| param.literal);
            if wanted && !matches!(arg, Expr::Literal(..)) {
                return Err(plan_error(format!("{} must be a literal", place(spec, ord))));
            }
        }
        Ok(())
    })
}
