/* codefacts SRC --out DIR: facts of a folder of Python source, as Delta tables. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scip.h"
#include "sink.h"

#define MAX_EXCLUDE 64
#define MAX_BUCKETS 4096
#define MAX_THREADS 64

static const char usage[] =
    "usage: codefacts SRC --out DIR [--scip INDEX] [--threads N] [--buckets N]\n"
    "                 [--exclude GLOB]...\n"
    "\n"
    "Reads all *.py below SRC and writes the tables repo_files, file_line_index, "
    "cst_defs,\n"
    "cst_refs, cst_imports and cst_callsites below DIR. Run again, it writes only the\n"
    "partitions (buckets of files) in which a file is new, changed or gone.\n"
    "scip_occurrences holds what a SCIP index of the same sources says, if one is "
    "given.\n"
    "\n"
    "  --scip INDEX    a SCIP index whose paths are relative to SRC\n"
    "  --threads N     parse with N threads (default: one per processor)\n"
    "  --buckets N     number of partitions (default 16)\n"
    "  --exclude GLOB  leave out paths or names that match; may be given more than "
    "once\n";

typedef struct options {
  const char *source;
  const char *out;
  const char *scip;
  const char *exclude[MAX_EXCLUDE];
  size_t n_exclude;
  int32_t buckets;
  uint32_t threads;
  bool help;
} options;

/* What a run is about to write. */
typedef struct changes {
  bool all;
  int32_t *buckets;
  size_t n;
} changes;

static bool number(const char *text, long low, long high, long *out) {
  char *end = NULL;
  *out = text == NULL ? 0 : strtol(text, &end, 10);
  return end != NULL && end != text && *end == '\0' && *out >= low && *out <= high;
}

static bool parse_option(options *o, const char *name, const char *value, cf_error *err) {
  long n = 0;
  if (value == NULL) {
    return cf_fail(err, "%s needs a value", name);
  }
  if (strcmp(name, "--out") == 0) {
    o->out = value;
  } else if (strcmp(name, "--scip") == 0) {
    o->scip = value;
  } else if (strcmp(name, "--exclude") == 0) {
    if (o->n_exclude == MAX_EXCLUDE) {
      return cf_fail(err, "more than %d --exclude", MAX_EXCLUDE);
    }
    o->exclude[o->n_exclude++] = value;
  } else if (strcmp(name, "--threads") == 0) {
    if (!number(value, 1, MAX_THREADS, &n)) {
      return cf_fail(err, "--threads '%s' is not a number from 1 to %d", value,
                     MAX_THREADS);
    }
    o->threads = (uint32_t)n;
  } else if (strcmp(name, "--buckets") == 0) {
    if (!number(value, 1, MAX_BUCKETS, &n)) {
      return cf_fail(err, "--buckets '%s' is not a number from 1 to %d", value,
                     MAX_BUCKETS);
    }
    o->buckets = (int32_t)n;
  } else {
    return cf_fail(err, "unknown option %s", name);
  }
  return true;
}

static bool parse_options(int argc, char **argv, options *o, cf_error *err) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  *o = (options){.buckets = 16, .threads = 1};
  if (processors > 1) {
    o->threads = processors > MAX_THREADS ? MAX_THREADS : (uint32_t)processors;
  }
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      o->help = true;
      return true;
    }
    if (argv[i][0] == '-') {
      if (!parse_option(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err)) {
        return false;
      }
      i++;
    } else if (o->source == NULL) {
      o->source = argv[i];
    } else {
      return cf_fail(err, "more than one source folder: '%s' and '%s'", o->source,
                     argv[i]);
    }
  }
  if (o->source == NULL || o->out == NULL) {
    return cf_fail(err, "a source folder and --out DIR are needed");
  }
  return true;
}

/* ---- what changed ---- */

typedef struct hashing {
  cf_tree *tree;
  size_t next;
  bool failed;
  pthread_mutex_t lock;
} hashing;

static void *hash_files(void *arg) {
  hashing *h = arg;
  for (;;) {
    (void)pthread_mutex_lock(&h->lock);
    size_t i = h->failed ? h->tree->n : h->next++;
    (void)pthread_mutex_unlock(&h->lock);
    if (i >= h->tree->n) {
      return NULL;
    }
    if (!cf_hash(h->tree->root, &h->tree->files[i])) {
      (void)pthread_mutex_lock(&h->lock);
      h->failed = true;
      (void)pthread_mutex_unlock(&h->lock);
    }
  }
}

static bool hash_all(cf_tree *tree, uint32_t threads, cf_error *err) {
  pthread_t ids[MAX_THREADS];
  hashing h = {.tree = tree};
  uint32_t started = 0;
  (void)pthread_mutex_init(&h.lock, NULL);
  while (started + 1 < threads &&
         pthread_create(&ids[started], NULL, hash_files, &h) == 0) {
    started++;
  }
  (void)hash_files(&h);
  for (uint32_t i = 0; i < started; i++) {
    (void)pthread_join(ids[i], NULL);
  }
  (void)pthread_mutex_destroy(&h.lock);
  return h.failed ? cf_fail(err, "out of memory") : true;
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const cf_previous *)a)->path, ((const cf_previous *)b)->path);
}

