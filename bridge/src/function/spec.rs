//! Descriptions of functions of the host: names, parameters, and what types they take.

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::sync::Mutex;

use arrow::compute::can_cast_types;
use arrow::datatypes::DataType;
use datafusion::common::types::{
    NativeType, logical_boolean, logical_float64, logical_int32, logical_int64, logical_null,
    logical_string,
};
use datafusion::logical_expr::{Coercion, DocSection, Documentation, Signature, TypeSignature, TypeSignatureClass, Volatility};

use crate::edge::abi::{wb_doc, wb_fn_flags, wb_param, wb_scalar_fn, wb_str, wb_type_class, wb_volatility};
use crate::edge::codes::{E_BAD_VALUE, E_BUG, E_PLUGIN};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::edge::given::{slice_of, strings};



const SHORT_CIRCUITS: u32 = wb_fn_flags::WB_FN_SHORT_CIRCUITS as u32;
const FOREIGN: u32 = wb_fn_flags::WB_FN_FOREIGN as u32;

/// `wb_type_class`, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Any,
    AnyFlat,
    Text,
    Int64,
    Int32,
    Bool,
    Float64,
    Struct,
    List,
    Map,
    Item,
}

/// A declared parameter.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub type_text: String,
    pub doc: String,
    pub class: Class,
    pub optional: bool,
    pub variadic: bool,
    pub literal: bool,
}

/// A function's description, copied.
#[derive(Clone, Debug)]
pub struct Spec {
    pub name: String,
    pub aliases: Vec<String>,
    pub identity: [u8; 32],
    pub volatility: Volatility,
    /// Code that the host did not write: `WB_FN_FOREIGN`.
    pub foreign: bool,
    pub params: Vec<Param>,
    /// Whether arguments may stay unevaluated.
    pub short_circuits: bool,
    section: String,
    description: String,
    syntax: String,
    example: String,
}

pub(crate) type Release = unsafe extern "C" fn(*mut c_void);

fn bad(what: impl Into<String>) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what)
}

fn class(number: i32) -> Result<Class> {
    use wb_type_class as C;
    let classes = [
        (C::WB_T_ANY as i32, Class::Any),
        (C::WB_T_TEXT as i32, Class::Text),
        (C::WB_T_INT64 as i32, Class::Int64),
        (C::WB_T_INT32 as i32, Class::Int32),
        (C::WB_T_BOOL as i32, Class::Bool),
        (C::WB_T_FLOAT64 as i32, Class::Float64),
        (C::WB_T_STRUCT as i32, Class::Struct),
        (C::WB_T_LIST as i32, Class::List),
        (C::WB_T_MAP as i32, Class::Map),
        (C::WB_T_ANY_FLAT as i32, Class::AnyFlat),
        (C::WB_T_ITEM as i32, Class::Item),
    ];
    let found = classes.iter().find(|(n, _)| *n == number);
    found.map(|(_, class)| *class).ok_or_else(|| bad(format!("no type class {number}")))
}

unsafe fn param(raw: &wb_param) -> Result<Param> {
    Ok(Param {
        // SAFETY: the caller's promise.
        name: unsafe { raw.name.to_str()? }.to_string(),
        // SAFETY: as above.
        type_text: unsafe { raw.type_text.to_str()? }.to_string(),
        // SAFETY: as above.
        doc: unsafe { raw.doc.to_str()? }.to_string(),
        class: class(raw.type_class)?,
        optional: raw.optional != 0,
        variadic: raw.variadic != 0,
        literal: raw.literal != 0,
    })
}

fn check_params(name: &str, params: &[Param]) -> Result<()> {
    let mut names = BTreeSet::new();
    let mut optional = false;
    for (ord, param) in params.iter().enumerate() {
        let who = format!("parameter {} of {name}", param.name);
        if param.name.is_empty() || !names.insert(&param.name) {
            return Err(bad(format!("{who}: the name is empty or there twice")));
        }
        if optional && !param.optional {
            return Err(bad(format!("{who}: required after an optional one")));
        }
        optional |= param.optional;
        if param.variadic && (ord + 1 != params.len() || param.optional) {
            return Err(bad(format!("{who}: only a last, required one can be variadic")));
        }
    }
    if optional && params.last().is_some_and(|last| last.variadic) {
        return Err(bad(format!("{name}: optional and variadic parameters do not mix")));
    }
    Ok(())
}

/// What descriptions of all kinds have.
pub struct Head<'a> {
    pub name: &'a wb_str,
    pub aliases: *const wb_str,
    pub n_aliases: usize,
    pub identity: [u8; 32],
    pub volatility: i32,
    pub params: *const wb_param,
    pub n_params: usize,
    pub doc: &'a wb_doc,
    /// wb_fn_flags of a scalar function
    pub flags: u32,
}

impl<'a> From<&'a wb_scalar_fn> for Head<'a> {
    fn from(raw: &'a wb_scalar_fn) -> Self {
        Self {
            name: &raw.name,
            aliases: raw.aliases,
            n_aliases: raw.n_aliases,
            identity: raw.identity,
            volatility: raw.volatility,
            params: raw.params,
            n_params: raw.n_params,
            doc: &raw.doc,
            flags: raw.flags,
        }
    }
}

