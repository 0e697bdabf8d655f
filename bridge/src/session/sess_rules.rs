//! Rules of the host, read: what each needs must be in the session.

use std::sync::Arc;

use crate::edge::abi::{wb_rule, wb_rule_flags, wb_rule_kind};
use crate::edge::codes::{E_BAD_VALUE, E_DUPLICATE_NAME, E_UNKNOWN_FUNCTION};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::function::bounds::{Bound, bounded};
use crate::session::rules::{Class, Operator, Replacement, Rules};
use crate::session::sess::{SessInner, taken};

const SWAPPED: u32 = wb_rule_flags::WB_RULE_SWAPPED as u32;
const AS_TEXT: u32 = wb_rule_flags::WB_RULE_AS_TEXT as u32;
const STRIP_CAST: u32 = wb_rule_flags::WB_RULE_STRIP_CAST as u32;

fn unknown(name: &str) -> Error {
    Error::new(E_UNKNOWN_FUNCTION, ORIGIN_BRIDGE, format!("there is no function {name}"))
}

impl SessInner {
    pub(crate) fn add_rule(&self, rule: &wb_rule) -> Result<()> {
        const OPERATOR: i32 = wb_rule_kind::WB_RULE_OPERATOR as i32;
        const REPLACE: i32 = wb_rule_kind::WB_RULE_REPLACE as i32;
        const ALIAS: i32 = wb_rule_kind::WB_RULE_ALIAS as i32;
        const BOUND: i32 = wb_rule_kind::WB_RULE_BOUND as i32;
        self.open()?;
        // SAFETY: the caller of wb_sess_add_rule gave valid texts.
        let name = unsafe { rule.name.to_str()?.to_string() };
        // SAFETY: as above.
        let function = unsafe { rule.function.to_str()? };
        let bad = |what: &str| {
            Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("the rule for {name}: {what}"))
        };
        let class = Class::of(rule.type_class).ok_or_else(|| bad("an unknown class of types"))?;
        if rule.flags & !(SWAPPED | AS_TEXT | STRIP_CAST) != 0 {
            return Err(bad("an unknown flag"));
        }
        let has = |flag: u32| rule.flags & flag != 0;
        let state = self.snapshot();
        let mut rules = Rules::clone(&self.rules());
        match rule.kind {
            OPERATOR => rules.operators.push(Operator {
                left: class,
                function: state
                    .scalar_functions()
                    .get(function)
                    .cloned()
                    .ok_or_else(|| unknown(function))?,
                swapped: has(SWAPPED),
                as_text: has(AS_TEXT),
                version: rule.version,
                name,
            }),
            REPLACE => rules.replacements.push(Replacement {
                from: name,
                argument: class,
                to: state
                    .aggregate_functions()
                    .get(function)
                    .cloned()
                    .ok_or_else(|| unknown(function))?,
                strip_cast: has(STRIP_CAST),
                version: rule.version,
            }),
            ALIAS if taken(&state, &name) => {
                let message = format!("there is a function {name} already");
                return Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message));
            }
            ALIAS => {
                if !self.register_name(&name, function)? {
                    return Err(unknown(function));
                }
                rules.aliases.insert(name, function.to_string());
            }
            BOUND => {
                let bound = Bound::new(rule.bytes, rule.item, rule.times, rule.limit);
                let bound = bound.ok_or_else(|| bad("an unknown count of bytes"))?;
                let there = state.scalar_functions().get(&name).cloned();
                self.replace_scalar(bounded(there.ok_or_else(|| unknown(&name))?.as_ref(), bound))?;
            }
            _ => return Err(bad("an unknown kind")),
        }
        *self.rules.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(rules);
        Ok(())
    }
}
