/* Which leases live: what the objects below a root say that lease.c puts. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "storage/internal.h"

#define WI_ORIGIN "lease"

enum { RUN_ID = 36 };

void wi_leases_release(wi_leases *leases) {
  for (size_t i = 0; i < leases->dead.n; i++) {
    wi_free(leases->dead.items[i]);
  }
  wi_list_release(&leases->dead);
  wi_map_release(&leases->live);
  *leases = (wi_leases){WI_MAP_INIT, WI_LIST_INIT};
}

/* "<run id>.<n>" */
static bool is_lease(const char *name, char run_id[37]) {
  if (strspn(name, "0123456789abcdef-") != RUN_ID || name[RUN_ID] != '.' ||
      name[RUN_ID + 1] == '\0' ||
      strspn(name + RUN_ID + 1, "0123456789") != strlen(name + RUN_ID + 1)) {
    return false;
  }
  memcpy(run_id, name, RUN_ID);
  run_id[RUN_ID] = '\0';
  return true;
}

/* What the object itself says, by this machine's clock. What cannot be read, or says nothing,
 * might be a lease of another weir: it lives. One that is gone was given back. */
static weir_status says_it_lives(wi_store *store, const char *path, bool *lives,
                                 weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  weir_error gone = WEIR_ERROR_INIT;
  int64_t expires = 0;
  weir_status status = wi_store_read(store, path, &text, &gone);
  *lives = status != WEIR_E_NOT_FOUND;
  if (status == WEIR_OK) {
    json_t *lease = json_loadb(wi_buf_text(&text), text.n, 0, NULL);
    const char *said = json_string_value(json_object_get(lease, "expires"));
    *lives = said == NULL || !wi_time_parse(said, &expires) || expires > wi_now_us();
    json_decref(lease);
  } else if (status == WEIR_E_NOT_FOUND) {
    weir_error_release(&gone);
    status = WEIR_OK;
  }
  wi_err_move(err, &gone);
  wi_buf_release(&text);
  return status;
}

static weir_status see(wi_store *store, const wi_store_entry *e, int64_t now_us,
                       wi_leases *out, weir_error *err) {
  char run_id[37];
  const char *name = e->path + sizeof WI_LEASE_FOLDER;
  bool old = now_us - e->mtime_us >= WI_LEASE_LIFE_US, lives = true;
  if (strlen(e->path) < sizeof WI_LEASE_FOLDER) {
    return WEIR_OK;
  }
  if (is_lease(name, run_id)) {
    if (old) {
      WI_TRY(says_it_lives(store, e->path, &lives, err));
    }
    if (lives) {
      return wi_map_put(&out->live, run_id, out) ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
    }
  } else if (!old || !wi_starts_with(name, WI_LEASE_CLOCK)) {
    return WEIR_OK;
  }
  char *path = wi_strdup(e->path);
  if (path == NULL || !wi_list_add(&out->dead, path)) {
    wi_free(path);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WEIR_OK;
}

weir_status wi_leases_see(wi_store *store, const wi_store_entries *entries,
                          int64_t now_us, wi_leases *out, weir_error *err) {
  for (size_t i = 0; i < entries->n; i++) {
    WI_TRY(see(store, &entries->items[i], now_us, out, err));
  }
  return WEIR_OK;
}

weir_status wi_leases_read(wi_store *store, int64_t now_us, wi_leases *out,
                           weir_error *err) {
  wi_store_entries entries = {NULL, 0, 0};
  WI_TRY(wi_store_list(store, WI_LEASE_FOLDER, &entries, err));
  weir_status status = wi_leases_see(store, &entries, now_us, out, err);
  wi_store_entries_release(&entries);
  return status;
}

weir_status wi_store_clock(wi_store *store, int64_t *now_us, weir_error *err) {
  weir_status status = WEIR_OK;
  char id[37], path[96];
  const char *paths[] = {path};
  wi_buf text = WI_BUF_INIT;
  wi_uuid7(id);
  snprintf(path, sizeof path, "%s/" WI_LEASE_CLOCK "%s", WI_LEASE_FOLDER, id);
  WI_CHECK(wi_store_put_new(store, path, id, strlen(id), err));
  status = wi_store_read_timed(store, path, &text, now_us, err);
  (void)wi_store_remove(store, paths, 1, NULL);
done:
  wi_buf_release(&text);
  return status;
}
