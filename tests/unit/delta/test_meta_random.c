/* Random tables and random edits of them: what an edit does not name is as it was, to the byte. */
#include "unit/delta/meta.h"

static uint64_t state;

static uint32_t pick(uint32_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % n;
}

static const char *const plain[] = {"string", "long",  "integer",       "double",
                                    "date",   "float", "timestamp_ntz", "decimal(12,3)",
                                    "binary", "byte",  "timestamp",     "boolean"};

/* ---- random JSON ---- */

static void put_any(wi_json *j, int depth) {
  static const char *const texts[] = {"", "x", "\xC3\xA4\"\\", "a\nb", "timestamp_ntz"};
  char key[24];
  switch (pick(depth > 2 ? 5 : 7)) {
    case 0:
      wi_json_text(j, texts[pick(5)]);
      return;
    case 1:
      wi_json_int(j, (int64_t)pick(1000000) - 500000);
      return;
    case 2:
      wi_json_raw(j, pick(2) ? "0.1" : "2.5e300");
      return;
    case 3:
      wi_json_bool(j, pick(2) == 0);
      return;
    case 4:
      wi_json_null(j);
      return;
    case 5:
      wi_json_array(j);
      for (uint32_t i = pick(3); i > 0; i--) {
        put_any(j, depth + 1);
      }
      wi_json_array_end(j);
      return;
    default:
      wi_json_object(j);
      for (uint32_t i = pick(3); i > 0; i--) {
        snprintf(key, sizeof key, "k%u_%u", i, pick(9));
        wi_json_key(j, key);
        put_any(j, depth + 1);
      }
      wi_json_object_end(j);
  }
}

/* Columns c0, c1 ...: `notes` false gives the bare ones of a writer. The types go by `seed`, so
 * that both are of one table. */
static void put_columns(wi_json *j, uint32_t from, uint32_t to, uint64_t seed, bool notes,
                        int depth);

static void put_type(wi_json *j, uint64_t seed, bool notes, int depth) {
  uint64_t kind = seed % 17;
  if (kind < 12 || depth > 2) {
    wi_json_text(j, plain[kind % 12]);
    return;
  }
  wi_json_object(j);
  if (kind < 14) {
    wi_json_kt(j, "type", "struct");
    wi_json_key(j, "fields");
    put_columns(j, 0, 1 + (uint32_t)(seed / 17 % 3), seed / 3, notes, depth + 1);
  } else if (kind < 16) {
    wi_json_kt(j, "type", "array");
    wi_json_key(j, "elementType");
    put_type(j, seed / 5, notes, depth + 1);
    wi_json_kb(j, "containsNull", true);
  } else {
    wi_json_kt(j, "type", "map");
    wi_json_kt(j, "keyType", "string");
    wi_json_key(j, "valueType");
    put_type(j, seed / 7, notes, depth + 1);
    wi_json_kb(j, "valueContainsNull", true);
  }
  if (notes && pick(3) == 0) {
    wi_json_key(j, "typeNote");
    put_any(j, 2);
  }
  wi_json_object_end(j);
}

static void put_columns(wi_json *j, uint32_t from, uint32_t to, uint64_t seed, bool notes,
                        int depth) {
  char name[16];
  wi_json_array(j);
  for (uint32_t i = from; i < to; i++) {
    snprintf(name, sizeof name, "c%u", i);
    wi_json_object(j);
    wi_json_kt(j, "name", name);
    wi_json_key(j, "type");
    put_type(j, seed * 31 + i * 7919, notes, depth);
    wi_json_kb(j, "nullable", true);
    wi_json_key(j, "metadata");
    wi_json_object(j);
    if (notes && pick(2) == 0) {
      wi_json_key(j, "comment");
      put_any(j, 2);
    }
    wi_json_object_end(j);
    if (notes && pick(4) == 0) {
      wi_json_key(j, "fieldNote");
      put_any(j, 2);
    }
    wi_json_object_end(j);
  }
  wi_json_array_end(j);
}

static void put_schema(wi_buf *out, uint32_t from, uint32_t to, uint64_t seed,
                       bool notes) {
  wi_json j;
  wi_buf_clear(out);
  wi_json_begin(&j, out);
  wi_json_object(&j);
  wi_json_kt(&j, "type", "struct");
  wi_json_key(&j, "fields");
  put_columns(&j, from, to, seed, notes, 0);
  wi_json_object_end(&j);
}

/* Members of metaData that weir does not know, and the known ones in any order. */
static wi_meta *random_meta(const char *schema) {
  static const char *const protocols[] = {
      PROTOCOL(1, 1), PROTOCOL(1, 2), PROTOCOL(1, 4), PROTOCOL(2, 6),
      "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
      "\"deletionVectors\""
      "],\"writerFeatures\":[\"deletionVectors\",\"changeDataFeed\"],\"note\":[1,0.1]}"};
  wi_buf m = WI_BUF_INIT;
  wi_json j;
  char key[24];
  wi_meta *out = NULL;
  wi_json_begin(&j, &m);
  wi_json_object(&j);
  wi_json_kt(&j, "schemaString", schema);
  for (uint32_t i = pick(4); i > 0; i--) {
    snprintf(key, sizeof key, "unknown%u", i);
    wi_json_key(&j, key);
    put_any(&j, 0);
  }
  wi_json_kt(&j, "id", "tid");
  if (pick(2)) {
    wi_json_kt(&j, "name", "theirs");
  }
  if (pick(2)) {
    wi_json_kt(&j, "description", "theirs");
  }
  wi_json_key(&j, "configuration");
  wi_json_object(&j);
  for (uint32_t i = pick(4); i > 0; i--) {
    snprintf(key, sizeof key, "p%u", i);
    wi_json_kt(&j, key, pick(2) ? "v" : "");
  }
  wi_json_object_end(&j);
  wi_json_key(&j, "partitionColumns");
  wi_json_raw(&j, "[\"c0\"]");
  if (pick(2)) {
    wi_json_ki(&j, "createdTime", 1700000000000 + pick(1000));
  }
  wi_json_object_end(&j);
  if (wi_meta_parse(protocols[pick(5)], m.p, &out, NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "not taken: %s", m.p);
  }
  wi_buf_release(&m);
  return out;
}

