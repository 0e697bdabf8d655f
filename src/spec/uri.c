/* Paths and URIs of tables in one canonical form, so that one table has one name. */
#include <string.h>

#include "spec/spec.h"

#define WI_ORIGIN "spec"

static const char *const schemes[] = {"file", "s3", "gs", "az", "abfss"};

static bool plain_byte(unsigned char c) {
  return c < 0x80 &&
         (wi_ascii_alnum((char)c) || strchr("-._~/!$&'()*+,;=:@", c) != NULL) &&
         c != '\0';
}

static void encode_byte(wi_buf *out, unsigned char c) {
  if (plain_byte(c)) {
    wi_buf_chr(out, (char)c);
  } else {
    wi_buf_fmt(out, "%%%02X", c);
  }
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  c = wi_ascii_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte behind "%XX"; -1: not an escape, or one of NUL. */
static int escape_at(const char *p) {
  int high = p[0] == '%' ? hex_digit(p[1]) : -1;
  int low = high < 0 ? -1 : hex_digit(p[2]);
  int c = low < 0 ? -1 : high * 16 + low;
  return c == 0 ? -1 : c;
}

static weir_status bad(weir_error *err, const char *why, const char *hint) {
  return WI_ERR_HINT(err, WEIR_E_BAD_VALUE, hint, "%s", why);
}

static weir_status finish(wi_arena *arena, wi_buf *uri, const char **out,
                          weir_error *err) {
  while (uri->n > 0 && uri->p[uri->n - 1] == '/' && !wi_ends_with(uri->p, ":///")) {
    uri->p[--uri->n] = '\0';
  }
  WI_TRY(wi_buf_check(uri, err, WI_ORIGIN));
  *out = wi_arena_ndup(arena, wi_buf_text(uri), uri->n);
  return *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
}

/* Names that no store takes, which planning would not notice. */
static weir_status check_names(const wi_buf *path, weir_error *err) {
  bool good = wi_utf8_valid(wi_buf_text(path), path->n);
  for (size_t i = 0; i < path->n && good; i++) {
    unsigned char c = (unsigned char)path->p[i];
    good = c >= 0x20 && c != 0x7F;
  }
  return good ? WEIR_OK
              : bad(err, "a path with a control character, or that is no UTF-8",
                    "rename the folder: stores take no such names");
}

static weir_status from_path(wi_arena *arena, const char *base, const char *path,
                             const char **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf joined = WI_BUF_INIT, absolute = WI_BUF_INIT, uri = WI_BUF_INIT;
  wi_path_join(&joined, base, path);
  WI_CHECK(wi_buf_check(&joined, err, WI_ORIGIN));
  WI_CHECK(wi_path_absolute(joined.p, &absolute, err));
  WI_CHECK(check_names(&absolute, err));
  wi_buf_str(&uri, "file://");
  for (size_t i = 0; i < absolute.n; i++) {
    encode_byte(&uri, (unsigned char)absolute.p[i]);
  }
  WI_CHECK(finish(arena, &uri, out, err));
done:
  wi_buf_release(&joined);
  wi_buf_release(&absolute);
  wi_buf_release(&uri);
  return status;
}

/* file:///a%20b and file://localhost/a lead to a path and take its way. */
static weir_status from_file_uri(wi_arena *arena, const char *base, const char *rest,
                                 const char **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT;
  if (wi_ascii_same_n(rest, "localhost/", 10)) {
    rest += 9;
  }
  if (rest[0] != '/') {
    return bad(err, "a file URI names another host",
               "write file:///absolute/path, or the path alone");
  }
  for (const char *p = rest; *p != '\0' && status == WEIR_OK; p++) {
    int c = *p == '%' ? escape_at(p) : (unsigned char)*p;
    if (c < 0 || *p == '?' || *p == '#') {
      status = bad(err, "a file URI with a broken % escape, a ? or a #",
                   "write the path alone, or encode these as %25, %3F, %23");
    }
    wi_buf_chr(&path, (char)c);
    p += *p == '%' && c >= 0 ? 2 : 0;
  }
  if (status == WEIR_OK) {
    status = wi_buf_check(&path, err, WI_ORIGIN);
  }
  if (status == WEIR_OK) {
    status = from_path(arena, base, path.p, out, err);
  }
  wi_buf_release(&path);
  return status;
}

/* The bucket or host. A user and password here would be a secret in clear text. */
static weir_status check_authority(const char *scheme, wi_str host, weir_error *err) {
  const char *at = host.n == 0 ? NULL : memchr(host.p, '@', host.n);
  if (host.n == 0 || host.p[0] == '@') {
    return bad(err, "a store URI without a bucket",
               "write it as s3://bucket/path/of/table");
  }
  bool account = strcmp(scheme, "abfss") == 0 && at != NULL &&
                 memchr(host.p, ':', (size_t)(at - host.p)) == NULL;
  if (at != NULL && !account) {
    return bad(err, "a store URI may not carry a user or a password",
               "put them below the profile's storage as ${env:NAME}");
  }
  for (size_t i = 0; i < host.n; i++) {
    if (!wi_ascii_alnum(host.p[i]) && strchr("-._@:", host.p[i]) == NULL) {
      return bad(err, "a store URI with a malformed bucket",
                 "write it as s3://bucket/path/of/table");
    }
  }
  return WEIR_OK;
}

static weir_status add_segment(wi_buf *uri, wi_str segment, weir_error *err) {
  if (segment.n == 0 || wi_str_eq(segment, ".")) {
    return WEIR_OK;
  }
  if (wi_str_eq(segment, "..")) {
    return bad(err, "a store URI may not hold '..'", "write the whole path");
  }
  wi_buf_chr(uri, '/');
  for (size_t i = 0; i < segment.n; i++) {
    bool escape =
        segment.p[i] == '%' && i + 2 < segment.n && escape_at(segment.p + i) > 0;
    if (escape) {
      wi_buf_chr(uri, '%');
    } else {
      encode_byte(uri, (unsigned char)segment.p[i]);
    }
  }
  return WEIR_OK;
}

static weir_status from_store_uri(wi_arena *arena, const char *scheme, const char *rest,
                                  const char **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  size_t host = strcspn(rest, "/");
  WI_CHECK(check_authority(scheme, (wi_str){rest, host}, err));
  if (strpbrk(rest, "?#") != NULL) {
    status = bad(err, "a store URI may not hold ? or #",
                 "options belong below the profile's storage");
    goto done;
  }
  wi_buf_fmt(&uri, "%s://%.*s", scheme, (int)host, rest);
  for (const char *p = rest + host; *p != '\0';) {
    p++;
    size_t n = strcspn(p, "/");
    WI_CHECK(add_segment(&uri, (wi_str){p, n}, err));
    p += n;
  }
  WI_CHECK(finish(arena, &uri, out, err));
done:
  wi_buf_release(&uri);
  return status;
}

weir_status wi_spec_uri(wi_arena *arena, const char *base, const char *text,
                        const char **out, weir_error *err) {
  *out = NULL;
  const char *colon = strstr(text, "://");
  if (text[0] == '\0') {
    return bad(err, "an empty path", "write a path or a URI");
  }
  if (strlen(text) > 4096) {
    return bad(err, "a path or URI of more than 4096 bytes", "shorten it");
  }
  if (colon == NULL || memchr(text, '/', (size_t)(colon - text)) != NULL) {
    return from_path(arena, base, text, out, err);
  }
  size_t n = (size_t)(colon - text);
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    if (strlen(schemes[i]) == n && wi_ascii_same_n(text, schemes[i], n)) {
      return i == 0 ? from_file_uri(arena, base, colon + 3, out, err)
                    : from_store_uri(arena, schemes[i], colon + 3, out, err);
    }
  }
  return WI_ERR_HINT(
      err, WEIR_E_BAD_VALUE,
      WI_HINT(
          "the stores are file://, s3://, gs://, az:// and abfss://%s",
          n == 3 && wi_ascii_same_n(text, "s3a", 3) ? "; write s3:// for s3a://" : ""),
      "weir knows no store '%.*s://'", n > 40 ? 40 : (int)n, text);
}
