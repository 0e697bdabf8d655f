//! What C calls of this folder.

use std::sync::Arc;

use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::guard;
use crate::edge::abi::{wb_err, wb_rule, wb_scalar_fn, wb_sess_options, wb_str};
use crate::edge::abi_agg::wb_aggregate_fn;
use crate::edge::abi_rel::wb_relation_fn;
use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_BRIDGE};
use crate::edge::given::{self, check_size, in_ref, out_ref, pairs};
use crate::function::table::{HostTableFn, volatility_of};
use crate::input::late::LateBound;
use crate::runtime::stream;
use crate::runtime::threads::wb_rt;
use crate::session::sess::{Caches, SessInner, SessSpec, wb_sess};
use crate::sql::size::Limits;

/// Adds a table function (32 bytes of identity, wb_volatility), whose calls wb_plan_sql is
/// told of. DUPLICATE_NAME if there is a function of the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_table_fn(
    sess: *mut wb_sess,
    name: wb_str,
    identity: *const u8,
    volatility: i32,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_table_fn", err, || {
        let mut id = [0_u8; 32];
        // SAFETY: the contract says that the pointers are valid; an identity has 32 bytes.
        let sess = unsafe { given::in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let name = unsafe { name.to_str()? };
        // SAFETY: as above.
        let identity = unsafe { given::slice_of(identity, id.len())? };
        id.copy_from_slice(identity);
        let volatility = volatility_of(volatility)?;
        sess.inner.add_table_fn(name, Arc::new(HostTableFn::new(name, id, volatility)))
    })
}

/// Declares schema.table of the session's catalog with this schema (moved from).
/// DUPLICATE_NAME if declared. May be called after seal. take NULL: takes it out of the catalog; no
/// later plan finds it, those that were made keep it; none of that name is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_input_declare(
    sess: *mut wb_sess,
    schema: wb_str,
    table: wb_str,
    take: *mut FFI_ArrowSchema,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_input_declare", err, || {
        // SAFETY: the caller's promise.
        let sess = unsafe { given::in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let schema = unsafe { schema.to_str()? };
        // SAFETY: as above.
        let table = unsafe { table.to_str()? };
        if take.is_null() {
            return sess.inner.undeclare(schema, table);
        }
        // SAFETY: as above.
        let declared = unsafe { stream::import_schema(take)? };
        sess.inner.declare(schema, table, Arc::new(LateBound::new(schema, table, declared)))
    })
}

/// A session; settings and functions are given before seal, planning before seal is
/// NOT_SEALED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_new(
    rt: *mut wb_rt,
    options: *const wb_sess_options,
    out: *mut *mut wb_sess,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_new", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let rt = unsafe { in_ref(rt)? };
        // SAFETY: as above.
        let options = unsafe { in_ref(options)? };
        check_size::<wb_sess_options>(options.struct_size)?;
        let spec = SessSpec {
            // SAFETY: the options' texts are valid for the call.
            settings: unsafe { pairs(options.settings, options.n_settings)? },
            // SAFETY: as above.
            catalog: unsafe { options.catalog.to_str()? }.to_string(),
            // SAFETY: as above.
            schema: unsafe { options.schema.to_str()? }.to_string(),
            now_us: options.now_us,
            flags: options.flags,
            // SAFETY: as above.
            host_settings: unsafe { pairs(options.host_settings, options.n_host_settings)? },
            caches: Caches {
                footers: options.footer_cache_bytes,
                statistics: options.statistics_cache_bytes,
                lists: options.list_cache_bytes,
            },
        };
        let limits = Limits::from(&options.limits);
        let inner = SessInner::new(Arc::clone(&rt.inner), &spec)?.limited(limits);
        let inner = Arc::new(inner);
        *out = Box::into_raw(Box::new(wb_sess { inner }));
        Ok(())
    })
}

/// Adds a function: everything is copied, `self` is owned by the session from a success on (on
/// failure it stays the caller's, and release is not called). DUPLICATE_NAME if a built-in or
/// an earlier one has the name or an alias.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_scalar(
    sess: *mut wb_sess,
    fn_: *const wb_scalar_fn,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_scalar", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let sess = unsafe { in_ref(sess)? };
        // SAFETY: as above.
        let raw = unsafe { in_ref(fn_)? };
        check_size::<wb_scalar_fn>(raw.struct_size)?;
        sess.inner.add_scalar(raw)
    })
}

/// Adds an aggregate function, which is a window function too: as wb_sess_add_scalar.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_aggregate(
    sess: *mut wb_sess,
    fn_: *const wb_aggregate_fn,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_aggregate", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let sess = unsafe { in_ref(sess)? };
        // SAFETY: as above.
        let raw = unsafe { in_ref(fn_)? };
        check_size::<wb_aggregate_fn>(raw.struct_size)?;
        sess.inner.add_aggregate(raw)
    })
}

/// Adds a relation operator; ownership as for wb_sess_add_scalar. DUPLICATE_NAME if a function
/// has the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_relation(
    sess: *mut wb_sess,
    fn_: *const wb_relation_fn,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_relation", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let sess = unsafe { in_ref(sess)? };
        // SAFETY: as above.
        let raw = unsafe { in_ref(fn_)? };
        check_size::<wb_relation_fn>(raw.struct_size)?;
        sess.inner.add_relation(raw)
    })
}

/// Ends the setting up; planning begins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_seal(sess: *mut wb_sess, err: *mut wb_err) -> i32 {
    // SAFETY: the contract says that the pointer is valid.
    guard::entry("wb_sess_seal", err, || unsafe { in_ref(sess)? }.inner.seal())
}

/// A table about the session (wb_sess_table): sorted, deterministic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_table_read(
    sess: *mut wb_sess,
    which: i32,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_table_read", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let sess = unsafe { in_ref(sess)? };
        let state = sess.inner.snapshot();
        let batch = crate::session::tables::table(&sess.inner, &state, which)?
            .ok_or_else(|| Error::new(E_BUG, ORIGIN_BRIDGE, "no such table of a session"))?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// Frees a session; what was made with it keeps its own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_free(sess: *mut wb_sess) {
    if !sess.is_null() {
        // SAFETY: the handle came from Box::into_raw, and this is its last use.
        guard::quiet("wb_sess_free", || drop(unsafe { Box::from_raw(sess) }));
    }
}

/// Carries out the CREATE FUNCTION and DROP FUNCTION statements of a text, in their order: all
/// or none. A call of such a function is replaced by its body before planning. Errors have the
/// place in the text. DUPLICATE_NAME, UNKNOWN_FUNCTION, MACRO, SQL_SYNTAX; NOT_SEALED after
/// sealing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_macros(
    sess: *mut wb_sess,
    text: wb_str,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_macros", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let sess = unsafe { in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let text = unsafe { text.to_str()? };
        sess.inner.add_macros(text)
    })
}

/// Adds a rule behind those that are there. UNKNOWN_FUNCTION: the session does not have the
/// function that it leads to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_rule(
    sess: *mut wb_sess,
    rule: *const wb_rule,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_rule", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let sess = unsafe { in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let rule = unsafe { in_ref(rule)? };
        sess.inner.add_rule(rule)
    })
}
