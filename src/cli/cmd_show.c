/* weir show VIEW: what it is, its last commit, its first rows. */
#include <string.h>

#include "project.h"
#include "query.h"

#define DEFAULT_ROWS 10

/* What is shown of the node, and then of its last commit. */
typedef struct shown {
  wi_cli_call *call;
  wi_cli_buf text;
  bool json, is_table, built;
} shown;

static void line(shown *w, const char *label, const char *text) {
  wi_cli_buf *b = &w->text;
  char padded[24];
  if (text == NULL || text[0] == '\0') {
    return;
  }
  memset(padded, ' ', sizeof padded);
  memcpy(padded, label, strlen(label));
  padded[12] = '\0';
  wi_cli_buf_str(b, "  ");
  wi_cli_styled(b, w->call->screen.color, WI_CLI_STYLE_DIM, padded);
  wi_cli_buf_str(b, "  ");
  wi_cli_visible(b, text, strlen(text), false);
  wi_cli_buf_chr(b, '\n');
}

/* One line each, the first with the label. */
static void add_items(shown *w, const wi_cli_rows *r, int64_t i, const char *column,
                      void (*add)(wi_cli_buf *, const wi_cli_rows *, int64_t, int64_t)) {
  wi_cli_buf text = WI_CLI_BUF_INIT;
  int64_t n = wi_cli_rows_count(r, column, i);
  for (int64_t item = 0; item < n; item++) {
    wi_cli_buf_clear(&text);
    add(&text, r, i, item);
    line(w, item == 0 ? column : "", wi_cli_buf_text(&text));
  }
  wi_cli_buf_release(&text);
}

static void add_constraint(wi_cli_buf *b, const wi_cli_rows *r, int64_t i, int64_t item) {
  wi_cli_buf text = WI_CLI_BUF_INIT;
  wi_cli_buf_fmt(b, "%s: ", wi_cli_rows_item(r, "constraints", i, item, "name", &text));
  wi_cli_rows_item(r, "constraints", i, item, "predicate", &text);
  if (text.n > 0) {
    wi_cli_buf_str(b, wi_cli_buf_text(&text));
  } else {
    wi_cli_rows_item(r, "constraints", i, item, "unique", &text);
    wi_cli_buf_fmt(b, "unique (%s)", wi_cli_buf_text(&text));
  }
  wi_cli_buf_release(&text);
}

static void add_column(wi_cli_buf *b, const wi_cli_rows *r, int64_t i, int64_t item) {
  static const char *const members[] = {"type", "description"};
  wi_cli_buf text = WI_CLI_BUF_INIT;
  wi_cli_buf_str(b, wi_cli_rows_item(r, "columns", i, item, "name", &text));
  for (size_t k = 0; k < 2; k++) {
    wi_cli_rows_item(r, "columns", i, item, members[k], &text);
    if (text.n > 0) {
      wi_cli_buf_fmt(b, "%s%s", k == 0 ? " " : ": ", wi_cli_buf_text(&text));
    }
    if (k == 0 &&
        strcmp(wi_cli_rows_item(r, "columns", i, item, "not_null", &text), "true") == 0) {
      wi_cli_buf_str(b, " not null");
    }
  }
  wi_cli_buf_release(&text);
}

static void node_text(shown *w, const wi_cli_rows *r, int64_t i) {
  static const struct {
    const char *label, *column;
    bool list;
  } lines[] = {{"description", "description", false},
               {"file", "file", false},
               {"inputs", "inputs", true},
               {"version", "version", false},
               {"key", "key", true},
               {"partition by", "partition_by", true},
               {"sort by", "sort_by", true},
               {"tags", "tags", true},
               {"place", "uri", false}};
  wi_cli_buf b = WI_CLI_BUF_INIT;
  wi_cli_styled(&w->text, w->call->screen.color, WI_CLI_STYLE_BOLD,
                wi_cli_rows_text(r, "name", i, &b));
  wi_cli_buf_fmt(&w->text, " (%s", wi_cli_rows_text(r, "kind", i, &b));
  if (wi_cli_rows_has(r, "materialized", i)) {
    wi_cli_buf_fmt(&w->text, ", %s", wi_cli_rows_text(r, "materialized", i, &b));
  }
  wi_cli_buf_str(&w->text, ")\n");
  for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
    line(w, lines[k].label,
         lines[k].list ? wi_cli_rows_joined(r, lines[k].column, i, &b)
                       : wi_cli_rows_text(r, lines[k].column, i, &b));
  }
  add_items(w, r, i, "constraints", add_constraint);
  add_items(w, r, i, "columns", add_column);
  wi_cli_buf_release(&b);
}

static void on_node(void *ctx, const wi_cli_rows *r, int64_t i) {
  shown *w = ctx;
  w->is_table = wi_cli_rows_is(r, "kind", i, weir_node_kind_name(WEIR_NODE_VIEW)) &&
                wi_cli_rows_is(r, "materialized", i,
                               weir_materialized_name(WEIR_MATERIALIZED_TABLE));
  if (w->json) {
    wi_cli_buf_chr(&w->text, '{');
    wi_cli_rows_members(&w->text, r, i);
  } else {
    node_text(w, r, i);
  }
}

