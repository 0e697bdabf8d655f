/* Workers parse files in any order; five readers see them in the one order of the tree. A
 * ring of slots lies between: a worker takes file i only when slot i is free, which it is
 * when all five tables have taken their rows of the file before in that slot. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codefacts.h"

#define ALL_TABLES ((1u << CF_N_FACT_TABLES) - 1)

typedef struct slot {
  cf_facts *facts;
  uint32_t pending; /* tables that still need it, as bits */
} slot;

struct cf_pipeline {
  const char *root;
  cf_file **files; /* the selected ones, in order */
  size_t n;
  slot *slots;
  size_t n_slots;
  size_t next;                 /* the file that a worker takes next */
  size_t freed;                /* files before this one are done with */
  size_t at[CF_N_FACT_TABLES]; /* the file that a table reads next */
  pthread_t *workers;
  uint32_t n_workers;
  bool stopped;
  cf_error error;
  pthread_mutex_t lock; /* of all above that changes */
  pthread_cond_t space; /* workers wait: a slot is free */
  pthread_cond_t ready; /* readers wait: a file is parsed */
};

static void stop(cf_pipeline *p, const char *message) {
  if (!p->stopped) {
    p->stopped = true;
    (void)cf_fail(&p->error, "%s", message);
  }
  (void)pthread_cond_broadcast(&p->space);
  (void)pthread_cond_broadcast(&p->ready);
}

void cf_pipeline_stop(cf_pipeline *p, const char *message) {
  (void)pthread_mutex_lock(&p->lock);
  stop(p, message);
  (void)pthread_mutex_unlock(&p->lock);
}

const char *cf_pipeline_reason(const cf_pipeline *p) {
  return p->error.message;
}

/* The next file for a worker; p->n: none is left. */
static size_t take(cf_pipeline *p) {
  (void)pthread_mutex_lock(&p->lock);
  while (!p->stopped && p->next < p->n && p->next - p->freed >= p->n_slots) {
    (void)pthread_cond_wait(&p->space, &p->lock);
  }
  size_t i = p->stopped || p->next == p->n ? p->n : p->next++;
  (void)pthread_mutex_unlock(&p->lock);
  return i;
}

static void give(cf_pipeline *p, size_t i, cf_facts *facts) {
  (void)pthread_mutex_lock(&p->lock);
  p->slots[i % p->n_slots] = (slot){facts, ALL_TABLES};
  (void)pthread_cond_broadcast(&p->ready);
  (void)pthread_mutex_unlock(&p->lock);
}

static void *work(void *arg) {
  cf_pipeline *p = arg;
  cf_error err = CF_ERROR_INIT;
  cf_parser *parser = cf_parser_new(&err);
  size_t i = parser == NULL ? p->n : take(p);
  while (i < p->n) {
    cf_facts *facts = NULL;
    if (!cf_extract(parser, p->root, p->files[i], &facts, &err)) {
      break;
    }
    give(p, i, facts);
    i = take(p);
  }
  if (err.message[0] != '\0') {
    cf_pipeline_stop(p, err.message);
  }
  cf_parser_free(&parser);
  return NULL;
}

bool cf_pipeline_next(cf_pipeline *p, size_t table, const cf_facts **out, cf_error *err) {
  *out = NULL;
  (void)pthread_mutex_lock(&p->lock);
  const slot *s = &p->slots[p->at[table] % p->n_slots];
  const uint32_t bit = 1u << table;
  while (!p->stopped && p->at[table] < p->n &&
         (s->facts == NULL || (s->pending & bit) == 0)) {
    (void)pthread_cond_wait(&p->ready, &p->lock);
  }
  bool ok = !p->stopped;
  if (!ok) {
    (void)cf_fail(err, "%s", p->error.message);
  } else if (p->at[table] < p->n) {
    *out = s->facts;
  }
  (void)pthread_mutex_unlock(&p->lock);
  return ok;
}

void cf_pipeline_done(cf_pipeline *p, size_t table) {
  cf_facts *dead = NULL;
  (void)pthread_mutex_lock(&p->lock);
  slot *s = &p->slots[p->at[table]++ % p->n_slots];
  s->pending &= ~(1u << table);
  if (s->pending == 0) { /* tables go in order, so slots are freed in order */
    dead = s->facts;
    s->facts = NULL;
    p->freed++;
    (void)pthread_cond_broadcast(&p->space);
  }
  (void)pthread_mutex_unlock(&p->lock);
  cf_facts_free(&dead);
}

void cf_pipeline_free(cf_pipeline **pipeline) {
  cf_pipeline *p = *pipeline;
  if (p == NULL) {
    return;
  }
  cf_pipeline_stop(p, "stopped");
  for (uint32_t i = 0; i < p->n_workers; i++) {
    (void)pthread_join(p->workers[i], NULL);
  }
  for (size_t i = 0; p->slots != NULL && i < p->n_slots; i++) {
    cf_facts_free(&p->slots[i].facts);
  }
  (void)pthread_mutex_destroy(&p->lock);
  (void)pthread_cond_destroy(&p->space);
  (void)pthread_cond_destroy(&p->ready);
  free(p->workers);
  free(p->slots);
  free(p->files);
  free(p);
  *pipeline = NULL;
}

bool cf_pipeline_new(cf_tree *tree, uint32_t threads, cf_pipeline **out, cf_error *err) {
  cf_pipeline *p = calloc(1, sizeof(*p));
  *out = p;
  if (p == NULL) {
    return cf_fail(err, "out of memory");
  }
  (void)pthread_mutex_init(&p->lock, NULL);
  (void)pthread_cond_init(&p->space, NULL);
  (void)pthread_cond_init(&p->ready, NULL);
  p->root = tree->root;
  p->n_slots = (size_t)threads * 4 + 4;
  p->slots = calloc(p->n_slots, sizeof(*p->slots));
  p->files = calloc(tree->n + 1, sizeof(*p->files));
  p->workers = calloc(threads, sizeof(*p->workers));
  if (p->slots == NULL || p->files == NULL || p->workers == NULL) {
    cf_pipeline_free(out);
    return cf_fail(err, "out of memory");
  }
  for (size_t i = 0; i < tree->n; i++) {
    if (tree->files[i].selected) {
      p->files[p->n++] = &tree->files[i];
    }
  }
  for (uint32_t i = 0; i < threads; i++) {
    int rc = pthread_create(&p->workers[i], NULL, work, p);
    if (rc != 0) {
      cf_pipeline_free(out);
      return cf_fail(err, "cannot start a thread: %s", strerror(rc));
    }
    p->n_workers++;
  }
  return true;
}
