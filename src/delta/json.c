/* JSON as Delta's writers produce it: reading that tells damage from a lack of memory, and
 * writing that gives back what was read. */
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* ---- reading ---- */

weir_status wi_delta_json_load(const char *text, size_t n, json_t **out,
                               wi_delta_json_note *note) {
  weir_error err = WEIR_ERROR_INIT;
  note->why[0] = '\0';
  weir_status status = wi_json_read_lax(text, n, out, &note->inexact, &err);
  snprintf(note->why, sizeof note->why, "%.155s", err.message);
  weir_error_release(&err);
  return status == WEIR_OK || status == WEIR_E_NO_MEMORY ? status : WEIR_E_LOG_CORRUPT;
}

const json_t *wi_delta_json_get(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_null(value) ? NULL : value;
}

const char *wi_delta_json_text(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

int64_t wi_delta_json_int(const json_t *object, const char *key, int64_t fallback) {
  const json_t *value = json_object_get(object, key);
  if (json_is_integer(value)) {
    return (int64_t)json_integer_value(value);
  }
  double real = json_is_real(value) ? json_real_value(value) : 1e300;
  return real > -9e18 && real < 9e18 ? (int64_t)real : fallback;
}

/* ---- writing ---- */

static int dump_to(const char *p, size_t n, void *ctx) {
  wi_buf *out = ctx;
  wi_buf_add(out, p, n);
  return out->failed ? -1 : 0;
}

weir_status wi_delta_json_dump(const json_t *value, bool sorted, wi_buf *out,
                               weir_error *err) {
  size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | (sorted ? JSON_SORT_KEYS : 0);
  if (json_dump_callback(value, dump_to, out, flags) != 0) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}

/* The shortest text of a real that is still one: "1" would come back as a whole number. */
static void put_real(wi_json *j, double v) {
  char text[40];
  wi_double_text(v, text);
  if (strpbrk(text, ".e") == NULL) {
    memcpy(text + strlen(text), ".0", sizeof ".0");
  }
  wi_json_raw(j, text);
}

void wi_delta_json_put(wi_json *j, const json_t *value) {
  const char *key;
  json_t *member;
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      wi_json_object(j);
      json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        wi_json_key(j, key);
        wi_delta_json_put(j, member);
      }
      wi_json_object_end(j);
      break;
    case JSON_ARRAY:
      wi_json_array(j);
      for (size_t i = 0; i < json_array_size(value); i++) {
        wi_delta_json_put(j, json_array_get(value, i));
      }
      wi_json_array_end(j);
      break;
    case JSON_STRING:
      wi_json_ntext(j, json_string_value(value), json_string_length(value));
      break;
    case JSON_INTEGER:
      wi_json_int(j, json_integer_value(value));
      break;
    case JSON_REAL:
      put_real(j, json_real_value(value));
      break;
    case JSON_TRUE:
    case JSON_FALSE:
      wi_json_bool(j, json_is_true(value));
      break;
    case JSON_NULL:
    default:
      wi_json_null(j);
      break;
  }
}
