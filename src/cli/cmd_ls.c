/* weir ls: sources and views. */
#include <string.h>

#include "project.h"

static void node_json(wi_cli_buf *b, const weir_node *node) {
  wi_cli_buf_chr(b, '{');
  wi_cli_json_kt(b, "name", node->name);
  wi_cli_json_kt(b, "kind", node->kind);
  wi_cli_json_kt(b, "materialized",
                 node->materialized[0] == '\0' ? NULL : node->materialized);
  wi_cli_json_kt(b, "file",
                 node->file != NULL && node->file[0] != '\0' ? node->file : NULL);
  wi_cli_json_kt(b, "uri", node->uri);
  wi_cli_json_kt(b, "description", node->description);
  wi_cli_json_key(b, "inputs");
  wi_cli_buf_chr(b, '[');
  for (size_t i = 0; i < node->n_inputs; i++) {
    wi_cli_buf_str(b, i > 0 ? "," : "");
    wi_cli_json_text(b, node->inputs[i]);
  }
  wi_cli_buf_str(b, "]}\n");
}

static void node_text(wi_cli_grid *grid, const weir_node *node) {
  wi_cli_buf inputs = WI_CLI_BUF_INIT;
  for (size_t i = 0; i < node->n_inputs; i++) {
    wi_cli_buf_str(&inputs, i > 0 ? ", " : "");
    wi_cli_buf_str(&inputs, node->inputs[i]);
  }
  wi_cli_grid_add(grid, node->name);
  wi_cli_grid_add(grid, node->kind);
  wi_cli_grid_add(grid, node->materialized);
  wi_cli_grid_add(grid, wi_cli_buf_text(&inputs));
  wi_cli_buf_release(&inputs);
}

/* With selectors: whether the plan of the selection has this view. */
static bool chosen(const weir_report *report, const weir_node *node) {
  size_t n = 0;
  const weir_view_result *views = report == NULL ? NULL : weir_report_views(report, &n);
  for (size_t i = 0; i < n; i++) {
    if (strcmp(views[i].view, node->name) == 0) {
      return true;
    }
  }
  return report == NULL;
}

static void list(wi_cli_call *call, const weir_node *nodes, size_t n,
                 const weir_report *report) {
  wi_cli_screen *s = &call->screen;
  wi_cli_grid grid;
  wi_cli_grid_init(&grid, 4, 0);
  wi_cli_grid_add(&grid, "NAME");
  wi_cli_grid_add(&grid, "KIND");
  wi_cli_grid_add(&grid, "MATERIALIZED");
  wi_cli_grid_add(&grid, "INPUTS");
  for (size_t i = 0; i < n; i++) {
    if (!chosen(report, &nodes[i])) {
      continue;
    }
    if (s->format == WI_CLI_FORMAT_JSON) {
      node_json(&s->out.buf, &nodes[i]);
    } else {
      node_text(&grid, &nodes[i]);
    }
  }
  if (s->format != WI_CLI_FORMAT_JSON) {
    wi_cli_grid_print(&grid, s, true);
  }
  wi_cli_grid_release(&grid);
}

int wi_cli_cmd_ls(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = wi_cli_project_select(call);
  const weir_node *nodes = NULL;
  size_t n = 0;
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  weir_status status = WEIR_OK;
  if (select.n_select + select.n_exclude > 0) {
    status = weir_project_plan(project, &select, &report, &err);
  }
  if (status == WEIR_OK) {
    status = weir_project_nodes(project, &nodes, &n, &err);
  }
  if (status == WEIR_OK) {
    wi_cli_project_warnings(call, project);
    list(call, nodes, n, report);
  } else {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return code;
}
