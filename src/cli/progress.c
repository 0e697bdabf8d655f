/* The observer of a run. Its calls come from threads of the run, one at a time; the live
 * line is also drawn by a thread of its own, so that the seconds go on. */
#include "progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_NS 200000000L
#define SHOWN     64

struct wi_cli_progress {
  wi_cli_screen *s;
  pthread_mutex_t lock; /* guards all below, and the screen while the run goes */
  pthread_cond_t stop;
  pthread_t thread;
  bool live, stopped, drawn;
  int64_t started_ms;
  uint32_t total, done, running;
  char names[SHOWN]
            [128]; /* of views that are running, in the order in which they began */
  size_t n_names;
};

static int64_t now_ms(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the live line ---- */

static void write_live(wi_cli_progress *p, const wi_cli_buf *text) {
  ssize_t n = write(STDERR_FILENO, wi_cli_buf_text(text), text->n);
  if (n < 0 && errno != EINTR && errno != EAGAIN) {
    p->live = false; /* the terminal is gone; the run is not */
  }
}

static void erase(wi_cli_progress *p) {
  if (p->drawn) {
    wi_cli_buf text = WI_CLI_BUF_INIT;
    wi_cli_buf_str(&text, "\r\033[K");
    write_live(p, &text);
    wi_cli_buf_release(&text);
    p->drawn = false;
  }
}

static void draw(wi_cli_progress *p) {
  if (!p->live) {
    return;
  }
  wi_cli_buf text = WI_CLI_BUF_INIT, shown = WI_CLI_BUF_INIT;
  int64_t ms = now_ms() - p->started_ms;
  wi_cli_buf_fmt(&text, "%u of %u done, %u running, %lld.%llds", p->done, p->total,
                 p->running, (long long)(ms / 1000), (long long)(ms % 1000 / 100));
  for (size_t i = 0; i < p->n_names; i++) {
    wi_cli_buf_fmt(&text, "%s%s", i == 0 ? "  " : ", ", p->names[i]);
  }
  size_t used, width = p->s->width > 1 ? p->s->width - 1 : 1;
  size_t n = wi_cli_fit(wi_cli_buf_text(&text), text.n, width, &used);
  wi_cli_buf_str(&shown, "\r");
  wi_cli_buf_add(&shown, wi_cli_buf_text(&text), n);
  wi_cli_buf_str(&shown, "\033[K");
  write_live(p, &shown);
  p->drawn = true;
  wi_cli_buf_release(&text);
  wi_cli_buf_release(&shown);
}

static void *redraw(void *ctx) {
  wi_cli_progress *p = ctx;
  pthread_mutex_lock(&p->lock);
  while (!p->stopped) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += REDRAW_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&p->stop, &p->lock, &until);
    if (!p->stopped) {
      draw(p);
    }
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* ---- events as JSON ---- */

static int64_t run_us(const weir_view_result *view) {
  bool ran = view->started_us > 0 && view->finished_us >= view->started_us;
  return ran ? view->finished_us - view->started_us : 0;
}

static void finished_members(wi_cli_buf *b, const weir_view_result *view) {
  int64_t us = run_us(view);
  wi_cli_json_kt(b, "status", view->status);
  wi_cli_json_kt(b, "action", view->action);
  wi_cli_json_kt(b, "reason", view->reason);
  wi_cli_json_ku(b, "rows", view->rows);
  wi_cli_json_ku(b, "files", view->files);
  wi_cli_json_ku(b, "bytes", view->bytes);
  if (view->version >= 0) {
    wi_cli_json_ki(b, "version", view->version);
  } else {
    wi_cli_json_kt(b, "version", NULL);
  }
  wi_cli_json_key(b, "seconds");
  wi_cli_buf_fmt(b, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
  if (view->error != NULL) {
    wi_cli_json_key(b, "error");
    wi_cli_buf_chr(b, '{');
    wi_cli_error_members(b, view->error, false);
    wi_cli_buf_chr(b, '}');
  }
}

static void event_json(wi_cli_progress *p, const weir_event *event) {
  wi_cli_buf *b = &p->s->out.buf;
  const weir_view_result *view = event->view;
  if (event->kind == WEIR_EVENT_RUN_FINISHED) {
    return; /* the summary is the last line, and the command writes it */
  }
  wi_cli_buf_chr(b, '{');
  wi_cli_json_kt(b, "event", weir_event_kind_name(event->kind));
  if (view != NULL) {
    wi_cli_json_kt(b, "view", view->view);
  }
  if (event->warning != NULL) {
    wi_cli_error_members(b, event->warning, p->s->verbose);
  } else if (event->kind == WEIR_EVENT_TASK_FINISHED) {
    finished_members(b, view);
  } else if (event->kind == WEIR_EVENT_TASK_STARTED) {
    wi_cli_json_kt(b, "action", view->action);
    wi_cli_json_kt(b, "reason", view->reason);
  } else {
    wi_cli_json_kt(b, "run_id", event->summary->run_id);
    wi_cli_json_ku(b, "total", event->summary->total);
  }
  wi_cli_buf_str(b, "}\n");
}

/* ---- events as text ---- */

static void add_status(const wi_cli_progress *p, wi_cli_buf *b, weir_task_status status) {
  static const struct {
    const char *shown;
    wi_cli_style style;
  } rows[] = {[WEIR_TASK_PLANNED] = {"      ", WI_CLI_STYLE_DIM},
              [WEIR_TASK_PASS] = {"PASS  ", WI_CLI_STYLE_GREEN},
              [WEIR_TASK_REUSED] = {"REUSED", WI_CLI_STYLE_DIM},
              [WEIR_TASK_WARN] = {"WARN  ", WI_CLI_STYLE_YELLOW},
              [WEIR_TASK_ERROR] = {"ERROR ", WI_CLI_STYLE_RED},
              [WEIR_TASK_SKIP] = {"SKIP  ", WI_CLI_STYLE_YELLOW}};
  if ((size_t)status < sizeof rows / sizeof *rows) {
    wi_cli_styled(b, p->s->color, rows[status].style, rows[status].shown);
  } else {
    wi_cli_buf_str(b, weir_task_status_name(status));
  }
}

static void finished_text(const wi_cli_progress *p, const weir_event *event) {
  const weir_view_result *view = event->view;
  wi_cli_buf *b = &p->s->out.buf;
  int64_t us = run_us(view);
  char count[40];
  snprintf(count, sizeof count, "%u of %u", p->done, p->total);
  wi_cli_buf_fmt(b, "%*s  ", p->total < 10 ? 6 : p->total < 100 ? 8 : 10, count);
  add_status(p, b, event->status);
  wi_cli_buf_fmt(b, "  %s", view->view);
  if (event->status == WEIR_TASK_PASS || event->status == WEIR_TASK_WARN) {
    wi_cli_buf_fmt(b, "  %s (%s), ", view->action, view->reason);
    wi_cli_grouped(b, view->rows);
    wi_cli_buf_fmt(b, " row%s, version %lld, %lld.%02llds", view->rows == 1 ? "" : "s",
                   (long long)view->version, (long long)(us / 1000000),
                   (long long)(us % 1000000 / 10000));
  } else if (view->error != NULL) {
    wi_cli_buf_fmt(b, "  %s", weir_error_code_name(view->error->code));
  } else if (event->status == WEIR_TASK_SKIP && view->reason[0] != '\0') {
    wi_cli_buf_fmt(b, "  %s", view->reason);
  }
  wi_cli_buf_chr(b, '\n');
}

/* ---- the observer ---- */

static void add_name(wi_cli_progress *p, const char *name) {
  if (p->n_names < SHOWN) {
    snprintf(p->names[p->n_names++], sizeof p->names[0], "%s", name);
  }
}

static void remove_name(wi_cli_progress *p, const char *name) {
  for (size_t i = 0; i < p->n_names; i++) {
    if (strncmp(p->names[i], name, sizeof p->names[0] - 1) == 0) {
      p->n_names--;
      memmove(p->names[i], p->names[i + 1], (p->n_names - i) * sizeof p->names[0]);
      return;
    }
  }
}

static void count(wi_cli_progress *p, const weir_event *event) {
  if (event->kind == WEIR_EVENT_RUN_STARTED) {
    p->total = event->summary->total;
  } else if (event->kind == WEIR_EVENT_TASK_STARTED) {
    p->running++;
    add_name(p, event->view->view);
  } else if (event->kind == WEIR_EVENT_TASK_FINISHED) {
    p->done++;
    remove_name(p, event->view->view);
    p->running -= p->running > 0 ? 1 : 0;
    p->total = p->done > p->total ? p->done : p->total;
  }
}

void wi_cli_progress_event(void *ctx, const weir_event *event) {
  wi_cli_progress *p = ctx;
  pthread_mutex_lock(&p->lock);
  count(p, event);
  if (p->s->format == WI_CLI_FORMAT_JSON) {
    event_json(p, event);
    wi_cli_out_flush(&p->s->out);
  } else {
    bool line = event->kind == WEIR_EVENT_TASK_FINISHED;
    if (line || event->warning != NULL) {
      erase(p);
    }
    if (line) {
      finished_text(p, event);
      wi_cli_out_flush(&p->s->out);
    }
    if (event->warning != NULL) {
      wi_cli_tell(p->s, event->warning, true,
                  event->view == NULL ? NULL : event->view->view);
    }
    draw(p);
  }
  pthread_mutex_unlock(&p->lock);
}

wi_cli_progress *wi_cli_progress_new(wi_cli_screen *s) {
  wi_cli_progress *p = wi_cli_alloc(1, sizeof *p);
  pthread_condattr_t attributes;
  p->s = s;
  p->started_ms = now_ms();
  pthread_mutex_init(&p->lock, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&p->stop, &attributes);
  pthread_condattr_destroy(&attributes);
  const char *term = getenv("TERM");
  p->live = s->errors_terminal && s->format == WI_CLI_FORMAT_TEXT && term != NULL &&
            strcmp(term, "dumb") != 0;
  /* Without its thread the line is still drawn at each event. */
  p->stopped = !p->live || pthread_create(&p->thread, NULL, redraw, p) != 0;
  return p;
}

void wi_cli_progress_free(wi_cli_progress **p) {
  if (*p == NULL) {
    return;
  }
  pthread_mutex_lock(&(*p)->lock);
  bool join = !(*p)->stopped;
  (*p)->stopped = true;
  pthread_cond_signal(&(*p)->stop);
  pthread_mutex_unlock(&(*p)->lock);
  if (join) {
    pthread_join((*p)->thread, NULL);
  }
  erase(*p);
  pthread_cond_destroy(&(*p)->stop);
  pthread_mutex_destroy(&(*p)->lock);
  free(*p);
  *p = NULL;
}
