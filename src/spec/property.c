/* Table properties and commit metadata of a header: never one that weir would not
 * honour. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef enum property_kind {
  ANY_TEXT,
  TRUE_FALSE,
  INTERVAL,
  POSITIVE,
  COLUMN_COUNT
} property_kind;

typedef struct property {
  const char *name;
  property_kind kind;
} property;

static const property honoured[] = {{"delta.appendOnly", TRUE_FALSE},
                                    {"delta.logRetentionDuration", INTERVAL},
                                    {"delta.deletedFileRetentionDuration", INTERVAL},
                                    {"delta.checkpointInterval", POSITIVE},
                                    {"delta.dataSkippingNumIndexedCols", COLUMN_COUNT},
                                    {"delta.dataSkippingStatsColumns", ANY_TEXT}};

/* Delta properties that a later weir may write. */
static const char *const properties_later[] = {
    "delta.enableChangeDataFeed",
    "delta.enableDeletionVectors",
    "delta.enableRowTracking",
    "delta.columnMapping.mode",
    "delta.enableInCommitTimestamps",
    "delta.enableTypeWidening",
    "delta.checkpointPolicy",
    "delta.enableIcebergCompatV1",
    "delta.enableIcebergCompatV2",
    "delta.targetFileSize",
    "delta.tuneFileSizesForRewrites",
    "delta.randomizeFilePrefixes",
    "delta.checkpoint.writeStatsAsJson",
    "delta.checkpoint.writeStatsAsStruct",
    "delta.setTransactionRetentionDuration",
    "delta.isolationLevel",
    "delta.enableExpiredLogCleanup",
    "delta.compatibility.symlinkFormatManifest.enabled",
    "delta.minReaderVersion",
    "delta.minWriterVersion"};

static bool interval_ok(const char *text) {
  static const char *const names[] = {"second", "minute", "hour", "day", "week"};
  unsigned count = 0;
  char word[16] = "";
  int end = 0;
  if (sscanf(text, "interval %9u %15s%n", &count, word, &end) != 2 || text[end] != '\0') {
    return false;
  }
  size_t n = strlen(word);
  if (n > 1 && word[n - 1] == 's') {
    word[n - 1] = '\0';
  }
  for (size_t i = 0; i < COUNT(names); i++) {
    if (strcmp(word, names[i]) == 0) {
      return true;
    }
  }
  return false;
}

static const char *property_wants(property_kind kind, const char *text) {
  bool digits =
      text[0] != '\0' && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);
  switch (kind) {
    case ANY_TEXT:
      return NULL;
    case TRUE_FALSE:
      return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ? NULL
                                                                     : "true or false";
    case INTERVAL:
      return interval_ok(text) ? NULL : "an interval, as interval 30 days";
    case POSITIVE:
      return digits && strtol(text, NULL, 10) > 0 ? NULL : "a positive integer";
    case COLUMN_COUNT:
      return digits || strcmp(text, "-1") == 0 ? NULL
                                               : "a number of columns, or -1 for all";
  }
  return NULL;
}

static bool is_later(const char *key) {
  for (size_t i = 0; i < COUNT(properties_later); i++) {
    if (strcmp(key, properties_later[i]) == 0) {
      return true;
    }
  }
  return false;
}

static bool delta_property(wi_reader *r, const wi_yaml *key, const wi_yaml *value) {
  const char *names[COUNT(honoured)];
  char near[256], hint[300];
  for (size_t i = 0; i < COUNT(honoured); i++) {
    names[i] = honoured[i].name;
    if (strcmp(key->text, honoured[i].name) != 0) {
      continue;
    }
    const char *wants = property_wants(honoured[i].kind, value->text);
    if (wants != NULL) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, value, NULL,
                         "%s has to be %s, not '%.100s'", key->text, wants, value->text);
    }
    return wants == NULL;
  }
  if (is_later(key->text)) {
    wi_reader_error_at(r, WEIR_E_NOT_YET, key, "take it out",
                       "this version of weir cannot honour the table property %s yet",
                       key->text);
    return false;
  }
  wi_nearest(key->text, names, COUNT(honoured), near, sizeof near);
  snprintf(hint, sizeof hint, "%s%s%s", near[0] == '\0' ? "take it out" : "did you mean ",
           near, near[0] == '\0' ? "" : "?");
  wi_reader_error_at(
      r, WEIR_E_BAD_VALUE, key, hint,
      "weir does not know the table property %.100s, and never ignores one", key->text);
  return false;
}

