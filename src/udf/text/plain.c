/* Blocks of texts that are plain ASCII, as most are: the texts are laid end to end, and one pass
 * over their bytes puts all of them in a case. */
#include <string.h>

#include "udf/kernel.h"
#include "udf/text/texts.h"

#define WI_ORIGIN "udf"

/* Exactly n bytes; a call of memcpy costs more than such a text. */
static inline void copy_text(char *to, const char *p, size_t n) {
  if (n >= 16) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      memcpy(to + i, p + i, 16);
    }
    memcpy(to + n - 16, p + n - 16, 16);
  } else if (n >= 8) {
    memcpy(to, p, 8);
    memcpy(to + n - 8, p + n - 8, 8);
  } else if (n >= 4) {
    memcpy(to, p, 4);
    memcpy(to + n - 4, p + n - 4, 4);
  } else {
    for (size_t i = 0; i < n; i++) {
      to[i] = p[i];
    }
  }
}

static inline bool visible(char c) {
  return (unsigned char)(c - 0x21) < 0x5E;
}
static inline wi_str trimmed(wi_str s) {
  if (s.n > 0 && visible(s.p[0]) && visible(s.p[s.n - 1])) {
    return s;
  }
  for (; s.n > 0 && s.p[0] == ' '; s.n--) {
    s.p++;
  }
  while (s.n > 0 && s.p[s.n - 1] == ' ') {
    s.n--;
  }
  return s.n > 0 && visible(s.p[0]) && visible(s.p[s.n - 1]) ? s : wi_trim_white(s);
}

/* What the scan found keeps the block from being plain. */
static bool refused(const wi_plain *how, unsigned found) {
  return !how->any_text && (found & (WI_SCAN_WIDE | WI_SCAN_BLANKS)) != 0;
}

/* ---- texts that lie in one piece already ---- */

/* No text begins or ends with what could be a blank, and none is empty. */
static bool none_to_trim(const wi_col *col, int64_t from, int64_t n,
                         const uint8_t *valid) {
  for (int64_t i = from; i < from + n; i++) {
    wi_str s = wi_col_text(col, i);
    bool fits = s.n > 0 && visible(s.p[0]) && visible(s.p[s.n - 1]);
    if (!fits && (valid == NULL || ArrowBitGet(valid, i) != 0)) {
      return false;
    }
  }
  return true;
}

typedef uint32_t v4 __attribute__((vector_size(16)));

/* Offsets of the result; *empty: there is a text without bytes. */
static void move_offsets(const wi_col *col, int64_t from, int64_t n, wi_texts *t,
                         bool *empty) {
  const int32_t *in = col->view.buffer_views[1].data.as_int32 + col->view.offset + from;
  int32_t *out = t->offsets + from;
  uint32_t by = (uint32_t)t->at - (uint32_t)in[0];
  int64_t i = 1;
  v4 none = {0}, all = {by, by, by, by}, before, here;
  for (; i + 4 <= n + 1; i += 4) {
    memcpy(&before, in + i - 1, sizeof before);
    memcpy(&here, in + i, sizeof here);
    none |= (v4)(here == before);
    here += all;
    memcpy(out + i, &here, sizeof here);
  }
  *empty = (none[0] | none[1] | none[2] | none[3]) != 0;
  for (; i <= n; i++) {
    *empty = *empty || in[i] == in[i - 1];
    out[i] = (int32_t)((uint32_t)in[i] + by);
  }
}

/* Lengths stay, so offsets move as one. */
static bool in_place(const wi_plain *how, const wi_col *col, int64_t from, int64_t n,
                     const wi_valid *valid, wi_texts *t) {
  bool empty = false;
  if (col->step == 0 || col->type != NANOARROW_TYPE_STRING) {
    return false;
  }
  const int32_t *offsets =
      col->view.buffer_views[1].data.as_int32 + col->view.offset + from;
  const char *p = col->view.buffer_views[2].data.as_char + offsets[0];
  size_t bytes = (size_t)(offsets[n] - offsets[0]);
  char *out = bytes > 0 ? wi_texts_room(t, bytes) : NULL;
  if (out == NULL) {
    return false;
  }
  unsigned found = wi_case_scan(p, bytes, how->to, how->collapse, out);
  if (refused(how, found)) {
    return false;
  }
  move_offsets(col, from, n, t, &empty);
  if ((empty || (found & WI_SCAN_HIDDEN) != 0) &&
      !none_to_trim(col, from, n, valid->bits)) {
    return false;
  }
  t->at += bytes;
  return true;
}

