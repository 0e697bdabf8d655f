/* Memory, texts and hashes; reading a file and finding its encoding. */
#include <blake2.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codefacts.h"

#define BLOCK_SIZE ((size_t)64 * 1024)
#define MAX_FILE   ((int64_t)1 << 30) /* the parser counts bytes in 32 bits */

struct cf_block {
  struct cf_block *next;
  size_t used, size;
  _Alignas(16) unsigned char bytes[];
};

bool cf_fail(cf_error *err, const char *fmt, ...) {
  if (err->message[0] == '\0') {
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->message, sizeof(err->message), fmt, args);
    va_end(args);
  }
  return false;
}

cf_text cf_text_of(const char *text) {
  if (text == NULL) {
    return CF_NULL;
  }
  return (cf_text){text, (uint32_t)strlen(text)};
}

bool cf_text_eq(cf_text a, cf_text b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

void cf_arena_release(cf_arena *a) {
  while (a->head != NULL) {
    struct cf_block *next = a->head->next;
    free(a->head);
    a->head = next;
  }
  a->failed = false;
}

void *cf_arena_alloc(cf_arena *a, size_t size) {
  size_t need = (size + 15) & ~(size_t)15;
  if (a->head == NULL || a->head->size - a->head->used < need) {
    size_t room = need > BLOCK_SIZE ? need : BLOCK_SIZE;
    struct cf_block *block = calloc(1, sizeof(*block) + room);
    if (block == NULL) {
      a->failed = true;
      return NULL;
    }
    block->size = room;
    block->next = a->head;
    a->head = block;
  }
  void *out = a->head->bytes + a->head->used;
  a->head->used += need;
  return out;
}

/* Old copies stay in the arena: doubling wastes at most as much as is used. */
void *cf_arena_grow(cf_arena *a, void *items, uint32_t n, uint32_t *cap, size_t size) {
  if (n < *cap) {
    return items;
  }
  uint32_t wanted = *cap == 0 ? 32 : *cap * 2;
  void *grown = wanted > *cap ? cf_arena_alloc(a, (size_t)wanted * size) : NULL;
  if (grown == NULL) {
    a->failed = true;
    return NULL;
  }
  if (n > 0) {
    memcpy(grown, items, (size_t)n * size);
  }
  *cap = wanted;
  return grown;
}

cf_text cf_arena_join(cf_arena *a, const cf_text *parts, size_t n) {
  size_t total = 0;
  for (size_t i = 0; i < n; i++) {
    total += parts[i].n;
  }
  char *out = cf_arena_alloc(a, total + 1);
  if (out == NULL) {
    return CF_NULL;
  }
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    if (parts[i].n > 0) {
      memcpy(out + at, parts[i].p, parts[i].n);
    }
    at += parts[i].n;
  }
  return (cf_text){out, (uint32_t)total};
}

static void put_hex(const uint8_t *bytes, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * n] = '\0';
}

void cf_stable_id(const char *prefix, const cf_text *parts, size_t n,
                  char out[CF_ID_SIZE]) {
  uint8_t digest[16];
  char hex[33];
  blake2b_state state;
  blake2b_init(&state, sizeof(digest));
  for (size_t i = 0; i < n; i++) {
    if (i > 0) {
      blake2b_update(&state, (const uint8_t *)"\x1f", 1);
    }
    blake2b_update(&state, (const uint8_t *)parts[i].p, parts[i].n);
  }
  blake2b_final(&state, digest, sizeof(digest));
  put_hex(digest, sizeof(digest), hex);
  (void)snprintf(out, CF_ID_SIZE, "%s:%s", prefix, hex);
}

void cf_sha256_hex(const void *bytes, size_t n, char out[65]) {
  struct sha256_ctx ctx;
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_init(&ctx);
  sha256_update(&ctx, n, bytes);
  sha256_digest(&ctx, sizeof(digest), digest);
  put_hex(digest, sizeof(digest), out);
}

const char *cf_status_name(cf_status status) {
  static const char *const names[] = {"ok", "syntax_errors", "not_decoded", "unreadable"};
  return names[status];
}

/* ---- reading ---- */

static bool unreadable(cf_file *file, const char *what) {
  file->status = CF_UNREADABLE;
  file->sha256[0] = '\0';
  file->encoding = NULL;
  (void)snprintf(file->trouble, sizeof(file->trouble), "%s", what);
  return true;
}

