/* Each operation of weir's own on the stores of a run fails, loses its answer, or is the last of its
 * process. */
#include "unit/run/faults.h"

WT_TEST(each_operation_fails) {
  each_operation(WH_OURS, 0, WH_FAIL);
}

WT_TEST(each_operation_loses_its_answer) {
  each_operation(WH_OURS, 0, WH_LOSE);
}

WT_TEST(each_operation_is_the_last) {
  each_operation(WH_OURS, 0, WH_KILL);
}

WT_TEST(each_operation_is_the_last_one_done) {
  each_operation(WH_OURS, 0, WH_KILL_AFTER);
}
