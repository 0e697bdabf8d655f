/* Plug-ins for the tests: one library for each value of ODD, most of them wrong in one way.
 * Their function is odd_<what it does>, over Int64 unless said otherwise. */
#include "weir/plugin.h"

/* What this library is, from the command line of the compiler. */
enum odd {
  GOOD = 0,
  SIZE,          /* a description of another size */
  SIZE_TINY,     /* one that cannot be read at all */
  MAJOR,         /* another major */
  MINOR,         /* a newer minor: fine */
  NEEDS,         /* a capability that no weir has */
  REFUSES,       /* gives NULL */
  NO_FUNCTIONS,  /* an empty list */
  NULL_LIST,     /* a NULL list */
  FUNCTION_SIZE, /* a function's description of another size */
  PARAM_SIZE,
  NULL_INVOKE,
  NULL_FIELD,
  NULL_NAME,
  BAD_NAME_,
  BAD_UTF8,
  BAD_TYPE,
  BAD_VOLATILITY,
  RESERVED,
  AGGREGATE,
  KIND,
  TWICE,     /* a name twice in itself */
  OF_ENGINE, /* the name of a function of the engine */
  OF_WEIR,
  OF_GOOD,       /* that of GOOD's */
  OF_GOOD_ALIAS, /* an alias that is a name of GOOD's */
  NAME_OF_GOOD,  /* the plug-in is called as GOOD is */
  PARAM_AFTER_OPTIONAL,
};
#ifndef ODD
#error "ODD is which one to be"
#endif
static const enum odd odd = ODD;
#ifndef ADD
#define ADD 1
#endif

static const char *label(void *self) {
  return self != NULL ? (const char *)self : "";
}

/* "fail" in a literal text argument fails; a second argument "text" makes the result text. */
static int field(void *self, size_t n, const struct ArrowSchema *const *args,
                 const struct ArrowArray *const *literals, struct ArrowSchema *out,
                 weir_plugin_error *err) {
  const char *what = label(self);
  (void)n, (void)args, (void)literals;
  if (strcmp(what, "field_fails") == 0) {
    return weir_plugin_fail(err, "no such type on a %s", "Sunday");
  }
  if (strcmp(what, "field_none") == 0) {
    return 0;
  }
  if (strcmp(what, "field_garbage") == 0) {
    return weir_plugin_field(out, "+what?", 1);
  }
  if (strncmp(what, "text", 4) == 0) {
    return weir_plugin_field(out, "u", 1);
  }
  return weir_plugin_field(out, "l", strcmp(what, "null_anyway") != 0);
}

/* Texts of the rows; wrong ones as `what` says. */
static int texts(struct ArrowArray *out, int64_t rows, const char *what) {
  void *values = NULL;
  if (weir_plugin_array(out, rows * 3 + 3, 64, &values) != 0) {
    return 1;
  }
  /* One block of values holds the offsets and then the bytes. */
  int32_t *offsets = (int32_t *)values;
  char *bytes = (char *)(offsets + rows + 1);
  for (int64_t i = 0; i < rows; i++) {
    offsets[i + 1] = offsets[i] + 2;
    memcpy(bytes + 2 * i, "\xC3\xA9", 2);
    weir_plugin_set_valid(out, i);
  }
  if (strcmp(what, "text_utf8") == 0) {
    bytes[1] = 'x';
  }
  if (strcmp(what, "text_offsets") == 0 && rows > 1) {
    offsets[1] = 1000;
  }
  if (strcmp(what, "text_negative") == 0 && rows > 0) {
    offsets[rows] = -5;
  }
  /* Three buffers; the block has room for two pointers and 48 bytes after them. */
  out->buffers[2] = bytes;
  out->n_buffers = 3;
  out->length = rows;
  out->null_count = 0;
  return 0;
}

static int invoke(void *self, size_t n, const weir_plugin_arg *args, int64_t rows,
                  struct ArrowArray *out, weir_plugin_error *err) {
  const char *what = label(self);
  void *values = NULL;
  if (strcmp(what, "fails") == 0) {
    return weir_plugin_fail(err, "row %d is on fire", 7);
  }
  if (strcmp(what, "fails_silently") == 0) {
    memset(err->message, 'x', sizeof err->message);
    err->message[0] = '\xFF';
    return -3;
  }
  if (strcmp(what, "nothing") == 0) {
    return 0;
  }
  if (strncmp(what, "text", 4) == 0) {
    return texts(out, rows, what);
  }
  int64_t made = rows + (strcmp(what, "too_many") == 0) - (strcmp(what, "too_few") == 0);
  if (weir_plugin_array(out, made, 64, &values) != 0) {
    return weir_plugin_fail(err, "no memory");
  }
  for (int64_t i = 0; i < rows && i < made; i++) {
    if (n > 0 && !weir_plugin_is_null(&args[0], i)) {
      ((int64_t *)values)[i] = weir_plugin_int64(&args[0], i) + ADD;
      weir_plugin_set_valid(out, i);
    }
  }
  if (strcmp(what, "null_count") == 0) {
    out->null_count = 1000;
  }
  if (strcmp(what, "wrong_type") == 0) {
    out->n_buffers = 3; /* of a text */
  }
  if (strcmp(what, "no_values") == 0) {
    out->buffers[1] = NULL;
  }
  if (strcmp(what, "negative") == 0) {
    out->length = -1;
  }
  return 0;
}

static const weir_plugin_param x[] = {
    {.name = "x", .type_text = "Int64", .doc = "a number", .type = WEIR_PLUGIN_INT64}};
