/* Events: formatted only if somebody listens, told one at a time. */
#include "session/log.h"

#include <stdio.h>
#include <string.h>

/* The thread is inside a callback: what it makes weir do is not told, or it would never end. */
static _Thread_local bool telling;

void wi_log_sink_init(wi_log_sink *sink) {
  memset(sink, 0, sizeof(*sink));
  pthread_mutex_init(&sink->lock, NULL);
}

void wi_log_sink_listen(wi_log_sink *sink, const weir_log *to) {
  sink->to = *to;
  if (sink->to.level == 0) {
    sink->to.level = WEIR_LOG_INFO;
  }
}

void wi_log_sink_release(wi_log_sink *sink) {
  if (sink->to.release != NULL) {
    sink->to.release(sink->to.ctx);
  }
  pthread_mutex_destroy(&sink->lock);
  memset(sink, 0, sizeof(*sink));
}

void wi_log_begin(wi_log_event *event, wi_log_sink *sink, weir_log_level level,
                  const char *category, const char *name) {
  bool wanted = sink->to.event != NULL && level >= sink->to.level && !telling;
  event->sink = wanted ? sink : NULL;
  event->level = level;
  event->category = category;
  event->name = name;
  event->n = 0;
}

void wi_log_text(wi_log_event *event, const char *key, const char *text) {
  if (event->sink != NULL && event->n < WI_LOG_FIELDS) {
    event->fields[event->n++] = (weir_pair){key, text != NULL ? text : ""};
  }
}

void wi_log_int(wi_log_event *event, const char *key, int64_t value) {
  if (event->sink != NULL && event->n < WI_LOG_FIELDS) {
    char *text = event->texts[event->n];
    snprintf(text, sizeof(event->texts[0]), "%lld", (long long)value);
    wi_log_text(event, key, text);
  }
}

void wi_log_place(wi_log_event *event, const char *key, const char *uri) {
  if (event->sink == NULL) {
    return;
  }
  const char *host = strstr(uri, "://");
  host = host != NULL ? host + 3 : uri;
  const char *who = host;
  size_t first = strcspn(host, "?#");
  for (size_t i = 0, n = strcspn(host, "/"); i < n; i++) {
    who = host[i] == '@' ? host + i + 1 : who;
  }
  bool odd = who > host + first; /* no URI: nobody can say where its secrets end */
  snprintf(event->place, sizeof(event->place), "%.*s%.*s", (int)(host - uri), uri,
           odd ? 0 : (int)strcspn(who, "?#"), who);
  wi_log_text(event, key, event->place);
}

void wi_log_send(wi_log_event *event, const char *fmt, ...) {
  char message[512];
  va_list args;
  wi_log_sink *sink = event->sink;
  if (sink == NULL) {
    return;
  }
  va_start(args, fmt);
  if (vsnprintf(message, sizeof(message), fmt, args) < 0) {
    message[0] = '\0';
  }
  va_end(args);
  const weir_log_event told = {.struct_size = (uint32_t)sizeof(told),
                               .level = event->level,
                               .category = event->category,
                               .name = event->name,
                               .message = message,
                               .fields = event->fields,
                               .n_fields = event->n};
  pthread_mutex_lock(&sink->lock);
  telling = true;
  sink->to.event(sink->to.ctx, &told);
  telling = false;
  pthread_mutex_unlock(&sink->lock);
}

void wi_log_checkpoint(wi_log_sink *sink, const char *uri, int64_t version,
                       weir_status status) {
  bool fine = status == WEIR_OK;
  wi_log_event event;
  wi_log_begin(&event, sink, fine ? WEIR_LOG_INFO : WEIR_LOG_WARNING, "table",
               fine ? "checkpoint_written" : "checkpoint_failed");
  wi_log_place(&event, "uri", uri);
  wi_log_int(&event, "version", version);
  if (!fine) {
    wi_log_text(&event, "code", weir_error_code_name(status));
  }
  wi_log_send(&event, "%s checkpoint at version %lld", fine ? "a" : "no",
              (long long)version);
}
