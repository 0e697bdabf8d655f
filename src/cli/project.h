/* What commands about a project have in common. */
#ifndef WEIR_CLI_PROJECT_H
#define WEIR_CLI_PROJECT_H

#include "command.h"
#include "render.h"
#include "weir/project.h"

/* Opens the project that the options name. Errors of the project are told here, all of
 * them; then *code is the exit code and false is given. */
bool wi_cli_project_open(wi_cli_call *call, weir_project **out, int *code);
/* The session of that project over none of its tables; with no project here and none asked
 * for, one of no project. Errors are told as above. */
bool wi_cli_project_functions(wi_cli_call *call, weir_session **out, int *code);
/* Tells what a failed call on an open project found: the errors not told yet, warnings,
 * and `err` unless it only says that there are some. Releases `err`, gives the exit code. */
int wi_cli_project_fail(wi_cli_call *call, weir_project *project, weir_error *err);
/* Tells warnings found so far; each once. */
void wi_cli_project_warnings(wi_cli_call *call, weir_project *project);
/* Tells the errors of a stream's rows, as warnings or as their column `kind` says. */
weir_status wi_cli_project_tell(wi_cli_call *call, struct ArrowArrayStream *take,
                                bool warnings, weir_error *err);

/* The selection that the options ask for; borrows from the call. */
weir_select wi_cli_project_select(const wi_cli_call *call);

#endif
