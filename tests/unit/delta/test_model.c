/* Writers against each other over a store in memory: all interleavings of two, random ones of
 * three to five. WEIR_MODEL_SCHEDULES: how many random ones. */
#include "unit/delta/model_writers.h"

enum { STACK = 256 * 1024 };

/* ---- what they were told ---- */

/* How often each end was met, over all schedules: what never happens is not tested. */
static long met_ends[6], met_races, met_conflicts, met_cleaned;

static void count_told(const struct told *t) {
  met_ends[t->out.end]++;
  met_races += t->out.retries > 0;
  met_conflicts += t->status == WEIR_E_CONFLICT;
}

static void check_told(model *m, const struct told *t, const writer *w) {
  const wi_commit_outcome *o = &t->out;
  size_t others = 0;
  bool conflict = t->status == WEIR_E_CONFLICT && w->what != ADJUST;
  if (m->cleaned > 0 && (conflict || t->status == WEIR_E_AMBIGUOUS)) {
    met_cleaned++;
    return;
  }
  if (t->status != WEIR_OK) {
    if (t->status != WEIR_E_CONFLICT || w->what != ADJUST) {
      model_wrong(m, "an error that nothing calls for", (int64_t)t->status, w->index);
    }
    return;
  }
  if (o->version < 0 || o->version > m->latest) {
    model_wrong(m, "a version that is not there was told", o->version, w->index);
    return;
  }
  const state *s = &m->states[o->version];
  for (int64_t v = t->base + 1; v < o->version; v++) {
    others += m->states[v].foreign_data;
  }
  if (o->end == WI_END_COMMITTED && s->writer != w->index) {
    model_wrong(m, "a commit of somebody else was told as ours", o->version, w->index);
  }
  if (o->end == WI_END_COMMITTED && w->what == VIEW && m->plant == FAULT_NONE &&
      o->gone.n != others) {
    model_wrong(m, "others' rows went and were not told", (int64_t)o->gone.n,
                (int64_t)others);
  }
  if (o->end == WI_END_SAME && (s->key != t->pin || !fits_key(m, s, t->pin))) {
    model_wrong(m, "SAME tells a version with other rows", o->version, w->index);
  }
  if (o->end == WI_END_SUPERSEDED && (!s->is_result || s->key == t->pin)) {
    model_wrong(m, "it was superseded by no other result", o->version, w->index);
  }
  if (o->end == WI_END_UNCHANGED && s->app[w->what == APPEND_OTHER] < t->batch) {
    model_wrong(m, "a batch was told as there", o->version, w->index);
  }
}

static void check(model *m) {
  for (int64_t v = 0; v <= m->latest; v++) {
    check_version(m, v);
  }
  for (int a = 0; a < 2; a++) {
    bool sent = false;
    int times[3] = {0};
    for (int i = 0; i < m->n; i++) {
      sent = sent || m->writers[i].what == (a == 0 ? APPEND : APPEND_OTHER);
    }
    for (int64_t v = 1; v <= m->latest; v++) {
      int64_t now = m->states[v].app[a], before = m->states[v - 1].app[a];
      bool ours = m->states[v].writer >= 0 && m->writers[m->states[v].writer].what ==
                                                  (a == 0 ? APPEND : APPEND_OTHER);
      times[ours && now > 0 ? now : 0]++;
      if (ours && now == before) {
        model_wrong(m, "a batch is there twice", v, now);
      }
    }
    if (sent && m->cleaned == 0 && (times[1] != 1 || times[2] != 1)) {
      model_wrong(m, "a batch is not there once", times[1], times[2]);
    }
  }
  for (int i = 0; i < m->n; i++) {
    for (int k = 0; k < m->writers[i].n_ends; k++) {
      check_told(m, &m->writers[i].ends[k], &m->writers[i]);
      count_told(&m->writers[i].ends[k]);
    }
  }
}

/* ---- running one schedule ---- */

static char stacks[MODEL_WRITERS][STACK];
static model world;

static void start(int index) {
  writer *w = &world.writers[index];
  body(w);
  w->done = true;
}

static const char first_commit[] =
    "{\"commitInfo\":{\"timestamp\":1}}\n"
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n" MODEL_METADATA
    "}}}\n"
    "{\"add\":{\"path\":\"f0\",\"partitionValues\":{\"d\":\"1\"},\"size\":1,"
    "\"dataChange\":true}}\n"
    "{\"add\":{\"path\":\"f1\",\"partitionValues\":{\"d\":\"1\"},\"size\":1,"
    "\"dataChange\":true}}\n"
    "{\"add\":{\"path\":\"f2\",\"partitionValues\":{\"d\":\"2\"},\"size\":1,"
    "\"dataChange\":true}}\n";

