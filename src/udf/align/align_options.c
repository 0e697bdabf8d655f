/* The options of interval_align, and the lists of columns among them. */
#include <string.h>

#include "udf/align/align_call.h"

#define WI_ORIGIN "udf"
#define SELF      "interval_align"

typedef enum option_kind { TEXT, FLAG, MODE, HOW } option_kind;

typedef struct option_row {
  const char *name;
  option_kind kind;
  size_t offset; /* of the const char * in wi_align_options */
} option_row;

#define AT(member) offsetof(wi_align_options, member)
static const option_row rows[] = {
    {"mode", MODE, 0},
    {"how", HOW, 0},
    {"left_path", TEXT, AT(path[WI_ALIGN_LEFT])},
    {"left_start", TEXT, AT(start[WI_ALIGN_LEFT])},
    {"left_end", TEXT, AT(end[WI_ALIGN_LEFT])},
    {"left_columns", TEXT, AT(columns[WI_ALIGN_LEFT])},
    {"right_path", TEXT, AT(path[WI_ALIGN_RIGHT])},
    {"right_start", TEXT, AT(start[WI_ALIGN_RIGHT])},
    {"right_end", TEXT, AT(end[WI_ALIGN_RIGHT])},
    {"right_columns", TEXT, AT(columns[WI_ALIGN_RIGHT])},
    {"right_suffix", TEXT, AT(suffix)},
    {"tie_breakers", TEXT, AT(tie_breakers)},
    {"emit_match_meta", FLAG, 0},
    {"match_kind_col", TEXT, AT(kind_column)},
    {"match_score_col", TEXT, AT(score_column)},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const modes[] = {"CONTAINED_BEST", "EXACT", "OVERLAP_MAX"};

const char *wi_align_mode_name(wi_align_mode mode) {
  return modes[mode];
}

static bool same_word(wi_str text, const char *word) {
  return text.n == strlen(word) && wi_ascii_same_n(text.p, word, text.n);
}

static weir_status read_mode(wi_str text, wi_align_options *out, weir_error *err) {
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
    if (same_word(text, modes[i])) {
      out->mode = (wi_align_mode)i;
      return WEIR_OK;
    }
  }
  return WI_ERR(err, WEIR_E_SQL_PLAN,
                SELF ": mode is CONTAINED_BEST, EXACT or OVERLAP_MAX, not '" WI_STR_FMT
                     "'",
                WI_STR_ARG(text));
}

static weir_status read_how(wi_str text, wi_align_options *out, weir_error *err) {
  out->left_join = same_word(text, "left");
  if (!out->left_join && !same_word(text, "inner")) {
    return WI_ERR(err, WEIR_E_SQL_PLAN,
                  SELF ": how is inner or left, not '" WI_STR_FMT "'", WI_STR_ARG(text));
  }
  return WEIR_OK;
}

static weir_status read_one(wi_arena *arena, const option_row *row,
                            const wi_rel_option *given, wi_align_options *out,
                            weir_error *err) {
  int want = row->kind == FLAG ? WI_REL_BOOL : WI_REL_TEXT;
  if (given->is_null || given->type != want) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, SELF ": %s must be %s", row->name,
                  want == WI_REL_BOOL ? "true or false" : "a text");
  }
  if (row->kind == FLAG) {
    out->meta = wi_str_eq(given->text, "true");
    return WEIR_OK;
  }
  if (row->kind == MODE) {
    return read_mode(given->text, out, err);
  }
  if (row->kind == HOW) {
    return read_how(given->text, out, err);
  }
  const char *text = wi_arena_ndup(arena, given->text.p, given->text.n);
  if (text == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  memcpy((char *)out + row->offset, &text, sizeof(text));
  return WEIR_OK;
}

