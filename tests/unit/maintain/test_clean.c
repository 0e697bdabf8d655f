/* A cleaner and runs that meet it at any point: nothing of a living or committed run goes. */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "unit/maintain/kit.h"

/* Objects instead of locks, as on a store; runs show themselves at once. */
static const wi_lease_times quick = {0, 20000, 5000, 60000000};

/* The wall clock as somebody set it: in the place of the C library's call. */
static atomic_int ahead_s;

int clock_gettime(clockid_t id, struct timespec *out) {
  int code = (int)syscall(SYS_clock_gettime, id, out);
  if (code == 0 && id == CLOCK_REALTIME) {
    out->tv_sec += atomic_load(&ahead_s);
  }
  return code;
}

typedef struct bench {
  wi_spec spec;
  wi_spec_view view;
  wi_session session; /* opens local stores, and needs no engine for that */
  wi_store *root, *table;
  char warehouse[256];
} bench;

static void bench_make(bench *b, const char *name) {
  memset(b, 0, sizeof *b);
  b->root = crafted_store(name);
  snprintf(b->warehouse, sizeof b->warehouse, "%s", wi_store_uri(b->root));
  b->view.name = "v";
  b->spec.name = "shop";
  b->spec.warehouse = b->warehouse;
  b->spec.views = &b->view;
  b->spec.n_views = 1;
  char below[64];
  snprintf(below, sizeof below, "%s/v", name);
  b->table = crafted_store(below);
  crafted_commit(b->table, 0, "{\"commitInfo\":{\"timestamp\":1}}\n");
}

static void bench_free(bench *b) {
  wi_store_unref(&b->root);
  wi_store_unref(&b->table);
}

