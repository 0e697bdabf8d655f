/* Logs made by hand in a folder of the test's own, which goes away at the end. */
#ifndef TESTS_UNIT_DELTA_CRAFTED_H
#define TESTS_UNIT_DELTA_CRAFTED_H

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/test.h"
#include "delta/internal.h"

static char crafted_root[64];

static inline void crafted_remove(void) {
  wi_dir_remove_all(crafted_root, NULL);
}

/* A store at an empty folder of this name. */
static inline wi_store *crafted_store(const char *name) {
  char uri[256];
  wi_store *store = NULL;
  if (crafted_root[0] == '\0') {
    snprintf(crafted_root, sizeof crafted_root, "/tmp/weir-delta-XXXXXX");
    if (mkdtemp(crafted_root) == NULL) {
      abort();
    }
    atexit(crafted_remove);
  }
  snprintf(uri, sizeof uri, "file://%s/%s", crafted_root, name);
  if (wi_store_open(NULL, uri, NULL, 0, &store, NULL) != WEIR_OK) {
    abort();
  }
  return store;
}

static inline void crafted_put(wi_store *store, const char *path, const char *text) {
  if (wi_store_put_new(store, path, text, strlen(text), NULL) != WEIR_OK) {
    abort();
  }
}

static inline void crafted_log(wi_store *store, const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "_delta_log/%s", name);
  crafted_put(store, path, text);
}

static inline void crafted_commit(wi_store *store, int64_t version, const char *text) {
  char path[64];
  wi_log_commit_path(version, path);
  crafted_put(store, path, text);
}

static inline void crafted_uncommit(wi_store *store, int64_t version) {
  char path[64];
  const char *paths[] = {path};
  wi_log_commit_path(version, path);
  (void)wi_store_remove(store, paths, 1, NULL);
}

#endif