static int path_in(const void *key, const void *item) {
  return strcmp(key, ((const cf_previous *)item)->path);
}

static bool same(const cf_file *now, const cf_previous *before) {
  return before->bucket == now->bucket && strcmp(before->sha256, now->sha256) == 0;
}

/* Marks the buckets of new, changed and vanished files. False in *comparable: the tables were
 * made with another number of buckets or by another version, so all of it is replaced. */
static void compare(const cf_tree *tree, const cf_previous_list *before, int32_t buckets,
                    bool *marked, bool *comparable) {
  size_t kept = 0;
  *comparable = true;
  for (size_t i = 0; i < before->n; i++) {
    *comparable = *comparable && before->items[i].facts_version == CF_FACTS_VERSION &&
                  before->items[i].bucket >= 0 && before->items[i].bucket < buckets;
  }
  if (!*comparable) {
    return;
  }
  bool *seen = calloc(before->n + 1, sizeof(*seen));
  *comparable = seen != NULL; /* without memory for the comparison: write all */
  for (size_t i = 0; i < tree->n && seen != NULL; i++) {
    const cf_file *now = &tree->files[i];
    const cf_previous *was =
        bsearch(now->path, before->items, before->n, sizeof(*before->items), path_in);
    if (was == NULL || !same(now, was)) {
      marked[now->bucket] = true;
    }
    if (was != NULL) {
      seen[was - before->items] = true;
      *comparable = *comparable && was->bucket == now->bucket;
      kept++;
    }
  }
  for (size_t i = 0; i < before->n && seen != NULL && kept < before->n; i++) {
    if (!seen[i]) {
      marked[before->items[i].bucket] = true;
    }
  }
  free(seen);
}

static bool find_changes(const options *o, cf_tree *tree, cf_previous_list *before,
                         changes *out, cf_error *err) {
  bool marked[MAX_BUCKETS] = {false};
  bool comparable = before->n > 0;
  if (comparable) {
    qsort(before->items, before->n, sizeof(*before->items), by_path);
    if (!hash_all(tree, o->threads, err)) {
      return false;
    }
    compare(tree, before, o->buckets, marked, &comparable);
  }
  out->all = !comparable;
  out->buckets = calloc((size_t)o->buckets, sizeof(*out->buckets));
  if (out->buckets == NULL) {
    return cf_fail(err, "out of memory");
  }
  for (int32_t b = 0; b < o->buckets; b++) {
    if (out->all || marked[b]) {
      out->buckets[out->n++] = b;
    }
  }
  for (size_t i = 0; i < tree->n; i++) {
    tree->files[i].selected = out->all || marked[tree->files[i].bucket];
  }
  return true;
}

/* ---- writing ---- */

typedef struct job {
  cf_sink *sink;
  const char *table;
  const changes *what;
  struct ArrowArrayStream stream;
  cf_pipeline *pipeline;
  bool ok;
  cf_error error;
} job;

static void *write_table(void *arg) {
  job *j = arg;
  j->ok = cf_sink_write(j->sink, j->table, j->what->all, j->what->buckets, j->what->n,
                        &j->stream, &j->error);
  if (j->stream.release != NULL) {
    j->stream.release(&j->stream);
  }
  if (!j->ok) {
    cf_pipeline_stop(j->pipeline, j->error.message);
  }
  return NULL;
}

/* The five tables of facts at once: each stream waits for the slowest of them. */
static bool write_facts(cf_sink *sink, cf_pipeline *p, const changes *what,
                        cf_error *err) {
  job jobs[CF_N_FACT_TABLES];
  pthread_t ids[CF_N_FACT_TABLES];
  size_t started = 0;
  bool ok = true;
  for (size_t i = 0; ok && i < CF_N_FACT_TABLES; i++) {
    jobs[i] = (job){
        .sink = sink, .table = cf_fact_tables[i]->name, .what = what, .pipeline = p};
    ok = cf_stream_facts(p, i, &jobs[i].stream, err);
    if (ok && pthread_create(&ids[i], NULL, write_table, &jobs[i]) != 0) {
      jobs[i].stream.release(&jobs[i].stream);
      ok = cf_fail(err, "cannot start a thread");
    }
    started += ok;
  }
  if (!ok) {
    cf_pipeline_stop(p, err->message);
  }
  for (size_t i = 0; i < started; i++) {
    (void)pthread_join(ids[i], NULL);
  }
  /* One failure ends the other streams: tell of the one that came first. */
  const char *reason = cf_pipeline_reason(p);
  const job *first = NULL;
  for (size_t i = 0; i < started; i++) {
    if (!jobs[i].ok && (first == NULL || strstr(jobs[i].error.message, reason) == NULL)) {
      first = &jobs[i];
    }
  }
  if (first != NULL) {
    ok = cf_fail(err, "%s", first->error.message);
  }
  return ok;
}

