/* Cleaning a warehouse. On each table: files first, then leases, then the log. */
#include <string.h>
#include <unistd.h>

#include "maintain/internal.h"

#define WI_ORIGIN "maintain"

typedef struct cleaner {
  const wi_clean_request *r;
  wi_store *root;
  bool by_object; /* leases, no locks */
  int64_t now_us; /* by the clock that files have their times from */
  int64_t older_than_us;
  int held; /* the lock on a local warehouse; -1 */
  wi_litter *out;
} cleaner;

static weir_status add_item(cleaner *c, wi_litter_kind kind, const char *uri,
                            const char *below, uint64_t files, uint64_t bytes,
                            weir_error *err) {
  wi_litter *l = c->out;
  wi_buf place = WI_BUF_INIT;
  if (l->n == l->cap) {
    size_t cap = l->cap > 0 ? l->cap * 2 : 8;
    wi_litter_item *grown = wi_realloc_array(l->items, cap, sizeof *grown);
    if (grown == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    l->items = grown;
    l->cap = cap;
  }
  wi_buf_fmt(&place, "%s%s%s", uri, below[0] != '\0' ? "/" : "", below);
  weir_status status = wi_buf_check(&place, err, WI_ORIGIN);
  if (status == WEIR_OK) {
    l->items[l->n++] = (wi_litter_item){kind, wi_buf_take(&place), files, bytes};
  }
  wi_buf_release(&place);
  return status;
}

/* ---- what runs staged in one table ---- */

static weir_status clean_unborn(cleaner *c, wi_store *store, const wi_store_entries *all,
                                weir_error *err) {
  for (size_t i = 0; i < all->n; i++) {
    const wi_store_entry *e = &all->items[i];
    const char *path = e->path;
    int64_t started = 0;
    if (!wi_is_unborn_commit(path, &started) ||
        wi_folder_is_young(started, e->mtime_us, c->now_us, c->older_than_us)) {
      continue;
    }
    WI_TRY(add_item(c, WI_LITTER_STAGED, wi_store_uri(store), path, 1, e->size, err));
    if (c->r->apply) {
      WI_TRY(wi_store_remove(store, &path, 1, err));
    }
  }
  return WEIR_OK;
}

/* Those of the warehouse's runs, and of writes to this one table. */
static weir_status read_leases(cleaner *c, wi_store *store, wi_leases *out,
                               weir_error *err) {
  if (!c->by_object) {
    return WEIR_OK;
  }
  WI_TRY(wi_leases_read(c->root, c->now_us, out, err));
  return wi_leases_read(store, c->now_us, out, err);
}

/* What is too young is not even looked at. */
static void drop_young(const cleaner *c, wi_folders *folders) {
  size_t kept = 0;
  for (size_t i = 0; i < folders->n; i++) {
    const wi_folder *f = &folders->items[i];
    if (!wi_folder_is_young(f->started_us, f->newest_us, c->now_us, c->older_than_us)) {
      folders->items[kept++] = *f;
    }
  }
  folders->n = kept;
}

static weir_status clean_folders(cleaner *c, wi_store *store, wi_folders *folders,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  wi_leases leases = WI_LEASES_INIT;
  wi_litter_facts facts = {c->now_us, c->older_than_us, &leases.live, false};
  drop_young(c, folders);
  if (folders->n == 0) {
    return WEIR_OK;
  }
  WI_CHECK(read_leases(c, store, &leases, err));
  WI_CHECK(wi_folders_mark(c->r->session->engine, store, folders, &facts.whole_log, err));
  for (size_t i = 0; i < folders->n; i++) {
    const wi_folder *f = &folders->items[i];
    if (wi_folder_judge(f, &facts) != WI_IS_LITTER) {
      continue;
    }
    WI_CHECK(add_item(c, WI_LITTER_STAGED, wi_store_uri(store), f->name, f->files,
                      f->bytes, err));
    if (c->r->apply) {
      WI_CHECK(wi_store_remove_all(store, f->name, err));
    }
  }
done:
  wi_leases_release(&leases);
  return status;
}

/* A write through the API shares the folder of its table while it lasts. */
static bool is_at_work(const cleaner *c, wi_store *store, int *fd) {
  *fd = -1;
  return !c->by_object &&
         wi_dir_lock(wi_store_local(store), true, fd, NULL) == WEIR_E_LOCKED;
}

static weir_status clean_staged(cleaner *c, wi_store *store, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries all = {NULL, 0, 0};
  wi_folders folders = {NULL, 0, 0};
  int fd = -1;
  if (is_at_work(c, store, &fd)) {
    return WEIR_OK;
  }
  WI_CHECK(wi_store_list_all(store, "", &all, err));
  WI_CHECK(clean_unborn(c, store, &all, err));
  WI_CHECK(wi_folders_read(&all, &folders, err));
  WI_CHECK(clean_folders(c, store, &folders, err));
done:
  if (fd >= 0) {
    close(fd);
  }
  wi_folders_release(&folders);
  wi_store_entries_release(&all);
  return status;
}

/* ---- orphans ---- */

/* Through the warehouse's store: a store never removes its own root. The log goes first: half
 * a removal is no table, never half a table. */
static weir_status remove_table(cleaner *c, const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf log = WI_BUF_INIT;
  wi_buf_fmt(&log, "%s/_delta_log", name);
  WI_CHECK(wi_buf_check(&log, err, WI_ORIGIN));
  WI_CHECK(wi_store_remove_all(c->root, log.p, err));
  WI_CHECK(wi_store_remove_all(c->root, name, err));
done:
  wi_buf_release(&log);
  return status;
}

/* A view that was frozen into a source is claimed by no view, and has our owner still. */
static bool is_read(const cleaner *c, const char *uri) {
  for (size_t i = 0; i < c->r->n_places; i++) {
    if (wi_places_touch(c->r->places[i], uri)) {
      return true;
    }
  }
  return false;
}

/* A run of an earlier state of the project may still write it. */
static weir_status is_written(cleaner *c, wi_store *store, bool *written,
                              weir_error *err) {
  wi_leases leases = WI_LEASES_INIT;
  weir_status status = read_leases(c, store, &leases, err);
  *written = leases.live.n > 0;
  wi_leases_release(&leases);
  return status;
}

static weir_status is_own(cleaner *c, wi_store *store, const char *name, bool *own,
                          weir_error *err) {
  wi_pin base = {0};
  wi_snap *snap = NULL;
  wi_buf wanted = WI_BUF_INIT;
  *own = false;
  weir_status status = wi_base_open(c->r->session, store, &base, &snap, err);
  if (status == WEIR_OK && base.version >= 0) {
    wi_buf_fmt(&wanted, "%s/%s", c->r->spec->name, name);
    const char *owner = wi_meta_property(base.meta, WI_OWNER_KEY);
    *own = owner != NULL && !wanted.failed && strcmp(owner, wi_buf_text(&wanted)) == 0;
  }
  wi_buf_release(&wanted);
  wi_snap_unref(&snap);
  wi_pin_release(&base);
  return status;
}

/* A table that an earlier state of this project made, and that no view claims now. */
static weir_status clean_orphan(cleaner *c, wi_store *store, const char *name,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries all = {NULL, 0, 0};
  uint64_t bytes = 0;
  bool own = false, written = false;
  if (is_read(c, wi_store_uri(store))) {
    return WEIR_OK;
  }
  WI_CHECK(is_own(c, store, name, &own, err));
  if (own) {
    WI_CHECK(is_written(c, store, &written, err));
  }
  if (!own || written) {
    goto done;
  }
  WI_CHECK(wi_store_list_all(store, "", &all, err));
  for (size_t i = 0; i < all.n; i++) {
    bytes += all.items[i].size;
  }
  WI_CHECK(add_item(c, WI_LITTER_ORPHAN, wi_store_uri(store), "", all.n, bytes, err));
  if (c->r->apply) {
    WI_CHECK(remove_table(c, name, err));
  }
done:
  wi_store_entries_release(&all);
  return status;
}

/* ---- all tables ---- */

/* Of the warehouse, or of writes to one table. */
static weir_status clean_leases(cleaner *c, wi_store *store, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_leases leases = WI_LEASES_INIT;
  if (!c->by_object) {
    return WEIR_OK;
  }
  WI_CHECK(wi_leases_read(store, c->now_us, &leases, err));
  for (size_t i = 0; i < leases.dead.n; i++) {
    const char *path = leases.dead.items[i];
    WI_CHECK(add_item(c, WI_LITTER_LEASE, wi_store_uri(store), path, 1, 0, err));
    if (c->r->apply) {
      WI_CHECK(wi_store_remove(store, &path, 1, err));
    }
  }
done:
  wi_leases_release(&leases);
  return status;
}

static weir_status clean_table(cleaner *c, const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  wi_store *store = NULL;
  wi_buf_fmt(&uri, "%s/%s", c->r->spec->warehouse, name);
  WI_CHECK(wi_buf_check(&uri, err, WI_ORIGIN));
  WI_CHECK(wi_session_store(c->r->session, uri.p, &store, err));
  if (wi_spec_view_find(c->r->spec, name) != NULL) {
    WI_CHECK(clean_staged(c, store, err));
    WI_CHECK(clean_leases(c, store, err));
  } else {
    WI_CHECK(clean_orphan(c, store, name, err));
  }
done:
  wi_store_unref(&store);
  wi_buf_release(&uri);
  return status;
}

/* The folders of the warehouse that are named as a table is. */
static weir_status add_folders(cleaner *c, wi_map *names, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries all = {NULL, 0, 0};
  WI_CHECK(wi_store_list_all(c->root, "", &all, err));
  for (size_t i = 0; i < all.n; i++) {
    const char *slash = strchr(all.items[i].path, '/');
    if (slash == NULL) {
      continue;
    }
    char *name = wi_strndup(all.items[i].path, (size_t)(slash - all.items[i].path));
    bool kept = name != NULL && (!wi_name_valid(name) || wi_map_put(names, name, c));
    wi_free(name);
    if (!kept) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_store_entries_release(&all);
  return status;
}

static weir_status table_names(cleaner *c, wi_map *names, weir_error *err) {
  for (size_t i = 0; i < c->r->spec->n_views; i++) {
    if (!wi_map_put(names, c->r->spec->views[i].name, c)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return c->r->orphans ? add_folders(c, names, err) : WEIR_OK;
}

static weir_status add_spill(void *ctx, const char *path, uint64_t files, uint64_t bytes,
                             weir_error *err) {
  return add_item(ctx, WI_LITTER_SPILL, path, "", files, bytes, err);
}

static weir_status clean_spill(cleaner *c, weir_error *err) {
  /* A folder is made a moment before it is locked. */
  int64_t least = WI_LEASE_LIFE_US;
  const wi_spill_rules rules = {
      wi_now_us(), c->older_than_us > least ? c->older_than_us : least, c->r->apply};
  return c->r->session->spill_dir != NULL
             ? wi_spill_clean(c->r->session->spill_dir, &rules, add_spill, c, err)
             : WEIR_OK;
}

/* ---- the call ---- */

/* Locally the warehouse is wanted alone, also for a look: beside a run nobody can tell whose files
 * are whose. On a store its clock is wanted; a look writes nothing, and takes this machine's. */
static weir_status prepare(cleaner *c, weir_error *err) {
  WI_TRY(wi_session_store(c->r->session, c->r->spec->warehouse, &c->root, err));
  c->by_object = wi_lease_by_object(c->root);
  if (c->by_object && c->older_than_us < WI_LEASE_LIFE_US) {
    c->older_than_us = WI_LEASE_LIFE_US;
  }
  if (c->by_object) {
    return c->r->apply ? wi_store_clock(c->root, &c->now_us, err) : WEIR_OK;
  }
  weir_status status = wi_dir_lock(wi_store_local(c->root), true, &c->held, err);
  if (status == WEIR_OK && !c->r->apply) {
    wi_dir_share(c->held); /* no run waits for a look */
  }
  if (status == WEIR_E_LOCKED) {
    wi_err_hint(err, "a run or another clean is at work there; clean when it has ended");
  }
  return status;
}

weir_status wi_clean(const wi_clean_request *r, wi_litter *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map names = WI_MAP_INIT;
  cleaner c = {r, NULL, false, wi_now_us(), r->older_than_us, -1, out};
  *out = (wi_litter){NULL, 0, 0};
  WI_CHECK(prepare(&c, err));
  WI_CHECK(table_names(&c, &names, err));
  for (size_t i = 0; i < names.n; i++) {
    if (names.entries[i].key[0] != '_') { /* the records' folder */
      WI_CHECK(clean_table(&c, names.entries[i].key, err));
    }
  }
  WI_CHECK(clean_leases(&c, c.root, err));
  WI_CHECK(clean_spill(&c, err));
done:
  if (c.held >= 0) {
    close(c.held);
  }
  wi_map_release(&names);
  wi_store_unref(&c.root);
  if (status != WEIR_OK) {
    wi_litter_release(out);
  }
  return status;
}
