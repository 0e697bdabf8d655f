/* Values that no message may show: what a project took from the environment. Every text that
 * goes into an error is looked through, since an engine puts an address or an option's value
 * into its words wherever it likes, and those of a store go into records too. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/base.h"

enum { MOST_FORMS = 6 };

/* One value, in the forms that messages may have it in. */
struct wi_secret {
  char *forms[MOST_FORMS];
  size_t lengths[MOST_FORMS];
  size_t n;
  size_t uses;
  struct wi_secret *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static wi_secret *all;          /* under lock */
static atomic_size_t n_secrets; /* so that nothing is locked where there are none */

/* ---- forms ---- */

static bool add_form(wi_secret *s, wi_buf *text) {
  for (size_t i = 0; i < s->n && !text->failed; i++) {
    if (s->lengths[i] == text->n && memcmp(s->forms[i], text->p, text->n) == 0) {
      wi_buf_release(text);
      return true;
    }
  }
  size_t n = text->n;
  bool empty = n == 0 && !text->failed;
  char *form = wi_buf_take(text);
  if (empty || form == NULL) {
    wi_free(form);
    return empty;
  }
  s->forms[s->n] = form;
  s->lengths[s->n++] = n;
  return true;
}

static bool add_plain(wi_secret *s, const char *p, size_t n) {
  wi_buf text = WI_BUF_INIT;
  wi_buf_add(&text, p, n);
  return add_form(s, &text);
}

/* As it is in a URL. */
static bool add_encoded(wi_secret *s, const char *p, size_t n) {
  static const char hex[] = "0123456789ABCDEF";
  wi_buf text = WI_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    if (wi_ascii_alnum(p[i]) || strchr("-._~", p[i]) != NULL) {
      wi_buf_chr(&text, p[i]);
    } else {
      wi_buf_chr(&text, '%');
      wi_buf_chr(&text, hex[c >> 4]);
      wi_buf_chr(&text, hex[c & 15]);
    }
  }
  return add_form(s, &text);
}

/* As it is between quotes. */
static bool add_escaped(wi_secret *s, const char *p, size_t n) {
  wi_buf text = WI_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    if (p[i] == '"' || p[i] == '\\') {
      wi_buf_chr(&text, '\\');
    }
    wi_buf_chr(&text, p[i]);
  }
  return add_form(s, &text);
}

static int digit_of(char c) {
  c = wi_ascii_lower(c);
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool add_decoded(wi_secret *s, const char *p, size_t n) {
  wi_buf text = WI_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    int high = i + 2 < n && p[i] == '%' ? digit_of(p[i + 1]) : -1;
    int low = high >= 0 ? digit_of(p[i + 2]) : -1;
    wi_buf_chr(&text, low >= 0 ? (char)(high * 16 + low) : p[i]);
    i += low >= 0 ? 2 : 0;
  }
  return add_form(s, &text);
}

/* The password of an address: messages show parts of addresses, in another spelling. */
static bool add_password(wi_secret *s, const char *value) {
  const char *from = strstr(value, "://");
  if (from == NULL) {
    return true;
  }
  from += 3;
  const char *end = from + strcspn(from, "/?#"), *at = NULL;
  for (const char *p = from; p < end; p++) {
    at = *p == '@' ? p : at;
  }
  const char *colon = at == NULL ? NULL : memchr(from, ':', (size_t)(at - from));
  if (colon == NULL) {
    return true;
  }
  size_t n = (size_t)(at - colon) - 1;
  return add_plain(s, colon + 1, n) && add_encoded(s, colon + 1, n) &&
         add_decoded(s, colon + 1, n);
}

static void secret_free(wi_secret *s) {
  for (size_t i = 0; s != NULL && i < s->n; i++) {
    explicit_bzero(s->forms[i], s->lengths[i]);
    wi_free(s->forms[i]);
  }
  wi_free(s);
}

static wi_secret *secret_new(const char *value) {
  size_t n = strlen(value);
  wi_secret *s = wi_alloc(sizeof *s);
  if (s != NULL && add_plain(s, value, n) && add_encoded(s, value, n) &&
      add_escaped(s, value, n) && add_password(s, value)) {
    s->uses = 1;
    return s;
  }
  secret_free(s);
  return NULL;
}

/* ---- the list ---- */

static wi_secret *find(const char *value) {
  for (wi_secret *s = all; s != NULL; s = s->next) {
    if (strcmp(s->forms[0], value) == 0) {
      return s;
    }
  }
  return NULL;
}

bool wi_secret_add(const char *value, wi_secret **out) {
  *out = NULL;
  if (value[0] == '\0') {
    return true;
  }
  pthread_mutex_lock(&lock);
  wi_secret *s = find(value);
  if (s != NULL) {
    s->uses++;
  } else if ((s = secret_new(value)) != NULL) {
    s->next = all;
    all = s;
    atomic_fetch_add(&n_secrets, 1);
  }
  pthread_mutex_unlock(&lock);
  *out = s;
  return s != NULL;
}

void wi_secret_drop(wi_secret *secret) {
  if (secret == NULL) {
    return;
  }
  pthread_mutex_lock(&lock);
  if (--secret->uses == 0) {
    wi_secret **at = &all;
    while (*at != secret) {
      at = &(*at)->next;
    }
    *at = secret->next;
    atomic_fetch_sub(&n_secrets, 1);
  } else {
    secret = NULL;
  }
  pthread_mutex_unlock(&lock);
  secret_free(secret);
}

bool wi_secret_any(void) {
  return atomic_load(&n_secrets) > 0;
}

/* ---- cutting ---- */

/* How much of the text at `i` is to be hidden. Case does not count: hosts are folded. */
static size_t hidden_at(const char *text, size_t n, size_t i, bool cut, const char *form,
                        size_t length) {
  size_t same = 0, most = n - i < length ? n - i : length;
  while (same < most && wi_ascii_lower(text[i + same]) == wi_ascii_lower(form[same])) {
    same++;
  }
  if (same < length) { /* the text may have been cut within the value */
    return cut && i + same == n && same >= 3 ? same : 0;
  }
  bool inside = (i > 0 && wi_ascii_alnum(text[i - 1])) ||
                (i + length < n && wi_ascii_alnum(text[i + length]));
  return length >= WI_SECRET_LONG || !inside ? length : 0;
}

static size_t longest_at(const char *text, size_t n, size_t i, bool cut) {
  size_t longest = 0;
  for (const wi_secret *s = all; s != NULL; s = s->next) {
    for (size_t f = 0; f < s->n; f++) {
      size_t one = hidden_at(text, n, i, cut, s->forms[f], s->lengths[f]);
      longest = one > longest ? one : longest;
    }
  }
  return longest;
}

size_t wi_secret_cut(char *text, size_t n, bool cut) {
  size_t out = 0;
  if (!wi_secret_any()) {
    return n;
  }
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < n;) {
    size_t hide = longest_at(text, n, i, cut);
    size_t keep = hide < 3 ? hide : 3;
    if (hide == 0) {
      text[out++] = text[i++];
      continue;
    }
    /* What is written is behind what is still to be read; but a word's edge is looked at
     * behind it, and '*' is an edge as good as any. */
    memset(text + out, '*', keep);
    out += keep;
    i += hide;
    if (i < n && i > 0) {
      text[i - 1] = '*';
    }
  }
  pthread_mutex_unlock(&lock);
  text[out] = '\0';
  return out;
}
