/* Runs queries over Delta tables in one session, through the public API alone:
 *
 *     driver THREADS ROUNDS NAME=URI... -- QUERY.sql...
 *
 * prints one line per query and round: file, round, seconds, CPU seconds of the process, rows,
 * seconds of planning. Rows are read and dropped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "weir/weir.h"

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what, weir_error *err) {
  fprintf(stderr, "%s: %s: %s\n", what, weir_error_code_name(err->code), err->message);
  if (err->detail != NULL) {
    fprintf(stderr, "%s\n", err->detail);
  }
  weir_error_release(err);
  return 1;
}

static char *read_file(const char *path) {
  FILE *f = fopen(path, "rb");
  char *text = malloc(65536);
  if (f == NULL || text == NULL) {
    free(text);
    if (f != NULL) {
      fclose(f);
    }
    return NULL;
  }
  size_t n = fread(text, 1, 65535, f);
  text[n] = '\0';
  fclose(f);
  return text;
}

/* To the end of the stream; -1 if it failed. */
static long long drain(struct ArrowArrayStream *rows, weir_error *err) {
  long long n = 0;
  for (;;) {
    struct ArrowArray batch = {0};
    int code = rows->get_next(rows, &batch);
    if (code != 0) {
      weir_stream_error(rows, code, err);
      return -1;
    }
    if (batch.release == NULL) {
      return n;
    }
    n += batch.length;
    batch.release(&batch);
  }
}

static int run_query(weir_session *session, const char *file, const char *sql,
                     int round) {
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  double begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  if (weir_query_open(session, sql, NULL, 0, &query, &err) != WEIR_OK) {
    return fail(file, &err);
  }
  double planned = now(CLOCK_MONOTONIC);
  if (weir_query_stream(query, &rows, &err) != WEIR_OK) {
    weir_query_free(&query);
    return fail(file, &err);
  }
  long long n = drain(&rows, &err);
  rows.release(&rows);
  weir_query_free(&query);
  if (n < 0) {
    return fail(file, &err);
  }
  printf("%s\t%d\t%.6f\t%.6f\t%lld\t%.6f\n", file, round, now(CLOCK_MONOTONIC) - begin,
         now(CLOCK_PROCESS_CPUTIME_ID) - cpu, n, planned - begin);
  fflush(stdout);
  return 0;
}

static int add_tables(weir_session *session, char **argv, int argc, int *next) {
  weir_error err = WEIR_ERROR_INIT;
  for (; *next < argc && strcmp(argv[*next], "--") != 0; (*next)++) {
    char *equals = strchr(argv[*next], '=');
    if (equals == NULL) {
      fprintf(stderr, "%s: not NAME=URI\n", argv[*next]);
      return 1;
    }
    *equals = '\0';
    if (weir_session_add_delta(session, argv[*next], equals + 1, -1, &err) != WEIR_OK) {
      return fail(equals + 1, &err);
    }
  }
  (*next)++;
  return weir_session_seal(session, &err) == WEIR_OK ? 0 : fail("seal", &err);
}

int main(int argc, char **argv) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  int next = 3, failed = 0;
  if (argc < 5) {
    fprintf(stderr, "usage: driver THREADS ROUNDS NAME=URI... -- QUERY.sql...\n");
    return 2;
  }
  options.threads = (uint32_t)strtoul(argv[1], NULL, 10);
  int rounds = (int)strtol(argv[2], NULL, 10);
  if (weir_session_new(&options, &session, &err) != WEIR_OK) {
    return fail("session", &err);
  }
  if (add_tables(session, argv, argc, &next) != 0) {
    weir_session_free(&session);
    return 1;
  }
  for (int i = next; i < argc; i++) {
    char *sql = read_file(argv[i]);
    if (sql == NULL) {
      perror(argv[i]);
      failed = 1;
      continue;
    }
    for (int round = 0; round < rounds && !failed; round++) {
      failed = run_query(session, argv[i], sql, round);
    }
    free(sql);
  }
  weir_session_free(&session);
  return failed;
}
