/* What a pass over a project collects instead of stopping at the first error. */
#include <string.h>

#include "base/base.h"

enum { MOST_KEPT = 1000 };

void wi_diags_release(wi_diags *d) {
  for (size_t i = 0; i < d->n; i++) {
    weir_error_release(&d->items[i].error);
  }
  wi_free(d->items);
  *d = (wi_diags)WI_DIAGS_INIT;
}

void wi_diags_take(wi_diags *d, weir_error *err, bool warning) {
  /* That something was stopped is no finding: the call says so itself. */
  if (err->code == WEIR_OK || (!warning && err->code == WEIR_E_CANCELLED)) {
    weir_error_release(err);
    return;
  }
  if (warning) {
    d->warnings++;
  } else {
    d->errors++;
  }
  bool room = d->n < MOST_KEPT;
  wi_diag *one = room ? wi_vec_add(d) : NULL;
  d->no_memory = d->no_memory || (!warning && err->code == WEIR_E_NO_MEMORY) ||
                 (room && one == NULL);
  if (one == NULL) {
    weir_error_release(err); /* counted, so the pass still fails */
    return;
  }
  one->warning = warning;
  one->error = *err;
  memset(err, 0, sizeof *err);
}

void wi_diags_add(wi_diags *d, bool warning, weir_status code, const char *origin,
                  const char *file, uint32_t line, uint32_t column, const char *hint,
                  const char *fmt, ...) {
  weir_error err = WEIR_ERROR_INIT;
  va_list args;
  va_start(args, fmt);
  wi_err_vset(&err, code, origin, fmt, args);
  va_end(args);
  wi_err_where(&err, file, line, column);
  if (hint != NULL) {
    wi_err_hint(&err, "%s", hint);
  }
  wi_diags_take(d, &err, warning);
}
