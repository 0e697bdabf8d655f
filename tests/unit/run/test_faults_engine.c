/* Each operation of the engine on the stores of a run fails, loses its answer, or is the last of its
 * process. One that changes nothing fails where its answer is lost, and is not the last one done but
 * the one after which the next is not. */
#include "unit/run/faults.h"

WT_TEST(each_operation_of_the_engine_fails) {
  each_operation(WH_ENGINES, 0, WH_FAIL);
}

WT_TEST(each_operation_of_the_engine_loses_its_answer) {
  each_operation(WH_ENGINES, WH_CHANGES, WH_LOSE);
}

WT_TEST(each_operation_of_the_engine_is_the_last) {
  each_operation(WH_ENGINES, 0, WH_KILL);
}

WT_TEST(each_operation_of_the_engine_is_the_last_one_done) {
  each_operation(WH_ENGINES, WH_CHANGES, WH_KILL_AFTER);
}
