/* Inside src/maintain. */
#ifndef WI_MAINTAIN_INTERNAL_H
#define WI_MAINTAIN_INTERNAL_H

#include "maintain/maintain.h"

/* ---- folders of runs (litter.c) ---- */
enum { WI_FOLDER_NAME = 48 };
typedef struct wi_folder {
  char name[WI_FOLDER_NAME]; /* <run id>, or <run id>-<8 hex> */
  char run_id[37];
  int64_t started_us; /* of the run, as its id tells */
  int64_t newest_us;  /* of its files, by the store's clock */
  uint64_t files, bytes;
  bool named; /* by a commit */
} wi_folder;
typedef struct wi_folders {
  wi_folder *items;
  size_t n, cap;
} wi_folders;
void wi_folders_release(wi_folders *folders);
/* Of a listing of a table's root, in the order of paths. */
weir_status wi_folders_read(const wi_store_entries *all, wi_folders *out,
                            weir_error *err);
/* Whether a folder's name is one that runs give; what is in `out` then. */
bool wi_folder_parse(wi_str name, wi_folder *out);
/* A commit that died before it got its name (base/file.c). */
bool wi_is_unborn_commit(const char *path, int64_t *started_us);

typedef enum wi_litter_verdict {
  WI_KEEP_YOUNG = 1,
  WI_KEEP_LIVES = 2,  /* its run has a lease */
  WI_KEEP_NAMED = 3,  /* by a commit */
  WI_KEEP_UNSURE = 4, /* commits that might name it are gone */
  WI_IS_LITTER = 5
} wi_litter_verdict;
typedef struct wi_litter_facts {
  int64_t now_us, older_than_us;
  const wi_map *live; /* run ids with a lease */
  bool whole_log;
} wi_litter_facts;
wi_litter_verdict wi_folder_judge(const wi_folder *folder, const wi_litter_facts *facts);
/* The part of it that needs neither leases nor the log. */
bool wi_folder_is_young(int64_t started_us, int64_t newest_us, int64_t now_us,
                        int64_t older_than_us);

/* Marks the folders that a commit names, from the newest commit back, until all are found, or the
 * table as it is now where it has a checkpoint: each commit is read once at most. *whole: no commit
 * that might name one is gone. */
weir_status wi_folders_mark(wi_engine *engine, wi_store *store, wi_folders *folders,
                            bool *whole, weir_error *err);

/* Does one place lie in the other, or are they one? */
bool wi_places_touch(const char *a, const char *b);

/* ---- spill folders (spill.c) ---- */
typedef struct wi_spill_rules {
  int64_t now_us, older_than_us;
  bool apply;
} wi_spill_rules;
typedef weir_status (*wi_spill_found)(void *ctx, const char *path, uint64_t files,
                                      uint64_t bytes, weir_error *err);
/* Finds, and with `apply` removes, what killed processes left in a folder for spilling. */
weir_status wi_spill_clean(const char *folder, const wi_spill_rules *rules,
                           wi_spill_found found, void *ctx, weir_error *err);

#endif
