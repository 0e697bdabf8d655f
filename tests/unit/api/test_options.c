/* Options of other releases: smaller ones, larger ones, and what was never set. */
#include <stddef.h>

#include "api/private.h"
#include "common/test.h"

typedef struct first { /* as a first release had it */
  uint32_t struct_size;
  uint32_t threads;
  const char *name;
} first;
typedef struct second { /* as the library has it */
  uint32_t struct_size;
  uint32_t threads;
  const char *name;
  uint64_t memory;
  int64_t clock;
} second;
typedef struct third { /* as a later release has it */
  second known;
  uint64_t unknown;
} third;

static weir_status take(second *out, const void *in, weir_error *err) {
  memset(out, 0xAA, sizeof(*out));
  return wi_options_take(out, sizeof(*out), in, "weir_x_options", err);
}

WT_TEST(null_options_are_the_defaults) {
  weir_error err = WEIR_ERROR_INIT;
  second o;
  WT_OK(take(&o, NULL, &err));
  WT_EQ_INT(o.struct_size, sizeof(o));
  WT_EQ_INT(o.threads, 0);
  WT_CHECK(o.name == NULL);
  WT_EQ_INT(o.memory, 0);
  WT_EQ_INT(o.clock, 0);
}

WT_TEST(of_smaller_options_the_rest_is_default) {
  weir_error err = WEIR_ERROR_INIT;
  const struct {
    first given;
    uint64_t beyond;
  } in = {{sizeof(first), 3, "x"}, UINT64_MAX};
  second o;
  WT_OK(take(&o, &in, &err));
  WT_EQ_INT(o.struct_size, sizeof(o));
  WT_EQ_INT(o.threads, 3);
  WT_EQ_STR(o.name, "x");
  WT_EQ_INT(o.memory, 0);
  WT_EQ_INT(o.clock, 0);
}

WT_TEST(larger_options_with_a_zero_tail_are_taken) {
  weir_error err = WEIR_ERROR_INIT;
  third in = {{sizeof(third), 3, "x", 5, 7}, 0};
  second o;
  WT_OK(take(&o, &in, &err));
  WT_EQ_INT(o.struct_size, sizeof(o));
  WT_EQ_INT(o.memory, 5);
  WT_EQ_INT(o.clock, 7);
}

WT_TEST(each_byte_of_the_tail_counts) {
  for (size_t i = 0; i < sizeof(uint64_t); i++) {
    weir_error err = WEIR_ERROR_INIT;
    third in = {{sizeof(third), 3, "x", 5, 7}, 0};
    second o;
    ((uint8_t *)&in.unknown)[i] = 1;
    WT_EQ_INT(take(&o, &in, &err), WEIR_E_USAGE);
    WT_CHECK(strstr(err.message, "weir_x_options") != NULL);
    weir_error_release(&err);
  }
}

WT_TEST(sizes_that_were_never_set_are_refused) {
  static const uint32_t sizes[] = {0, 1, 3, 4, 7, 9, 4097, 4104, UINT32_MAX};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    weir_error err = WEIR_ERROR_INIT;
    second in = {sizes[i], 3, "x", 5, 7}, o;
    WT_EQ_INT(take(&o, &in, &err), WEIR_E_USAGE);
    WT_EQ_INT(o.struct_size, sizeof(o)); /* defaults all the same */
    WT_EQ_INT(o.threads, 0);
    weir_error_release(&err);
  }
}