static weir_status unknown_option(wi_arena *arena, wi_str name, weir_error *err) {
  const char *names[N_ROWS], *plain = wi_arena_ndup(arena, name.p, name.n);
  char near[256] = "";
  for (size_t i = 0; i < N_ROWS; i++) {
    names[i] = rows[i].name;
  }
  if (plain != NULL) {
    wi_nearest(plain, names, N_ROWS, near, sizeof(near));
  }
  if (near[0] != '\0') {
    return WI_ERR(err, WEIR_E_SQL_PLAN,
                  SELF ": there is no option " WI_STR_FMT "; did you mean %s?",
                  WI_STR_ARG(name), near);
  }
  wi_buf all = WI_BUF_INIT;
  for (size_t i = 0; i < N_ROWS; i++) {
    wi_buf_fmt(&all, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  WI_ERR(err, WEIR_E_SQL_PLAN, SELF ": there is no option " WI_STR_FMT ", only %s",
         WI_STR_ARG(name), wi_buf_text(&all));
  wi_buf_release(&all);
  return WEIR_E_SQL_PLAN;
}

weir_status wi_align_read_options(wi_arena *arena, const wi_rel_option *given, size_t n,
                                  wi_align_options *out, weir_error *err) {
  bool seen[N_ROWS] = {false};
  *out = (wi_align_options){.mode = WI_ALIGN_CONTAINED_BEST,
                            .meta = true,
                            .path = {"path", "path"},
                            .start = {"bstart", "bstart"},
                            .end = {"bend", "bend"},
                            .kind_column = "match_kind",
                            .score_column = "match_score",
                            .suffix = "__r"};
  for (size_t i = 0; i < n; i++) {
    size_t r = 0;
    while (r < N_ROWS && !wi_str_eq(given[i].name, rows[r].name)) {
      r++;
    }
    if (r == N_ROWS) {
      return unknown_option(arena, given[i].name, err);
    }
    if (seen[r]) {
      return WI_ERR(err, WEIR_E_SQL_PLAN, SELF ": %s is given twice", rows[r].name);
    }
    seen[r] = true;
    WI_TRY(read_one(arena, &rows[r], &given[i], out, err));
  }
  return WEIR_OK;
}

/* ---- columns ---- */

static weir_status no_column(const struct ArrowSchema *schema, const char *what,
                             const char *name, weir_error *err) {
  wi_buf all = WI_BUF_INIT;
  for (int64_t i = 0; i < schema->n_children; i++) {
    wi_buf_fmt(&all, "%s%s", i > 0 ? ", " : "", schema->children[i]->name);
  }
  WI_ERR(err, WEIR_E_UNKNOWN_COLUMN,
         SELF ": the %s relation has no column '%s' (%s); it has %s",
         what[0] == 'l' ? "left" : "right", name, what, wi_buf_text(&all));
  wi_buf_release(&all);
  return WEIR_E_UNKNOWN_COLUMN;
}

weir_status wi_align_find(const struct ArrowSchema *schema, const char *what,
                          const char *name, uint32_t *out, weir_error *err) {
  size_t found = 0;
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) {
      *out = (uint32_t)i;
      found++;
    }
  }
  if (found == 0) {
    return no_column(schema, what, name, err);
  }
  if (found > 1) {
    return WI_ERR(err, WEIR_E_SQL_PLAN,
                  SELF
                  ": the %s relation has %zu columns '%s' (%s); give them names of "
                  "their own",
                  what[0] == 'l' ? "left" : "right", found, name, what);
  }
  return WEIR_OK;
}

static const char *skip_space(const char *p) {
  while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
    p++;
  }
  return p;
}

/* A name, in quotes (a quote in it is doubled) or up to a comma or a space; NULL: none. */
static const char *read_name(wi_arena *arena, const char **at) {
  const char *p = skip_space(*at);
  char *out = wi_arena_alloc(arena, strlen(p) + 1);
  size_t n = 0;
  if (out == NULL) {
    return NULL;
  }
  if (*p == '"') {
    for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++) {
      p += *p == '"';
      out[n++] = *p;
    }
    p += *p == '"';
  } else {
    while (*p != '\0' && strchr(", \t\r\n", *p) == NULL) {
      out[n++] = *p++;
    }
  }
  *at = skip_space(p);
  return n > 0 ? out : NULL;
}

static bool take_word(const char **at, const char *word) {
  size_t n = strlen(word);
  if (!wi_ascii_same_n(*at, word, n) || strchr(", \t\r\n", (*at)[n]) == NULL) {
    return false; /* strchr finds the end of the text, too */
  }
  *at = skip_space(*at + n);
  return true;
}

weir_status wi_align_read_list(wi_arena *arena, const char *what, const char *text,
                               const struct ArrowSchema *schema, bool directions,
                               wi_align_key **out, size_t *n, weir_error *err) {
  const char *at = text;
  size_t most = 1;
  for (const char *p = text; *p != '\0'; p++) {
    most += *p == ',';
  }
  *n = 0;
  *out = wi_arena_array(arena, most, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (;;) {
    const char *name = read_name(arena, &at);
    if (name == NULL || *n == most) {
      break;
    }
    wi_align_key *key = &(*out)[(*n)++];
    WI_TRY(wi_align_find(schema, what, name, &key->column, err));
    key->descending = directions && take_word(&at, "desc");
    if (directions && !key->descending) {
      take_word(&at, "asc");
    }
    if (*at == '\0') {
      return WEIR_OK;
    }
    if (*at != ',') {
      break;
    }
    at++;
  }
  return WI_ERR(err, WEIR_E_SQL_PLAN,
                SELF ": %s is a list of columns with commas between%s, not '%s'", what,
                directions ? ", each with asc or desc after it if need be" : "", text);
}