/* ---- any others ---- */

/* As wi_col_text, with the layout that most have first. */
static inline wi_str text_at(const wi_col *col, int64_t row, bool narrow) {
  if (narrow) {
    const int32_t *at =
        col->view.buffer_views[1].data.as_int32 + col->view.offset + row * col->step;
    return (wi_str){col->view.buffer_views[2].data.as_char + at[0],
                    (size_t)(at[1] - at[0])};
  }
  return wi_col_text(col, row);
}

static inline weir_status gather_rows(const wi_col *col, bool narrow, int64_t from,
                                      int64_t n, int64_t rows, wi_valid *valid,
                                      wi_texts *t, weir_error *err) {
  for (int64_t i = from; i < from + n; i++) {
    if (wi_valid_at(valid, i)) {
      wi_str s = trimmed(text_at(col, i, narrow));
      char *to = wi_texts_room(t, s.n);
      if (to == NULL) {
        return wi_err_nomem(err, WI_ORIGIN);
      }
      if (s.n > 0) {
        copy_text(to, s.p, s.n);
        t->at += s.n;
      } else {
        WI_TRY(wi_valid_unset(valid, i, rows, err));
      }
    }
    wi_texts_end(t, i);
  }
  return WEIR_OK;
}

static weir_status gather(const wi_col *col, int64_t from, int64_t n, int64_t rows,
                          wi_valid *valid, wi_texts *t, weir_error *err) {
  return col->type == NANOARROW_TYPE_STRING
             ? gather_rows(col, true, from, n, rows, valid, t, err)
             : gather_rows(col, false, from, n, rows, valid, t, err);
}

/* The name, after its module and a dot if it has none itself. */
static weir_status gather_name(wi_str name, wi_str module, wi_texts *t, weir_error *err) {
  bool alone = module.n == 0 || memchr(name.p, '.', name.n) != NULL;
  size_t n = name.n + (alone ? 0 : module.n + 1);
  char *to = wi_texts_room(t, n);
  if (to == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (!alone) {
    copy_text(to, module.p, module.n);
    to[module.n] = '.';
    to += module.n + 1;
  }
  copy_text(to, name.p, name.n);
  t->at += n;
  return WEIR_OK;
}

static weir_status gather_names(const wi_col *names, const wi_col *modules, int64_t from,
                                int64_t n, int64_t rows, wi_valid *valid, wi_texts *t,
                                weir_error *err) {
  for (int64_t i = from; i < from + n; i++) {
    if (wi_valid_at(valid, i)) {
      wi_str name = trimmed(wi_col_text(names, i)), module = {"", 0};
      if (!wi_col_null(modules, i)) {
        module = trimmed(wi_col_text(modules, i));
      }
      if (name.n > 0) {
        WI_TRY(gather_name(name, module, t, err));
      } else {
        WI_TRY(wi_valid_unset(valid, i, rows, err));
      }
    }
    wi_texts_end(t, i);
  }
  return WEIR_OK;
}

static bool first_is_tidy(const wi_col *col, int64_t row, const wi_valid *valid) {
  if (!wi_valid_at(valid, row)) {
    return true;
  }
  wi_str s = wi_col_text(col, row);
  return s.n > 0 && visible(s.p[0]) && visible(s.p[s.n - 1]);
}

weir_status wi_plain_block(const wi_plain *how, int64_t from, int64_t n, int64_t rows,
                           wi_valid *valid, wi_texts *t, bool *done, weir_error *err) {
  size_t start = t->at;
  /* Texts with blanks around them rarely come alone. */
  bool tidy = how->modules == NULL && first_is_tidy(how->texts, from, valid);
  *done = tidy && in_place(how, how->texts, from, n, valid, t);
  if (*done) {
    return WEIR_OK;
  }
  WI_TRY(how->modules == NULL
             ? gather(how->texts, from, n, rows, valid, t, err)
             : gather_names(how->texts, how->modules, from, n, rows, valid, t, err));
  *done = true;
  if (!how->any_text && t->at > start) {
    char *p = (char *)t->data->data + start;
    *done = !refused(how, wi_case_scan(p, t->at - start, how->to, how->collapse, p));
    t->at = *done ? t->at : start;
  }
  return WEIR_OK;
}
