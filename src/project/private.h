/* Inside src/project. */
#ifndef WI_PROJECT_PRIVATE_H
#define WI_PROJECT_PRIVATE_H

#include "project/project.h"

/* refs.c */
/* Before the views are read: what the reading of the files found stands already. */
void wi_project_look_at_errors(wi_project *project);
/* Everything a view names; what is wrong with it goes to the diags. */
weir_status wi_view_refs_read(wi_project *project, wi_view_refs *view, bool *params_used,
                              weir_error *err);

/* params.c */
weir_status wi_params_bind(wi_project *project, wi_view_refs *view, bool *used,
                           weir_error *err);
void wi_params_warn_unused(wi_project *project, const bool *used);

/* calls.c */
/* The sources that the view's table functions stand for; parameters must be bound. */
weir_status wi_project_add_calls(wi_project *project, wi_view_refs *view,
                                 weir_error *err);

#endif
