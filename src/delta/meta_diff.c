/* What is different between two versions of what a table is. */
#include <string.h>

#include "delta/meta_internal.h"

/* ---- columns ---- */

static unsigned diff_type(const json_t *from, const json_t *to);

static bool is_nullable(const json_t *holder, const char *key) {
  return !json_is_false(json_object_get(holder, key));
}

static unsigned diff_null(bool from, bool to) {
  return from == to ? 0U : from ? WI_META_COLUMNS_BROKE : WI_META_COLUMNS_GREW;
}

/* Metadata that changes what may be written or how, and not only what people read. */
static bool is_physical(const char *key) {
  return wi_starts_with(key, "delta.") || wi_starts_with(key, "__");
}

/* The members of `a` that `b` has otherwise or not, but for those in `but`; null is absent. */
static unsigned diff_members(const json_t *a, const json_t *b, const char *const *but,
                             bool notes) {
  unsigned flags = 0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)a, key, value) {
    const json_t *other = json_object_get(b, key);
    bool skip = json_is_null(value) && other == NULL;
    for (size_t i = 0; but[i] != NULL && !skip; i++) {
      skip = strcmp(key, but[i]) == 0;
    }
    if (!skip && !json_equal(value, other)) {
      flags |= notes && is_physical(key) ? WI_META_COLUMNS_BROKE : WI_META_FIELD_NOTES;
    }
  }
  return flags;
}

static unsigned diff_notes(const json_t *from, const json_t *to) {
  static const char *const parts[] = {"name",     "type",        "nullable",
                                      "metadata", "elementType", "containsNull",
                                      "keyType",  "valueType",   "valueContainsNull",
                                      "fields",   NULL};
  static const char *const none[] = {NULL};
  const json_t *a = json_object_get(from, "metadata");
  const json_t *b = json_object_get(to, "metadata");
  return diff_members(a, b, none, true) | diff_members(b, a, none, true) |
         diff_members(from, to, parts, false) | diff_members(to, from, parts, false);
}

static const json_t *field_of(const json_t *fields, const char *name) {
  for (size_t i = 0; i < json_array_size(fields); i++) {
    const json_t *field = json_array_get(fields, i);
    const char *has = wi_delta_json_text(field, "name");
    if (has != NULL && name != NULL && strcmp(has, name) == 0) {
      return field;
    }
  }
  return NULL;
}

static unsigned diff_fields(const json_t *from, const json_t *to) {
  unsigned flags = 0;
  size_t at = 0; /* columns that stay are in the old order so far */
  for (size_t i = 0; i < json_array_size(from); i++) {
    const json_t *old = json_array_get(from, i);
    const json_t *new = field_of(to, wi_delta_json_text(old, "name"));
    if (new == NULL) {
      flags |= WI_META_COLUMNS_BROKE;
      continue;
    }
    flags |= json_array_get(to, at++) == new ? 0U : WI_META_COLUMNS_GREW;
    flags |= diff_type(json_object_get(old, "type"), json_object_get(new, "type"));
    flags |= diff_null(is_nullable(old, "nullable"), is_nullable(new, "nullable"));
    flags |= diff_notes(old, new);
  }
  for (size_t i = 0; i < json_array_size(to); i++) {
    const json_t *new = json_array_get(to, i);
    if (field_of(from, wi_delta_json_text(new, "name")) == NULL) {
      flags |=
          is_nullable(new, "nullable") ? WI_META_COLUMNS_GREW : WI_META_COLUMNS_BROKE;
    }
  }
  return flags;
}

