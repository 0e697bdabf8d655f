/* Where a log's files are: below the table's root, or not ours to read. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delta/files.h"
#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* Without user and query, where writers may have left what nobody else should know. */
static void show(wi_str path, wi_buf *out) {
  size_t end = 0, host = 0, at = 0;
  while (end < path.n && path.p[end] != '?' && path.p[end] != '#') {
    end++;
  }
  for (size_t i = 0; host == 0 && i + 2 < end; i++) {
    host = memcmp(path.p + i, "://", 3) == 0 ? i + 3 : 0;
  }
  for (size_t i = host; host > 0 && i < end && path.p[i] != '/'; i++) {
    at = path.p[i] == '@' ? i + 1 : at;
  }
  wi_buf_add(out, path.p, at > 0 ? host : end);
  if (at > 0) {
    wi_buf_add(out, path.p + at, end - at);
  }
}

static weir_status outside(wi_str path, weir_error *err) {
  wi_buf shown = WI_BUF_INIT;
  show(path, &shown);
  weir_status status =
      WI_ERR(err, WEIR_E_FEATURE_UNSUPPORTED,
             "the log names a file outside the table: '%.300s'", wi_buf_text(&shown));
  wi_buf_release(&shown);
  wi_err_hint(
      err, "copy the table with the tool that wrote it, so that all files are below it");
  return status;
}

/* A slash, or a scheme: of more than a letter, which a drive would be, and nothing but what a
 * scheme may have. "ts=10:00:00/x" has none. */
static bool is_absolute(const char *path) {
  size_t n = 0;
  while (wi_ascii_alnum(path[n]) ||
         (n > 0 && path[n] != '\0' && strchr("+.-", path[n]) != NULL)) {
    n++;
  }
  return path[0] == '/' || (n > 1 && path[n] == ':' && !wi_ascii_digit(path[0]));
}

/* "file:/x", "file://host/x" and "/x" as "file:///x". */
static void with_scheme(const char *path, wi_buf *out) {
  const char *rest = wi_starts_with(path, "file:") ? path + strlen("file:") : path;
  if (rest[0] == '/') {
    while (rest[0] == '/' && rest[1] == '/') {
      rest++;
    }
    wi_buf_str(out, "file://");
  }
  wi_buf_str(out, rest);
}

/* What follows the root in an absolute path, both decoded; NULL: it is elsewhere. */
static const char *below(const char *uri, const char *path, wi_buf *root, wi_buf *whole) {
  wi_buf spelled = WI_BUF_INIT;
  with_scheme(path, &spelled);
  wi_uri_decode_path(wi_buf_text(&spelled), whole);
  whole->failed = whole->failed || spelled.failed;
  wi_buf_release(&spelled);
  wi_uri_decode_path(uri, root);
  wi_buf_str(root, "/");
  return wi_starts_with(wi_buf_text(whole), wi_buf_text(root))
             ? wi_buf_text(whole) + root->n
             : NULL;
}

/* No name is empty, "." or "..". */
static bool is_plain(const char *path) {
  for (const char *p = path;;) {
    size_t n = strcspn(p, "/");
    if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) {
      return false;
    }
    if (p[n] == '\0') {
      return true;
    }
    p += n + 1;
  }
}

/* Relative, and of characters that stand for themselves, as nearly all are. */
static bool is_simple(wi_str path) {
  for (size_t i = 0; i < path.n; i++) {
    char c = path.p[i];
    if (!wi_ascii_alnum(c) && c != '-' && c != '_' && c != '.' && c != '=' && c != '/') {
      return false;
    }
  }
  return path.n > 0 && path.p[0] != '/';
}

weir_status wi_files_place(const char *uri, wi_str path, wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT, root = WI_BUF_INIT, whole = WI_BUF_INIT;
  wi_buf_clear(out);
  if (is_simple(path)) {
    wi_buf_add(out, path.p, path.n);
    WI_TRY(wi_buf_check(out, err, WI_ORIGIN));
    return is_plain(wi_buf_text(out)) ? WEIR_OK : outside(path, err);
  }
  wi_buf_add(&text, path.p, path.n);
  WI_CHECK(wi_buf_check(&text, err, WI_ORIGIN));
  if (is_absolute(wi_buf_text(&text))) {
    const char *rest = below(uri, wi_buf_text(&text), &root, &whole);
    WI_CHECK(wi_buf_check(&whole, err, WI_ORIGIN));
    WI_CHECK(wi_buf_check(&root, err, WI_ORIGIN));
    if (rest == NULL) {
      status = outside(path, err);
      goto done;
    }
    wi_buf_str(out, rest);
  } else {
    wi_uri_decode_path(wi_buf_text(&text), out);
  }
  WI_CHECK(wi_buf_check(out, err, WI_ORIGIN));
  if (!is_plain(wi_buf_text(out))) {
    status = outside(path, err);
  } else if (!wi_utf8_valid(out->p, out->n) || strlen(out->p) != out->n) {
    status =
        WI_ERR(err, WEIR_E_LOG_CORRUPT, "the log has the path '%.*s', which is no text",
               path.n > 300 ? 300 : (int)path.n, path.p);
  }
done:
  wi_buf_release(&text);
  wi_buf_release(&root);
  wi_buf_release(&whole);
  return status;
}

