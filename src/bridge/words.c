/* The engines' messages in weir's words: what, why, and what to write instead. Only messages
 * that are known are changed; the engines' own stay in the error's detail. */
#include <stdio.h>
#include <string.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

enum { MOST_COLUMNS = 200 };

/* Replaces the first `from`; what would not fit is left as it is. */
static void reword(weir_error *err, const char *from, const char *to) {
  char *at = strstr(err->message, from);
  if (at == NULL) {
    return;
  }
  wi_buf text = WI_BUF_INIT;
  wi_buf_add(&text, err->message, (size_t)(at - err->message));
  wi_buf_fmt(&text, "%s%s", to, at + strlen(from));
  if (!text.failed && text.n < sizeof(err->message)) {
    wi_err_reword(err, wi_buf_text(&text));
  }
  wi_buf_release(&text);
}

static void cut_before(weir_error *err, const char *mark) {
  char *at = strstr(err->message, mark);
  if (at != NULL) {
    *at = '\0';
  }
}

/* ---- columns ---- */

/* The name without its table: what follows the last dot outside quotes. */
static char *last_part(char *name) {
  char *part = name;
  bool quoted = false;
  for (char *p = name; *p != '\0'; p++) {
    quoted = *p == '"' ? !quoted : quoted;
    part = *p == '.' && !quoted ? p + 1 : part;
  }
  return part;
}

/* "orders.day, orders.n." to its names; the text is changed. A table's name is left out where
 * all columns have the same one. */
static size_t split_columns(char *list, const char **names) {
  char *parts[MOST_COLUMNS];
  size_t n = 0;
  bool one_table = true;
  size_t end = strlen(list);
  while (end > 0 && (list[end - 1] == '.' || list[end - 1] == '\n')) {
    list[--end] = '\0';
  }
  for (char *p = list; p != NULL && n < MOST_COLUMNS;) {
    char *next = strstr(p, ", ");
    if (next != NULL) {
      *next = '\0';
      next += 2;
    }
    parts[n++] = p;
    p = next;
  }
  size_t table = (size_t)(last_part(parts[0]) - parts[0]);
  for (size_t i = 0; i < n; i++) {
    one_table = one_table && (size_t)(last_part(parts[i]) - parts[i]) == table &&
                strncmp(parts[i], parts[0], table) == 0;
  }
  for (size_t i = 0; i < n; i++) {
    names[i] = one_table ? parts[i] + table : parts[i];
  }
  return n;
}

/* The columns, as many as there is room for. */
static void column_hint(weir_error *err, const char *near, const char *const *names,
                        size_t n) {
  wi_buf hint = WI_BUF_INIT;
  if (near[0] != '\0') {
    wi_buf_fmt(&hint, "did you mean %s? ", near);
  }
  for (size_t i = 0; i < n; i++) {
    const char *joint = i == 0 ? "the columns are " : ", ";
    if (hint.n + strlen(joint) + strlen(names[i]) + 8 > sizeof(err->hint)) {
      wi_buf_str(&hint, ", \xE2\x80\xA6");
      break;
    }
    wi_buf_fmt(&hint, "%s%s", joint, names[i]);
  }
  if (hint.n > 0) {
    wi_err_hint_replace(err, "%s", wi_buf_text(&hint));
  }
  wi_buf_release(&hint);
}

/* No field named dya. Did you mean 'orders.day'?\n...\nValid fields are orders.day, orders.n.
 * `text` is all of it, and is changed. */
static void unknown_column(weir_error *err, char *text) {
  static const char head[] = "No field named ", valid[] = "Valid fields are ";
  char near[256] = "";
  const char *names[MOST_COLUMNS];
  size_t n = 0;
  char *name = strstr(text, head);
  if (name == NULL) {
    return;
  }
  size_t before = (size_t)(name - text); /* the context, as "constraint 'x': " */
  name += sizeof(head) - 1;
  char *list = strstr(name, valid);
  size_t length = strcspn(name, "\n");
  char *suggested = strstr(name, ". Did you mean");
  length = suggested != NULL && (size_t)(suggested - name) < length
               ? (size_t)(suggested - name)
               : length;
  if (list != NULL) {
    n = split_columns(list + sizeof(valid) - 1, names);
  }
  name[length] = '\0';
  if (length > 0 && name[length - 1] == '.') {
    name[length - 1] = '\0';
  }
  char *plain = last_part(name);
  bool quoted = plain[0] == '"';
  wi_buf message = WI_BUF_INIT;
  wi_buf_add(&message, text, before);
  wi_buf_fmt(&message, quoted ? "there is no column %s" : "there is no column '%s'",
             name);
  wi_nearest(n > 0 && strchr(names[0], '.') != NULL ? name : plain, names, n, near,
             sizeof(near));
  if (quoted && near[0] == '\0') {
    plain[strlen(plain) - 1] = '\0';
    wi_nearest(plain + 1, names, n, near, sizeof(near));
  }
  wi_err_reword(err, wi_buf_text(&message));
  column_hint(err, near, names, n);
  wi_buf_release(&message);
}

