/* A plug-in of 0.1: doubles a number. */
#include "weir/plugin.h"

static int field(void *self, size_t n, const struct ArrowSchema *const *args,
                 const struct ArrowArray *const *literals, struct ArrowSchema *out,
                 weir_plugin_error *err) {
  (void)self, (void)n, (void)args, (void)literals, (void)err;
  return weir_plugin_field(out, "g", 1);
}

static int run(void *self, size_t n, const weir_plugin_arg *args, int64_t rows,
               struct ArrowArray *out, weir_plugin_error *err) {
  void *values = NULL;
  (void)self, (void)n;
  if (weir_plugin_array(out, rows, 64, &values) != 0) {
    return weir_plugin_fail(err, "out of memory");
  }
  for (int64_t row = 0; row < rows; row++) {
    if (!weir_plugin_is_null(&args[0], row)) {
      weir_plugin_set_valid(out, row);
      ((double *)values)[row] = 2 * weir_plugin_float64(&args[0], row);
    }
  }
  return 0;
}

static const weir_plugin_param params[] = {{.name = "x", .type = WEIR_PLUGIN_FLOAT64}};
static const weir_plugin_function twice = {.struct_size = sizeof(weir_plugin_function),
                                           .kind = WEIR_PLUGIN_SCALAR,
                                           .volatility = WEIR_PLUGIN_IMMUTABLE,
                                           .param_size = sizeof(weir_plugin_param),
                                           .name = "old_twice",
                                           .params = params,
                                           .n_params = 1,
                                           .returns = "Float64",
                                           .return_field = field,
                                           .invoke = run};
static const weir_plugin_function *const functions[] = {&twice};
static const weir_plugin plugin = {.struct_size = sizeof(weir_plugin),
                                   .abi_major = WEIR_PLUGIN_ABI_MAJOR,
                                   .abi_minor = WEIR_PLUGIN_ABI_MINOR,
                                   .name = "old",
                                   .version = "1",
                                   .capabilities = WEIR_PLUGIN_CAN_SCALAR,
                                   .functions = functions,
                                   .n_functions = 1};

const weir_plugin *weir_plugin_v1(const weir_plugin_host *host) {
  (void)host;
  return &plugin;
}
