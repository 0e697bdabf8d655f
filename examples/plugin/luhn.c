/* luhn_valid(text): whether the digits of a text end with the check digit that Luhn's method
 * gives them, as those of payment cards do. Spaces and hyphens between digits are skipped. */
#include "weir/plugin.h"

/* 1, 0, or -1 for what is no number of at least two digits. */
static int luhn(const char *text, size_t n) {
  int sum = 0, digits = 0;
  for (size_t i = n; i-- > 0;) {
    if (text[i] == ' ' || text[i] == '-') {
      continue;
    }
    if (text[i] < '0' || text[i] > '9') {
      return -1;
    }
    int value = (text[i] - '0') * (digits % 2 == 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
    digits++;
  }
  return digits < 2 ? -1 : sum % 10 == 0;
}

static int field(void *self, size_t n, const struct ArrowSchema *const *args,
                 const struct ArrowArray *const *literals, struct ArrowSchema *out,
                 weir_plugin_error *err) {
  (void)self, (void)n, (void)args, (void)literals, (void)err;
  return weir_plugin_field(out, "b", 1);
}

static int run(void *self, size_t n, const weir_plugin_arg *args, int64_t rows,
               struct ArrowArray *out, weir_plugin_error *err) {
  void *values = NULL;
  (void)self, (void)n;
  if (weir_plugin_array(out, rows, 1, &values) != 0) {
    return weir_plugin_fail(err, "out of memory");
  }
  for (int64_t row = 0; row < rows; row++) {
    size_t length = 0;
    if (weir_plugin_is_null(&args[0], row)) {
      continue; /* the result is null unless it is set */
    }
    const char *text = weir_plugin_text(&args[0], row, &length);
    int valid = luhn(text, length);
    if (valid >= 0) {
      weir_plugin_set_bool(out, values, row, valid);
    }
  }
  return 0;
}

static const weir_plugin_param params[] = {{.name = "number",
                                            .type_text = "Utf8",
                                            .doc = "digits, spaces and hyphens",
                                            .type = WEIR_PLUGIN_TEXT}};
static const char *const tags[] = {"check"};
static const weir_plugin_function luhn_valid = {
    .struct_size = sizeof(weir_plugin_function),
    .kind = WEIR_PLUGIN_SCALAR,
    .volatility = WEIR_PLUGIN_IMMUTABLE,
    .param_size = sizeof(weir_plugin_param),
    .name = "luhn_valid",
    .params = params,
    .n_params = 1,
    .returns = "Boolean",
    .section = "Check Functions",
    .description =
        "Whether the last digit of a number is its check digit by Luhn's "
        "method. Null for what is no number of at least two digits.",
    .syntax = "luhn_valid(number)",
    .example = "luhn_valid('4539 1488 0343 6467')",
    .example_result = "true",
    .tags = tags,
    .n_tags = 1,
    .return_field = field,
    .invoke = run};

static const weir_plugin_function *const functions[] = {&luhn_valid};
static const weir_plugin plugin = {.struct_size = sizeof(weir_plugin),
                                   .abi_major = WEIR_PLUGIN_ABI_MAJOR,
                                   .abi_minor = WEIR_PLUGIN_ABI_MINOR,
                                   .name = "luhn",
                                   .version = "1.0",
                                   .capabilities = WEIR_PLUGIN_CAN_SCALAR,
                                   .functions = functions,
                                   .n_functions = 1};

const weir_plugin *weir_plugin_v1(const weir_plugin_host *host) {
  (void)host;
  return &plugin;
}
