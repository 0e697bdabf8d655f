/* Rows about what a run stood on: pins, plans, settings, plug-ins, warnings. */
#include <string.h>

#include "plugin/plugin.h"
#include "record/record.h"

void wi_record_pin(wi_record *r, const wi_pin *pin) {
#define WI_PIN_TEXT(field, column, identity)      wi_record_text(r, #column, pin->field);
#define WI_PIN_DIGEST                             WI_PIN_TEXT
#define WI_PIN_INT(field, type, column, identity) wi_record_int(r, #column, pin->field);
#include "../../tables/pin.def"
#undef WI_PIN_TEXT
#undef WI_PIN_DIGEST
#undef WI_PIN_INT
  wi_record_time(r, "snapshot_timestamp", pin->timestamp_us);
}

weir_status wi_record_plan(wi_record *r, const wi_session *session,
                           const wi_view_plan *plan, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT, schema = WI_BUF_INIT;
  WI_CHECK(wi_br_plan_text(session->engine, plan->plan, 1, &text, err));
  WI_CHECK(wi_delta_schema_json(&plan->schema, &schema, err));
  wi_record_buf(r, "optimized", &text);
  wi_record_buf(r, "schema", &schema);
  wi_record_text(r, "functions_digest", plan->functions_digest);
  wi_record_text(r, "settings_digest", session->settings_digest);
  wi_record_buf(r, "rules", &plan->reach.rules);
  wi_record_buf(r, "functions", &plan->reach.functions);
  wi_record_buf(r, "tags", &plan->reach.tags);
done:
  wi_buf_release(&text);
  wi_buf_release(&schema);
  return status;
}

weir_status wi_record_settings(const wi_session *session, wi_record **out,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  wi_buf key = WI_BUF_INIT, value = WI_BUF_INIT;
  bool has = false;
  WI_CHECK(wi_record_new(WI_RECORD_SETTINGS, out, err));
  WI_CHECK(wi_br_session_table_read(session->engine, session->handle, WI_BR_SETTINGS,
                                    &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str k = wi_cursor_text(rows, 0), v = wi_cursor_text(rows, 1);
    wi_buf_clear(&key);
    wi_buf_clear(&value);
    wi_buf_add(&key, k.p, k.n);
    wi_buf_add(&value, v.p, v.n);
    wi_record_row(*out);
    wi_record_text(*out, "settings_digest", session->settings_digest);
    wi_record_buf(*out, "key", &key);
    wi_record_buf(*out, "value", &value);
  }
done:
  wi_buf_release(&key);
  wi_buf_release(&value);
  wi_cursor_free(&rows);
  return status;
}

static void plugin_row(wi_record *r, const char *run_id, const wi_plugin *p,
                       wi_buf *text) {
  wi_record_row(r);
  wi_record_text(r, "run_id", run_id);
  wi_record_text(r, "name", p->from->name);
  wi_record_text(r, "version", p->from->version);
  wi_record_text(r, "build_id", p->from->build_id);
  wi_buf_clear(text);
  wi_buf_fmt(text, "%u.%u", p->from->abi_major, p->from->abi_minor);
  wi_record_buf(r, "abi", text);
  wi_buf_clear(text);
  wi_plugin_capabilities(p->from->capabilities, text);
  wi_record_buf(r, "capabilities", text);
  wi_record_text(r, "path", p->path);
  wi_record_text(r, "content_hash", p->hash);
  wi_buf_clear(text);
  for (size_t i = 0; i < p->n_functions; i++) {
    wi_buf_fmt(text, "%s%s", i > 0 ? "," : "", p->functions[i].fn.name);
  }
  wi_record_buf(r, "functions", text);
}

weir_status wi_record_plugins(const wi_session *session, const char *run_id,
                              wi_record **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT;
  WI_CHECK(wi_record_new(WI_RECORD_PLUGINS, out, err));
  for (size_t i = 0; i < session->plugins.n; i++) {
    plugin_row(*out, run_id, session->plugins.items[i], &text);
  }
done:
  wi_buf_release(&text);
  return status;
}

static void warning_row(wi_record *r, const char *run_id, const weir_error *w) {
  wi_record_row(r);
  wi_record_text(r, "run_id", run_id);
  wi_record_int(r, "ordinal", (int64_t)wi_record_rows(r));
  wi_record_text(r, "code", weir_error_code_name(w->code));
  wi_record_text(r, "stage", w->origin);
  wi_record_text(r, "message", w->message);
  wi_record_text(r, "file", w->file[0] != '\0' ? w->file : NULL);
  if (w->line > 0) {
    wi_record_int(r, "line", w->line);
  }
}

void wi_record_warnings(wi_record *r, const char *run_id, const wi_diags *diags) {
  for (size_t i = 0; i < diags->n; i++) {
    if (diags->items[i].warning) {
      warning_row(r, run_id, &diags->items[i].error);
    }
  }
}
