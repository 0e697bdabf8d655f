/* A statement planned and run in a process of its own, which a signal may end. */
#ifndef TESTS_UNIT_PLAN_CHILD_H
#define TESTS_UNIT_PLAN_CHILD_H

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/plan/kit.h"

typedef struct child_result {
  int signal;   /* that ended it, or 0 */
  int32_t code; /* of the error, or 0 */
  uint32_t line, column;
  int64_t rows;
  char message[400], hint[200], text[400]; /* the first column of the first row */
} child_result;

typedef struct child_job {
  const char *sql, *macros; /* macros: or NULL */
  uint64_t memory;          /* of the session; 0: 512 MB */
  size_t stack;             /* of the thread that plans and runs; 0: this one */
  unsigned seconds;         /* 0: 120 */
  bool relaxed;
  child_result *out;
} child_job;

static inline weir_status child_read(wi_cursor *rows, child_result *out,
                                     weir_error *err) {
  bool more = true;
  while (more) {
    WI_TRY(wi_cursor_next(rows, &more, err));
    if (more && out->rows++ == 0 && !wi_cursor_null(rows, 0)) {
      wi_str text = wi_cursor_text(rows, 0);
      snprintf(out->text, sizeof out->text, WI_STR_FMT, WI_STR_ARG(text));
    }
  }
  return WEIR_OK;
}

static inline weir_status child_run(const child_job *job, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_session *s = NULL;
  wi_view_plan *plan = NULL;
  wb_exec *exec = NULL;
  wi_cursor *rows = NULL;
  struct ArrowArrayStream stream = {0};
  wi_spec_view view = {0};
  wi_refs refs = {0};
  char name[] = "v", file[] = "views/v.sql";
  wi_br_exec_options options = {.partitions = 2, .batch_rows = 8192};
  wi_session_options of = {
      .engine = kit_engine(), .threads = 2, .now_us = 1700000000000000};
  of.memory = job->memory > 0 ? job->memory : (uint64_t)512 << 20;
  options.memory_bytes = of.memory;
  char *sql = wi_strdup(job->sql);
  view.name = name;
  view.file = file;
  view.sql = sql;
  view.determinism = job->relaxed ? WI_DET_RELAXED : WI_DET_STRICT;
  WI_CHECK(wi_session_new(&of, &s, err));
  if (job->macros != NULL) {
    WI_CHECK(wi_br_session_add_macros(s->engine, s->handle, job->macros, err));
  }
  WI_CHECK(wi_session_seal(s, err));
  WI_CHECK(wi_refs_read(s->engine, sql, &refs, err));
  WI_CHECK(wi_view_plan_new(s, &view, &refs, NULL, 0, NULL, 0, &plan, err));
  WI_CHECK(wi_br_exec_new(s->engine, s->handle, plan->plan, s->bind, &options, NULL,
                          &exec, err));
  WI_CHECK(wi_br_exec_stream(s->engine, exec, &stream, err));
  WI_CHECK(wi_cursor_open(&stream, &rows, err));
  WI_CHECK(child_read(rows, job->out, err));
done:
  wi_cursor_free(&rows);
  wi_br_exec_free(s != NULL ? s->engine : NULL, &exec);
  wi_view_plan_free(&plan);
  wi_refs_release(&refs);
  wi_session_free(&s);
  wi_free(sql);
  return status;
}

static inline void *child_work(void *p) {
  const child_job *job = p;
  weir_error err = WEIR_ERROR_INIT;
  child_result *out = job->out;
  out->code = (int32_t)child_run(job, &err);
  out->line = err.line;
  out->column = err.column;
  (void)wi_text_fit(out->message, sizeof out->message, err.message, strlen(err.message));
  (void)wi_text_fit(out->hint, sizeof out->hint, err.hint, strlen(err.hint));
  weir_error_release(&err);
  return NULL;
}

/* Never comes back. */
static inline void child_main(child_job *job, int to) {
  child_result result = {0};
  pthread_t thread;
  pthread_attr_t attr;
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  alarm(job->seconds > 0 ? job->seconds : 120);
  job->out = &result;
  if (job->stack > 0) {
    kit_must(pthread_attr_init(&attr) == 0 &&
                 pthread_attr_setstacksize(&attr, job->stack) == 0 &&
                 pthread_create(&thread, &attr, child_work, job) == 0 &&
                 pthread_join(thread, NULL) == 0,
             "thread");
  } else {
    child_work(job);
  }
  kit_must(write(to, &result, sizeof result) == (ssize_t)sizeof result, "pipe");
  _exit(0);
}

static inline child_result child(child_job job) {
  child_result result = {0};
  int ends[2], how = 0;
  kit_must(pipe(ends) == 0, "pipe");
  pid_t pid = fork();
  kit_must(pid >= 0, "fork");
  if (pid == 0) {
    child_main(&job, ends[1]);
  }
  close(ends[1]);
  ssize_t n = read(ends[0], &result, sizeof result);
  close(ends[0]);
  kit_must(waitpid(pid, &how, 0) == pid, "waitpid");
  if (WIFSIGNALED(how)) {
    result.signal = WTERMSIG(how);
  } else if (n != (ssize_t)sizeof result) {
    result.signal = -1;
  }
  return result;
}

#endif
