/* weir clean: what dead runs left. Nothing is removed without a yes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "project.h"
#include "render.h"

typedef struct listing {
  wi_cli_call *call;
  wi_cli_grid grid;
  bool removed;
  size_t n;
} listing;

static void add_item(void *ctx, const wi_cli_rows *r, int64_t i) {
  listing *l = ctx;
  wi_cli_buf *b = &l->call->screen.out.buf, text = WI_CLI_BUF_INIT;
  l->n++;
  if (l->call->screen.format == WI_CLI_FORMAT_JSON) {
    wi_cli_buf_chr(b, '{');
    wi_cli_rows_members(b, r, i);
    wi_cli_json_kb(b, "removed", l->removed);
    wi_cli_buf_str(b, "}\n");
    return;
  }
  int64_t files = wi_cli_rows_int(r, "files", i);
  wi_cli_grid_add(&l->grid, wi_cli_rows_text(r, "what", i, &text));
  wi_cli_grid_addf(&l->grid, "%lld file%s", (long long)files, files == 1 ? "" : "s");
  wi_cli_buf_clear(&text);
  wi_cli_bytes_text(&text, (uint64_t)wi_cli_rows_int(r, "bytes", i));
  wi_cli_grid_add(&l->grid, wi_cli_buf_text(&text));
  wi_cli_grid_add(&l->grid, wi_cli_rows_text(r, "uri", i, &text));
  wi_cli_buf_release(&text);
}

static weir_status list_items(wi_cli_call *call, struct ArrowArrayStream *take,
                              bool removed, size_t *n, weir_error *err) {
  listing l = {.call = call, .removed = removed};
  wi_cli_grid_init(&l.grid, 4, 1U << 1 | 1U << 2);
  weir_status status = wi_cli_rows_each(take, add_item, &l, err);
  wi_cli_grid_print(&l.grid, &call->screen, false);
  wi_cli_grid_release(&l.grid);
  *n = l.n;
  return status;
}

static bool says_yes(wi_cli_call *call, size_t n) {
  char answer[16] = "";
  wi_cli_buf_fmt(&call->screen.out.buf, "Remove %s? [y/N] ",
                 n == 1 ? "it" : "all of them");
  wi_cli_out_flush(&call->screen.out);
  if (fgets(answer, sizeof answer, stdin) == NULL) {
    wi_cli_buf_chr(&call->screen.out.buf, '\n');
    return false;
  }
  return wi_ascii_same(answer, "y\n") || wi_ascii_same(answer, "yes\n");
}

static void conclude(wi_cli_call *call, size_t n, bool removed) {
  wi_cli_buf *b = &call->screen.out.buf;
  if (call->screen.format == WI_CLI_FORMAT_JSON) {
    return;
  }
  if (n == 0) {
    wi_cli_buf_str(b, "Nothing to remove.\n");
  } else if (removed) {
    wi_cli_buf_fmt(b, "Removed %zu.\n", n);
  } else {
    wi_cli_buf_str(b, "Nothing was removed; --yes removes.\n");
  }
}

static weir_status clean(wi_cli_call *call, weir_project *project, weir_error *err) {
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  struct ArrowArrayStream rows = {0};
  bool yes = call->values[WI_CLI_YES].set, asked = false;
  size_t n = 0;
  options.orphans = call->values[WI_CLI_ORPHANS].set;
  const wi_cli_value *older = &call->values[WI_CLI_OLDER_THAN];
  if (older->set) { /* for the library 0 is the default */
    options.older_than_us = older->number > 0 ? (int64_t)older->number : -1;
  }
  weir_status status =
      yes ? weir_project_remove_litter(project, &options, &rows, err)
          : weir_project_read(project, WEIR_PROJECT_LITTER, &options, &rows, err);
  if (status == WEIR_OK) {
    status = list_items(call, &rows, yes, &n, err);
  }
  if (status == WEIR_OK) {
    bool can_ask = call->screen.terminal && isatty(STDIN_FILENO) == 1 &&
                   call->screen.format != WI_CLI_FORMAT_JSON;
    asked = !yes && n > 0 && can_ask && says_yes(call, n);
  }
  if (status == WEIR_OK && asked) {
    status = weir_project_remove_litter(project, &options, &rows, err);
    if (status == WEIR_OK) {
      rows.release(&rows);
    }
  }
  if (status == WEIR_OK) {
    conclude(call, n, yes || asked);
  }
  return status;
}

int wi_cli_cmd_clean(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  if (clean(call, project, &err) != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_project_free(&project);
  return code;
}
