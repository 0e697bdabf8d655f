/* The *.py files of a folder, in the order in which their rows are written. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codefacts.h"

typedef struct names { /* folders still to be listed, as paths relative to the root */
  char **items;
  size_t n, cap;
} names;

typedef struct walk {
  const char *const *exclude;
  size_t n_exclude;
  int32_t buckets;
  cf_tree *tree;
  names todo;
} walk;

static char *join(const char *folder, const char *name) {
  size_t room = strlen(folder) + strlen(name) + 2;
  char *out = malloc(room);
  if (out != NULL) {
    (void)snprintf(out, room, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
  }
  return out;
}

static bool push(names *list, char *name) {
  if (list->n == list->cap) {
    size_t cap = list->cap == 0 ? 64 : list->cap * 2;
    char **items = realloc(list->items, cap * sizeof(*items));
    if (items == NULL) {
      free(name);
      return false;
    }
    list->items = items;
    list->cap = cap;
  }
  list->items[list->n++] = name;
  return true;
}

static bool excluded(const walk *w, const char *path, const char *name) {
  for (size_t i = 0; i < w->n_exclude; i++) {
    if (fnmatch(w->exclude[i], path, 0) == 0 || fnmatch(w->exclude[i], name, 0) == 0) {
      return true;
    }
  }
  return false;
}

/* From the first 60 bits of the identifier, so that a file stays where it is. */
static int32_t bucket_of(const char *file_id, int32_t buckets) {
  char digits[16];
  memcpy(digits, strchr(file_id, ':') + 1, 15);
  digits[15] = '\0';
  return (int32_t)(strtoull(digits, NULL, 16) % (unsigned long long)buckets);
}

void cf_file_id(const char *path, int32_t buckets, char out[CF_ID_SIZE],
                int32_t *bucket) {
  cf_text part = cf_text_of(path);
  cf_stable_id("file", &part, 1, out);
  *bucket = bucket_of(out, buckets);
}

static bool add_file(walk *w, char *path) {
  cf_tree *t = w->tree;
  if (t->n == t->cap) {
    size_t cap = t->cap == 0 ? 256 : t->cap * 2;
    cf_file *files = realloc(t->files, cap * sizeof(*files));
    if (files == NULL) {
      free(path);
      return false;
    }
    t->files = files;
    t->cap = cap;
  }
  cf_file *file = &t->files[t->n++];
  *file = (cf_file){.path = path};
  cf_file_id(path, w->buckets, file->file_id, &file->bucket);
  return true;
}

static bool is_python(const char *name) {
  size_t n = strlen(name);
  return n > 3 && strcmp(name + n - 3, ".py") == 0;
}

static bool visit(walk *w, const char *folder, const struct dirent *entry,
                  const char *full) {
  struct stat st;
  const char *name = entry->d_name;
  if (lstat(full, &st) != 0) {
    return true; /* gone since it was listed */
  }
  bool enter = S_ISDIR(st.st_mode) && name[0] != '.' && strcmp(name, "__pycache__") != 0;
  bool take = S_ISREG(st.st_mode) && is_python(name);
  if (!enter && !take) {
    return true;
  }
  if (cf_utf8_error(name, strlen(name)) < strlen(name)) { /* a path is a text column */
    (void)fprintf(stderr, "codefacts: passed over: a name in '%s' is not UTF-8\n",
                  folder);
    w->tree->skipped++;
    return true;
  }
  char *path = join(folder, name);
  if (path == NULL) {
    return false;
  }
  if (excluded(w, path, name)) {
    free(path);
    return true;
  }
  return enter ? push(&w->todo, path) : add_file(w, path);
}

static bool list_folder(walk *w, const char *folder, cf_error *err) {
  char *at = folder[0] == '\0' ? strdup(w->tree->root) : join(w->tree->root, folder);
  DIR *dir = at == NULL ? NULL : opendir(at);
  if (dir == NULL) {
    int error = errno;
    bool root = folder[0] == '\0';
    if (at != NULL && !root) {
      (void)fprintf(stderr, "codefacts: folder not read: %s: %s\n", folder,
                    strerror(error));
      w->tree->skipped++;
    }
    free(at);
    return root ? cf_fail(err, "cannot list '%s': %s", w->tree->root, strerror(error))
                : true;
  }
  bool ok = true;
  const struct dirent *entry = NULL;
  while (ok && (entry = readdir(dir)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
      continue;
    }
    char *full = join(at, entry->d_name);
    ok = full != NULL && visit(w, folder, entry, full);
    free(full);
  }
  (void)closedir(dir);
  free(at);
  return ok ? true : cf_fail(err, "out of memory");
}

static int by_bucket_and_path(const void *a, const void *b) {
  const cf_file *x = a;
  const cf_file *y = b;
  if (x->bucket != y->bucket) {
    return x->bucket < y->bucket ? -1 : 1;
  }
  return strcmp(x->path, y->path);
}

bool cf_walk(const char *root, const char *const *exclude, size_t n_exclude,
             int32_t buckets, cf_tree *out, cf_error *err) {
  walk w = {.exclude = exclude, .n_exclude = n_exclude, .buckets = buckets, .tree = out};
  *out = (cf_tree){.root = realpath(root, NULL)};
  if (out->root == NULL) {
    return cf_fail(err, "cannot open the folder '%s': %s", root, strerror(errno));
  }
  bool ok = list_folder(&w, "", err);
  while (ok && w.todo.n > 0) {
    char *folder = w.todo.items[--w.todo.n];
    ok = list_folder(&w, folder, err);
    free(folder);
  }
  while (w.todo.n > 0) {
    free(w.todo.items[--w.todo.n]);
  }
  free(w.todo.items);
  if (ok && out->n > 0) {
    qsort(out->files, out->n, sizeof(*out->files), by_bucket_and_path);
  }
  return ok;
}

void cf_tree_release(cf_tree *t) {
  for (size_t i = 0; i < t->n; i++) {
    free(t->files[i].path);
  }
  free(t->files);
  free(t->root);
  *t = (cf_tree){0};
}
