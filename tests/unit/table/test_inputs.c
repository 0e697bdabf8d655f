/* Which of two results is newer, by what both were made from. */
#include "common/test.h"
#include "table/table.h"

#define SOURCE(name, table, version)                                                \
  "{\"name\":\"" name "\",\"kind\":\"source\",\"identity\":\"i" #version            \
  "\",\"uri\":\"file:///" table "\",\"version\":" #version ",\"table_id\":\"" table \
  "\"}"
#define VIEW(name, version) \
  "{\"name\":\"" name "\",\"kind\":\"view\",\"identity\":\"x\",\"version\":" #version "}"
#define CALL(identity) \
  "{\"name\":\"f\",\"kind\":\"functions\",\"identity\":\"" identity "\"}"

WT_TEST(newer_older_and_neither) {
  static const struct {
    const char *theirs, *ours;
    wi_than than;
  } cases[] = {
      {"[" SOURCE("s", "a", 4) "]", "[" SOURCE("s", "a", 3) "]", WI_THAN_NEWER},
      {"[" SOURCE("s", "a", 3) "]", "[" SOURCE("s", "a", 4) "]", WI_THAN_OLDER},
      {"[" SOURCE("s", "a", 3) "]", "[" SOURCE("s", "a", 3) "]", WI_THAN_OTHER},
      /* Newer here and older there. */
      {"[" SOURCE("s", "a", 4) "," SOURCE("t", "b", 1) "]",
       "[" SOURCE("s", "a", 3) "," SOURCE("t", "b", 2) "]", WI_THAN_OTHER},
      {"[" SOURCE("t", "b", 2) "," SOURCE("s", "a", 4) "]",
       "[" SOURCE("s", "a", 3) "," SOURCE("t", "b", 2) "]", WI_THAN_NEWER},
      /* Another table under the name, other inputs, another kind. */
      {"[" SOURCE("s", "b", 4) "]", "[" SOURCE("s", "a", 3) "]", WI_THAN_OTHER},
      {"[" SOURCE("s", "a", 4) "]", "[" SOURCE("s", "a", 3) "," VIEW("v", 1) "]",
       WI_THAN_OTHER},
      {"[" VIEW("s", 4) "]", "[" SOURCE("s", "a", 3) "]", WI_THAN_OTHER},
      {"[" SOURCE("t", "a", 4) "]", "[" SOURCE("s", "a", 3) "]", WI_THAN_OTHER},
      {"[" VIEW("v", 7) "]", "[" VIEW("v", 5) "]", WI_THAN_NEWER},
      {"[" VIEW("v", 7) "," CALL("1") "]", "[" VIEW("v", 5) "," CALL("1") "]",
       WI_THAN_NEWER},
      {"[" VIEW("v", 7) "," CALL("1") "]", "[" VIEW("v", 5) "," CALL("2") "]",
       WI_THAN_OTHER},
      {"[]", "[]", WI_THAN_OTHER},
      {NULL, "[]", WI_THAN_OTHER},
      {"not json", "[" VIEW("v", 5) "]", WI_THAN_OTHER},
      {"[1]", "[" VIEW("v", 5) "]", WI_THAN_OTHER},
      {"[" VIEW("v", 5) "]", NULL, WI_THAN_OTHER},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    wi_than than = wi_inputs_than(cases[i].theirs, cases[i].ours);
    if (than != cases[i].than) {
      wt_fail(__FILE__, __LINE__, "case %zu: %u", i, than);
    }
  }
}
