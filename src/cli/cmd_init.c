/* weir init [FOLDER] */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "weir/project.h"

/* A project's name out of a folder's: lower case, and _ for what a name cannot hold. */
static void name_of(const char *folder, wi_cli_buf *name) {
  char *path = realpath(folder, NULL);
  const char *text = path != NULL ? path : folder;
  size_t end = strlen(text);
  while (end > 0 && text[end - 1] == '/') {
    end--;
  }
  size_t start = end;
  while (start > 0 && text[start - 1] != '/') {
    start--;
  }
  for (size_t i = start; i < end && name->n < 128; i++) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') {
      c = (char)(c - 'A' + 'a');
    }
    bool letter = (c >= 'a' && c <= 'z') || c == '_', digit = c >= '0' && c <= '9';
    if (digit && name->n == 0) {
      wi_cli_buf_chr(name, '_');
    }
    wi_cli_buf_chr(name, letter || digit ? c : '_');
  }
  if (name->n == 0) {
    wi_cli_buf_str(name, "project");
  }
  free(path);
}

int wi_cli_cmd_init(wi_cli_call *call) {
  weir_error err = WEIR_ERROR_INIT;
  const char *folder = call->n_args == 1 ? call->args[0] : ".";
  wi_cli_buf name = WI_CLI_BUF_INIT, *out = &call->screen.out.buf;
  if (call->values[WI_CLI_NAME].set) {
    wi_cli_buf_str(&name, call->values[WI_CLI_NAME].text);
  } else {
    name_of(folder, &name);
  }
  weir_status status = weir_project_init(folder, wi_cli_buf_text(&name), &err);
  if (status == WEIR_OK && call->screen.format == WI_CLI_FORMAT_JSON) {
    wi_cli_buf_chr(out, '{');
    wi_cli_json_kt(out, "folder", folder);
    wi_cli_json_kt(out, "name", wi_cli_buf_text(&name));
    wi_cli_buf_str(out, "}\n");
  } else if (status == WEIR_OK) {
    wi_cli_buf_fmt(out, "Made the project %s in %s.\nNext: ", wi_cli_buf_text(&name),
                   strcmp(folder, ".") == 0 ? "this folder" : folder);
    if (strcmp(folder, ".") != 0) {
      wi_cli_buf_fmt(out, "cd %s, then ", folder);
    }
    wi_cli_buf_str(out, "`weir plan` and `weir run`.\n");
  }
  wi_cli_buf_release(&name);
  return status == WEIR_OK ? 0 : wi_cli_fail(&call->screen, &err);
}
