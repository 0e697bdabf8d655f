/* Statistics of files as bounds by which files may be skipped. All that keeps a bound from being
 * too narrow is here:
 * - Floats have none. NaN is left out of statistics, and the engine sorts it above all numbers, or,
 *   with the other sign, below them; so no bound says anything of such a file.
 * - Decimals are written as doubles: above 15 digits what is written is rounded to any side, and
 *   says nothing.
 * - Timestamps are written to the millisecond, cut towards one side or the other: a bound is one
 *   wider on its side. An offset is written to the minute, which local times before 1900 are not.
 * - A text that was cut is a lower bound as it stands; writers raise the upper one as they cut it.
 * - Bounds of a file with deletion vectors may be of rows that are gone: wide, not narrow.
 * - What is malformed, doubled or of another type is no bound. */
#include <string.h>

#include "delta/files.h"
#include "delta/internal.h"

#define WI_ORIGIN "delta"

enum {
  US_OF_BOUND = 1000,
  US_OF_OFFSET = 60000000,
  DIGITS_OF_DOUBLE = 15,
  SKIP_DEPTH = 64
};

typedef enum slot_kind { SLOT_NONE, SLOT_NUMBER, SLOT_TEXT, SLOT_SPOILED } slot_kind;
typedef struct slot {
  slot_kind kind;
  bool escaped;
  wi_str raw;
} slot;

typedef struct column {
  const char *name;
  wi_str stored;
  wi_partition_type type;
  bool bounded;
  slot slots[WI_STATS_PARTS];
  wi_typed values[WI_STATS_PARTS];
} column;

struct wi_file_stats {
  wi_arena arena;
  column *columns;
  size_t n;
  wi_map by_name; /* stored name -> column */
  wi_buf text, room;
  bool nomem;
};

/* ---- which columns ---- */

static const char *stored_name(const wi_meta *meta, const json_t *field) {
  const char *mode = wi_meta_property(meta, "delta.columnMapping.mode");
  const char *physical = wi_delta_json_text(wi_delta_json_get(field, "metadata"),
                                            "delta.columnMapping.physicalName");
  bool mapped = mode != NULL && !wi_ascii_same(mode, "none") && physical != NULL;
  return mapped ? physical : wi_delta_json_text(field, "name");
}

/* Writers give bounds of decimals as doubles: above 15 digits they are rounded, either way. */
static bool is_bounded(wi_partition_type type) {
  switch ((int)type.kind) {
    case WI_PARTITION_BINARY:
    case WI_PARTITION_BOOLEAN:
    case WI_PARTITION_FLOAT:
    case WI_PARTITION_DOUBLE:
      return false;
    case WI_PARTITION_DECIMAL:
      return type.precision <= DIGITS_OF_DOUBLE;
    default:
      return true;
  }
}

static bool add_column(wi_file_stats *s, const wi_meta *meta, const json_t *field) {
  const char *type = wi_delta_json_text(field, "type");
  const char *name = wi_delta_json_text(field, "name");
  column *c = &s->columns[s->n];
  wi_partition_type of = {WI_PARTITION_STRING, 0, 0};
  if (type == NULL || name == NULL || !wi_partition_type_of(type, &of)) {
    return true;
  }
  c->name = wi_arena_dup(&s->arena, name);
  c->stored = wi_str_of(wi_arena_dup(&s->arena, stored_name(meta, field)));
  c->type = of;
  c->bounded = is_bounded(of);
  wi_typed_init(&c->values[WI_STATS_MIN], of);
  wi_typed_init(&c->values[WI_STATS_MAX], of);
  wi_typed_init(&c->values[WI_STATS_NULLS], (wi_partition_type){WI_PARTITION_LONG, 0, 0});
  s->n++;
  return c->name != NULL && c->stored.p != NULL &&
         wi_map_put(&s->by_name, c->stored.p, c);
}