/* ---- deletion vectors ---- */

enum { UUID_TEXT = 20, UUID_BYTES = 16 };

/* Z85: five characters are four bytes, the first one the highest. */
static bool uuid_bytes(const char *text, uint8_t out[UUID_BYTES]) {
  static const char digits[] =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
      ".-:+=^!/*?&<>()[]{}@%$#";
  for (size_t word = 0; word < UUID_BYTES / 4; word++) {
    uint64_t value = 0;
    for (size_t i = 0; i < 5; i++) {
      const char *at = strchr(digits, text[word * 5 + i]);
      if (at == NULL || *at == '\0') {
        return false;
      }
      value = value * 85 + (uint64_t)(at - digits);
    }
    if (value > UINT32_MAX) {
      return false;
    }
    for (size_t i = 0; i < 4; i++) {
      out[word * 4 + i] = (uint8_t)(value >> (24 - 8 * i));
    }
  }
  return true;
}

static weir_status bad_vector(const char *of, const char *why, weir_error *err) {
  weir_status status = WI_ERR(err, WEIR_E_LOG_CORRUPT,
                              "the file '%.300s' has a deletion vector %s", of, why);
  wi_err_hint(err, "restore the table's log, or write the file again");
  return status;
}

/* "<prefix><uuid>" is "<prefix>/deletion_vector_<uuid>.bin". */
static weir_status named_vector(const char *text, const char *of, wi_buf *out,
                                weir_error *err) {
  uint8_t uuid[UUID_BYTES];
  size_t n = strlen(text), prefix = n >= UUID_TEXT ? n - UUID_TEXT : 0;
  if (n < UUID_TEXT || !uuid_bytes(text + prefix, uuid)) {
    return bad_vector(of, "whose file has no name", err);
  }
  wi_buf_add(out, text, prefix);
  wi_buf_str(out, prefix > 0 ? "/deletion_vector_" : "deletion_vector_");
  for (size_t i = 0; i < UUID_BYTES; i++) {
    wi_buf_fmt(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
  }
  wi_buf_str(out, ".bin");
  WI_TRY(wi_buf_check(out, err, WI_ORIGIN));
  bool plain = is_plain(out->p) && !is_absolute(out->p) && strlen(out->p) == out->n;
  return plain ? WEIR_OK : outside((wi_str){text, n}, err);
}

weir_status wi_files_vector(const char *uri, const json_t *json, const char *of,
                            wi_vector *v, weir_error *err) {
  const char *storage = wi_delta_json_text(json, "storageType");
  const char *text = wi_delta_json_text(json, "pathOrInlineDv");
  wi_buf_clear(&v->path);
  v->text = NULL;
  v->offset = wi_delta_json_int(json, "offset", -1);
  v->size = wi_delta_json_int(json, "sizeInBytes", -1);
  v->rows = wi_delta_json_int(json, "cardinality", -1);
  if (storage == NULL || text == NULL || v->size < 0 || v->size > INT32_MAX ||
      v->rows < 0 || v->offset > INT32_MAX) {
    return bad_vector(of, "without a place, a size or a count", err);
  }
  if (strcmp(storage, "i") == 0) {
    v->text = text;
    return v->offset >= 0 ? bad_vector(of, "in the log with an offset", err) : WEIR_OK;
  }
  if (strcmp(storage, "u") == 0) {
    return named_vector(text, of, &v->path, err);
  }
  if (strcmp(storage, "p") == 0) {
    return is_absolute(text) ? wi_files_place(uri, wi_str_of(text), &v->path, err)
                             : bad_vector(of, "whose absolute path is none", err);
  }
  return bad_vector(of, "of a kind that the protocol does not have", err);
}
