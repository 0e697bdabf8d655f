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
      for (size_t k = 0; k < r->row.n_children; k++) {
        wi_cli_buf_str(b, k > 0 ? "," : "");
        wi_cli_buf_add(b, r->row.children[k].key.p, r->row.children[k].key.n);
        wi_cli_rows_cell(b, r, k, i, WI_CLI_VALUE_JSON);
      }
      wi_cli_buf_str(b, "}\n");
      wi_cli_out_more(&s->out);
    }
  }
  return status;
}
