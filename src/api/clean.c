/* What dead runs left behind, and tables that no view claims any more. Only what carries this
 * project's mark is ever touched: staged files stand in folders named by a run's id, and a
 * table must name this project as its owner. */
#include <string.h>
#include <unistd.h>

#include "api/private.h"

#define WI_ORIGIN "api"

#define RUN_ID_LENGTH 36

typedef struct clean_job {
  weir_project *p;
  wi_session *session;
  bool orphans, apply;
  weir_clean_item *items;
  size_t n, cap;
} clean_job;

static weir_status add_item(clean_job *j, const char *what, const char *uri,
                            const char *below, uint64_t files, uint64_t bytes,
                            weir_error *err) {
  wi_buf place = WI_BUF_INIT;
  if (j->n == j->cap) {
    size_t cap = j->cap > 0 ? j->cap * 2 : 8;
    weir_clean_item *grown = wi_realloc_array(j->items, cap, sizeof(*grown));
    if (grown == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    j->items = grown;
    j->cap = cap;
  }
  weir_clean_item *item = &j->items[j->n];
  memset(item, 0, sizeof(*item));
  wi_buf_fmt(&place, "%s%s%s", uri, below[0] != '\0' ? "/" : "", below);
  item->what = wi_strdup(what);
  item->uri = wi_buf_take(&place);
  item->files = files;
  item->bytes = bytes;
  j->n++;
  wi_buf_release(&place);
  return item->what != NULL && item->uri != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* A UUID in lower hex with dashes, as runs are called. */
static bool is_run_id(wi_str s) {
  if (s.n != RUN_ID_LENGTH) {
    return false;
  }
  for (size_t i = 0; i < s.n; i++) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool hex = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
    if (dash ? s.p[i] != '-' : !hex) {
      return false;
    }
  }
  return true;
}

static wi_str first_folder(const char *path) {
  const char *slash = strchr(path, '/');
  wi_str s = {path, slash != NULL ? (size_t)(slash - path) : 0};
  return s;
}

/* Does the log name a file of this folder, live or removed? */
static weir_status named_by_log(wi_store *store, const wi_log *log, const char *folder,
                                bool *named, weir_error *err) {
  size_t n = strlen(folder);
  *named = false;
  for (size_t i = 0; i < log->n_commits && !*named; i++) {
    wi_commit commit = {0};
    size_t k = 0;
    json_t *action = NULL;
    WI_TRY(wi_commit_read(store, log->commits[i], &commit, err));
    json_array_foreach(commit.actions, k, action) {
      const json_t *file = json_object_get(action, "add");
      file = file != NULL ? file : json_object_get(action, "remove");
      const char *path = json_string_value(json_object_get(file, "path"));
      if (path != NULL && strncmp(path, folder, n) == 0 && path[n] == '/') {
        *named = true;
      }
    }
    wi_commit_release(&commit);
  }
  return WEIR_OK;
}

/* Commits from before the first one in the log may name files too: then nothing is sure. */
static bool log_is_whole(const wi_log *log) {
  return log->n_commits > 0 && log->commits[0] == 0;
}

static weir_status clean_folder(clean_job *j, wi_store *store, const wi_log *log,
                                const char *folder, uint64_t files, uint64_t bytes,
                                weir_error *err) {
  bool named = false;
  if (log != NULL) {
    WI_TRY(named_by_log(store, log, folder, &named, err));
  }
  if (named) {
    return WEIR_OK;
  }
  WI_TRY(add_item(j, "staged", wi_store_uri(store), folder, files, bytes, err));
  return j->apply ? wi_store_remove_all(store, folder, err) : WEIR_OK;
}

/* A commit that died before it got its name: base/file.c writes it so. */
static bool is_unborn_commit(const char *path) {
  static const char begin[] = "_delta_log/.weir-", end[] = ".tmp";
  size_t n = strlen(path), affix = sizeof begin - 1 + sizeof end - 1;
  wi_str id = {path + sizeof begin - 1, n > affix ? n - affix : 0};
  return wi_starts_with(path, begin) && is_run_id(id) &&
         strcmp(path + n - (sizeof end - 1), end) == 0;
}

static weir_status clean_unborn(clean_job *j, wi_store *store,
                                const wi_store_entries *all, weir_error *err) {
  for (size_t i = 0; i < all->n; i++) {
    const char *path = all->items[i].path;
    if (!is_unborn_commit(path)) {
      continue;
    }
    WI_TRY(add_item(j, "staged", wi_store_uri(store), path, 1, all->items[i].size, err));
    if (j->apply) {
      WI_TRY(wi_store_remove(store, &path, 1, err));
    }
  }
  return WEIR_OK;
}

static weir_status clean_staged(clean_job *j, wi_store *store, const wi_log *log,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries all = {0};
  char folder[RUN_ID_LENGTH + 1] = "";
  uint64_t files = 0, bytes = 0;
  WI_CHECK(wi_store_list_all(store, "", &all, err));
  WI_CHECK(clean_unborn(j, store, &all, err));
  if (log != NULL && !log_is_whole(log)) {
    goto done;
  }
  for (size_t i = 0; i <= all.n; i++) {
    wi_str first = i < all.n ? first_folder(all.items[i].path) : (wi_str){"", 0};
    bool same = folder[0] != '\0' && wi_str_eq(first, folder);
    if (!same && folder[0] != '\0') {
      WI_CHECK(clean_folder(j, store, log, folder, files, bytes, err));
      folder[0] = '\0';
    }
    if (!same && is_run_id(first)) {
      memcpy(folder, first.p, RUN_ID_LENGTH);
      folder[RUN_ID_LENGTH] = '\0';
      files = bytes = 0;
    }
    if (folder[0] != '\0' && i < all.n) {
      files++;
      bytes += all.items[i].size;
    }
  }
done:
  wi_store_entries_release(&all);
  return status;
}

static weir_status open_store(clean_job *j, const char *name, wi_store **out,
                              weir_error *err) {
  wi_buf uri = WI_BUF_INIT;
  weir_status status = wi_view_uri(j->p->spec, name, &uri, err);
  if (status == WEIR_OK) {
    status = wi_session_store(j->session, wi_buf_text(&uri), out, err);
  }
  wi_buf_release(&uri);
  return status;
}

/* Through the warehouse's store: a store never removes its own root. The log goes first: half
 * a removal is no table, never half a table. */
static weir_status remove_table(clean_job *j, const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store *root = NULL;
  wi_buf log = WI_BUF_INIT;
  wi_buf_fmt(&log, "%s/_delta_log", name);
  WI_CHECK(wi_buf_check(&log, err, WI_ORIGIN));
  WI_CHECK(wi_session_store(j->session, j->p->spec->warehouse, &root, err));
  WI_CHECK(wi_store_remove_all(root, log.p, err));
  WI_CHECK(wi_store_remove_all(root, name, err));
done:
  wi_store_unref(&root);
  wi_buf_release(&log);
  return status;
}

/* A table that an earlier state of this project made, and that no view claims now. */
static weir_status clean_orphan(clean_job *j, wi_store *store, const char *name,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pin base = {0};
  wb_snap *snap = NULL;
  wi_buf owner = WI_BUF_INIT, own = WI_BUF_INIT;
  wi_store_entries all = {0};
  uint64_t bytes = 0;
  WI_CHECK(wi_base_open(j->session, store, &base, &snap, err));
  wi_buf_fmt(&own, "%s/%s", j->p->spec->name, name);
  if (base.version < 0 || !wi_base_property(&base, WI_OWNER_KEY, &owner) ||
      strcmp(wi_buf_text(&owner), wi_buf_text(&own)) != 0) {
    goto done;
  }
  WI_CHECK(wi_store_list_all(store, "", &all, err));
  for (size_t i = 0; i < all.n; i++) {
    bytes += all.items[i].size;
  }
  WI_CHECK(add_item(j, "orphan", wi_store_uri(store), "", all.n, bytes, err));
  if (j->apply) {
    WI_CHECK(remove_table(j, name, err));
  }
done:
  wi_store_entries_release(&all);
  wi_buf_release(&owner);
  wi_buf_release(&own);
  wi_br_snap_free(j->session->engine, &snap);
  wi_pin_release(&base);
  return status;
}

static weir_status clean_table(clean_job *j, const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error first = WEIR_ERROR_INIT;
  wi_store *store = NULL;
  wi_log log = {0};
  bool claimed = wi_spec_view_find(j->p->spec, name) != NULL;
  WI_CHECK(open_store(j, name, &store, &first));
  status = wi_log_list(store, &log, &first);
  bool table = status == WEIR_OK;
  if (status == WEIR_E_TABLE_MISSING) {
    weir_error_release(&first);
    status = WEIR_OK;
  }
  if (status == WEIR_OK && claimed) {
    status = clean_staged(j, store, table ? &log : NULL, &first);
  } else if (status == WEIR_OK && table && j->orphans) {
    status = clean_orphan(j, store, name, &first);
  }
done:
  wi_err_move(err, &first);
  wi_log_release(&log);
  wi_store_unref(&store);
  return status;
}

/* The folders of the warehouse: those of views, and with orphans all others. */
static weir_status table_names(clean_job *j, wi_map *names, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store *root = NULL;
  wi_store_entries all = {0};
  for (size_t i = 0; i < j->p->spec->n_views; i++) {
    if (!wi_map_put(names, j->p->spec->views[i].name, j)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  if (!j->orphans) {
    return WEIR_OK;
  }
  WI_CHECK(wi_session_store(j->session, j->p->spec->warehouse, &root, err));
  WI_CHECK(wi_store_list_all(root, "", &all, err));
  for (size_t i = 0; i < all.n; i++) {
    wi_str first = first_folder(all.items[i].path);
    char *name = wi_strndup(first.p, first.n);
    bool kept = name != NULL && (!wi_name_valid(name) || wi_map_put(names, name, j));
    wi_free(name);
    if (!kept) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_store_entries_release(&all);
  wi_store_unref(&root);
  return status;
}

/* Removing wants the warehouse alone: what a living run staged looks like a dead run's. */
static weir_status lock_warehouse(clean_job *j, int *fd, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store *root = NULL;
  if (!j->apply) {
    return WEIR_OK;
  }
  WI_CHECK(wi_session_store(j->session, j->p->spec->warehouse, &root, err));
  if (wi_store_local(root) == NULL) {
    goto done;
  }
  status = wi_dir_lock(wi_store_local(root), true, fd, err);
  if (status == WEIR_E_LOCKED) {
    wi_err_hint_replace(err, "a run is at work there; clean when it has ended");
  }
done:
  wi_store_unref(&root);
  return status;
}

weir_status weir_project_clean(weir_project *project, int orphans, int apply,
                               weir_clean_item **out, size_t *n, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map names = WI_MAP_INIT;
  clean_job j = {project, NULL, orphans != 0, apply != 0, NULL, 0, 0};
  int held = -1;
  *out = NULL;
  *n = 0;
  if (project->spec == NULL || project->engine == NULL) {
    return WI_ERR(err, WEIR_E_PROJECT, "the project could not be opened");
  }
  WI_CHECK(wi_project_session(project->spec, project->engine, wi_api_now(project, 0),
                              &j.session, err));
  WI_CHECK(wi_session_seal(j.session, err));
  WI_CHECK(lock_warehouse(&j, &held, err));
  WI_CHECK(table_names(&j, &names, err));
  for (size_t i = 0; i < names.n; i++) {
    if (names.entries[i].key[0] != '_') { /* the records' folder */
      WI_CHECK(clean_table(&j, names.entries[i].key, err));
    }
  }
  *out = j.items;
  *n = j.n;
  j.items = NULL;
done:
  if (j.items != NULL) {
    weir_clean_free(j.items, j.n);
  }
  if (held >= 0) {
    close(held);
  }
  wi_map_release(&names);
  wi_session_free(&j.session);
  return status;
}

void weir_clean_free(weir_clean_item *items, size_t n) {
  for (size_t i = 0; items != NULL && i < n; i++) {
    wi_free(items[i].what);
    wi_free(items[i].uri);
  }
  wi_free(items);
}