/* ---- what must be so ---- */

/* Members of `a` are those of `b` to the byte, but for the named ones. */
static bool kept(const json_t *a, const json_t *b, const char *const *but) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)a, key, value) {
    wi_buf x = WI_BUF_INIT, y = WI_BUF_INIT;
    wi_json jx, jy;
    bool named = false;
    for (size_t i = 0; but[i] != NULL; i++) {
      named = named || strcmp(but[i], key) == 0;
    }
    const json_t *other = json_object_get(b, key);
    wi_json_begin(&jx, &x);
    wi_json_begin(&jy, &y);
    wi_delta_json_put(&jx, value);
    if (other != NULL) {
      wi_delta_json_put(&jy, other);
    }
    bool same = named || strcmp(wi_buf_text(&x), wi_buf_text(&y)) == 0;
    if (!same) {
      wt_fail(__FILE__, __LINE__, "%s: %s became %s", key, x.p, wi_buf_text(&y));
    }
    wi_buf_release(&x);
    wi_buf_release(&y);
    if (!same) {
      return false;
    }
  }
  return true;
}

static bool fields_kept(const wi_meta *base, const wi_meta *made) {
  static const char *const none[] = {NULL};
  const json_t *was = json_object_get(wi_meta_schema_tree(base), "fields");
  const json_t *is = json_object_get(wi_meta_schema_tree(made), "fields");
  for (size_t i = 0; i < json_array_size(is); i++) {
    const json_t *field = json_array_get(is, i);
    for (size_t k = 0; k < json_array_size(was); k++) {
      const json_t *old = json_array_get(was, k);
      if (strcmp(wi_delta_json_text(old, "name"), wi_delta_json_text(field, "name")) ==
              0 &&
          !(kept(old, field, none) && kept(field, old, none))) {
        return false;
      }
    }
  }
  return true;
}

static bool features_kept(const wi_meta *base, const wi_meta *made) {
  static const char *const all[] = {
      "appendOnly",    "invariants",       "checkConstraints", "changeDataFeed",
      "columnMapping", "generatedColumns", "identityColumns",  "deletionVectors"};
  bool good = wi_meta_min_reader(made) >= wi_meta_min_reader(base) &&
              wi_meta_min_writer(made) >= wi_meta_min_writer(base);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    good =
        good && (!wi_meta_has_feature(base, all[i]) || wi_meta_has_feature(made, all[i]));
  }
  return good && (!wi_meta_has_type(made, "timestamp_ntz") ||
                  wi_meta_has_feature(made, "timestampNtz"));
}

static bool one_round(void) {
  static const char *const named[] = {"schemaString", "configuration", "description",
                                      NULL};
  static const char *const set_keys[] = {"p1", NULL};
  static const wi_br_pair set[] = {{"p1", "mine"}};
  wi_buf schema = WI_BUF_INIT, columns = WI_BUF_INIT;
  uint64_t seed = pick(1000000);
  uint32_t had = 1 + pick(5), has = 1 + pick(7);
  bool edits_columns = pick(3) > 0, sets = pick(2) == 0;
  put_schema(&schema, 0, had, seed, true);
  put_schema(&columns, 0, has, seed, false);
  wi_meta *base = random_meta(schema.p);
  wi_meta *made = meta_with(
      base,
      (wi_meta_edit){
          .set = set, .n_set = sets ? 1 : 0, .description = sets ? "mine" : NULL},
      edits_columns ? columns.p : NULL, NULL);
  wi_commit before = meta_lines(NULL, base), after = meta_lines(NULL, made);
  const json_t *was = json_object_get(before.metadata, "configuration");
  const json_t *is = json_object_get(after.metadata, "configuration");
  bool good = kept(before.metadata, after.metadata, named) &&
              kept(after.metadata, before.metadata, named) && kept(was, is, set_keys) &&
              kept(is, was, set_keys) && fields_kept(base, made) &&
              features_kept(base, made) &&
              (edits_columns || strcmp(wi_meta_schema(base), wi_meta_schema(made)) == 0);
  size_t n = json_array_size(json_object_get(wi_meta_schema_tree(made), "fields"));
  good = good && n == (edits_columns ? has : had);
  good = good && (!sets || strcmp(wi_meta_property(made, "p1"), "mine") == 0);
  good = good && wi_meta_same(base, made) == (wi_meta_diff(base, made) == 0);
  if (!good) {
    wt_fail(__FILE__, __LINE__, "from %s\n  with %s\n  came %s", schema.p, columns.p,
            wi_meta_schema(made));
  }
  wi_commit_release(&before);
  wi_commit_release(&after);
  wi_meta_unref(&base);
  wi_meta_unref(&made);
  wi_buf_release(&schema);
  wi_buf_release(&columns);
  return good;
}

WT_TEST(what_an_edit_does_not_name_is_as_it_was) {
  for (uint64_t i = 0; i < 5000; i++) {
    state = i * 2654435761u + 1;
    if (!one_round()) {
      wt_fail(__FILE__, __LINE__, "round %d", (int)i);
      return;
    }
  }
}
