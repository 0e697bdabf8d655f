/* Projects on disk for tests: a fresh folder filled from a list of (path, text). */
#ifndef TESTS_COMMON_PROJECT_H
#define TESTS_COMMON_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wt_file {
  const char *path; /* relative to the project's folder */
  const char *text;
} wt_file;

typedef struct wt_project {
  char root[128]; /* absolute, without symlinks; "" when making it failed */
} wt_project;

/* Makes a temporary folder and writes the files, with parents; failure marks the test. */
bool wt_project_make(wt_project *project, const wt_file *files, size_t n);
/* Adds or replaces one file; `n` bytes, so that NUL can be written. */
bool wt_project_write(const wt_project *project, const char *path, const void *bytes,
                      size_t n);
/* The same files in a new folder. */
bool wt_project_copy(const wt_project *from, wt_project *to);
void wt_project_remove(wt_project *project);

#define WT_FILES(array) (array), sizeof(array) / sizeof((array)[0])

#endif