/* Reads to the end and not to the size that stat() gave: the file may be growing. */
static bool read_all(int fd, size_t expected, cf_content *out, int *error) {
  size_t cap = expected + 1;
  *error = 0;
  out->text = malloc(cap);
  while (out->text != NULL) {
    ssize_t got = read(fd, out->text + out->n, cap - out->n);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      *error = got < 0 ? errno : 0;
      return true;
    }
    out->n += (size_t)got;
    if (out->n == cap) {
      char *more = realloc(out->text, cap * 2);
      if (more == NULL) {
        break;
      }
      out->text = more;
      cap *= 2;
    }
  }
  return false;
}

/* The bytes, their hash, size and time. */
static bool load(const char *root, cf_file *file, cf_content *out) {
  *out = (cf_content){NULL, 0};
  file->status = CF_OK;
  file->trouble[0] = '\0';
  size_t room = strlen(root) + strlen(file->path) + 2;
  char *full = malloc(room);
  if (full == NULL) {
    return false;
  }
  (void)snprintf(full, room, "%s/%s", root, file->path);
  int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  free(full);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) {
    int error = errno;
    if (fd >= 0) {
      (void)close(fd);
    }
    return unreadable(file, strerror(error));
  }
  if (!S_ISREG(st.st_mode) || st.st_size > MAX_FILE) {
    (void)close(fd);
    return unreadable(file,
                      S_ISREG(st.st_mode) ? "larger than 1 GiB" : "not a regular file");
  }
  int error = 0;
  bool ok = read_all(fd, (size_t)st.st_size, out, &error);
  (void)close(fd);
  if (!ok || error != 0 || (int64_t)out->n > MAX_FILE) {
    free(out->text);
    *out = (cf_content){NULL, 0};
    return ok ? unreadable(file, error != 0 ? strerror(error) : "larger than 1 GiB")
              : false;
  }
  file->size = (int64_t)out->n;
  file->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
  cf_sha256_hex(out->text, out->n, file->sha256);
  return true;
}

bool cf_hash(const char *root, cf_file *file) {
  cf_content content;
  bool ok = load(root, file, &content);
  free(content.text);
  return ok;
}

/* ---- encodings: PEP 263 ---- */

typedef enum charset { UTF8, ASCII, LATIN1, OTHER } charset;

static bool one_of(const char *name, const char *const *names) {
  for (; *names != NULL; names++) {
    if (strcasecmp(name, *names) == 0) {
      return true;
    }
  }
  return false;
}

static charset charset_of(const char *name) {
  static const char *const utf8[] = {"utf-8",     "utf8",    "u8", "utf",
                                     "utf-8-sig", "cp65001", NULL};
  static const char *const ascii[] = {"ascii", "us-ascii", "646", "ansi-x3.4-1968", NULL};
  static const char *const latin1[] = {"latin-1",   "latin1",      "l1",     "latin",
                                       "iso8859-1", "iso-8859-1",  "8859",   "cp819",
                                       "iso8859",   "iso-latin-1", "ibm819", NULL};
  char folded[40]; /* Python takes '_' for '-' */
  size_t n = strlen(name);
  if (n >= sizeof(folded)) {
    return OTHER;
  }
  for (size_t i = 0; i <= n; i++) {
    folded[i] = name[i] == '_' ? '-' : name[i];
  }
  if (one_of(folded, utf8)) {
    return UTF8;
  }
  if (one_of(folded, ascii)) {
    return ASCII;
  }
  return one_of(folded, latin1) ? LATIN1 : OTHER;
}

static bool cookie_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '-' || c == '_' || c == '.';
}

/* One line against ^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+). False: the line is code, so
 * that no later line can hold the cookie. */
static bool cookie_in(const char *line, size_t n, char *out, size_t cap) {
  size_t i = 0;
  while (i < n && (line[i] == ' ' || line[i] == '\t' || line[i] == '\f')) {
    i++;
  }
  if (i == n) {
    return true;
  }
  if (line[i] != '#') {
    return false;
  }
  for (; i + 7 <= n; i++) {
    if (memcmp(line + i, "coding", 6) != 0 ||
        (line[i + 6] != ':' && line[i + 6] != '=')) {
      continue;
    }
    size_t from = i + 7;
    while (from < n && (line[from] == ' ' || line[from] == '\t')) {
      from++;
    }
    size_t to = from;
    while (to < n && cookie_char(line[to])) {
      to++;
    }
    if (to > from) {
      size_t length = to - from < cap - 1 ? to - from : cap - 1;
      memcpy(out, line + from, length);
      out[length] = '\0';
      return true;
    }
  }
  return true;
}

