/* Warehouses made by hand, without an engine. */
#ifndef TESTS_UNIT_MAINTAIN_KIT_H
#define TESTS_UNIT_MAINTAIN_KIT_H

#include "common/hooks.h"
#include "maintain/internal.h"
#include "unit/delta/crafted.h"

#define HOUR ((int64_t)3600 * 1000000)

/* A run's id of a run that began so long ago. */
static inline void old_run_id(int64_t age_us, char out[37]) {
  static unsigned made;
  uint64_t ms = (uint64_t)(wi_now_us() - age_us) / 1000;
  snprintf(out, 37, "%08x-%04x-7000-8000-%012x", (unsigned)(ms >> 16),
           (unsigned)(ms & 0xFFFF), ++made);
}

/* Files get their time from the clock; an old run's files are old too. */
static inline void set_age(wi_store *store, const char *path, int64_t age_us) {
  char full[512];
  int64_t us = wi_now_us() - age_us;
  struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
  struct timespec times[2] = {t, t};
  snprintf(full, sizeof full, "%s/%s", wi_store_local(store), path);
  if (utimensat(AT_FDCWD, full, times, 0) != 0) {
    abort();
  }
}

static inline void stage(wi_store *store, const char *folder, int64_t age_us) {
  char path[256];
  snprintf(path, sizeof path, "%s/00000.parquet", folder);
  crafted_put(store, path, "rows");
  set_age(store, path, age_us);
}

static inline void commit_of(wi_store *store, int64_t version, const char *folder) {
  char text[512];
  snprintf(text, sizeof text,
           "{\"commitInfo\":{\"timestamp\":1}}\n{\"add\":{\"path\":\"%s/00000.parquet\","
           "\"size\":4}}\n",
           folder);
  crafted_commit(store, version, text);
}

static inline bool is_there(wi_store *store, const char *folder) {
  char path[256];
  wi_buf out = WI_BUF_INIT;
  snprintf(path, sizeof path, "%s/00000.parquet", folder);
  bool there = wi_store_read(store, path, &out, NULL) == WEIR_OK;
  wi_buf_release(&out);
  return there;
}

#endif