static size_t clean(bench *b, int64_t older_than_us) {
  weir_error err = WEIR_ERROR_INIT;
  wi_litter litter;
  wi_clean_request r = {0};
  r.spec = &b->spec;
  r.session = &b->session;
  r.older_than_us = older_than_us;
  r.apply = true;
  if (wi_clean(&r, &litter, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
    weir_error_release(&err);
    return SIZE_MAX;
  }
  size_t n = litter.n;
  wi_litter_release(&litter);
  return n;
}

WT_TEST(what_a_dead_run_staged_goes_when_it_is_old) {
  bench b;
  char old[37], young[37], named[48];
  bench_make(&b, "dead");
  old_run_id(25 * HOUR, old);
  old_run_id(23 * HOUR, young);
  old_run_id(99 * HOUR, named);
  strcat(named, "-0123abcd");
  stage(b.table, old, 25 * HOUR);
  stage(b.table, young, 23 * HOUR);
  stage(b.table, named, 99 * HOUR);
  crafted_put(b.table, "loose.parquet", "x");
  set_age(b.table, "loose.parquet", 99 * HOUR);
  commit_of(b.table, 1, named);
  WT_EQ_INT(clean(&b, WI_CLEAN_OLDER_US), 1);
  WT_CHECK(!is_there(b.table, old) && is_there(b.table, young) &&
           is_there(b.table, named));
  WT_EQ_INT(clean(&b, 0), 1);
  WT_CHECK(!is_there(b.table, young) && is_there(b.table, named));
  bench_free(&b);
}

/* ---- beside runs on a store ---- */

typedef struct met {
  bench *b;
  wi_lease *lease;
  char id[37];
  bool done;
} met;

/* The run commits what it staged, and ends. */
static void commit_and_end(void *ctx) {
  met *m = ctx;
  if (!m->done) {
    m->done = true;
    commit_of(m->b->table, 1, m->id);
    wi_lease_release(&m->lease);
  }
}

static void wait_for_lease(bench *b, const char *id) {
  wi_leases leases = WI_LEASES_INIT;
  for (int i = 0; i < 2000 && !wi_map_has(&leases.live, id); i++) {
    wi_sleep_us(1000);
    (void)wi_leases_read(b->root, wi_now_us(), &leases, NULL);
  }
  WT_CHECK(wi_map_has(&leases.live, id));
  wi_leases_release(&leases);
}

/* A run that began long ago meets the cleaner at its nth operation on anything. */
static void meet_at(int nth, bool *met_it) {
  bench b;
  met m = {&b, NULL, "", false};
  wh_hooks h = {0};
  char name[32];
  weir_error err = WEIR_ERROR_INIT;
  snprintf(name, sizeof name, "meet%d", nth);
  bench_make(&b, name);
  old_run_id(48 * HOUR, m.id);
  WT_OK(wi_lease_take(b.root, m.id, NULL, &m.lease, &err));
  stage(b.table, m.id, 48 * HOUR);
  wait_for_lease(&b, m.id);
  wh_run(&h, 0, NULL, nth, WH_AFTER, commit_and_end, &m);
  wh_on_new(&h);
  (void)clean(&b, 0);
  wh_off(&h);
  *met_it = m.done;
  commit_and_end(&m);
  if (!is_there(b.table, m.id)) {
    wt_fail(__FILE__, __LINE__, "operation %d: a committed file is gone", nth);
  }
  bench_free(&b);
}

WT_TEST(a_run_that_commits_at_any_point_keeps_its_files) {
  int nth = 0;
  bool met_it = true;
  wi_lease_set_times(&quick);
  while (met_it) {
    meet_at(++nth, &met_it);
  }
  wi_lease_set_times(NULL);
  WT_CHECK(nth > 6); /* it was met: before and after files, leases and log were read */
}

static void stage_now(void *ctx) {
  met *m = ctx;
  weir_error err = WEIR_ERROR_INIT;
  if (!m->done) {
    m->done = true;
    WT_OK(wi_lease_take(m->b->root, m->id, NULL, &m->lease, &err));
    stage(m->b->table, m->id, 0);
  }
}

WT_TEST(a_run_that_begins_at_any_point_keeps_its_files) {
  wi_lease_set_times(&quick);
  for (int nth = 1; nth < 12; nth++) {
    bench b;
    met m = {&b, NULL, "", false};
    wh_hooks h = {0};
    char name[32], dead[37];
    snprintf(name, sizeof name, "begins%d", nth);
    bench_make(&b, name);
    old_run_id(48 * HOUR, dead);
    stage(b.table, dead, 48 * HOUR);
    wi_uuid7(m.id);
    wh_run(&h, 0, NULL, nth, WH_AFTER, stage_now, &m);
    wh_on_new(&h);
    (void)clean(&b, 0);
    wh_off(&h);
    stage_now(&m);
    if (!is_there(b.table, m.id) || is_there(b.table, dead)) {
      wt_fail(__FILE__, __LINE__, "operation %d: the wrong folder went", nth);
    }
    wi_lease_release(&m.lease);
    bench_free(&b);
  }
  wi_lease_set_times(NULL);
}

/* ---- leases ---- */

static void put_lease(wi_store *root, const char *id, int64_t age_us,
                      int64_t expires_us) {
  char path[128], expires[32], text[128];
  snprintf(path, sizeof path, WI_LEASE_FOLDER "/%s.3", id);
  wi_time_text(expires_us, expires);
  snprintf(text, sizeof text, "{\"run_id\":\"%s\",\"expires\":\"%s\"}", id, expires);
  crafted_put(root, path, text);
  set_age(root, path, age_us);
}

WT_TEST(a_lease_lives_by_the_stores_clock_or_by_what_it_says) {
  bench b;
  char fresh[37], silent[37], says[37], other[37];
  wi_lease_set_times(&quick);
  bench_make(&b, "leases");
  char *ids[] = {fresh, silent, says, other};
  for (int i = 0; i < 4; i++) {
    old_run_id(48 * HOUR, ids[i]);
    stage(b.table, ids[i], 48 * HOUR);
  }
  put_lease(b.root, fresh, HOUR / 5, 0);  /* 12 minutes; what it says is over */
  put_lease(b.root, silent, HOUR / 3, 0); /* 20 minutes, and over */
  put_lease(b.root, says, HOUR / 3, wi_now_us() + HOUR); /* the holder's clock differs */
  size_t gone = clean(&b, WI_CLEAN_OLDER_US);
  wi_lease_set_times(NULL);
  WT_EQ_INT(gone, 3); /* two folders and a dead lease */
  WT_CHECK(is_there(b.table, fresh) && is_there(b.table, says));
  WT_CHECK(!is_there(b.table, silent) && !is_there(b.table, other));
  wi_store_entries entries;
  WT_EQ_INT(wi_store_list(b.root, WI_LEASE_FOLDER, &entries, NULL), WEIR_OK);
  WT_EQ_INT(entries.n, 2); /* and nothing of the cleaner's own */
  wi_store_entries_release(&entries);
  bench_free(&b);
  wi_lease_set_times(NULL);
}

static size_t n_leases(wi_store *store) {
  wi_store_entries entries;
  size_t n = SIZE_MAX;
  if (wi_store_list(store, WI_LEASE_FOLDER, &entries, NULL) == WEIR_OK) {
    n = entries.n;
    wi_store_entries_release(&entries);
  }
  return n;
}

/* Also below the tables that views write, where a write by the API may have left one. */
WT_TEST(dead_leases_of_tables_go) {
  bench b;
  char dead[37], lives[37];
  wi_lease_set_times(&quick);
  bench_make(&b, "table_leases");
  old_run_id(48 * HOUR, dead);
  old_run_id(47 * HOUR, lives);
  put_lease(b.table, dead, HOUR / 3, 0);
  put_lease(b.table, lives, HOUR / 5, 0);
  crafted_put(b.root, WI_LEASE_FOLDER "/clock-left", "x");
  set_age(b.root, WI_LEASE_FOLDER "/clock-left", HOUR / 3);
  crafted_put(b.root, WI_LEASE_FOLDER "/clock-now", "x");
  crafted_put(b.root, WI_LEASE_FOLDER "/notes", "of somebody else");
  set_age(b.root, WI_LEASE_FOLDER "/notes", 48 * HOUR);
  WT_EQ_INT(clean(&b, WI_CLEAN_OLDER_US), 2);
  WT_EQ_INT(n_leases(b.table), 1);
  WT_EQ_INT(n_leases(b.root), 2);
  bench_free(&b);
  wi_lease_set_times(NULL);
}

/* Below a table of nobody's project: the next one that is at work there. */
WT_TEST(who_takes_a_lease_removes_dead_ones) {
  static const char id[] = "0190a2b4-1234-7abc-8def-0123456789ab";
  weir_error err = WEIR_ERROR_INIT;
  char dead[37], fresh[37], says[37];
  wi_lease *lease = NULL;
  wi_lease_set_times(&quick);
  wi_store *store = crafted_store("taker");
  old_run_id(48 * HOUR, dead);
  old_run_id(47 * HOUR, fresh);
  old_run_id(46 * HOUR, says);
  put_lease(store, dead, HOUR / 3, 0);
  put_lease(store, fresh, HOUR / 5, 0);
  put_lease(store, says, HOUR / 3, wi_now_us() + HOUR);
  crafted_put(store, WI_LEASE_FOLDER "/clock-left", "x");
  set_age(store, WI_LEASE_FOLDER "/clock-left", HOUR / 3);
  WT_OK(wi_lease_take(store, id, NULL, &lease, &err));
  for (int i = 0; i < 3000 && n_leases(store) != 3; i++) {
    wi_sleep_us(1000);
  }
  wi_lease_release(&lease);
  WT_EQ_INT(n_leases(store), 2); /* those that may live */
  wi_store_unref(&store);
  wi_lease_set_times(NULL);
}

WT_TEST(a_lease_is_renewed_and_given_back) {
  weir_error err = WEIR_ERROR_INIT;
  static const wi_lease_times long_ones = {1000, 5000, 1000, 600000000};
  static const wi_lease_times short_ones = {1000, 5000, 1000, 100000};
  wi_store_entries entries;
  wi_lease *lease = NULL;
  wh_hooks h = {0};
  char id[37];
  wi_lease_set_times(&long_ones);
  wi_store *root = crafted_store("renewed");
  wi_uuid7(id);
  wh_on_store(&h, root);
  WT_OK(wi_lease_take(root, id, NULL, &lease, &err));
  for (int i = 0; i < 2000 && wh_count(&h, WI_STORE_PUT_NEW) < 4; i++) {
    wi_sleep_us(1000);
    WT_OK(wi_lease_check(lease, &err));
  }
  WT_CHECK(wh_count(&h, WI_STORE_PUT_NEW) >= 4);
  wi_lease_release(&lease);
  WT_OK(wi_store_list(root, WI_LEASE_FOLDER, &entries, &err));
  WT_EQ_INT(entries.n, 0);
  wi_store_entries_release(&entries);
  /* A store that takes no lease any more: the holder knows before others do. */
  wh_run(&h, WI_STORE_PUT_NEW, NULL, 0, WH_FAIL, NULL, NULL);
  wi_lease_set_times(&short_ones);
  WT_OK(wi_lease_take(root, id, NULL, &lease, &err));
  wi_sleep_us(250000);
  WT_EQ_INT(wi_lease_check(lease, &err), WEIR_E_LEASE_LOST);
  weir_error_release(&err);
  wi_lease_release(&lease);
  wh_off(&h);
  wi_store_unref(&root);
  wi_lease_set_times(NULL);
}

WT_TEST(a_clock_that_is_set_back_puts_no_renewal_off) {
  static const wi_lease_times times = {200000, 200000, 200000, 600000000};
  static const char id[] = "0190a2b4-1234-7abc-8def-0123456789ab";
  weir_error err = WEIR_ERROR_INIT;
  wi_lease *lease = NULL;
  bench b;
  wi_lease_set_times(&times);
  bench_make(&b, "setback");
  atomic_store(&ahead_s, 3600);
  WT_OK(wi_lease_take(b.root, id, NULL, &lease, &err));
  wi_sleep_us(100000); /* its thread waits by now */
  atomic_store(&ahead_s, 0);
  wait_for_lease(&b, id);
  wi_lease_release(&lease);
  bench_free(&b);
  wi_lease_set_times(NULL);
}

WT_TEST(short_work_puts_nothing) {
  weir_error err = WEIR_ERROR_INIT;
  static const wi_lease_times times = {60000000, 60000000, 60000000, 60000000};
  wi_lease *lease = NULL;
  wh_hooks h = {0};
  wi_lease_set_times(&times);
  wi_store *root = crafted_store("short");
  wh_on_store(&h, root);
  WT_OK(wi_lease_take(root, "0190a2b4-1234-7abc-8def-0123456789ab", NULL, &lease, &err));
  WT_OK(wi_lease_check(lease, &err));
  wi_lease_release(&lease);
  WT_EQ_INT(h.calls, 0);
  wh_off(&h);
  wi_store_unref(&root);
  wi_lease_set_times(NULL);
}

WT_TEST(on_a_store_nothing_young_goes_whatever_is_asked) {
  bench b;
  char young[37], old[37];
  wi_lease_set_times(&quick);
  bench_make(&b, "young");
  old_run_id(HOUR / 6, young); /* 10 minutes */
  old_run_id(HOUR / 3, old);
  stage(b.table, young, HOUR / 6);
  stage(b.table, old, HOUR / 3);
  WT_EQ_INT(clean(&b, -1), 1);
  WT_CHECK(is_there(b.table, young) && !is_there(b.table, old));
  bench_free(&b);
  wi_lease_set_times(NULL);
}

WT_TEST(locally_a_lock_keeps_the_cleaner_out) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  wi_lease *lease = NULL;
  wi_litter litter;
  char dead[37];
  bench_make(&b, "locked");
  old_run_id(48 * HOUR, dead);
  stage(b.table, dead, 48 * HOUR);
  wi_clean_request r = {0};
  r.spec = &b.spec;
  r.session = &b.session;
  WT_OK(wi_lease_take(b.root, dead, NULL, &lease, &err));
  for (int apply = 0; apply < 2; apply++) { /* a look says what would be done */
    r.apply = apply == 1;
    WT_EQ_INT(wi_clean(&r, &litter, &err), WEIR_E_LOCKED);
    weir_error_release(&err);
  }
  wi_lease_release(&lease);
  /* A write through the API holds its own table only: that one is passed over. */
  WT_OK(wi_lease_take(b.table, dead, NULL, &lease, &err));
  r.apply = false;
  WT_OK(wi_clean(&r, &litter, &err));
  WT_EQ_INT(litter.n, 0);
  wi_litter_release(&litter);
  WT_EQ_INT(clean(&b, 0), 0);
  WT_CHECK(is_there(b.table, dead));
  wi_lease_release(&lease);
  WT_EQ_INT(clean(&b, 0), 1);
  WT_CHECK(!is_there(b.table, dead));
  bench_free(&b);
}