static void find_cookie(const char *text, size_t n, char *out, size_t cap) {
  size_t at = 0;
  out[0] = '\0';
  for (int line = 0; line < 2 && at < n && out[0] == '\0'; line++) {
    size_t end = at;
    while (end < n && text[end] != '\n' && text[end] != '\r') {
      end++;
    }
    if (!cookie_in(text + at, end - at, out, cap)) {
      return;
    }
    at = end < n && text[end] == '\r' && end + 1 < n && text[end + 1] == '\n' ? end + 2
                                                                              : end + 1;
  }
}

size_t cf_utf8_error(const char *text, size_t n) {
  const unsigned char *p = (const unsigned char *)text;
  size_t i = 0;
  while (i < n) {
    if (p[i] < 0x80) {
      i++;
      continue;
    }
    size_t more = p[i] >= 0xF0 ? 3 : p[i] >= 0xE0 ? 2 : 1;
    if (p[i] < 0xC2 || p[i] > 0xF4 || n - i <= more) {
      return i;
    }
    unsigned char low = p[i] == 0xE0 ? 0xA0 : p[i] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = p[i] == 0xED ? 0x9F : p[i] == 0xF4 ? 0x8F : 0xBF;
    if (p[i + 1] < low || p[i + 1] > high) {
      return i;
    }
    for (size_t k = 2; k <= more; k++) {
      if ((p[i + k] & 0xC0) != 0x80) {
        return i;
      }
    }
    i += more + 1;
  }
  return n;
}

static bool latin1_to_utf8(cf_content *content) {
  size_t extra = 0;
  for (size_t i = 0; i < content->n; i++) {
    extra += (unsigned char)content->text[i] >= 0x80;
  }
  char *out = malloc(content->n + extra + 1);
  if (out == NULL) {
    return false;
  }
  size_t at = 0;
  for (size_t i = 0; i < content->n; i++) {
    unsigned char c = (unsigned char)content->text[i];
    if (c >= 0x80) {
      out[at++] = (char)(0xC0 | (c >> 6));
      out[at++] = (char)(0x80 | (c & 0x3F));
    } else {
      out[at++] = (char)c;
    }
  }
  free(content->text);
  *content = (cf_content){out, at};
  return true;
}

static void not_decoded(cf_file *file, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void not_decoded(cf_file *file, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  file->status = CF_NOT_DECODED;
  (void)vsnprintf(file->trouble, sizeof(file->trouble), fmt, args);
  va_end(args);
}

/* Only what Python itself reads: anything else is told of, not guessed at. */
static bool decode(cf_file *file, cf_content *content) {
  char cookie[64];
  bool bom = content->n >= 3 && memcmp(content->text, "\xEF\xBB\xBF", 3) == 0;
  size_t skip = bom ? 3 : 0;
  find_cookie(content->text + skip, content->n - skip, cookie, sizeof(cookie));
  charset set = cookie[0] == '\0' ? UTF8 : charset_of(cookie);
  if (content->n > 0 && memchr(content->text, '\0', content->n) != NULL) {
    not_decoded(file, "it contains a NUL byte");
  } else if (set == OTHER) {
    not_decoded(file, "encoding '%s' is neither UTF-8 nor Latin-1", cookie);
  } else if (bom && set != UTF8) {
    not_decoded(file, "a UTF-8 byte order mark, but encoding '%s'", cookie);
  } else if (set == LATIN1) {
    file->encoding = "latin-1";
    return latin1_to_utf8(content);
  } else {
    size_t bad = cf_utf8_error(content->text, content->n);
    if (bad < content->n) {
      not_decoded(file,
                  "byte 0x%02x at offset %zu is not UTF-8, and no encoding is declared",
                  (unsigned)(unsigned char)content->text[bad], bad);
    } else {
      file->encoding = bom ? "utf-8-sig" : "utf-8";
    }
  }
  return true;
}

bool cf_read(const char *root, cf_file *file, cf_content *out) {
  file->encoding = NULL;
  if (!load(root, file, out)) {
    return false;
  }
  if (file->status != CF_OK) {
    return true;
  }
  bool ok = decode(file, out);
  if (!ok || file->status != CF_OK) {
    free(out->text);
    *out = (cf_content){NULL, 0};
  }
  return ok;
}
