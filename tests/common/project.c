/* Plain POSIX, nothing of weir's: tests of the public API use this too. */
#include "project.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static bool make_parents(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;
    *slash = '/';
    if (!ok) {
      return false;
    }
  }
  return true;
}

bool wt_project_write(const wt_project *project, const char *path, const void *bytes,
                      size_t n) {
  char full[PATH_MAX];
  int length = snprintf(full, sizeof full, "%s/%s", project->root, path);
  bool ok = project->root[0] != '\0' && length > 0 && (size_t)length < sizeof full &&
            make_parents(full);
  FILE *file = ok ? fopen(full, "wb") : NULL;
  ok = file != NULL && fwrite(bytes, 1, n, file) == n;
  if (file != NULL && fclose(file) != 0) {
    ok = false;
  }
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "cannot write %s: %s", path, strerror(errno));
  }
  return ok;
}

bool wt_project_make(wt_project *project, const wt_file *files, size_t n) {
  char made[PATH_MAX], real[PATH_MAX];
  const char *below = getenv("TMPDIR");
  project->root[0] = '\0';
  snprintf(made, sizeof made, "%s/weir-test-XXXXXX",
           below != NULL && strlen(below) < 80 ? below : "/tmp");
  if (mkdtemp(made) == NULL || realpath(made, real) == NULL ||
      strlen(real) >= sizeof project->root) {
    wt_fail(__FILE__, __LINE__, "no temporary folder: %s", strerror(errno));
    return false;
  }
  memcpy(project->root, real, strlen(real) + 1);
  for (size_t i = 0; i < n; i++) {
    if (!wt_project_write(project, files[i].path, files[i].text, strlen(files[i].text))) {
      return false;
    }
  }
  return true;
}

static bool copy_file(const char *from, const char *to) {
  char bytes[8192];
  size_t n = 0;
  FILE *in = fopen(from, "rb"), *out = in == NULL ? NULL : fopen(to, "wb");
  bool ok = out != NULL;
  while (ok && (n = fread(bytes, 1, sizeof bytes, in)) > 0) {
    ok = fwrite(bytes, 1, n, out) == n;
  }
  ok = ok && ferror(in) == 0;
  if (in != NULL) {
    (void)fclose(in);
  }
  return (out == NULL || fclose(out) == 0) && ok;
}

static bool copy_folder(const char *from, const char *to) {
  char a[512], b[512];
  DIR *folder = opendir(from);
  bool ok = folder != NULL && (mkdir(to, 0777) == 0 || errno == EEXIST);
  for (const struct dirent *e = NULL; ok && (e = readdir(folder)) != NULL;) {
    struct stat info;
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
      continue;
    }
    ok = snprintf(a, sizeof a, "%s/%s", from, e->d_name) < (int)sizeof a &&
         snprintf(b, sizeof b, "%s/%s", to, e->d_name) < (int)sizeof b &&
         lstat(a, &info) == 0 &&
         (S_ISDIR(info.st_mode) ? copy_folder(a, b) : copy_file(a, b));
  }
  if (folder != NULL) {
    (void)closedir(folder);
  }
  return ok;
}

bool wt_project_copy(const wt_project *from, wt_project *to) {
  bool ok = wt_project_make(to, NULL, 0) && copy_folder(from->root, to->root);
  if (!ok) {
    wt_fail(__FILE__, __LINE__, "cannot copy %s: %s", from->root, strerror(errno));
  }
  return ok;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *at) {
  (void)info;
  (void)kind;
  (void)at;
  return remove(path);
}

void wt_project_remove(wt_project *project) {
  if (project->root[0] != '\0' &&
      nftw(project->root, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) {
    wt_fail(__FILE__, __LINE__, "cannot remove %s: %s", project->root, strerror(errno));
  }
  project->root[0] = '\0';
}