/* repo_files comes last: it says what was read, so a run that stopped before it is done again. */
static bool write_all(const options *o, cf_sink *sink, cf_tree *tree, const changes *what,
                      cf_error *err) {
  cf_pipeline *pipeline = NULL;
  struct ArrowArrayStream stream = {.release = NULL};
  bool ok = cf_pipeline_new(tree, o->threads, &pipeline, err) &&
            write_facts(sink, pipeline, what, err);
  cf_pipeline_free(&pipeline);
  ok = ok && cf_stream_files(tree, &stream, err) &&
       cf_sink_write(sink, cf_table_files.name, what->all, what->buckets, what->n,
                     &stream, err);
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  return ok;
}

/* The whole table anew, and only if the index is another one. */
static bool write_scip(const options *o, cf_sink *sink, cf_error *err) {
  cf_scip index = {0};
  char before[65];
  bool there = false;
  struct ArrowArrayStream stream = {.release = NULL};
  int32_t *buckets = calloc((size_t)o->buckets, sizeof(*buckets));
  if (buckets == NULL) {
    return cf_fail(err, "out of memory");
  }
  for (int32_t b = 0; b < o->buckets; b++) {
    buckets[b] = b;
  }
  bool ok = cf_scip_read(o->scip, o->buckets, &index, err) &&
            cf_sink_previous_scip(sink, before, &there, err);
  /* An index without occurrences leaves the same table as none. */
  const char *now = index.n_occurrences > 0 ? index.sha256 : "";
  if (ok && (!there || strcmp(now, before) != 0)) {
    ok = cf_stream_scip(&index, &stream, err) &&
         cf_sink_write(sink, cf_table_scip.name, true, buckets, (size_t)o->buckets,
                       &stream, err);
    if (ok && o->scip != NULL) {
      (void)printf("codefacts: %zu occurrences of %zu documents from the SCIP index\n",
                   index.n_occurrences, index.n);
    }
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  cf_scip_release(&index);
  free(buckets);
  return ok;
}

/* ---- report ---- */

static void report(const cf_tree *tree, const changes *what, int32_t buckets) {
  size_t by_status[4] = {0};
  size_t read = 0;
  for (size_t i = 0; i < tree->n; i++) {
    const cf_file *file = &tree->files[i];
    if (!file->selected) {
      continue;
    }
    read++;
    by_status[file->status]++;
    if (file->status == CF_SYNTAX_ERRORS) {
      (void)fprintf(stderr, "codefacts: syntax errors (%d): %s: %s\n", file->parse_errors,
                    file->path, file->trouble);
    } else if (file->status != CF_OK) {
      (void)fprintf(stderr, "codefacts: %s: %s: %s\n",
                    file->status == CF_UNREADABLE ? "not read" : "not parsed", file->path,
                    file->trouble);
    }
  }
  (void)printf("codefacts: %zu files, %zu written in %zu of %d buckets", tree->n, read,
               what->n, buckets);
  (void)printf(
      " (%zu with syntax errors, %zu not decoded, %zu unreadable, %zu names passed "
      "over)\n",
      by_status[CF_SYNTAX_ERRORS], by_status[CF_NOT_DECODED], by_status[CF_UNREADABLE],
      tree->skipped);
}

static bool run(const options *o, cf_error *err) {
  cf_tree tree = {0};
  cf_sink *sink = NULL;
  cf_previous_list before = {NULL, 0, 0};
  changes what = {false, NULL, 0};
  bool ok = cf_walk(o->source, o->exclude, o->n_exclude, o->buckets, &tree, err) &&
            cf_sink_new(o->out, &sink, err) && cf_sink_previous(sink, &before, err) &&
            find_changes(o, &tree, &before, &what, err) && write_scip(o, sink, err);
  if (ok && what.n > 0) {
    ok = write_all(o, sink, &tree, &what, err);
  }
  if (ok && what.n == 0) {
    (void)printf("codefacts: %zu files, nothing changed\n", tree.n);
  } else if (ok) {
    report(&tree, &what, o->buckets);
  }
  free(what.buckets);
  cf_previous_release(&before);
  cf_sink_free(&sink);
  cf_tree_release(&tree);
  return ok;
}

int main(int argc, char **argv) {
  options o;
  cf_error err = CF_ERROR_INIT;
  if (!parse_options(argc, argv, &o, &err)) {
    (void)fprintf(stderr, "codefacts: %s\n%s", err.message, usage);
    return 2;
  }
  if (o.help) {
    (void)fputs(usage, stdout);
    return 0;
  }
  if (!run(&o, &err)) {
    (void)fprintf(stderr, "codefacts: %s\n", err.message);
    return 1;
  }
  return 0;
}
