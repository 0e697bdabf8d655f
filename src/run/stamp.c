/* Writer and reader of what a view's commit says of itself: two directions of one list. */
#include "run/stamp.h"

#include <stdlib.h>
#include <string.h>

#define WI_ORIGIN "run"

static const char *const keys[] = {
#define WI_STAMP(name, key) key,
#include "../../tables/stamp.def"
#undef WI_STAMP
};

/* ---- inputs ---- */

static const struct {
  const char *word;
  wi_input_what what;
} kinds[] = {
    {"source", WI_KEY_SOURCE}, {"functions", WI_KEY_FUNCTIONS}, {"view", WI_KEY_VIEW}};

weir_status wi_key_inputs_alloc(wi_key_inputs *inputs, size_t n, weir_error *err) {
  inputs->items = wi_alloc_array(n + 1, sizeof(*inputs->items));
  inputs->n = inputs->items != NULL ? n : 0;
  return inputs->items != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

void wi_key_inputs_release(wi_key_inputs *inputs) {
  for (size_t i = 0; i < inputs->n; i++) {
    wi_pin_unref(&inputs->items[i].pin);
  }
  wi_free(inputs->items);
  memset(inputs, 0, sizeof(*inputs));
}

const wi_key_input *wi_key_inputs_find(const wi_key_inputs *inputs, const char *name) {
  for (size_t i = 0; i < inputs->n; i++) {
    if (strcmp(inputs->items[i].name, name) == 0) {
      return &inputs->items[i];
    }
  }
  return NULL;
}

/* < 0: a is older than b; *comparable is false where that cannot be said. */
static int by_age(const wi_key_input *a, const wi_key_input *b, bool *comparable) {
  int64_t x = a->version, y = b->version;
  if (a->what != b->what || a->what == WI_KEY_FUNCTIONS) {
    *comparable = a->what == b->what && strcmp(a->identity, b->identity) == 0;
    return 0;
  }
  if (a->what == WI_KEY_SOURCE) {
    bool both = a->pin != NULL && b->pin != NULL && a->pin->table_id != NULL &&
                b->pin->table_id != NULL;
    *comparable = both && strcmp(a->pin->table_id, b->pin->table_id) == 0;
    x = both ? a->pin->version : 0;
    y = both ? b->pin->version : 0;
  }
  return x < y ? -1 : x > y;
}

wi_input_age wi_key_inputs_age(const wi_key_inputs *these, const wi_key_inputs *than) {
  bool older = false, newer = false, comparable = these->n == than->n;
  for (size_t i = 0; i < these->n && comparable; i++) {
    const wi_key_input *other = wi_key_inputs_find(than, these->items[i].name);
    comparable = other != NULL;
    int order = comparable ? by_age(&these->items[i], other, &comparable) : 0;
    older = older || order < 0;
    newer = newer || order > 0;
  }
  if (!comparable || (older && newer)) {
    return WI_AGE_UNKNOWN;
  }
  return older ? WI_AGE_OLDER : newer ? WI_AGE_NEWER : WI_AGE_SAME;
}

/* ---- pins as JSON ---- */

static void pin_write(wi_json *j, const wi_pin *pin) {
#define WI_PIN_TEXT(field, column, identity)      wi_json_kt(j, #field, pin->field);
#define WI_PIN_DIGEST                             WI_PIN_TEXT
#define WI_PIN_INT(field, type, column, identity) wi_json_ki(j, #field, pin->field);
#include "../../tables/pin.def"
#undef WI_PIN_TEXT
#undef WI_PIN_DIGEST
#undef WI_PIN_INT
}

static bool read_digest(const json_t *entry, const char *key, char out[WI_DIGEST_HEX]) {
  const char *text = json_string_value(json_object_get(entry, key));
  bool fits = text != NULL && strlen(text) < WI_DIGEST_HEX;
  out[0] = '\0';
  if (fits) {
    memcpy(out, text, strlen(text) + 1);
  }
  return fits;
}

static bool read_text(const json_t *entry, const char *key, char **out, bool *memory) {
  const char *text = json_string_value(json_object_get(entry, key));
  if (text != NULL) {
    *out = wi_strdup(text);
    *memory = *memory && *out != NULL;
  }
  return text != NULL;
}

static int64_t read_int(const json_t *entry, const char *key, bool *whole) {
  const json_t *value = json_object_get(entry, key);
  *whole = *whole && json_is_integer(value);
  return json_integer_value(value);
}

/* NULL: the entry has no whole pin, or (*memory is false) there is no memory. */
static const wi_pin *pin_read(const json_t *entry, bool *memory) {
  wi_pin pin = {.version = -1};
  bool whole = true;
#define WI_PIN_TEXT(field, column, identity) \
  whole = read_text(entry, #field, &pin.field, memory) && whole;
#define WI_PIN_DIGEST(field, column, identity) \
  whole = read_digest(entry, #field, pin.field) && whole;
#define WI_PIN_INT(field, type, column, identity) \
  pin.field = (type)read_int(entry, #field, &whole);
#include "../../tables/pin.def"
#undef WI_PIN_TEXT
#undef WI_PIN_DIGEST
#undef WI_PIN_INT
  if (!whole || !*memory) {
    wi_pin_release(&pin);
    return NULL;
  }
  const wi_pin *shared = wi_pin_share(&pin);
  *memory = shared != NULL;
  return shared;
}

/* ---- the list of inputs ---- */

static void input_write(wi_json *j, const wi_key_input *input) {
  wi_json_object(j);
  wi_json_kt(j, "name", input->name);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (kinds[i].what == input->what) {
      wi_json_kt(j, "kind", kinds[i].word);
    }
  }
  wi_json_kt(j, "identity", input->identity);
  if (input->what == WI_KEY_VIEW) {
    wi_json_ki(j, "version", input->version);
  }
  if (input->pin != NULL) {
    pin_write(j, input->pin);
  }
  if (input->state[0] != '\0') {
    wi_json_kt(j, "state", input->state);
  }
  wi_json_object_end(j);
}

static bool input_read(const json_t *entry, wi_key_input *out, bool *memory) {
  const char *kind = json_string_value(json_object_get(entry, "kind"));
  const json_t *version = json_object_get(entry, "version");
  out->name = json_string_value(json_object_get(entry, "name"));
  for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (strcmp(kind, kinds[i].word) == 0) {
      out->what = kinds[i].what;
    }
  }
  (void)read_digest(entry, "state", out->state);
  out->version = json_is_integer(version) ? json_integer_value(version) : -1;
  if (out->what == WI_KEY_SOURCE) {
    out->pin = pin_read(entry, memory);
  }
  return read_digest(entry, "identity", out->identity) && out->name != NULL &&
         out->what != 0 && (out->what != WI_KEY_SOURCE || out->pin != NULL);
}

/* One that cannot be read makes the list unknown: a key cannot be made of the rest. */
static weir_status inputs_read(wi_stamp *s, weir_error *err) {
  bool memory = true;
  wi_str text = wi_str_of(s->text[WI_STAMP_INPUTS]);
  if (wi_json_read(text.p, text.n, &s->names, NULL) == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->inputs_known = json_is_array(s->names);
  WI_TRY(wi_key_inputs_alloc(&s->inputs, json_array_size(s->names), err));
  for (size_t i = 0; i < s->inputs.n && memory; i++) {
    bool whole = input_read(json_array_get(s->names, i), &s->inputs.items[i], &memory);
    s->inputs_known = s->inputs_known && whole;
  }
  if (!s->inputs_known) {
    wi_key_inputs_release(&s->inputs);
  }
  return memory ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* ---- stamps ---- */

bool wi_stamp_is_of(const wi_commit *commit, const char *project, const char *view) {
  const char *of = wi_commit_info_text(commit, keys[WI_STAMP_PROJECT]);
  const char *name = wi_commit_info_text(commit, keys[WI_STAMP_VIEW]);
  return of != NULL && name != NULL && strcmp(of, project) == 0 &&
         strcmp(name, view) == 0;
}

/* "2" and "2.1" are newer than a "1.x"; a text that is no number is none of ours either. */
static bool is_newer(const char *format) {
  char *end = NULL;
  unsigned long major = strtoul(format, &end, 10);
  return format[0] != '\0' && (end == format || (*end != '\0' && *end != '.') ||
                               major > strtoul(WI_STAMP_FORMAT_NOW, NULL, 10));
}

weir_status wi_stamp_read(const wi_commit *commit, wi_stamp *out, weir_error *err) {
  memset(out, 0, sizeof(*out));
  for (size_t i = 0; i < WI_STAMP_TEXTS; i++) {
    const char *text = wi_commit_info_text(commit, keys[i]);
    out->text[i] = text != NULL ? text : "";
  }
  out->newer = is_newer(out->text[WI_STAMP_FORMAT]);
  weir_status status = inputs_read(out, err);
  if (status != WEIR_OK) {
    wi_stamp_release(out);
  }
  return status;
}

void wi_stamp_release(wi_stamp *stamp) {
  wi_key_inputs_release(&stamp->inputs);
  json_decref(stamp->names);
  memset(stamp, 0, sizeof(*stamp));
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

static bool add(wi_info *info, const char *key, const char *value) {
  wi_br_pair *pair = &info->pairs[info->n++];
  pair->key = wi_arena_dup(&info->arena, key);
  pair->value = wi_arena_dup(&info->arena, value);
  return pair->key != NULL && pair->value != NULL;
}

weir_status wi_stamp_write(const wi_stamp *stamp, const wi_pairs *own, wi_info *out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf inputs = WI_BUF_INIT;
  wi_json j;
  bool fits = true;
  memset(out, 0, sizeof(*out));
  wi_json_begin(&j, &inputs);
  wi_json_array(&j);
  for (size_t i = 0; i < stamp->inputs.n; i++) {
    input_write(&j, &stamp->inputs.items[i]);
  }
  wi_json_array_end(&j);
  WI_CHECK(wi_buf_check(&inputs, err, WI_ORIGIN));
  out->pairs = wi_alloc_array(WI_STAMP_TEXTS + own->n, sizeof(*out->pairs));
  fits = out->pairs != NULL;
  for (size_t i = 0; i < WI_STAMP_TEXTS && fits; i++) {
    const char *text = i == WI_STAMP_FORMAT   ? WI_STAMP_FORMAT_NOW
                       : i == WI_STAMP_INPUTS ? wi_buf_text(&inputs)
                                              : stamp->text[i];
    fits = add(out, keys[i], text != NULL ? text : "");
  }
  for (size_t i = 0; i < own->n && fits; i++) {
    fits = add(out, own->keys[i], own->values[i]);
  }
  if (!fits) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  qsort(out->pairs, out->n, sizeof(*out->pairs), by_key);
done:
  wi_buf_release(&inputs);
  if (status != WEIR_OK) {
    wi_info_release(out);
  }
  return status;
}

void wi_info_release(wi_info *info) {
  wi_free(info->pairs);
  wi_arena_release(&info->arena);
  memset(info, 0, sizeof(*info));
}
