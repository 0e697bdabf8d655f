/* What killed runs spilled. A folder that is in use is locked (bridge/src/runtime/spill.rs); nobody
 * holds one that a killed process left. */
#include <string.h>
#include <unistd.h>

#include "maintain/internal.h"

#define WI_ORIGIN "maintain"

#define SPILL_NAME "weir-spill-"

static weir_status size_of(const char *path, uint64_t *files, uint64_t *bytes,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  wi_store *store = NULL;
  wi_store_entries all = {NULL, 0, 0};
  wi_buf_str(&uri, "file://");
  wi_uri_encode_path(path, &uri);
  WI_CHECK(wi_buf_check(&uri, err, WI_ORIGIN));
  WI_CHECK(wi_store_open(NULL, uri.p, NULL, 0, &store, err));
  WI_CHECK(wi_store_list_all(store, "", &all, err));
  *files = all.n;
  *bytes = 0;
  for (size_t i = 0; i < all.n; i++) {
    *bytes += all.items[i].size;
  }
done:
  wi_store_entries_release(&all);
  wi_store_unref(&store);
  wi_buf_release(&uri);
  return status;
}

/* Of a folder that nobody holds; one that went or is held meanwhile is none. */
static weir_status clean_one(const char *path, const wi_spill_rules *rules,
                             wi_spill_found found, void *ctx, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_file_info info;
  uint64_t files = 0, bytes = 0;
  int fd = -1;
  if (wi_file_stat(path, &info, NULL) != WEIR_OK || !info.is_dir || info.is_link ||
      wi_folder_is_young(0, info.mtime_ns / 1000, rules->now_us, rules->older_than_us) ||
      wi_dir_lock(path, true, &fd, NULL) != WEIR_OK || fd < 0) {
    return WEIR_OK;
  }
  WI_CHECK(size_of(path, &files, &bytes, err));
  WI_CHECK(found(ctx, path, files, bytes, err));
  if (rules->apply) {
    WI_CHECK(wi_dir_remove_all(path, err));
  }
done:
  close(fd);
  return status;
}

weir_status wi_spill_clean(const char *folder, const wi_spill_rules *rules,
                           wi_spill_found found, void *ctx, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_list names = WI_LIST_INIT;
  wi_buf path = WI_BUF_INIT;
  if (wi_dir_list(folder, &names, NULL) != WEIR_OK) {
    goto done; /* nobody spilled there */
  }
  for (size_t i = 0; i < names.n; i++) {
    if (wi_starts_with(names.items[i], SPILL_NAME)) {
      wi_path_join(&path, folder, names.items[i]);
      WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
      WI_CHECK(clean_one(path.p, rules, found, ctx, err));
    }
  }
done:
  for (size_t i = 0; i < names.n; i++) {
    wi_free(names.items[i]);
  }
  wi_list_release(&names);
  wi_buf_release(&path);
  return status;
}
