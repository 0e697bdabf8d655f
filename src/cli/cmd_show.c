/* weir show VIEW: what it is, its last commit, its first rows. */
#include <string.h>

#include "project.h"
#include "query.h"

#define DEFAULT_ROWS 10

static void line(wi_cli_call *call, const char *label, const char *text) {
  wi_cli_buf *b = &call->screen.out.buf;
  char padded[24];
  if (text == NULL || text[0] == '\0') {
    return;
  }
  memset(padded, ' ', sizeof padded);
  memcpy(padded, label, strlen(label));
  padded[12] = '\0';
  wi_cli_buf_str(b, "  ");
  wi_cli_styled(b, call->screen.color, WI_CLI_STYLE_DIM, padded);
  wi_cli_buf_str(b, "  ");
  wi_cli_visible(b, text, strlen(text), false);
  wi_cli_buf_chr(b, '\n');
}

static void join_inputs(const weir_node *node, wi_cli_buf *b) {
  for (size_t i = 0; i < node->n_inputs; i++) {
    wi_cli_buf_str(b, i > 0 ? ", " : "");
    wi_cli_buf_str(b, node->inputs[i]);
  }
}

static void commit_text(const weir_history_entry *last, wi_cli_buf *b) {
  wi_cli_buf_fmt(b, "version %lld, ", (long long)last->version);
  wi_cli_timestamp_text(b, last->timestamp_us, 6, true);
  wi_cli_buf_fmt(b, ", %s, ", last->mode[0] != '\0' ? last->mode : last->operation);
  wi_cli_grouped(b, last->rows);
  wi_cli_buf_fmt(b, " row%s, ", last->rows == 1 ? "" : "s");
  wi_cli_bytes_text(b, last->bytes);
  if (last->run_id[0] != '\0') {
    wi_cli_buf_fmt(b, ", run %s", last->run_id);
  }
}

static void describe_text(wi_cli_call *call, const weir_node *node,
                          const weir_history_entry *last) {
  wi_cli_buf *b = &call->screen.out.buf, text = WI_CLI_BUF_INIT;
  wi_cli_styled(b, call->screen.color, WI_CLI_STYLE_BOLD, node->name);
  wi_cli_buf_fmt(b, " (%s%s%s)\n", node->kind, node->materialized[0] == '\0' ? "" : ", ",
                 node->materialized);
  line(call, "description", node->description);
  line(call, "file", node->file);
  join_inputs(node, &text);
  line(call, "inputs", wi_cli_buf_text(&text));
  line(call, "place", node->uri);
  if (last != NULL) {
    line(call, "key", last->result_key);
    wi_cli_buf_clear(&text);
    commit_text(last, &text);
    line(call, "last commit", wi_cli_buf_text(&text));
  } else if (strcmp(node->kind, "view") == 0 && strcmp(node->materialized, "view") != 0) {
    line(call, "last commit", "none: the view was never built");
  }
  wi_cli_buf_release(&text);
}

static void describe_json(wi_cli_call *call, const weir_node *node,
                          const weir_history_entry *last) {
  wi_cli_buf *b = &call->screen.out.buf, time = WI_CLI_BUF_INIT;
  wi_cli_buf_chr(b, '{');
  wi_cli_json_kt(b, "name", node->name);
  wi_cli_json_kt(b, "kind", node->kind);
  wi_cli_json_kt(b, "materialized",
                 node->materialized[0] == '\0' ? NULL : node->materialized);
  wi_cli_json_kt(b, "description", node->description);
  wi_cli_json_kt(b, "file",
                 node->file != NULL && node->file[0] != '\0' ? node->file : NULL);
  wi_cli_json_kt(b, "uri", node->uri);
  wi_cli_json_key(b, "inputs");
  wi_cli_buf_chr(b, '[');
  for (size_t i = 0; i < node->n_inputs; i++) {
    wi_cli_buf_str(b, i > 0 ? "," : "");
    wi_cli_json_text(b, node->inputs[i]);
  }
  wi_cli_buf_chr(b, ']');
  wi_cli_json_kt(b, "result_key", last == NULL ? NULL : last->result_key);
  wi_cli_json_key(b, "last_commit");
  if (last == NULL) {
    wi_cli_buf_str(b, "null");
  } else {
    wi_cli_timestamp_text(&time, last->timestamp_us, 6, true);
    wi_cli_buf_chr(b, '{');
    wi_cli_json_ki(b, "version", last->version);
    wi_cli_json_kt(b, "timestamp", wi_cli_buf_text(&time));
    wi_cli_json_kt(b, "mode", last->mode);
    wi_cli_json_kt(b, "run_id", last->run_id);
    wi_cli_json_ku(b, "rows", last->rows);
    wi_cli_json_ku(b, "files", last->files);
    wi_cli_json_ku(b, "bytes", last->bytes);
    wi_cli_buf_chr(b, '}');
  }
  wi_cli_buf_str(b, "}\n");
  wi_cli_buf_release(&time);
}

static weir_status show_rows(wi_cli_call *call, weir_project *project,
                             const weir_node *node, weir_error *err) {
  const wi_cli_value *limit = &call->values[WI_CLI_LIMIT];
  unsigned long long rows = limit->set ? limit->number : DEFAULT_ROWS;
  weir_session *session = NULL;
  wi_cli_buf sql = WI_CLI_BUF_INIT;
  wi_cli_buf_fmt(&sql, "SELECT * FROM \"%s\" LIMIT %llu", node->name, rows);
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

static weir_status show(wi_cli_call *call, weir_project *project, const weir_node *node,
                        weir_error *err) {
  weir_history_entry *entries = NULL;
  size_t n = 0;
  bool is_table =
      strcmp(node->kind, "view") == 0 && strcmp(node->materialized, "view") != 0;
  if (is_table) {
    weir_status status = weir_project_history(project, node->name, 1, &entries, &n, err);
    if (status != WEIR_OK && status != WEIR_E_TABLE_MISSING) {
      return status;
    }
    weir_error_release(err); /* without a table there is no history */
  }
  if (call->screen.format == WI_CLI_FORMAT_JSON) {
    describe_json(call, node, n > 0 ? &entries[0] : NULL);
  } else {
    describe_text(call, node, n > 0 ? &entries[0] : NULL);
  }
  bool built = !is_table || n > 0;
  bool none = call->values[WI_CLI_LIMIT].set && call->values[WI_CLI_LIMIT].number == 0;
  weir_history_free(entries, n);
  return built && !none ? show_rows(call, project, node, err) : WEIR_OK;
}

int wi_cli_cmd_show(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  const weir_node *node = wi_cli_project_node(call, project, call->args[0], &code);
  if (node != NULL && show(call, project, node, &err) != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_project_free(&project);
  return code;
}
