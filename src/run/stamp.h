/* What a view's commit says of itself, so that the next run needs no planning to see that nothing
 * moved: the rows of tables/stamp.def as texts of commitInfo, and the list of inputs that the
 * result key was made of. */
#ifndef WI_RUN_STAMP_H
#define WI_RUN_STAMP_H

#include "delta/delta.h"
#include "spec/spec.h"

/* ---- inputs ---- */
typedef enum wi_input_what {
  WI_KEY_SOURCE = 1,    /* one version of a table that weir does not write */
  WI_KEY_FUNCTIONS = 2, /* rows that only depend on the session's functions */
  WI_KEY_VIEW = 3       /* another view of the project */
} wi_input_what;

/* One of those that a result key is made of. */
typedef struct wi_key_input {
  wi_input_what what;
  const char *name;             /* borrowed */
  char identity[WI_DIGEST_HEX]; /* all that the key holds of it */
  char state[WI_DIGEST_HEX]; /* of a source's live files (wi_pin_state); "": not known */
  int64_t version;           /* of a view's table; -1: not known yet */
  const wi_pin *pin;         /* of a source; shared */
} wi_key_input;
typedef struct wi_key_inputs {
  wi_key_input *items;
  size_t n;
} wi_key_inputs;
void wi_key_inputs_release(wi_key_inputs *inputs);
/* Room for n; NO_MEMORY. */
weir_status wi_key_inputs_alloc(wi_key_inputs *inputs, size_t n, weir_error *err);
const wi_key_input *wi_key_inputs_find(const wi_key_inputs *inputs, const char *name);

/* How two lists of one view's inputs stand to each other, by the versions of what both name. */
typedef enum wi_input_age {
  WI_AGE_UNKNOWN = 0, /* some newer and some older, or of other tables */
  WI_AGE_OLDER = 1,
  WI_AGE_SAME = 2,
  WI_AGE_NEWER = 3
} wi_input_age;
wi_input_age wi_key_inputs_age(const wi_key_inputs *these, const wi_key_inputs *than);

/* ---- stamps ---- */
typedef enum wi_stamp_text {
#define WI_STAMP(name, key) WI_STAMP_##name,
#include "../../tables/stamp.def"
#undef WI_STAMP
  WI_STAMP_TEXTS
} wi_stamp_text;

typedef struct wi_stamp {
  const char *text[WI_STAMP_TEXTS]; /* borrowed from the commit, or from who writes; "" */
  wi_key_inputs inputs;
  bool inputs_known; /* false: the list could not be read */
  bool newer;        /* of a format to come: what it means is not known */
  json_t *names;     /* owns the names of what was read */
} wi_stamp;
/* Does the commit carry a stamp of this view? */
bool wi_stamp_is_of(const wi_commit *commit, const char *project, const char *view);
/* The texts are the commit's. What cannot be read is as if it were not there. NO_MEMORY. */
weir_status wi_stamp_read(const wi_commit *commit, wi_stamp *out, weir_error *err);
void wi_stamp_release(wi_stamp *stamp);

/* Pairs for commitInfo, sorted by key: every text of the stamp but FORMAT and INPUTS, which are
 * made here, and the user's own. */
typedef struct wi_info {
  wi_arena arena;
  wi_br_pair *pairs;
  size_t n;
} wi_info;
weir_status wi_stamp_write(const wi_stamp *stamp, const wi_pairs *own, wi_info *out,
                           weir_error *err);
void wi_info_release(wi_info *info);

#endif