static void commit_text(shown *w, const wi_cli_rows *r, int64_t i) {
  wi_cli_buf b = WI_CLI_BUF_INIT, text = WI_CLI_BUF_INIT;
  uint64_t rows = (uint64_t)wi_cli_rows_int(r, "rows", i);
  line(w, "result key", wi_cli_rows_text(r, "result_key", i, &b));
  wi_cli_buf_fmt(&text, "version %lld, ", (long long)wi_cli_rows_int(r, "version", i));
  wi_cli_buf_fmt(&text, "%s, ", wi_cli_rows_text(r, "timestamp", i, &b));
  wi_cli_buf_fmt(
      &text, "%s, ",
      wi_cli_rows_text(r, wi_cli_rows_has(r, "mode", i) ? "mode" : "operation", i, &b));
  wi_cli_grouped(&text, rows);
  wi_cli_buf_fmt(&text, " row%s, ", rows == 1 ? "" : "s");
  wi_cli_bytes_text(&text, (uint64_t)wi_cli_rows_int(r, "bytes", i));
  if (wi_cli_rows_has(r, "run_id", i)) {
    wi_cli_buf_fmt(&text, ", run %s", wi_cli_rows_text(r, "run_id", i, &b));
  }
  line(w, "last commit", wi_cli_buf_text(&text));
  wi_cli_buf_release(&text);
  wi_cli_buf_release(&b);
}

static void on_commit(void *ctx, const wi_cli_rows *r, int64_t i) {
  shown *w = ctx;
  wi_cli_buf key = WI_CLI_BUF_INIT;
  w->built = true;
  if (!w->json) {
    commit_text(w, r, i);
    return;
  }
  wi_cli_json_kt(&w->text, "result_key",
                 wi_cli_rows_has(r, "result_key", i)
                     ? wi_cli_rows_text(r, "result_key", i, &key)
                     : NULL);
  wi_cli_json_key(&w->text, "last_commit");
  wi_cli_buf_chr(&w->text, '{');
  wi_cli_rows_members(&w->text, r, i);
  wi_cli_buf_chr(&w->text, '}');
  wi_cli_buf_release(&key);
}

static weir_status describe(shown *w, weir_project *project, weir_error *err) {
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  struct ArrowArrayStream rows = {0};
  options.view = w->call->args[0];
  options.limit = 1;
  weir_status status =
      weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, err);
  if (status == WEIR_OK) {
    status = wi_cli_rows_each(&rows, on_node, w, err);
  }
  if (status != WEIR_OK || !w->is_table) {
    return status;
  }
  status = weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, err);
  if (status == WEIR_E_TABLE_MISSING) {
    weir_error_release(err); /* without a table there is no history */
    return WEIR_OK;
  }
  return status == WEIR_OK ? wi_cli_rows_each(&rows, on_commit, w, err) : status;
}

static void print_node(shown *w) {
  wi_cli_buf *out = &w->call->screen.out.buf;
  if (w->json && !w->built) {
    wi_cli_json_kt(&w->text, "result_key", NULL);
    wi_cli_json_kt(&w->text, "last_commit", NULL);
  } else if (!w->json && w->is_table && !w->built) {
    line(w, "last commit", "none: the view was never built");
  }
  wi_cli_buf_str(&w->text, w->json ? "}\n" : "");
  wi_cli_buf_add(out, wi_cli_buf_text(&w->text), w->text.n);
}

static weir_status show_rows(wi_cli_call *call, weir_project *project, weir_error *err) {
  const wi_cli_value *limit = &call->values[WI_CLI_LIMIT];
  unsigned long long rows = limit->set ? limit->number : DEFAULT_ROWS;
  weir_session *session = NULL;
  wi_cli_buf sql = WI_CLI_BUF_INIT;
  wi_cli_buf_fmt(&sql, "SELECT * FROM \"%s\" LIMIT %llu", call->args[0], rows);
  weir_status status =
      weir_project_session(project, wi_cli_buf_text(&sql), &session, err);
  if (status == WEIR_OK) {
    status = wi_cli_query_print(&call->screen, session, wi_cli_buf_text(&sql), NULL,
                                call->screen.format, err);
  }
  weir_session_free(&session);
  wi_cli_buf_release(&sql);
  return status;
}

int wi_cli_cmd_show(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  shown w = {.call = call, .json = call->screen.format == WI_CLI_FORMAT_JSON};
  bool none = call->values[WI_CLI_LIMIT].set && call->values[WI_CLI_LIMIT].number == 0;
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  weir_status status = describe(&w, project, &err);
  if (status == WEIR_OK) {
    print_node(&w);
  }
  if (status == WEIR_OK && (w.built || !w.is_table) && !none) {
    status = show_rows(call, project, &err);
  }
  if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  wi_cli_buf_release(&w.text);
  weir_project_free(&project);
  return code;
}