weir_status wi_file_stats_new(const wi_meta *meta, wi_file_stats **out, weir_error *err) {
  const json_t *fields = json_object_get(wi_meta_schema_tree(meta), "fields");
  size_t n = json_array_size(fields);
  wi_file_stats *s = wi_alloc(sizeof *s);
  *out = NULL;
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  bool good = (s->columns = wi_arena_array(&s->arena, n + 1, sizeof *s->columns)) != NULL;
  for (size_t i = 0; i < n && good; i++) {
    good = add_column(s, meta, json_array_get(fields, i));
  }
  if (!good) {
    wi_file_stats_free(&s);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *out = s;
  return WEIR_OK;
}

void wi_file_stats_free(wi_file_stats **stats) {
  wi_file_stats *s = *stats;
  *stats = NULL;
  if (s == NULL) {
    return;
  }
  for (size_t i = 0; i < s->n; i++) {
    for (int part = 0; part < WI_STATS_PARTS; part++) {
      wi_typed_release(&s->columns[i].values[part]);
    }
  }
  wi_map_release(&s->by_name);
  wi_buf_release(&s->text);
  wi_buf_release(&s->room);
  wi_arena_release(&s->arena);
  wi_free(s);
}

/* ---- JSON, as far as it is looked at ---- */

typedef struct scan {
  const char *p, *end;
  bool bad;
} scan;

static void blanks(scan *s) {
  while (s->p < s->end &&
         (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) {
    s->p++;
  }
}

static bool take(scan *s, char c) {
  blanks(s);
  if (s->bad || s->p == s->end || *s->p != c) {
    return false;
  }
  s->p++;
  return true;
}

static void need(scan *s, char c) {
  s->bad = !take(s, c) || s->bad;
}

/* What is between the quotes, as it stands. */
static slot quoted(scan *s) {
  slot out = {SLOT_TEXT, false, {NULL, 0}};
  need(s, '"');
  out.raw.p = s->p;
  const char *end = s->bad ? NULL : memchr(s->p, '"', (size_t)(s->end - s->p));
  if (end != NULL && memchr(s->p, '\\', (size_t)(end - s->p)) == NULL) {
    out.raw.n = (size_t)(end - s->p);
    s->p = end + 1;
    return out;
  }
  out.escaped = true;
  while (!s->bad && s->p < s->end && *s->p != '"') {
    s->p += *s->p == '\\' && s->p + 1 < s->end ? 2 : 1;
  }
  out.raw.n = (size_t)(s->p - out.raw.p);
  need(s, '"');
  return out;
}

static bool ends_word(char c) {
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\t' ||
         c == '\r' || c == '\0';
}

static slot bare(scan *s) {
  slot out = {SLOT_NUMBER, false, {s->p, 0}};
  while (s->p < s->end && !ends_word(*s->p)) {
    s->p++;
  }
  out.raw.n = (size_t)(s->p - out.raw.p);
  s->bad = s->bad || out.raw.n == 0;
  bool number = out.raw.n > 0 && (wi_ascii_digit(out.raw.p[0]) || out.raw.p[0] == '-');
  out.kind = number ? SLOT_NUMBER : SLOT_NONE;
  return out;
}

static void skip(scan *s, int depth);

static void skip_members(scan *s, bool object, int depth) {
  char end = object ? '}' : ']';
  if (take(s, end)) {
    return;
  }
  do {
    if (object) {
      (void)quoted(s);
      need(s, ':');
    }
    skip(s, depth - 1);
  } while (take(s, ','));
  need(s, end);
}

static void skip(scan *s, int depth) {
  blanks(s);
  s->bad = s->bad || depth == 0 || s->p == s->end;
  if (s->bad) {
    return;
  }
  if (*s->p == '"') {
    (void)quoted(s);
  } else if (take(s, '{')) {
    skip_members(s, true, depth);
  } else if (take(s, '[')) {
    skip_members(s, false, depth);
  } else {
    (void)bare(s);
  }
}

/* A number or a text; SLOT_NONE for all else, which is passed over. */
static slot value(scan *s) {
  blanks(s);
  if (!s->bad && s->p < s->end && *s->p == '"') {
    return quoted(s);
  }
  if (!s->bad && s->p < s->end && *s->p != '{' && *s->p != '[') {
    return bare(s);
  }
  skip(s, SKIP_DEPTH);
  return (slot){SLOT_NONE, false, {NULL, 0}};
}

/* The text that a slot stands for; false: it is none. */
static bool unescaped(wi_file_stats *f, const slot *s, wi_str *out) {
  *out = s->raw;
  if (!s->escaped) {
    return true;
  }
  wi_delta_json_note note;
  json_t *text = NULL;
  weir_status status = wi_delta_json_load(s->raw.p - 1, s->raw.n + 2, &text, &note);
  f->nomem = f->nomem || status == WEIR_E_NO_MEMORY;
  wi_buf_clear(&f->text);
  wi_buf_add(&f->text, json_string_value(text), json_string_length(text));
  bool good = status == WEIR_OK && json_is_string(text) && !f->text.failed;
  json_decref(text);
  *out = (wi_str){wi_buf_text(&f->text), f->text.n};
  return good;
}

/* ---- one file ---- */

/* Writers keep the table's order, so the next column is mostly the one. */
static column *named(wi_file_stats *f, const slot *key, size_t *next) {
  wi_str name;
  char copy[256];
  for (size_t tries = 0; !key->escaped && tries < 2 && *next < f->n; tries++) {
    column *c = &f->columns[(*next)++];
    if (c->stored.n == key->raw.n && memcmp(c->stored.p, key->raw.p, key->raw.n) == 0) {
      return c;
    }
  }
  if (!unescaped(f, key, &name) || name.n >= sizeof copy ||
      memchr(name.p, '\0', name.n) != NULL) {
    return NULL;
  }
  memcpy(copy, name.p, name.n);
  copy[name.n] = '\0';
  column *c = wi_map_get(&f->by_name, copy);
  *next = c != NULL ? (size_t)(c - f->columns) + 1 : *next;
  return c;
}

static void read_part(wi_file_stats *f, scan *s, int part) {
  size_t next = 0;
  if (!take(s, '{')) {
    skip(s, SKIP_DEPTH); /* null, mostly */
    return;
  }
  if (take(s, '}')) {
    return;
  }
  do {
    slot key = quoted(s);
    need(s, ':');
    column *c = s->bad ? NULL : named(f, &key, &next);
    slot v = value(s);
    if (c != NULL && !s->bad) {
      v.kind = c->slots[part].kind == SLOT_NONE ? v.kind : SLOT_SPOILED;
      c->slots[part] = v;
    }
  } while (take(s, ','));
  need(s, '}');
}

static void read_all(wi_file_stats *f, scan *s, slot *rows) {
  static const char *const parts[] = {"minValues", "maxValues", "nullCount"};
  need(s, '{');
  if (take(s, '}')) {
    return;
  }
  do {
    slot key = quoted(s);
    int part = -1;
    need(s, ':');
    for (int i = 0; i < WI_STATS_PARTS && !s->bad; i++) {
      part = wi_str_eq(key.raw, parts[i]) ? i : part;
    }
    if (part >= 0) {
      read_part(f, s, part);
    } else if (!s->bad && wi_str_eq(key.raw, "numRecords")) {
      *rows = value(s);
    } else {
      skip(s, SKIP_DEPTH);
    }
  } while (take(s, ','));
  need(s, '}');
  blanks(s);
  s->bad = s->bad || s->p != s->end;
}

static bool count_of(wi_file_stats *f, const slot *s, int64_t *out) {
  static const wi_partition_type whole = {WI_PARTITION_LONG, 0, 0};
  wi_value v = {0};
  bool good =
      s->kind == SLOT_NUMBER && wi_value_read(whole, s->raw, &f->room, &v) && v.i >= 0;
  *out = good ? v.i : -1;
  return good;
}

static bool bound_of(wi_file_stats *f, const column *c, int part, wi_value *out) {
  const slot *s = &c->slots[part];
  wi_partition_kind kind = c->type.kind;
  bool timed = kind == WI_PARTITION_TIMESTAMP || kind == WI_PARTITION_TIMESTAMP_NTZ;
  bool texts = kind == WI_PARTITION_STRING || kind == WI_PARTITION_DATE || timed;
  wi_str text;
  if (!c->bounded || s->kind != (texts ? SLOT_TEXT : SLOT_NUMBER) ||
      !unescaped(f, s, &text) ||
      (kind == WI_PARTITION_STRING && !wi_utf8_valid(text.p, text.n)) ||
      !wi_value_read(c->type, text, &f->room, out)) {
    return false;
  }
  if (timed) {
    /* Cut to milliseconds; an offset of old local time is cut to minutes. */
    bool utc = text.n > 0 && text.p[text.n - 1] == 'Z';
    int64_t cut =
        US_OF_BOUND + (utc || kind == WI_PARTITION_TIMESTAMP_NTZ ? 0 : US_OF_OFFSET);
    out->i += part == WI_STATS_MAX ? cut : -cut;
  }
  return true;
}

static void append(wi_file_stats *f, column *c, bool known) {
  int64_t nulls = -1;
  for (int part = WI_STATS_MIN; part <= WI_STATS_MAX; part++) {
    wi_value v = {0};
    if (known && bound_of(f, c, part, &v)) {
      wi_typed_value(&c->values[part], &v);
    } else {
      wi_typed_null(&c->values[part]);
    }
  }
  if (known && count_of(f, &c->slots[WI_STATS_NULLS], &nulls)) {
    wi_typed_int(&c->values[WI_STATS_NULLS], nulls);
  } else {
    wi_typed_null(&c->values[WI_STATS_NULLS]);
  }
  memset(c->slots, 0, sizeof c->slots);
}

void wi_file_stats_add(wi_file_stats *f, wi_str json, int64_t *rows) {
  slot said = {SLOT_NONE, false, {NULL, 0}};
  scan s = {json.p, json.p == NULL ? NULL : json.p + json.n, json.p == NULL};
  if (!s.bad) {
    read_all(f, &s, &said);
  }
  *rows = -1;
  if (!s.bad) {
    (void)count_of(f, &said, rows);
  }
  for (size_t i = 0; i < f->n; i++) {
    append(f, &f->columns[i], !s.bad);
  }
}

/* ---- all files ---- */

int wi_file_stats_code(const wi_file_stats *f) {
  int code = f->nomem ? ENOMEM : NANOARROW_OK;
  for (size_t i = 0; i < f->n; i++) {
    for (int part = 0; part < WI_STATS_PARTS && code == NANOARROW_OK; part++) {
      code = f->columns[i].values[part].code;
    }
  }
  return code;
}

int64_t wi_file_stats_members(const wi_file_stats *f, int part) {
  int64_t n = 0;
  for (size_t i = 0; f != NULL && i < f->n; i++) {
    n += wi_typed_any(&f->columns[i].values[part]) ? 1 : 0;
  }
  return n;
}

int wi_file_stats_take(wi_file_stats *f, int part, struct ArrowSchema *schema,
                       struct ArrowArray *array) {
  static const char *const names[] = {"min", "max", "nulls"};
  int64_t at = 0, rows = 0;
  NANOARROW_RETURN_NOT_OK(
      wi_struct_init(names[part], wi_file_stats_members(f, part), schema, array));
  for (size_t i = 0; i < f->n; i++) {
    wi_typed *one = &f->columns[i].values[part];
    if (wi_typed_any(one)) {
      rows = one->n;
      NANOARROW_RETURN_NOT_OK(wi_typed_take(one, f->columns[i].name, schema->children[at],
                                            array->children[at]));
      at++;
    }
  }
  return wi_struct_end(array, rows);
}