static const weir_plugin_param bad_type[] = {{.name = "x", .type = 99}};
static const weir_plugin_param after_optional[] = {
    {.name = "x", .type = WEIR_PLUGIN_INT64, .optional = 1},
    {.name = "y", .type = WEIR_PLUGIN_INT64}};
static const char *const aliases[] = {"odd_one"};
static const char *const good_alias[] = {"odd_plus"};
static const char *const tags[] = {"odd", "test"};

#define FUNCTION(NAME, SELF)                    \
  {.struct_size = sizeof(weir_plugin_function), \
   .kind = WEIR_PLUGIN_SCALAR,                  \
   .volatility = WEIR_PLUGIN_IMMUTABLE,         \
   .param_size = sizeof(weir_plugin_param),     \
   .name = NAME,                                \
   .params = x,                                 \
   .n_params = 1,                               \
   .returns = "Int64",                          \
   .tags = tags,                                \
   .n_tags = 2,                                 \
   .self = (void *)(uintptr_t)SELF,             \
   .return_field = field,                       \
   .invoke = invoke}

static weir_plugin_function table[] = {FUNCTION("odd_plus", ""),
                                       FUNCTION("odd_fails", "fails"),
                                       FUNCTION("odd_fails_silently", "fails_silently"),
                                       FUNCTION("odd_field_fails", "field_fails"),
                                       FUNCTION("odd_field_none", "field_none"),
                                       FUNCTION("odd_field_garbage", "field_garbage"),
                                       FUNCTION("odd_nothing", "nothing"),
                                       FUNCTION("odd_too_many", "too_many"),
                                       FUNCTION("odd_too_few", "too_few"),
                                       FUNCTION("odd_null_count", "null_count"),
                                       FUNCTION("odd_null_anyway", "null_anyway"),
                                       FUNCTION("odd_wrong_type", "wrong_type"),
                                       FUNCTION("odd_no_values", "no_values"),
                                       FUNCTION("odd_negative", "negative"),
                                       FUNCTION("odd_text", "text"),
                                       FUNCTION("odd_text_utf8", "text_utf8"),
                                       FUNCTION("odd_text_offsets", "text_offsets"),
                                       FUNCTION("odd_text_negative", "text_negative")};
#define N (sizeof table / sizeof table[0])

static const weir_plugin_function *functions[N];
static weir_plugin plugin = {.struct_size = sizeof(weir_plugin),
                             .abi_major = WEIR_PLUGIN_ABI_MAJOR,
                             .abi_minor = WEIR_PLUGIN_ABI_MINOR,
                             .name = ODD == GOOD || ODD == NAME_OF_GOOD ? "odd" : "odder",
                             .version = "0.9-test",
                             .build_id = "abc",
                             .capabilities = WEIR_PLUGIN_CAN_SCALAR,
                             .functions = functions,
                             .n_functions = ODD == GOOD ? N : 1};

/* The one function of every library but GOOD. */
static void spoil_function(weir_plugin_function *f) {
  f->name = odd == BAD_NAME_      ? "Odd-Plus"
            : odd == NULL_NAME    ? NULL
            : odd == OF_ENGINE    ? "lower"
            : odd == OF_WEIR      ? "stable_id"
            : odd == OF_GOOD      ? "odd_plus"
            : odd == NAME_OF_GOOD ? "odd_other"
                                  : "odder_plus";
  f->struct_size += odd == FUNCTION_SIZE ? 8 : 0;
  f->param_size -= odd == PARAM_SIZE ? 8 : 0;
  f->invoke = odd == NULL_INVOKE ? NULL : invoke;
  f->return_field = odd == NULL_FIELD ? NULL : field;
  f->description = odd == BAD_UTF8 ? "\xC3" : "one more";
  f->params = odd == BAD_TYPE               ? bad_type
              : odd == PARAM_AFTER_OPTIONAL ? after_optional
                                            : x;
  f->n_params = odd == PARAM_AFTER_OPTIONAL ? 2 : 1;
  f->volatility = odd == BAD_VOLATILITY ? 0 : WEIR_PLUGIN_IMMUTABLE;
  f->reserved[3] = odd == RESERVED ? f : NULL;
  f->kind = odd == AGGREGATE ? WEIR_PLUGIN_AGGREGATE
            : odd == KIND    ? 77
                             : WEIR_PLUGIN_SCALAR;
  f->aliases = odd == OF_GOOD_ALIAS ? good_alias : NULL;
  f->n_aliases = odd == OF_GOOD_ALIAS;
}

static void spoil(void) {
  plugin.struct_size = odd == SIZE        ? sizeof(weir_plugin) + 16
                       : odd == SIZE_TINY ? 4
                                          : (uint32_t)sizeof(weir_plugin);
  plugin.abi_major = odd == MAJOR ? 2 : WEIR_PLUGIN_ABI_MAJOR;
  plugin.abi_minor = odd == MINOR ? 99 : WEIR_PLUGIN_ABI_MINOR;
  plugin.needs = odd == NEEDS ? WEIR_PLUGIN_CAN_TABLE | UINT64_C(1) << 40 : 0;
  plugin.n_functions = odd == NO_FUNCTIONS ? 0 : odd == TWICE ? 2 : 1;
  plugin.functions = odd == NULL_LIST ? NULL : functions;
  table[1].name = odd == TWICE ? "odder_plus" : table[1].name;
  spoil_function(&table[0]);
}

const weir_plugin *weir_plugin_v1(const weir_plugin_host *host) {
  for (size_t i = 0; i < N; i++) {
    functions[i] = &table[i];
  }
  if (odd == GOOD) {
    table[0].aliases = aliases;
    table[0].n_aliases = 1;
  } else {
    spoil();
  }
  return odd == REFUSES || host->struct_size < sizeof *host ? NULL : &plugin;
}
