/* Dates and times as text, which needs neither the C library's calendar (it asks for the local
 * zone) nor a locale. */
#include "util/util.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY    (INT64_C(86400) * US_PER_SECOND)

/* Days to the civil date and back, by eras of 400 years that start on 1 March, where the
 * leap day is the last of its year (after H. Hinnant, "chrono-compatible low-level date
 * algorithms"). */
typedef struct civil {
  int64_t year;
  unsigned month, day;
} civil;

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

static int64_t days_of(civil c) {
  int64_t y = c.year - (c.month <= 2 ? 1 : 0);
  int64_t era = floor_div(y, 400);
  int64_t year_of_era = y - era * 400;
  int64_t month = c.month > 2 ? (int64_t)c.month - 3 : (int64_t)c.month + 9;
  int64_t day_of_year = (153 * month + 2) / 5 + (int64_t)c.day - 1;
  int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static civil civil_of(int64_t days) {
  int64_t z = days + 719468;
  int64_t era = floor_div(z, 146097);
  int64_t doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  civil c = {yoe + era * 400, 0, 0};
  c.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
  c.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
  c.year += c.month <= 2 ? 1 : 0;
  return c;
}

static char *put_digits(char *out, uint64_t v, size_t width) {
  for (size_t i = width; i > 0; i--) {
    out[i - 1] = (char)('0' + v % 10);
    v /= 10;
  }
  return out + width;
}

/* Years outside 0 to 9999 get a sign and six digits or more, as ISO 8601 expands them. */
static char *put_date(char *out, civil c) {
  if (c.year < 0 || c.year > 9999) {
    uint64_t year = c.year < 0 ? (uint64_t)-c.year : (uint64_t)c.year, rest = year;
    size_t width = 6;
    for (rest /= 1000000; rest > 0; rest /= 10) {
      width++;
    }
    *out++ = c.year < 0 ? '-' : '+';
    out = put_digits(out, year, width);
  } else {
    out = put_digits(out, (uint64_t)c.year, 4);
  }
  *out++ = '-';
  out = put_digits(out, c.month, 2);
  *out++ = '-';
  return put_digits(out, c.day, 2);
}

void wi_time_text(int64_t us, char out[32]) {
  int64_t days = floor_div(us, US_PER_DAY);
  uint64_t in_day = (uint64_t)(us % US_PER_DAY + (us % US_PER_DAY < 0 ? US_PER_DAY : 0));
  uint64_t seconds = in_day / US_PER_SECOND;
  char *p = put_date(out, civil_of(days));
  *p++ = 'T';
  p = put_digits(p, seconds / 3600, 2);
  *p++ = ':';
  p = put_digits(p, seconds / 60 % 60, 2);
  *p++ = ':';
  p = put_digits(p, seconds % 60, 2);
  *p++ = '.';
  p = put_digits(p, in_day % US_PER_SECOND, 6);
  *p++ = 'Z';
  *p = '\0';
}

void wi_date_text(int64_t days, char out[32]) {
  *put_date(out, civil_of(days)) = '\0';
}

/* Reads exactly `width` digits; NULL in or out: no such text. */
static const char *get_digits(const char *p, size_t width, unsigned *out) {
  *out = 0;
  for (size_t i = 0; p != NULL && i < width; i++) {
    if (p[i] < '0' || p[i] > '9') {
      return NULL;
    }
    *out = *out * 10 + (unsigned)(p[i] - '0');
  }
  return p == NULL ? NULL : p + width;
}

static const char *get_char(const char *p, char c) {
  return p != NULL && *p == c ? p + 1 : NULL;
}

static unsigned month_days(unsigned year, unsigned month) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[month - 1];
}

static const char *get_date(const char *p, int64_t *days) {
  unsigned year, month, day;
  p = get_digits(p, 4, &year);
  p = get_digits(get_char(p, '-'), 2, &month);
  p = get_digits(get_char(p, '-'), 2, &day);
  if (p == NULL || year < 1 || month < 1 || month > 12 || day < 1 ||
      day > month_days(year, month)) {
    return NULL;
  }
  *days = days_of((civil){year, month, day});
  return p;
}

/* Up to nine digits; what is finer than a microsecond must be zero, not silently lost. */
static const char *get_fraction(const char *p, int64_t *us) {
  int64_t unit = 100000, value = 0;
  size_t n = 0;
  for (; p[n] >= '0' && p[n] <= '9'; n++) {
    if (n == 9 || (n >= 6 && p[n] != '0')) {
      return NULL;
    }
    value += unit * (p[n] - '0');
    unit /= 10;
  }
  *us += value;
  return n == 0 ? NULL : p + n;
}

static const char *get_clock(const char *p, int64_t *us) {
  unsigned hour, minute, second;
  p = get_digits(p, 2, &hour);
  p = get_digits(get_char(p, ':'), 2, &minute);
  p = get_digits(get_char(p, ':'), 2, &second);
  if (p == NULL || hour > 23 || minute > 59 || second > 59) {
    return NULL;
  }
  *us = ((int64_t)hour * 3600 + minute * 60 + second) * US_PER_SECOND;
  return *p == '.' ? get_fraction(p + 1, us) : p;
}

static const char *get_offset(const char *p, int64_t *us) {
  unsigned hour, minute;
  *us = 0;
  if (p == NULL || *p == 'Z') {
    return p == NULL ? NULL : p + 1;
  }
  if (*p != '+' && *p != '-') {
    return NULL;
  }
  int64_t sign = *p == '-' ? -1 : 1;
  p = get_digits(p + 1, 2, &hour);
  p = get_digits(get_char(p, ':'), 2, &minute);
  if (p == NULL || hour > 23 || minute > 59) {
    return NULL;
  }
  *us = sign * ((int64_t)hour * 60 + minute) * 60 * US_PER_SECOND;
  return p;
}

bool wi_time_parse(const char *text, int64_t *us) {
  int64_t days = 0, in_day = 0, offset = 0;
  *us = 0;
  const char *p = get_date(text, &days);
  if (p == NULL || (*p != 'T' && *p != ' ')) {
    return false;
  }
  p = get_offset(get_clock(p + 1, &in_day), &offset);
  if (p == NULL || *p != '\0') {
    return false;
  }
  int64_t result = days * US_PER_DAY + in_day - offset;
  int64_t year = civil_of(floor_div(result, US_PER_DAY)).year;
  if (year < 1 || year > 9999) { /* the offset carried it out of the range */
    return false;
  }
  *us = result;
  return true;
}

bool wi_date_parse(const char *text, int32_t *days) {
  int64_t d = 0;
  *days = 0;
  const char *p = get_date(text, &d);
  if (p == NULL || *p != '\0') {
    return false;
  }
  *days = (int32_t)d;
  return true;
}

int64_t wi_ms_us(int64_t ms) {
  int64_t us = 0;
  return __builtin_mul_overflow(ms, INT64_C(1000), &us) ? (ms < 0 ? INT64_MIN : INT64_MAX)
                                                        : us;
}