static bool check_property(wi_reader *r, const wi_yaml *key, const wi_yaml *value) {
  const char *dot = strchr(key->text, '.');
  if (wi_starts_with(key->text, "delta.")) {
    return delta_property(r, key, value);
  }
  if (wi_starts_with(key->text, "weir.")) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, key,
                       "use a prefix of your own, as team.owner",
                       "properties that begin with weir. are set by weir alone");
    return false;
  }
  if (dot == NULL || dot == key->text || dot[1] == '\0') {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, key, "write it as team.owner",
                       "a property's name needs a prefix and a dot, not '%.100s'",
                       key->text);
    return false;
  }
  return true;
}

static bool check_metadata(wi_reader *r, const wi_yaml *key, const wi_yaml *value) {
  static const char *const reserved[] = {"timestamp",
                                         "operation",
                                         "operationParameters",
                                         "operationMetrics",
                                         "engineInfo",
                                         "isBlindAppend",
                                         "inCommitTimestamp",
                                         "readVersion",
                                         "isolationLevel",
                                         "txnId",
                                         "userId",
                                         "userName",
                                         "userMetadata",
                                         "clientVersion",
                                         "tags",
                                         "job",
                                         "notebook",
                                         "clusterId",
                                         "version"};
  (void)value;
  bool taken = wi_starts_with(key->text, "weir.") || strcmp(key->text, "weir") == 0;
  for (size_t i = 0; i < COUNT(reserved); i++) {
    taken = taken || strcmp(key->text, reserved[i]) == 0;
  }
  if (taken || key->text[0] == '\0') {
    wi_reader_error_at(
        r, WEIR_E_BAD_VALUE, key, "use a name of your own, as team.job",
        "write_metadata may not set '%.100s': a commit has that key already", key->text);
  }
  return !taken && key->text[0] != '\0';
}

typedef struct pair { /* to sort by key */
  const char *key, *value;
} pair;

static int by_pair(const void *a, const void *b) {
  return strcmp(((const pair *)a)->key, ((const pair *)b)->key);
}

static void read_pairs(wi_reader *r, const wi_yaml *node, const char *what,
                       bool (*check)(wi_reader *, const wi_yaml *, const wi_yaml *),
                       wi_pairs *out) {
  if (node == NULL || wi_yaml_is_null(node) || !wi_reader_any_map(r, node, what)) {
    return;
  }
  pair *sorted = wi_reader_array(r, node->n, sizeof *sorted);
  out->keys = wi_reader_array(r, node->n, sizeof *out->keys);
  out->values = wi_reader_array(r, node->n, sizeof *out->values);
  size_t n = 0;
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    const char *text = wi_reader_text(r, node->items[i], what);
    if (text != NULL && check(r, node->keys[i], node->items[i])) {
      sorted[n++] = (pair){node->keys[i]->text, text};
    }
  }
  if (n > 1) {
    qsort(sorted, n, sizeof *sorted, by_pair);
  }
  for (size_t i = 0; i < n; i++) {
    out->keys[i] = sorted[i].key;
    out->values[i] = sorted[i].value;
  }
  out->n = n;
}

void wi_property_read_all(wi_reader *r, const wi_yaml *header, wi_spec_view *view) {
  read_pairs(r, wi_yaml_get(header, "properties"), "properties", check_property,
             &view->properties);
  read_pairs(r, wi_yaml_get(header, "write_metadata"), "write_metadata", check_metadata,
             &view->write_metadata);
}
