/* One JSON object per row. */
#include "render.h"

weir_status wi_cli_render_json(wi_cli_screen *s, wi_cli_rows *r, weir_error *err) {
  weir_status status = wi_cli_field_unique(&r->row, true, true, err);
  wi_cli_buf *b = &s->out.buf;
  while (status == WEIR_OK && !wi_cli_out_closed(&s->out)) {
    status = wi_cli_rows_next(r, err);
    if (status != WEIR_OK || r->n == 0) {
      break;
    }
    for (int64_t i = 0; i < r->n && !wi_cli_out_closed(&s->out); i++) {
      wi_cli_buf_chr(b, '{');
      wi_cli_rows_members(b, r, i);
      wi_cli_buf_str(b, "}\n");
      wi_cli_out_more(&s->out);
    }
  }
  return status;
}