/* Half of the worlds begin with a result of the view, so that there is one to adjust. */
static void begin(const kind *kinds, int n, fault plant, bool built) {
  model *m = &world;
  memset(m, 0, sizeof *m);
  m->latest = m->checkpoint = -1;
  m->plant = plant;
  m->n = n;
  m->hook = (wi_store_hook){model_around, m, NULL};
  if (wi_store_open(NULL, "file:///model", NULL, 0, &m->store, NULL) != WEIR_OK) {
    abort();
  }
  wi_store_set_hook(m->store, &m->hook);
  m->fresh_us = INT64_MAX;
  for (int i = 0; i < n; i++) {
    writer *w = &m->writers[i];
    m->fresh_us = kinds[i] >= CLEAN && plant != FAULT_BLIND ? 0 : m->fresh_us;
    *w = (writer){.m = m, .index = i, .what = kinds[i], .stack = stacks[i], .pin = -1};
    getcontext(&w->context);
    w->context.uc_stack.ss_sp = stacks[i];
    w->context.uc_stack.ss_size = STACK;
    w->context.uc_link = &m->scheduler;
    makecontext(&w->context, (void (*)(void))start, 1, i);
  }
  for (int f = 0; f < 3; f++) {
    (void)model_file(m, f < 2 ? 1 : 2);
    m->files[f].pin = built ? 0 : -1;
  }
  if (wi_store_put_new(m->store, "_delta_log/00000000000000000000.json", first_commit,
                       strlen(first_commit), NULL) != WEIR_OK) {
    abort();
  }
  m->states[0].key = built ? 0 : -1;
  m->states[0].app[2] = built ? 0 : -1;
  m->source = built ? 0 : 1;
}

static void end(void) {
  for (int64_t v = 0; v <= world.latest; v++) {
    wi_free(world.commits[v]);
    wi_free(world.strays[v]);
    wi_meta_unref(&world.states[v].meta);
  }
  json_decref(world.protocol);
  wi_store_unref(&world.store);
}

/* The choice of the nth step, of n_ready that can go on. */
typedef int (*chooser)(void *ctx, int nth, int n_ready);

/* false: something is wrong, and it is said (unless it was to be found). */
static bool run(const kind *kinds, int n, fault plant, bool built, chooser choose,
                void *ctx) {
  begin(kinds, n, plant, built);
  for (;;) {
    int ready[MODEL_WRITERS], n_ready = 0;
    for (int i = 0; i < n; i++) {
      ready[n_ready] = i;
      n_ready += !world.writers[i].done;
    }
    if (n_ready == 0) {
      break;
    }
    if (world.steps >= MODEL_STEPS) {
      model_wrong(&world, "it does not end", world.steps, 0);
      break;
    }
    world.running = &world.writers[ready[choose(ctx, world.steps++, n_ready)]];
    swapcontext(&world.scheduler, &world.running->context);
    world.running = NULL;
  }
  check(&world);
  end();
  return world.wrong[0] == '\0';
}

static void tell(const kind *kinds, int n, const char *schedule) {
  wi_buf names = WI_BUF_INIT;
  for (int i = 0; i < n; i++) {
    wi_buf_fmt(&names, "%s%s", i > 0 ? ", " : "", kind_names[kinds[i]]);
  }
  wt_fail(__FILE__, __LINE__, "%s: %s; schedule %s", wi_buf_text(&names), world.wrong,
          schedule);
  wi_buf_release(&names);
}

/* ---- all interleavings of two ---- */

typedef struct tree { /* a path of choices, and how many there were at each */
  int path[MODEL_STEPS], width[MODEL_STEPS], n;
} tree;

static int next_of(void *ctx, int nth, int n_ready) {
  tree *t = ctx;
  if (nth >= t->n) {
    t->path[nth] = 0;
    t->n = nth + 1;
  }
  t->width[nth] = n_ready;
  return t->path[nth];
}

/* To the next path; false: there is none. */
static bool advance(tree *t) {
  while (t->n > 0 && t->path[t->n - 1] + 1 >= t->width[t->n - 1]) {
    t->n--;
  }
  if (t->n == 0) {
    return false;
  }
  t->path[t->n - 1]++;
  return true;
}

static const char *path_text(const tree *t) {
  static char text[MODEL_STEPS + 1];
  for (int i = 0; i < t->n; i++) {
    text[i] = (char)('0' + t->path[i]);
  }
  text[t->n] = '\0';
  return text;
}

/* Returns how many there were; stops at the first that is wrong. */
static long all_of(const kind *kinds, int n, fault plant, bool built, bool *fine) {
  static tree t;
  long count = 0;
  t.n = 0;
  *fine = true;
  do {
    *fine = run(kinds, n, plant, built, next_of, &t);
    count++;
  } while (*fine && advance(&t));
  if (!*fine && plant == FAULT_NONE) {
    tell(kinds, n, path_text(&t));
  }
  return count;
}

