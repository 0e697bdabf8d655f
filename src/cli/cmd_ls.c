/* weir ls: sources and views. */
#include "project.h"
#include "render.h"

static const struct {
  const char *head, *column;
  bool list, verbose;
} columns[] = {{"NAME", "name", false, false},
               {"KIND", "kind", false, false},
               {"MATERIALIZED", "materialized", false, false},
               {"FILE", "file", false, true},
               {"TAGS", "tags", true, true},
               {"INPUTS", "inputs", true, false}};
#define COLUMNS (sizeof columns / sizeof *columns)

typedef struct listing {
  wi_cli_grid grid;
  bool verbose;
} listing;

static void add_row(void *ctx, const wi_cli_rows *r, int64_t i) {
  listing *l = ctx;
  wi_cli_buf b = WI_CLI_BUF_INIT;
  for (size_t k = 0; k < COLUMNS; k++) {
    if (l->verbose || !columns[k].verbose) {
      wi_cli_grid_add(&l->grid, columns[k].list
                                    ? wi_cli_rows_joined(r, columns[k].column, i, &b)
                                    : wi_cli_rows_text(r, columns[k].column, i, &b));
    }
  }
  wi_cli_buf_release(&b);
}

static weir_status list(wi_cli_call *call, struct ArrowArrayStream *nodes,
                        weir_error *err) {
  wi_cli_screen *s = &call->screen;
  listing l = {.verbose = s->verbose};
  if (s->format == WI_CLI_FORMAT_JSON) {
    weir_status status = wi_cli_rows_print(s, nodes, s->format, err);
    nodes->release(nodes);
    return status;
  }
  wi_cli_grid_init(&l.grid, l.verbose ? COLUMNS : COLUMNS - 2, 0);
  for (size_t k = 0; k < COLUMNS; k++) {
    if (l.verbose || !columns[k].verbose) {
      wi_cli_grid_add(&l.grid, columns[k].head);
    }
  }
  weir_status status = wi_cli_rows_each(nodes, add_row, &l, err);
  if (status == WEIR_OK) {
    wi_cli_grid_print(&l.grid, s, true);
  }
  wi_cli_grid_release(&l.grid);
  return status;
}

int wi_cli_cmd_ls(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = wi_cli_project_select(call);
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  struct ArrowArrayStream nodes = {0};
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  options.select = &select;
  weir_status status =
      weir_project_read(project, WEIR_PROJECT_NODES, &options, &nodes, &err);
  if (status == WEIR_OK) {
    wi_cli_project_warnings(call, project);
    status = list(call, &nodes, &err);
  }
  if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_project_free(&project);
  return code;
}
