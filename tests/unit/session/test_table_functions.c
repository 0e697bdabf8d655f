/* The examples of table functions, beside what their rows in src/udf say they give. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"
#include "udf/udf.h"

WT_TEST(examples_of_table_functions_give_what_they_say) {
  size_t n = 0, seen = 0;
  char folder[64], uri[128], back[4096], want[256];
  const wi_fn *const *all = wi_udf_list(&n);
  static const char *const cells[] = {"1", "a", "2", "b", "3", NULL};
  snprintf(folder, sizeof folder, "/tmp/weir-examples-XXXXXX");
  WT_CHECK(mkdtemp(folder) != NULL);
  snprintf(uri, sizeof uri, "%s/orders", folder);
  WT_CHECK(wf_table(uri, "n:l! letter:t", cells, 3, NULL));
  WT_CHECK(getcwd(back, sizeof back) != NULL);
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_EQ_INT(chdir(folder), 0); /* the examples name a table of the working directory */
  for (size_t i = 0; i < n; i++) {
    if (all[i]->kind == WI_FN_TABLE) {
      snprintf(want, sizeof want, "%s;", all[i]->example_result);
      WT_CHECK(wf_expect(s, all[i]->example, want));
      seen++;
    }
  }
  WT_EQ_INT(chdir(back), 0);
  WT_CHECK(seen >= 6);
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}
