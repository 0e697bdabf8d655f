/* Lists of errors: order, counts, the ceiling. */
#include "base/base.h"
#include "common/test.h"

WT_TEST(collects_in_order) {
  wi_diags d = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  wi_diags_add(&d, false, WEIR_E_YAML, "spec", "weir.yml", 3, 7, "fix it", "bad %s",
               "key");
  wi_diags_add(&d, true, WEIR_E_BAD_VALUE, "spec", NULL, 0, 0, NULL, "odd");
  wi_err_set(&err, WEIR_E_CYCLE, "graph", "loop");
  wi_err_detail(&err, "a -> b -> a", 11);
  wi_diags_take(&d, &err, false);
  WT_CHECK(err.code == WEIR_OK && err.detail == NULL);
  wi_diags_take(&d, &err, false); /* empty: nothing to take */
  WT_EQ_INT(d.n, 3);
  WT_EQ_INT(d.errors, 2);
  WT_EQ_INT(d.warnings, 1);
  const weir_error *first = &d.items[0].error;
  WT_EQ_INT(first->code, WEIR_E_YAML);
  WT_EQ_STR(first->message, "bad key");
  WT_EQ_STR(first->hint, "fix it");
  WT_EQ_STR(first->file, "weir.yml");
  WT_EQ_INT(first->line, 3);
  WT_EQ_INT(first->column, 7);
  WT_CHECK(d.items[1].warning && d.items[1].error.hint[0] == '\0');
  WT_EQ_STR(d.items[2].error.detail, "a -> b -> a");
  wi_diags_release(&d);
  WT_CHECK(d.items == NULL && d.errors == 0);
}

WT_TEST(beyond_the_ceiling_only_counts) {
  wi_diags d = WI_DIAGS_INIT;
  for (int i = 0; i < 1500; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_err_set(&err, WEIR_E_YAML, "spec", "%d", i);
    wi_err_detail(&err, "owned", 5);
    wi_diags_take(&d, &err, i % 2 == 0);
    WT_CHECK(err.detail == NULL);
  }
  WT_EQ_INT(d.n, 1000);
  WT_EQ_INT(d.errors, 750);
  WT_EQ_INT(d.warnings, 750);
  WT_EQ_STR(d.items[999].error.message, "999");
  wi_diags_release(&d);
}
