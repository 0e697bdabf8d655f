/* Events of a session, for the callback that its maker gave (weir/log.h). */
#ifndef WI_SESSION_LOG_H
#define WI_SESSION_LOG_H

#include <pthread.h>

#include "base/base.h"
#include "weir/log.h"

typedef struct wi_log_sink {
  weir_log to; /* `event` NULL: nobody listens */
  pthread_mutex_t lock;
} wi_log_sink;
void wi_log_sink_init(wi_log_sink *sink);
/* Before others use the session; `to->release` is called with the sink's. */
void wi_log_sink_listen(wi_log_sink *sink, const weir_log *to);
void wi_log_sink_release(wi_log_sink *sink);

/* An event: its fixed facts, then up to WI_LOG_FIELDS fields as keys with printf formats. */
#define WI_LOG_FIELDS 8
typedef struct wi_log_event {
  wi_log_sink *sink; /* NULL: nobody wants it, and nothing is formatted */
  weir_log_level level;
  const char *category, *name;
  weir_pair fields[WI_LOG_FIELDS];
  size_t n;
  char texts[WI_LOG_FIELDS][24]; /* of numbers */
  char place[512];
} wi_log_event;
void wi_log_begin(wi_log_event *event, wi_log_sink *sink, weir_log_level level,
                  const char *category, const char *name);
/* The text is borrowed until the event was sent. */
void wi_log_text(wi_log_event *event, const char *key, const char *text);
void wi_log_int(wi_log_event *event, const char *key, int64_t value);
/* A URI without what may be secret in it: who, before the host, and all behind a '?'. One for each
 * event; what is too long is cut. */
void wi_log_place(wi_log_event *event, const char *key, const char *uri);
/* The message is for people: no places in it, and no texts of callers. */
void wi_log_send(wi_log_event *event, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* A checkpoint was written, or not. */
void wi_log_checkpoint(wi_log_sink *sink, const char *uri, int64_t version,
                       weir_status status);

#endif
