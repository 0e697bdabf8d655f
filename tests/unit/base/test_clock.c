/* Times and dates against counting day by day and against the C library. */
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "common/test.h"

static unsigned days_in(unsigned y, unsigned m) {
  if (m == 2) {
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 29 : 28;
  }
  return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
}

WT_TEST(every_date_of_the_range) {
  int32_t expected = -719162; /* 0001-01-01 */
  for (unsigned y = 1; y <= 9999; y++) {
    for (unsigned m = 1; m <= 12; m++) {
      for (unsigned d = 1; d <= 32; d++) {
        char text[40], out[32];
        int32_t days = 0;
        bool good = d <= days_in(y, m);
        if (good && (y % 100 != 0 && y % 97 != 0 && y != 1 && y < 9999)) {
          expected++; /* most years only count, to be quick */
          continue;
        }
        snprintf(text, sizeof text, "%04u-%02u-%02u", y, m, d);
        WT_CHECK(wi_date_parse(text, &days) == good);
        if (good) {
          WT_EQ_INT(days, expected);
          wi_date_text(days, out);
          WT_EQ_STR(out, text);
          expected++;
        }
      }
    }
  }
  WT_EQ_INT(expected, 2932897);
}

WT_TEST(dates_refused) {
  static const char *const bad[] = {
      "",           "2026",        "2026-1-01",   "2026-13-01",
      "2026-00-01", "2026-02-29",  "1900-02-29",  "2026-04-31",
      "0000-01-01", "2026-01-00",  "2026-01-01 ", "2026/01/01",
      "-026-01-01", "+2026-01-01", "20260101",    "2026-01-0x"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int32_t days = 7;
    WT_CHECK(!wi_date_parse(bad[i], &days));
    WT_EQ_INT(days, 0);
  }
}

WT_TEST(extreme_dates_fit) {
  char out[32];
  wi_date_text(INT32_MAX, out);
  WT_EQ_STR(out, "+5881580-07-11");
  wi_date_text(INT32_MIN, out);
  WT_EQ_STR(out, "-5877641-06-23");
  char time[32];
  wi_time_text(INT64_MAX, time);
  WT_EQ_STR(time, "+294247-01-10T04:00:54.775807Z");
  wi_time_text(INT64_MIN, time);
  WT_EQ_STR(time, "-290308-12-21T19:59:05.224192Z");
  wi_time_text(-1, time);
  WT_EQ_STR(time, "1969-12-31T23:59:59.999999Z");
}

static int64_t random_us(void) {
  uint64_t r = 0;
  for (int k = 0; k < 5; k++) {
    r = r << 15 ^ (uint64_t)rand();
  }
  const int64_t low = INT64_C(-62135596800), high = INT64_C(253402300799);
  return (low + (int64_t)(r % (uint64_t)(high - low))) * 1000000 + rand() % 1000000;
}

WT_TEST(times_agree_with_the_c_library) {
  srand(1);
  for (int i = 0; i < 100000; i++) {
    int64_t us = random_us(), back = 0;
    int64_t fraction = (us % 1000000 + 1000000) % 1000000;
    time_t t = (time_t)((us - fraction) / 1000000);
    struct tm tm;
    char want[64], got[32];
    WT_CHECK(gmtime_r(&t, &tm) != NULL);
    snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)fraction);
    wi_time_text(us, got);
    WT_EQ_STR(got, want);
    WT_CHECK(wi_time_parse(got, &back));
    WT_EQ_INT(back, us);
  }
}

WT_TEST(times_accepted) {
  static const struct {
    const char *text;
    int64_t us;
  } rows[] = {{"1970-01-01T00:00:00Z", 0},
              {"1970-01-01 00:00:00.5Z", 500000},
              {"1970-01-01T00:00:00.000001000Z", 1},
              {"1970-01-01T01:30:00+01:30", 0},
              {"1969-12-31T22:30:00-01:30", 0},
              {"1970-01-01T00:00:00-00:00", 0},
              {"2024-02-29T23:59:59.999999Z", INT64_C(1709251199999999)},
              {"0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
              {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int64_t us = -5;
    WT_CHECK(wi_time_parse(rows[i].text, &us));
    WT_EQ_INT(us, rows[i].us);
  }
}

WT_TEST(times_refused) {
  static const char *const bad[] = {"",
                                    "2026-01-01",
                                    "2026-01-01T00:00:00",
                                    "2026-01-01T00:00Z",
                                    "2026-01-01t00:00:00Z",
                                    "2026-01-01T00:00:00z",
                                    "2026-01-01T24:00:00Z",
                                    "2026-01-01T00:60:00Z",
                                    "2026-01-01T00:00:60Z",
                                    "2026-02-29T00:00:00Z",
                                    "2026-01-01T00:00:00.Z",
                                    "2026-01-01T00:00:00.0000001Z",
                                    "2026-01-01T00:00:00.000000001Z",
                                    "2026-01-01T00:00:00.0000000000Z",
                                    "2026-01-01T00:00:00+1:00",
                                    "2026-01-01T00:00:00+0100",
                                    "2026-01-01T00:00:00+24:00",
                                    "2026-01-01T00:00:00+00:60",
                                    "2026-01-01T00:00:00+",
                                    "2026-01-01T00:00:00Z ",
                                    " 2026-01-01T00:00:00Z",
                                    "2026-01-01  00:00:00Z",
                                    "0001-01-01T00:00:00+00:01",
                                    "9999-12-31T23:59:59-00:01",
                                    "0000-12-31T00:00:00Z"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int64_t us = 7;
    if (wi_time_parse(bad[i], &us)) {
      wt_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
    }
    WT_EQ_INT(us, 0);
  }
}

WT_TEST(clocks_run) {
  time_t before = time(NULL);
  int64_t us = wi_now_us();
  time_t after = time(NULL);
  WT_CHECK(us / 1000000 >= before - 1 && us / 1000000 <= after + 1);
  int64_t a = wi_monotonic_ns(), b = wi_monotonic_ns();
  WT_CHECK(a > 0 && b >= a);
}

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

WT_TEST(identifiers_are_of_version_7_and_distinct) {
  static char ids[2000][37];
  int64_t before = wi_now_us() / 1000;
  for (size_t i = 0; i < 2000; i++) {
    wi_uuid7(ids[i]);
    WT_EQ_INT(strlen(ids[i]), 36);
    WT_EQ_INT(strspn(ids[i], "0123456789abcdef-"), 36);
    WT_CHECK(ids[i][8] == '-' && ids[i][13] == '-' && ids[i][18] == '-' &&
             ids[i][23] == '-');
    WT_CHECK(ids[i][14] == '7' && strchr("89ab", ids[i][19]) != NULL);
    unsigned long high = 0, low = 0;
    WT_EQ_INT(sscanf(ids[i], "%8lx-%4lx", &high, &low), 2);
    int64_t ms = (int64_t)(high << 16 | low);
    WT_CHECK(ms >= before && ms <= wi_now_us() / 1000);
    WT_CHECK(i == 0 || strncmp(ids[i - 1], ids[i], 18) <= 0);
  }
  qsort(ids, 2000, sizeof ids[0], by_text);
  for (size_t i = 1; i < 2000; i++) {
    WT_CHECK(strcmp(ids[i - 1], ids[i]) != 0);
  }
}

WT_TEST(environment_is_read) {
  WT_CHECK(setenv("WEIR_TEST_ENV", "value", 1) == 0);
  WT_EQ_STR(wi_env("WEIR_TEST_ENV"), "value");
  unsetenv("WEIR_TEST_ENV");
  WT_CHECK(wi_env("WEIR_TEST_ENV") == NULL);
}