static void ambiguous_column(weir_error *err) {
  static const char head[] = "Ambiguous reference to unqualified field ";
  char name[256];
  if (!wi_starts_with(err->message, head)) {
    return;
  }
  snprintf(name, sizeof(name), "%.250s", err->message + sizeof(head) - 1);
  snprintf(err->message, sizeof(err->message), "more than one table has a column '%s'",
           name);
  wi_err_hint_replace(err, "say which: table.%s", name);
}

/* ...: While expanding wildcard, column "orders.n" must appear in the GROUP BY clause or ... */
static void not_grouped(weir_error *err) {
  char name[256];
  const char *at = strstr(err->message, "column \"");
  if (at == NULL || strstr(at, "must appear in the GROUP BY clause") == NULL) {
    return;
  }
  at += strlen("column \"");
  snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\""), at);
  snprintf(err->message, sizeof(err->message),
           "the column '%s' is neither in GROUP BY nor in an aggregate function", name);
  wi_err_hint_replace(err, "add it to GROUP BY, or write an aggregate, as max(%s)", name);
}

/* ---- functions and types ---- */

/* Invalid function 'uper'.\nDid you mean 'upper'? */
static void unknown_function(weir_error *err) {
  char name[256], near[256] = "";
  const char *at = strstr(err->message, "Invalid function '");
  if (at == NULL) {
    return;
  }
  at += strlen("Invalid function '");
  snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "'"), at);
  const char *other = strstr(at, "Did you mean '");
  if (other != NULL) {
    other += strlen("Did you mean '");
    snprintf(near, sizeof(near), "did you mean %.*s? ", (int)strcspn(other, "'"), other);
  }
  snprintf(err->message, sizeof(err->message), "there is no function '%s'", name);
  wi_err_hint_replace(err, "%s`weir functions --all` lists all", near);
}

/* The types of a message that is about two of them, as SQL and the project call them. */
static void reword_types(weir_error *err) {
  static const char *const types[][2] = {
      {"Utf8View", "string"}, {"LargeUtf8", "string"}, {"Utf8", "string"},
      {"Int64", "int64"},     {"Int32", "int32"},      {"Int16", "int16"},
      {"Int8", "int8"},       {"Float64", "float64"},  {"Float32", "float32"},
      {"Boolean", "boolean"}, {"Date32", "date"},      {"BinaryView", "binary"}};
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    reword(err, types[i][0], types[i][1]);
    reword(err, types[i][0], types[i][1]);
  }
}

static void types_apart(weir_error *err) {
  static const char *const heads[] = {
      "Cannot coerce arithmetic expression ",
      "Cannot infer common argument type for comparison operation "};
  for (size_t i = 0; i < 2; i++) {
    if (strstr(err->message, heads[i]) == NULL) {
      continue;
    }
    reword(err, heads[i], "these types do not go together: ");
    cut_before(err, " to valid types");
    reword_types(err);
    wi_err_hint_replace(err, "write CAST(... AS type) on one side");
  }
}

/* Some messages print the engine's syntax tree. */
static void no_syntax_tree(weir_error *err) {
  if (strstr(err->message, "span: Span(") == NULL) {
    return;
  }
  char *at = strstr(err->message, " { ");
  while (at != NULL && at > err->message && at[-1] != ' ') {
    at--;
  }
  if (at != NULL && at > err->message) {
    at[-1] = '\0';
  }
}

/* ---- rows ---- */

static void execution(weir_error *err) {
  if (strcmp(err->message, "Divide by zero error") == 0) {
    wi_err_reword(err, "division by zero");
    wi_err_hint_replace(err, "write a / nullif(b, 0), which is null there");
  } else if (wi_starts_with(err->message, "Cast error: ")) {
    reword(err, "Cast error: Cannot", "cannot");
    reword(err, "Cast error: ", "");
    reword_types(err);
    wi_err_hint_replace(err, "write try_cast(... AS type), which is null there");
  }
}

