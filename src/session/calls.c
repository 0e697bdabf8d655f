/* Calls of table functions as inputs: columns, rows, identity, pins. */
#include "session/calls.h"

#include <stdio.h>
#include <string.h>

#include "session/private.h"

#define WI_ORIGIN "session"

wi_call_kind wi_call_kind_of(const wi_fn *fn) {
  static const struct {
    const char *name;
    wi_call_kind kind;
  } kinds[] = {{"read_delta", WI_CALL_ROWS},
               {"delta_snapshot", WI_CALL_SNAPSHOT},
               {"delta_add_actions", WI_CALL_FILES},
               {"udf_registry", WI_CALL_REGISTRY},
               {"udf_docs", WI_CALL_DOCS}};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (fn->kind == WI_FN_TABLE && strcmp(fn->name, kinds[i].name) == 0) {
      return kinds[i].kind;
    }
  }
  return WI_CALL_NONE;
}

void wi_call_name(const wi_fn *fn, const char *uri, int64_t version, wi_buf *out) {
  wi_buf_clear(out);
  wi_buf_fmt(out, "%s(", fn->name);
  if (uri != NULL) {
    wi_buf_fmt(out, "'%s'", uri);
  }
  if (uri != NULL && version >= 0) {
    wi_buf_fmt(out, ", %lld", (long long)version);
  }
  wi_buf_str(out, ")");
}

void wi_call_tag(wi_call_kind kind, const wi_fn *fn, char out[64]) {
  out[0] = '\0';
  if (kind != WI_CALL_ROWS) {
    snprintf(out, 64, "%s/%u", fn->name, (unsigned)fn->version);
  }
}

void wi_call_identity(const wi_session *s, wi_call_kind kind, const wi_fn *fn,
                      const wi_pin *pin, const char *table, char out[WI_DIGEST_HEX]) {
  wi_digest d;
  if (kind == WI_CALL_ROWS) {
    snprintf(out, WI_DIGEST_HEX, "%s", table);
    return;
  }
  wi_digest_begin(&d, "weir.call");
  wi_digest_text(&d, fn->name);
  wi_digest_u64(&d, fn->version);
  if (wi_call_opens(kind)) { /* these rows tell the place and the time as well */
    wi_digest_text(&d, table);
    wi_digest_text(&d, pin->uri);
    wi_digest_u64(&d, (uint64_t)pin->timestamp_us);
  } else {
    wi_digest_text(&d, s->functions_digest);
  }
  wi_digest_end_hex(&d, out);
}

weir_status wi_call_columns(wi_call_kind kind, const wi_pin *pin, struct ArrowSchema *out,
                            weir_error *err) {
  switch (kind) {
    case WI_CALL_ROWS:
      return wi_meta_arrow(pin->meta, out, err);
    case WI_CALL_SNAPSHOT:
      return wi_snapshot_columns(out, err);
    case WI_CALL_FILES:
      return wi_add_actions_columns(out, err);
    case WI_CALL_REGISTRY:
      return wi_registry_columns(out, err);
    case WI_CALL_DOCS:
      return wi_docs_columns(out, err);
    case WI_CALL_NONE:
    default:
      return WI_ERR(err, WEIR_E_BUG, "a table function without columns");
  }
}

static weir_status rows_of(wi_session *s, wi_call_kind kind, const wi_pin *pin,
                           const wi_snap *snap, struct ArrowArrayStream *out,
                           weir_error *err) {
  switch (kind) {
    case WI_CALL_SNAPSHOT:
      return wi_snapshot_rows(pin, out, err);
    case WI_CALL_FILES:
      return wi_add_actions_rows(pin, snap, out, err);
    case WI_CALL_REGISTRY:
      return wi_registry_rows(s, out, err);
    case WI_CALL_DOCS:
      return wi_docs_rows(s, out, err);
    case WI_CALL_ROWS:
    case WI_CALL_NONE:
    default:
      return WI_ERR(err, WEIR_E_BUG, "a table function without rows");
  }
}

weir_status wi_call_bind(wi_session *s, wi_call_kind kind, const wi_pin *pin,
                         const wi_snap *snap, wb_bind *bind, const char *name,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowArrayStream rows = {0};
  if (kind == WI_CALL_ROWS) {
    return wi_snap_bind(snap, bind, WI_SCHEMA_CALLS, name, err);
  }
  WI_CHECK(rows_of(s, kind, pin, snap, &rows, err));
  WI_CHECK(wi_br_bind_memory(s->engine, bind, WI_SCHEMA_CALLS, name, &rows, err));
done:
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  return status;
}

/* ---- for statements of a session ---- */

