/* Events on their way to the listener. */
#include "common/test.h"
#include "session/log.h"

static char told[1024];

static void listen(void *ctx, const weir_log_event *event) {
  (void)ctx;
  size_t at = (size_t)snprintf(told, sizeof told, "%s.%s", event->category, event->name);
  for (size_t i = 0; i < event->n_fields && at < sizeof told; i++) {
    at += (size_t)snprintf(told + at, sizeof told - at, " %s=%s", event->fields[i].key,
                           event->fields[i].value);
  }
}

static void open_sink(wi_log_sink *sink, weir_log_level level) {
  weir_log to = WEIR_LOG_INIT;
  to.event = listen;
  to.level = level;
  wi_log_sink_init(sink);
  wi_log_sink_listen(sink, &to);
  told[0] = '\0';
}

static void tell_place(wi_log_sink *sink, const char *uri) {
  wi_log_event event;
  wi_log_begin(&event, sink, WEIR_LOG_INFO, "c", "n");
  wi_log_place(&event, "uri", uri);
  wi_log_send(&event, "m");
}

WT_TEST(places_are_told_without_secrets) {
  static const char *const places[][2] = {
      {"file:///a/b", "c.n uri=file:///a/b"},
      {"file:///a/b@c", "c.n uri=file:///a/b@c"},
      {"s3://bucket/t@1", "c.n uri=s3://bucket/t@1"},
      {"s3://me:word@bucket/t", "c.n uri=s3://bucket/t"},
      {"s3://a@b:word@bucket/t", "c.n uri=s3://bucket/t"},
      {"https://h/t?sig=word&a=b", "c.n uri=https://h/t"},
      {"https://me:wo?rd@h/t", "c.n uri=https://"}, /* no URI */
      {"https://h?sig=wo@rd", "c.n uri=https://"},
      {"https://h?sig=word", "c.n uri=https://h"},
      {"https://h/t#word", "c.n uri=https://h/t"},
      {"me@here/t", "c.n uri=here/t"},
      {"", "c.n uri="}};
  wi_log_sink sink;
  open_sink(&sink, WEIR_LOG_INFO);
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    tell_place(&sink, places[i][0]);
    WT_EQ_STR(told, places[i][1]);
  }
  wi_log_sink_release(&sink);
}

WT_TEST(fields_beyond_the_room_are_left_out) {
  wi_log_sink sink;
  wi_log_event event;
  open_sink(&sink, WEIR_LOG_INFO);
  wi_log_begin(&event, &sink, WEIR_LOG_INFO, "c", "n");
  for (int i = 0; i < WI_LOG_FIELDS + 2; i++) {
    wi_log_int(&event, "k", INT64_MIN + i);
  }
  wi_log_send(&event, "m");
  WT_EQ_INT(event.n, WI_LOG_FIELDS);
  WT_CHECK(strstr(told, "k=-9223372036854775801") != NULL);
  WT_CHECK(strstr(told, "k=-9223372036854775800") == NULL);
  wi_log_sink_release(&sink);
}

WT_TEST(nobody_listens) {
  wi_log_sink sink;
  wi_log_event event;
  wi_log_sink_init(&sink);
  wi_log_begin(&event, &sink, WEIR_LOG_WARNING, "c", "n");
  WT_CHECK(event.sink == NULL);
  wi_log_int(&event, "k", 1);
  wi_log_place(&event, "k", "x");
  wi_log_send(&event, "m");
  WT_EQ_INT(event.n, 0);
  wi_log_sink_release(&sink);
  open_sink(&sink, WEIR_LOG_WARNING);
  tell_place(&sink, "s3://b/t"); /* of a lower level */
  WT_EQ_STR(told, "");
  wi_log_sink_release(&sink);
}