/// Copies a description.
///
/// # Safety
/// Every pointer of the description must be valid, as the contract says.
pub unsafe fn read(raw: &Head<'_>) -> Result<Spec> {
    // SAFETY: the caller's promise.
    let name = unsafe { raw.name.to_str()? }.to_string();
    if name.is_empty() {
        return Err(bad("a function without a name"));
    }
    let volatility = match raw.volatility {
        v if v == wb_volatility::WB_IMMUTABLE as i32 => Volatility::Immutable,
        v if v == wb_volatility::WB_STABLE as i32 => Volatility::Stable,
        v if v == wb_volatility::WB_VOLATILE as i32 => Volatility::Volatile,
        other => return Err(bad(format!("function {name}: no volatility {other}"))),
    };
    // SAFETY: as above.
    let params = unsafe { slice_of(raw.params, raw.n_params)? };
    // SAFETY: as above.
    let params = params.iter().map(|p| unsafe { param(p) }).collect::<Result<Vec<_>>>()?;
    check_params(&name, &params)?;
    if raw.flags & !(SHORT_CIRCUITS | FOREIGN) != 0 {
        return Err(bad(format!("function {name}: a flag that this bridge does not know")));
    }
    let spec = Spec {
        // SAFETY: as above.
        aliases: unsafe { strings(raw.aliases, raw.n_aliases)? },
        identity: raw.identity,
        volatility,
        foreign: raw.flags & FOREIGN != 0,
        params,
        short_circuits: raw.flags & SHORT_CIRCUITS != 0,
        // SAFETY: as above.
        section: unsafe { raw.doc.section.to_str()? }.to_string(),
        // SAFETY: as above.
        description: unsafe { raw.doc.description.to_str()? }.to_string(),
        // SAFETY: as above.
        syntax: unsafe { raw.doc.syntax.to_str()? }.to_string(),
        // SAFETY: as above.
        example: unsafe { raw.doc.example.to_str()? }.to_string(),
        name,
    };
    let mut names = BTreeSet::from([&spec.name]);
    if let Some(twice) = spec.aliases.iter().find(|a| a.is_empty() || !names.insert(a)) {
        let name = &spec.name;
        return Err(bad(format!("function {name}: alias \"{twice}\" is empty or there twice")));
    }
    Ok(spec)
}

/// What the type system of the engine can say about a class; None: nothing.
fn coercion(class: Class) -> Coercion {
    use TypeSignatureClass as T;
    let implicit = |to, from, native| Coercion::new_implicit(T::Native(to), from, native);
    match class {
        Class::Text => Coercion::new_exact(T::Native(logical_string())),
        Class::Int64 => implicit(logical_int64(), vec![T::Integer], NativeType::Int64),
        Class::Int32 => implicit(logical_int32(), vec![T::Integer], NativeType::Int32),
        Class::Float64 => implicit(logical_float64(), vec![T::Numeric], NativeType::Float64),
        Class::Bool => Coercion::new_exact(T::Native(logical_boolean())),
        // Where this alternative fits, the engine takes arguments as they are and never asks
        // `coerce_types`; so it must not fit where that has something to change. Text stands for
        // any type: a wider alternative would have no types to show.
        Class::Any | Class::AnyFlat => Coercion::new_exact(T::Native(logical_string())),
        Class::Item => Coercion::new_exact(T::Native(logical_null())),
        _ => Coercion::new_exact(T::Any),
    }
}

/// One alternative that decides (UserDefined: `coerce_types`), and one for each count of
/// arguments, from which information_schema makes its parameters.
pub(crate) fn signature(spec: &Spec) -> Signature {
    let params = &spec.params;
    let required = params.iter().filter(|p| !p.optional).count();
    let mut options = vec![TypeSignature::UserDefined];
    for count in required..=params.len() {
        let shown = params.iter().take(count);
        options.push(if count == 0 {
            TypeSignature::Nullary
        } else {
            TypeSignature::Coercible(shown.map(|p| coercion(p.class)).collect())
        });
    }
    let names = params.iter().map(|p| p.name.clone()).collect();
    Signature {
        type_signature: TypeSignature::OneOf(options),
        volatility: spec.volatility,
        // A last, variadic one cannot be named: it has no one place.
        parameter_names: (!params.iter().any(|p| p.variadic)).then_some(names),
    }
}

/// The engine wants text that lives for ever; each distinct one is kept once.
fn forever(text: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(there) = kept.get(text) {
        return there;
    }
    let text: &'static str = Box::leak(text.to_string().into_boxed_str());
    kept.insert(text);
    text
}

pub(crate) fn documentation(spec: &Spec) -> Documentation {
    let section = DocSection {
        include: !spec.section.is_empty(),
        label: forever(&spec.section),
        description: None,
    };
    let mut builder =
        Documentation::builder(section, spec.description.as_str(), spec.syntax.as_str());
    if !spec.example.is_empty() {
        builder = builder.with_sql_example(spec.example.as_str());
    }
    for param in &spec.params {
        let text = match (param.type_text.as_str(), param.doc.as_str()) {
            ("", doc) => doc.to_string(),
            (type_text, "") => type_text.to_string(),
            (type_text, doc) => format!("{type_text}: {doc}"),
        };
        builder = builder.with_argument(param.name.as_str(), text);
    }
    builder.build()
}