static weir_status new_input(wi_session *s, const wi_call *call, wi_input **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  wi_input *input = NULL;
  bool opens = wi_call_opens(call->kind);
  WI_TRY(wi_session_input_new(WI_SCHEMA_CALLS, "",
                              opens ? WI_INPUT_DELTA : WI_INPUT_MEMORY, &input, err));
  input->of_call = true;
  if (opens) {
    WI_CHECK(wi_uri_canonical(wi_call_place(call), s->base, &uri, err));
    WI_CHECK(wi_session_store(s, wi_buf_text(&uri), &input->store, err));
    WI_CHECK(wi_pin_resolve(s->engine, input->store, call->version, &input->pin, err));
  }
  *out = input;
  input = NULL;
done:
  wi_input_free(input);
  wi_buf_release(&uri);
  return status;
}

/* By what was pinned. With the commit where the session has another table that was at the
 * same place before. */
static weir_status name_input(const wi_call *call, bool with_commit, wi_input *input,
                              weir_error *err) {
  wi_buf name = WI_BUF_INIT;
  const wi_pin *pin = &input->pin;
  wi_call_name(call->fn, pin->uri, pin->version, &name);
  if (with_commit) {
    wi_buf_fmt(&name, " %.16s", pin->commit_digest);
  }
  weir_status status = wi_buf_check(&name, err, WI_ORIGIN);
  if (status == WEIR_OK) {
    wi_free(input->name);
    input->name = wi_buf_take(&name);
    status = input->name != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
  }
  wi_buf_release(&name);
  return status;
}

static weir_status open_input(const wi_session *s, const wi_call *call, wi_input *input,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema columns = {0};
  if (wi_call_opens(call->kind)) {
    WI_CHECK(wi_pin_complete(s->engine, input->store, &input->pin, &input->snap, err));
  }
  WI_CHECK(wi_call_columns(call->kind, &input->pin, &columns, err));
  WI_CHECK(wi_schema_digest(&columns, input->schema_digest, err));
done:
  if (columns.release != NULL) {
    columns.release(&columns);
  }
  return status;
}

static bool same_commit(const wi_input *a, const wi_input *b) {
  return strcmp(a->pin.commit_digest, b->pin.commit_digest) == 0;
}

/* What the call stands for: an input that some statement has open, or a new one. */
static weir_status find_input(wi_session *s, const wi_call *call, wi_input **out,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_input *input = NULL;
  WI_CHECK(new_input(s, call, &input, err));
  for (int with_commit = 0; with_commit < 2; with_commit++) {
    WI_CHECK(name_input(call, with_commit == 1, input, err));
    wi_input_unref(s, out);
    *out = wi_session_input(s, WI_SCHEMA_CALLS, input->name);
    if (*out == NULL || same_commit(*out, input)) {
      break;
    }
  }
  if (*out == NULL) {
    WI_CHECK(open_input(s, call, input, err));
    /* Another thread may have been faster: then it is that one. */
    WI_CHECK(wi_session_input_keep(s, &input, out, err));
  }
  if (input != NULL && !same_commit(*out, input)) {
    status = WI_ERR(err, WEIR_E_CONFLICT, "the table was replaced while it was read");
  }
done:
  wi_input_free(input);
  return status;
}

weir_status wi_session_call(wi_session *s, const wi_call *call, wi_input **share,
                            wi_br_call *out, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema *columns = NULL;
  wi_input *input = NULL;
  char tag[64];
  memset(out, 0, sizeof(*out));
  *share = NULL;
  WI_CHECK(find_input(s, call, share, err));
  input = *share;
  columns = wi_alloc(sizeof(*columns));
  if (columns == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_call_columns(call->kind, &input->pin, columns, err));
  wi_call_tag(call->kind, call->fn, tag);
  out->function = call->fn->name;
  out->args = call->args;
  out->n_args = call->n_args;
  out->schema = input->schema;
  out->table = input->name;
  out->tag = wi_strdup(tag);
  out->columns = columns;
  columns = NULL;
  status = out->tag != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
done:
  wi_free(columns);
  if (status != WEIR_OK) {
    wi_err_context(err, "%s", call->fn->name);
    wi_err_where(err, NULL, call->line, call->column);
    wi_session_call_release(out);
    wi_input_unref(s, share);
  }
  return status;
}

void wi_session_call_release(wi_br_call *call) {
  struct ArrowSchema *columns = (struct ArrowSchema *)(uintptr_t)call->columns;
  if (columns != NULL && columns->release != NULL) {
    columns->release(columns);
  }
  wi_free(columns);
  wi_free((char *)(uintptr_t)call->tag);
  memset(call, 0, sizeof(*call));
}