static unsigned diff_type(const json_t *from, const json_t *to) {
  if (json_equal(from, to)) {
    return 0;
  }
  const char *a = wi_delta_json_text(from, "type"), *b = wi_delta_json_text(to, "type");
  if (a == NULL || b == NULL || strcmp(a, b) != 0) {
    return wi_delta_same_plain(from, to) ? 0U : WI_META_COLUMNS_BROKE;
  }
  if (strcmp(a, "struct") == 0) {
    return diff_fields(json_object_get(from, "fields"), json_object_get(to, "fields")) |
           diff_notes(from, to);
  }
  if (strcmp(a, "array") == 0) {
    return diff_type(json_object_get(from, "elementType"),
                     json_object_get(to, "elementType")) |
           diff_null(is_nullable(from, "containsNull"), is_nullable(to, "containsNull")) |
           diff_notes(from, to);
  }
  if (strcmp(a, "map") == 0) {
    return diff_type(json_object_get(from, "keyType"), json_object_get(to, "keyType")) |
           diff_type(json_object_get(from, "valueType"),
                     json_object_get(to, "valueType")) |
           diff_null(is_nullable(from, "valueContainsNull"),
                     is_nullable(to, "valueContainsNull")) |
           diff_notes(from, to);
  }
  return WI_META_COLUMNS_BROKE; /* a kind that we do not know */
}

/* ---- the rest ---- */

static bool same_names(const wi_meta_names *a, const wi_meta_names *b) {
  bool same = a->n == b->n;
  for (size_t i = 0; i < a->n && same; i++) {
    same = strcmp(a->items[i], b->items[i]) == 0;
  }
  return same;
}

static bool same_properties(const wi_meta *a, const wi_meta *b) {
  bool same = a->n_properties == b->n_properties;
  for (size_t i = 0; i < a->n_properties && same; i++) {
    same = strcmp(a->properties[i].key, b->properties[i].key) == 0 &&
           strcmp(a->properties[i].value, b->properties[i].value) == 0;
  }
  return same;
}

static bool same_members(const json_t *a, const json_t *b, const char *const *but) {
  return diff_members(a, b, but, false) == 0 && diff_members(b, a, but, false) == 0;
}

static bool same_protocol(const wi_meta *a, const wi_meta *b) {
  static const char *const read[] = {"minReaderVersion", "minWriterVersion",
                                     "readerFeatures", "writerFeatures", NULL};
  return a->min_reader == b->min_reader && a->min_writer == b->min_writer &&
         same_names(&a->readers, &b->readers) && same_names(&a->writers, &b->writers) &&
         same_members(a->protocol, b->protocol, read);
}

unsigned wi_meta_diff(const wi_meta *from, const wi_meta *to) {
  static const char *const read[] = {"id", "schemaString", "partitionColumns",
                                     "configuration", NULL};
  if (from == to) {
    return 0;
  }
  if (from == NULL || to == NULL) {
    return WI_META_ALL;
  }
  unsigned flags = diff_type(from->schema, to->schema);
  flags |= strcmp(wi_meta_id(from), wi_meta_id(to)) == 0 ? 0U : WI_META_ID;
  flags |= same_names(&from->partitions, &to->partitions) ? 0U : WI_META_PARTITIONING;
  flags |= same_properties(from, to) ? 0U : WI_META_PROPERTIES;
  flags |= same_members(from->metadata, to->metadata, read) ? 0U : WI_META_TEXTS;
  flags |= same_protocol(from, to) ? 0U : WI_META_PROTOCOL;
  return flags;
}

/* A text that one of them has and the other tells as another, or not at all. */
static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool wi_meta_agrees(const wi_meta *told, const wi_meta *written) {
  const unsigned more = WI_META_TEXTS | WI_META_PROTOCOL;
  return (wi_meta_diff(told, written) & ~more) == 0 &&
         same_text(wi_meta_name(told), wi_meta_name(written)) &&
         same_text(wi_meta_description(told), wi_meta_description(written)) &&
         wi_meta_created_ms(told) == wi_meta_created_ms(written) &&
         told->min_reader == written->min_reader &&
         told->min_writer == written->min_writer &&
         same_names(&told->readers, &written->readers) &&
         same_names(&told->writers, &written->writers);
}

bool wi_meta_same(const wi_meta *a, const wi_meta *b) {
  return wi_meta_diff(a, b) == 0;
}
