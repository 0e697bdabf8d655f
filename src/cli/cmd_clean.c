/* weir clean: what dead runs left. Nothing is removed without a yes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "project.h"

static void list_items(wi_cli_call *call, const weir_clean_item *items, size_t n,
                       bool removed) {
  wi_cli_buf *b = &call->screen.out.buf, text = WI_CLI_BUF_INIT;
  wi_cli_grid grid;
  wi_cli_grid_init(&grid, 4, 1U << 1 | 1U << 2);
  for (size_t i = 0; i < n; i++) {
    if (call->screen.format == WI_CLI_FORMAT_JSON) {
      wi_cli_buf_chr(b, '{');
      wi_cli_json_kt(b, "what", items[i].what);
      wi_cli_json_kt(b, "uri", items[i].uri);
      wi_cli_json_ku(b, "files", items[i].files);
      wi_cli_json_ku(b, "bytes", items[i].bytes);
      wi_cli_json_kb(b, "removed", removed);
      wi_cli_buf_str(b, "}\n");
      continue;
    }
    wi_cli_grid_add(&grid, items[i].what);
    wi_cli_grid_addf(&grid, "%llu file%s", (unsigned long long)items[i].files,
                     items[i].files == 1 ? "" : "s");
    wi_cli_buf_clear(&text);
    wi_cli_bytes_text(&text, items[i].bytes);
    wi_cli_grid_add(&grid, wi_cli_buf_text(&text));
    wi_cli_grid_add(&grid, items[i].uri);
  }
  wi_cli_grid_print(&grid, &call->screen, false);
  wi_cli_grid_release(&grid);
  wi_cli_buf_release(&text);
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
  return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
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
  int orphans = call->values[WI_CLI_ORPHANS].set;
  bool yes = call->values[WI_CLI_YES].set, asked = false;
  weir_clean_item *items = NULL;
  size_t n = 0;
  weir_status status = weir_project_clean(project, orphans, yes, &items, &n, err);
  if (status == WEIR_OK) {
    list_items(call, items, n, yes);
    bool can_ask = call->screen.terminal && isatty(STDIN_FILENO) == 1 &&
                   call->screen.format != WI_CLI_FORMAT_JSON;
    asked = !yes && n > 0 && can_ask && says_yes(call, n);
  }
  weir_clean_free(items, n);
  if (status == WEIR_OK && asked) {
    status = weir_project_clean(project, orphans, 1, &items, &n, err);
    if (status == WEIR_OK) {
      weir_clean_free(items, n);
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
