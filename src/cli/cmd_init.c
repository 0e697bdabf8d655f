/* weir init [FOLDER] */
#include <string.h>

#include "command.h"
#include "weir/project.h"

static void tell(wi_cli_call *call, const char *folder, const char *name) {
  wi_cli_buf *out = &call->screen.out.buf;
  bool here = strcmp(folder, ".") == 0;
  if (call->screen.format == WI_CLI_FORMAT_JSON) {
    wi_cli_buf_chr(out, '{');
    wi_cli_json_kt(out, "folder", folder);
    wi_cli_json_kt(out, "name", name);
    wi_cli_buf_str(out, "}\n");
    return;
  }
  wi_cli_buf_fmt(out, "Made the project %s in %s.\nNext: ", name,
                 here ? "this folder" : folder);
  if (!here) {
    wi_cli_buf_fmt(out, "cd %s, then ", folder);
  }
  wi_cli_buf_str(out, "`weir plan` and `weir run`.\n");
}

int wi_cli_cmd_init(wi_cli_call *call) {
  weir_error err = WEIR_ERROR_INIT;
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  const char *folder = call->n_args == 1 ? call->args[0] : ".";
  const wi_cli_value *name = &call->values[WI_CLI_NAME];
  weir_status status = weir_project_init(folder, name->set ? name->text : NULL, &err);
  if (status == WEIR_OK) {
    options.path = folder;
    status = weir_project_open(&options, &project, &err);
  }
  if (status == WEIR_OK) {
    tell(call, folder, weir_project_name(project));
  }
  weir_project_free(&project);
  return status == WEIR_OK ? 0 : wi_cli_fail(&call->screen, &err);
}