WT_TEST(unborn_commits_of_dead_runs_go) {
  bench b;
  char id[37], path[96], young[37], other[96];
  bench_make(&b, "unborn");
  old_run_id(48 * HOUR, id);
  wi_uuid7(young);
  snprintf(path, sizeof path, "_delta_log/.weir-%s.tmp", id);
  snprintf(other, sizeof other, "_delta_log/.weir-%s.tmp", young);
  crafted_put(b.table, path, "half");
  set_age(b.table, path, 48 * HOUR);
  crafted_put(b.table, other, "half");
  WT_EQ_INT(clean(&b, WI_CLEAN_OLDER_US), 1);
  wi_buf out = WI_BUF_INIT;
  WT_EQ_INT(wi_store_read(b.table, path, &out, NULL), WEIR_E_NOT_FOUND);
  WT_EQ_INT(wi_store_read(b.table, other, &out, NULL), WEIR_OK);
  wi_buf_release(&out);
  bench_free(&b);
}

/* ---- spilling ---- */

WT_TEST(spill_folders_that_nobody_holds_go) {
  bench b;
  char spill[128];
  int fd = -1;
  bench_make(&b, "spilled");
  wi_store *folder = crafted_store("spill");
  snprintf(spill, sizeof spill, "%s", wi_store_local(folder));
  b.session.spill_dir = spill;
  static const char *const names[] = {"weir-spill-1-a-0", "weir-spill-1-b-1",
                                      "weir-spill-1-c-2", "datafusion-x"};
  for (size_t i = 0; i < 4; i++) {
    stage(folder, names[i], 48 * HOUR);
    set_age(folder, names[i], i == 1 ? HOUR : 48 * HOUR);
  }
  char held[160];
  snprintf(held, sizeof held, "%s/%s", spill, names[2]);
  WT_EQ_INT(wi_dir_lock(held, false, &fd, NULL), WEIR_OK);
  WT_EQ_INT(clean(&b, WI_CLEAN_OLDER_US), 1);
  WT_CHECK(!is_there(folder, names[0]));
  WT_CHECK(is_there(folder, names[1]) && is_there(folder, names[2]) &&
           is_there(folder, names[3]));
  close(fd);
  WT_EQ_INT(clean(&b, WI_CLEAN_OLDER_US), 1);
  WT_CHECK(!is_there(folder, names[2]));
  wi_store_unref(&folder);
  bench_free(&b);
}
