/* Where a project's tables are. */
#include "project/project.h"

#define WI_ORIGIN "project"

static weir_status below(const wi_spec *spec, const char *first, const char *second,
                         wi_buf *out, weir_error *err) {
  wi_buf_clear(out);
  wi_buf_fmt(out, "%s/%s", spec->warehouse, first);
  if (second != NULL) {
    wi_buf_fmt(out, "/%s", second);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}

weir_status wi_view_uri(const wi_spec *spec, const char *view, wi_buf *out,
                        weir_error *err) {
  return below(spec, view, NULL, out, err);
}

weir_status wi_record_uri(const wi_spec *spec, wi_record_table table, wi_buf *out,
                          weir_error *err) {
  return below(spec, WI_RECORD_FOLDER, wi_record_table_name(table), out, err);
}
