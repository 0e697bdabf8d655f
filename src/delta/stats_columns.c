/* Which columns get statistics: delta.dataSkippingStatsColumns, else the first leaves as
 * delta.dataSkippingNumIndexedCols counts them. Names are matched without regard to case; a
 * struct's name stands for all that is in it; a name that the table lacks stands for nothing. */
#include <string.h>

#include "delta/internal.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "delta"

enum { DEFAULT_LEAVES = 32 };

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '_' || (unsigned char)c >= 0x80;
}

void wi_stats_columns_release(wi_stats_columns *c) {
  for (size_t i = 0; i < c->names.n; i++) {
    wi_free(c->names.items[i]);
  }
  wi_list_release(&c->names);
  *c = (wi_stats_columns){.leaves = DEFAULT_LEAVES};
}

/* ---- reading ---- */

/* One part, plain or in backticks, of which two stand for one. NULL: malformed. */
static const char *read_part(const char *p, wi_buf *out) {
  if (*p != '`') {
    const char *begin = p;
    for (; is_plain(*p); p++) {
      wi_buf_chr(out, lower(*p));
    }
    return p > begin ? p : NULL;
  }
  const char *begin = ++p;
  for (; *p != '\0'; p++) {
    if (*p == '`' && p[1] != '`') {
      return p > begin ? p + 1 : NULL;
    }
    p += *p == '`' ? 1 : 0;
    wi_buf_chr(out, lower(*p));
  }
  return NULL;
}

static const char *skip_spaces(const char *p) {
  while (is_space(*p)) {
    p++;
  }
  return p;
}

/* "a.`b c`" -> "a.b c"; NULL: malformed. */
static const char *read_name(const char *p, wi_buf *out) {
  for (;;) {
    p = read_part(skip_spaces(p), out);
    if (p == NULL) {
      return NULL;
    }
    p = skip_spaces(p);
    if (*p != '.') {
      return p;
    }
    wi_buf_chr(out, '.');
    p++;
  }
}

static weir_status read_list(const char *list, wi_stats_columns *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf name = WI_BUF_INIT;
  const char *p = skip_spaces(list);
  while (*p != '\0') {
    wi_buf_clear(&name);
    p = read_name(p, &name);
    if (p == NULL || (*p != '\0' && *p != ',') ||
        (*p == ',' && *skip_spaces(p + 1) == '\0')) {
      status =
          WI_ERR(err, WEIR_E_BAD_VALUE,
                 "delta.dataSkippingStatsColumns: '%.200s' is no list of columns", list);
      wi_err_hint(err,
                  "separate names by commas; a.b is the column b in the struct a; "
                  "put other names into backticks");
      goto done;
    }
    p += *p == ',' ? 1 : 0;
    char *copy = wi_buf_take(&name);
    if (copy == NULL || !wi_list_add(&out->names, copy)) {
      wi_free(copy);
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
  out->listed = true;
done:
  wi_buf_release(&name);
  return status;
}

/* -1 and above; anything else is as if it were not there. */
static int32_t read_count(const char *text) {
  int64_t n = 0;
  if (text == NULL || strcmp(text, "-1") == 0) {
    return text == NULL ? DEFAULT_LEAVES : -1;
  }
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 9 || text[digits] != '\0') {
    return DEFAULT_LEAVES;
  }
  for (const char *p = text; *p != '\0'; p++) {
    n = n * 10 + (*p - '0');
  }
  return (int32_t)n;
}

weir_status wi_stats_columns_read(const char *count, const char *list,
                                  wi_stats_columns *out, weir_error *err) {
  *out = (wi_stats_columns){.leaves = read_count(count)};
  weir_status status = list != NULL ? read_list(list, out, err) : WEIR_OK;
  if (status != WEIR_OK) {
    int32_t leaves = out->leaves;
    wi_stats_columns_release(out);
    out->leaves = leaves;
  }
  return status;
}

weir_status wi_stats_columns_of_table(const char *count, const char *list,
                                      wi_stats_columns *out, weir_error *err) {
  weir_error bad = WEIR_ERROR_INIT;
  weir_status status = wi_stats_columns_read(count, list, out, &bad);
  if (status == WEIR_E_BAD_VALUE) {
    weir_error_release(&bad);
    status = WEIR_OK;
  }
  wi_err_move(err, &bad);
  return status;
}

/* ---- asking ---- */

/* Is the column the named one, or in it? */
static bool stands_for(const char *name, wi_str column) {
  size_t n = strlen(name);
  if (column.n < n || (column.n > n && column.p[n] != '.')) {
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    if (lower(column.p[i]) != name[i]) {
      return false;
    }
  }
  return true;
}

bool wi_stats_columns_has(const wi_stats_columns *c, wi_str column, int64_t leaf) {
  if (c == NULL || !c->listed) {
    int32_t leaves = c != NULL ? c->leaves : DEFAULT_LEAVES;
    return leaves < 0 || leaf < leaves;
  }
  for (size_t i = 0; i < c->names.n; i++) {
    if (stands_for(c->names.items[i], column)) {
      return true;
    }
  }
  return false;
}

static bool in_schema(const struct ArrowSchema *schema, const char *name) {
  for (int64_t i = 0; i < schema->n_children; i++) {
    const struct ArrowSchema *c = schema->children[i];
    size_t n = strlen(c->name);
    wi_str whole = {name, strlen(name)};
    bool begins = whole.n >= n;
    for (size_t k = 0; begins && k < n; k++) {
      begins = lower(c->name[k]) == name[k];
    }
    if (begins && whole.n == n) {
      return true;
    }
    if (begins && name[n] == '.' && strcmp(c->format, "+s") == 0 &&
        in_schema(c, name + n + 1)) {
      return true;
    }
  }
  return false;
}

weir_status wi_stats_columns_check(const wi_stats_columns *c,
                                   const struct ArrowSchema *schema,
                                   const char *const *partition_columns, size_t n,
                                   weir_error *err) {
  for (size_t i = 0; i < c->names.n; i++) {
    const char *name = c->names.items[i];
    if (!in_schema(schema, name)) {
      return WI_ERR(err, WEIR_E_UNKNOWN_COLUMN,
                    "delta.dataSkippingStatsColumns: there is no column '%s'", name);
    }
    for (size_t p = 0; p < n; p++) {
      if (stands_for(name, wi_str_of(partition_columns[p]))) {
        wi_err_hint(err, "each file has one value of it, which the log holds anyway");
        return WI_ERR(err, WEIR_E_BAD_VALUE,
                      "delta.dataSkippingStatsColumns: '%s' is a partition column", name);
      }
    }
  }
  return WEIR_OK;
}