impl Spec {
    /// The code of an error that is the function's own fault.
    pub fn fault(&self) -> i32 {
        if self.foreign { E_PLUGIN } else { E_BUG }
    }

    /// The parameter that argument `ord` is for.
    pub fn param(&self, ord: usize) -> Option<&Param> {
        self.params.get(ord).or_else(|| self.params.last().filter(|last| last.variadic))
    }

    /// Whether a call may have so many arguments.
    pub fn takes(&self, count: usize) -> bool {
        let required = self.params.iter().filter(|p| !p.optional).count();
        let variadic = self.params.last().is_some_and(|p| p.variadic);
        count >= required && (variadic || count <= self.params.len())
    }

    /// What the engine is to cast arguments of these types to. What does not fit is let
    /// through: it is refused when the result's field is asked for, in better words.
    pub fn coerce(&self, arg_types: &[DataType]) -> Vec<DataType> {
        let item = arg_types.first().and_then(item_type);
        let coerced = arg_types.iter().enumerate().map(|(ord, data_type)| {
            let param = self.param(ord);
            param.map_or_else(|| data_type.clone(), |param| param.coerced(data_type, item))
        });
        coerced.collect()
    }
}

fn decoded(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, value) => decoded(value),
        other => other,
    }
}

/// What the items of a list, or the values of a map, of this type are.
pub fn item_type(data_type: &DataType) -> Option<&DataType> {
    match decoded(data_type) {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => Some(item.data_type()),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => fields.get(1).map(|value| value.data_type()),
            _ => None,
        },
        _ => None,
    }
}

impl Param {
    /// What the engine is to cast an argument to before the call; the type itself if it is fine
    /// as it is, or if it cannot be helped (`accepts` says so later). `item` is the item type of
    /// the first argument.
    fn coerced(&self, data_type: &DataType, item: Option<&DataType>) -> DataType {
        let flat = decoded(data_type);
        if self.literal {
            // Cast by the bridge: a cast in the plan would hide the literal.
            return flat.clone();
        }
        if self.class == Class::Item {
            let to = item.filter(|to| can_cast_types(flat, to));
            return to.unwrap_or(flat).clone();
        }
        if flat == &DataType::Null {
            return if self.optional { DataType::Null } else { self.null_type() };
        }
        let to = match self.class {
            Class::Any => return data_type.clone(),
            Class::Int64 if flat.is_integer() => DataType::Int64,
            Class::Int32 if flat.is_integer() => DataType::Int32,
            Class::Float64 if flat.is_numeric() => DataType::Float64,
            _ => return flat.clone(),
        };
        if &to == flat { flat.clone() } else { to }
    }

    /// The type in which a NULL without a type arrives.
    fn null_type(&self) -> DataType {
        match self.class {
            Class::Text => DataType::Utf8,
            Class::Int64 => DataType::Int64,
            Class::Int32 => DataType::Int32,
            Class::Bool => DataType::Boolean,
            Class::Float64 => DataType::Float64,
            _ => DataType::Null,
        }
    }

    /// The type in which a literal reaches the host.
    pub fn literal_type(&self, data_type: &DataType) -> DataType {
        match (self.class, data_type) {
            (_, DataType::Null) if self.optional => DataType::Null,
            (_, DataType::Null) => self.null_type(),
            (Class::Int64, t) if t.is_integer() => DataType::Int64,
            (Class::Int32, t) if t.is_integer() => DataType::Int32,
            (Class::Float64, t) if t.is_numeric() => DataType::Float64,
            (_, t) => t.clone(),
        }
    }

    /// Whether the host can be given this type.
    pub fn accepts(&self, data_type: &DataType) -> bool {
        if data_type == &DataType::Null {
            return self.optional || self.null_type() == DataType::Null;
        }
        match self.class {
            // The host knows the first argument, too, and compares.
            Class::Any | Class::Item => true,
            Class::AnyFlat => !matches!(data_type, DataType::Dictionary(..)),
            Class::Text => data_type.is_string(),
            Class::Int64 => data_type == &DataType::Int64,
            Class::Int32 => data_type == &DataType::Int32,
            Class::Bool => data_type == &DataType::Boolean,
            Class::Float64 => data_type == &DataType::Float64,
            Class::Struct => matches!(data_type, DataType::Struct(_)),
            Class::List => data_type.is_list(),
            Class::Map => matches!(data_type, DataType::Map(..)),
        }
    }

    /// For messages.
    pub fn wants(&self) -> &'static str {
        match self.class {
            Class::Any => "any type",
            Class::AnyFlat => "any type without a dictionary",
            Class::Text => "text",
            Class::Int64 | Class::Int32 => "an integer",
            Class::Bool => "a boolean",
            Class::Float64 => "a number",
            Class::Struct => "a struct",
            Class::List => "a list",
            Class::Map => "a map",
            Class::Item => "of the type of the items",
        }
    }
}
