/* Places of tables, and the escapes of paths in Delta's log. */
#include <string.h>

#include "spec/spec.h"
#include "storage/storage.h"

#define WI_ORIGIN "storage"

/* The rules of writing are those of project files, so that a source named in weir.yml and the
 * same one on the command line are one table. */
weir_status wi_uri_canonical(const char *text, const char *base, wi_buf *out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_arena arena = WI_ARENA_INIT;
  const char *uri = NULL;
  wi_buf_clear(out);
  WI_CHECK(wi_spec_uri(&arena, base == NULL ? "." : base, text, &uri, err));
  wi_buf_str(out, uri);
  WI_CHECK(wi_buf_check(out, err, WI_ORIGIN));
done:
  wi_arena_release(&arena);
  return status;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  c = wi_ascii_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void wi_uri_decode_path(const char *text, wi_buf *out) {
  for (const char *p = text; *p != '\0'; p++) {
    int high = *p == '%' ? hex_digit(p[1]) : -1;
    int low = high < 0 ? -1 : hex_digit(p[2]);
    if (low < 0) {
      wi_buf_chr(out, *p);
    } else {
      wi_buf_chr(out, (char)(high * 16 + low));
      p += 2;
    }
  }
}

/* A colon would make the first segment look like a scheme. */
static bool plain_in_path(unsigned char c) {
  return c < 0x80 && c != '\0' &&
         (wi_ascii_alnum((char)c) || strchr("-_.!~*'()/=+,;@&$", c) != NULL);
}

void wi_uri_encode_path(const char *path, wi_buf *out) {
  for (const char *p = path; *p != '\0'; p++) {
    unsigned char c = (unsigned char)*p;
    if (plain_in_path(c)) {
      wi_buf_chr(out, *p);
    } else {
      wi_buf_fmt(out, "%%%02X", (unsigned)c);
    }
  }
}

bool wi_uri_local_path(const char *uri, wi_buf *path) {
  wi_buf_clear(path);
  if (!wi_starts_with(uri, "file:///")) {
    return false;
  }
  wi_uri_decode_path(uri + strlen("file://"), path);
  return !path->failed;
}