WT_TEST(all_interleavings_of_two) {
  long count = 0;
  for (int a = 0; a < N_KINDS; a++) {
    for (int b = a; b < N_KINDS; b++) {
      const kind kinds[] = {(kind)a, (kind)b};
      bool fine = true;
      count += all_of(kinds, 2, FAULT_NONE, false, &fine);
      WT_CHECK(fine);
      count += all_of(kinds, 2, FAULT_NONE, true, &fine);
      WT_CHECK(fine);
    }
  }
  printf("  %ld schedules of two\n", count);
  WT_CHECK(count > 10000);
}

/* ---- random ones of three to five ---- */

typedef struct dice {
  uint64_t state;
  char text[MODEL_STEPS + 1];
} dice;

static int throw_dice(void *ctx, int nth, int n_ready) {
  dice *d = ctx;
  d->state ^= d->state << 13;
  d->state ^= d->state >> 7;
  d->state ^= d->state << 17;
  int choice = (int)(d->state % (uint64_t)n_ready);
  d->text[nth] = (char)('0' + choice);
  d->text[nth + 1] = '\0';
  return choice;
}

/* Runs of views meet each other less often than they should. */
static const kind urn[] = {
    APPEND,         APPEND_OTHER, REPLACE,      VIEW,       ADJUST, PROPERTY, FOREIGN_ADD,
    FOREIGN_DELETE, OPTIMIZE,     FOREIGN_META, CHECKPOINT, SOURCE, VIEW,     VIEW,
    SOURCE,         APPEND,       ADJUST,       VIEW,       SWEEP,  CLEAN};

static bool random_one(uint64_t seed, fault plant, bool say) {
  dice d = {.state = seed * 0x9E3779B97F4A7C15u + 1};
  kind kinds[MODEL_WRITERS];
  for (int i = 0; i < 8; i++) {
    (void)throw_dice(&d, 0, 2);
  }
  int n = 3 + throw_dice(&d, 0, 3);
  size_t kinds_in = sizeof urn / sizeof urn[0];
  kinds_in -=
      (size_t)2 * (plant == FAULT_LATEST || plant == FAULT_SAME || plant == FAULT_LOOP);
  for (int i = 0; i < n; i++) {
    kinds[i] = urn[throw_dice(&d, 0, (int)kinds_in)];
  }
  bool built = throw_dice(&d, 0, 2) == 1;
  bool fine = run(kinds, n, plant, built, throw_dice, &d);
  if (!fine && say) {
    tell(kinds, n, d.text);
    printf("  seed %llu\n", (unsigned long long)seed);
  }
  return fine;
}

/* Fewer under the address sanitizer, which makes each switch of a stack slow. */
#ifdef __SANITIZE_ADDRESS__
#define USUAL_SCHEDULES 2000
#else
#define USUAL_SCHEDULES 20000
#endif

static long wanted(void) {
  const char *text = wi_env("WEIR_MODEL_SCHEDULES");
  return text != NULL ? strtol(text, NULL, 10) : USUAL_SCHEDULES;
}

WT_TEST(random_schedules_of_three_to_five) {
  long n = wanted();
  memset(met_ends, 0, sizeof met_ends);
  met_races = met_conflicts = met_cleaned = 0;
  for (long seed = 1; seed <= n; seed++) {
    WT_CHECK(random_one((uint64_t)seed, FAULT_NONE, true));
  }
  printf(
      "  %ld random schedules: %ld races, %ld committed, %ld same, %ld superseded, "
      "%ld unchanged, %ld conflicts, %ld stopped by a cleaned log\n",
      n, met_races, met_ends[WI_END_COMMITTED], met_ends[WI_END_SAME],
      met_ends[WI_END_SUPERSEDED], met_ends[WI_END_UNCHANGED], met_conflicts,
      met_cleaned);
  long some = n / 400; /* of the rarest */
  WT_CHECK(n < 1000 ||
           (met_races > n / 4 && met_ends[WI_END_SAME] > some &&
            met_ends[WI_END_SUPERSEDED] > some && met_ends[WI_END_UNCHANGED] > some &&
            met_conflicts > some && met_cleaned > some));
}

/* ---- the model sees what it is for ---- */

static long first_wrong(fault plant, long from, long n) {
  for (long seed = from; seed < from + n; seed++) {
    if (!random_one((uint64_t)seed, plant, false)) {
      printf("  fault %u: schedule %ld: %s\n", plant, seed, world.wrong);
      return seed;
    }
  }
  return 0;
}

WT_TEST(faults_that_are_put_back_are_found) {
  WT_CHECK(first_wrong(FAULT_LATEST, 1, 20000) > 0);
  WT_CHECK(first_wrong(FAULT_SAME, 1, 20000) > 0);
  WT_CHECK(first_wrong(FAULT_PIN, 1, 20000) > 0);
  WT_CHECK(first_wrong(FAULT_BLIND, 1, 20000) > 0);
  /* Rare: from near where it is met first. */
  WT_CHECK(first_wrong(FAULT_DIGEST, 35000, 20000) > 0);
  /* It is the fault that is found, and not the other loop. */
  WT_EQ_INT(first_wrong(FAULT_LOOP, 1, 3000), 0);
}