/* Failed to allocate additional 512.0 KB for SortExec ... memory pool: fair(pool_size: 1 MB) */
static void memory(weir_error *err) {
  char amount[48] = "";
  const char *at = strstr(err->message, "Failed to allocate additional ");
  if (at != NULL) {
    at += strlen("Failed to allocate additional ");
    const char *end = strstr(at, " for ");
    snprintf(amount, sizeof(amount), "%.*s",
             end != NULL && end - at < 40 ? (int)(end - at) : 0, at);
  }
  if (err->detail == NULL) {
    wi_err_detail(err, err->message, strlen(err->message));
  }
  if (amount[0] != '\0') {
    snprintf(err->message, sizeof(err->message),
             "the memory limit is too small: another %s is needed", amount);
  }
  wi_err_hint_replace(err, "give more with --memory; fewer --threads need less");
}

/* The reader wraps its own message in itself. */
static void corrupt_file(weir_error *err) {
  static const char mark[] = "Parquet error: ";
  char *first = strstr(err->message, mark), *last = first;
  for (char *p = first; p != NULL; p = strstr(p + 1, mark)) {
    last = p;
  }
  if (first != NULL && last != NULL) {
    char *text = last + sizeof(mark) - 1;
    memmove(first, text, strlen(text) + 1);
  }
}

/* Inputs are called schema.name inside; people know the name. */
static void plain_input(weir_error *err) {
  if (wi_starts_with(err->message, "main.")) {
    reword(err, "main.", "table ");
  }
}

static void unknown_column_of(weir_error *err, const char *whole) {
  /* What is hidden in the record is hidden here. */
  bool full = whole != NULL && !wi_secret_any();
  char *text = wi_strdup(full ? whole : err->message);
  if (text != NULL) {
    unknown_column(err, text);
  }
  wi_free(text);
}

void wi_wb_words(weir_error *err, const char *whole) {
  switch (err->code) {
    case WEIR_E_UNKNOWN_COLUMN:
      unknown_column_of(err, whole);
      break;
    case WEIR_E_UNKNOWN_FUNCTION:
      unknown_function(err);
      break;
    case WEIR_E_SQL_PLAN:
      ambiguous_column(err);
      not_grouped(err);
      types_apart(err);
      no_syntax_tree(err);
      break;
    case WEIR_E_EXECUTION:
      execution(err);
      break;
    case WEIR_E_MEMORY:
      memory(err);
      break;
    case WEIR_E_FILE_CORRUPT:
      corrupt_file(err);
      plain_input(err);
      break;
    case WEIR_E_FILE_MISSING:
      plain_input(err);
      wi_err_hint_replace(err, "restore the file, or read an older version of the table");
      break;
    case WEIR_E_THREADS:
      wi_err_hint_replace(
          err,
          "raise the limits of processes and memory (ulimit -u, ulimit -v, "
          "a container's pids), or use fewer --threads");
      break;
    case WEIR_E_SPILL:
      wi_err_hint_replace(
          err,
          "set TMPDIR, or the profile's spill_dir, to a folder that can be "
          "written and has room, or give more with --memory");
      break;
    default:
      break;
  }
}

wb_sql_limits wi_wb_limits(void) {
  return (wb_sql_limits){
#define WI_SQL_LIMIT(member, number) .member = (number),
#include "../../tables/sql_limits.def"
#undef WI_SQL_LIMIT
  };
}

void wi_wb_syntax(weir_error *err, const char *sql) {
  if (err != NULL && err->code == WEIR_E_TOO_LARGE) {
    wi_err_hint(err,
                "make a part of it a view of its own, which is stored once; write a long "
                "list as IN (..), or as a table to join with");
    return;
  }
  if (err == NULL || err->code != WEIR_E_SQL_SYNTAX) {
    return;
  }
  cut_before(err, " at Line: ");
  if (err->line == 0 && strstr(err->message, "EOF") != NULL) {
    size_t n = strlen(sql);
    uint32_t line = 1, column = 1;
    while (n > 0 && strchr(" \t\r\n;", sql[n - 1]) != NULL) {
      n--;
    }
    for (size_t i = 0; i < n; i++) {
      bool end = sql[i] == '\n';
      line += end ? 1 : 0;
      column = end ? 1 : column + (((unsigned char)sql[i] & 0xC0) != 0x80 ? 1 : 0);
    }
    wi_err_where(err, NULL, line, column);
  }
  reword(err, "Expected: ", "expected ");
  reword(err, ", found: ", ", found ");
  reword(err, "found EOF", "found the end of the SQL");
  reword(err, "Unterminated string literal", "the quote is not closed");
}
