/* From facts to a decision. Pure: no engine, no file, no clock; what is not in the facts cannot
 * count. tests/unit/run/test_decide.c is the table of cases. */
#ifndef WI_RUN_DECIDE_H
#define WI_RUN_DECIDE_H

#include "plan/plan.h"
#include "run/stamp.h"

typedef enum wi_action {
  WI_ACTION_NONE = 0, /* not looked at */
  WI_ACTION_REUSE = 1,
  WI_ACTION_FULL = 2,
  WI_ACTION_ADJUST = 3, /* the rows stay; constraints are checked, metadata is written */
  WI_ACTION_STAND = 4   /* not chosen: read as it stands */
} wi_action;
const char *wi_action_name(wi_action action);

/* ---- facts ---- */
typedef struct wi_foreign_seen { /* the newest commit of somebody else, of one kind */
  bool any;
  int64_t version;
  char writer[128];
} wi_foreign_seen;

typedef struct wi_last {   /* what a view's table tells of its last result */
  bool table;              /* there is one */
  bool found;              /* with a commit of this view in its log */
  wi_foreign_seen rows;    /* somebody else changed rows since */
  wi_foreign_seen columns; /* somebody else wrote metaData or a protocol since */
  int64_t latest;          /* newest version of the table; -1: none */
  char latest_digest[WI_DIGEST_HEX];
  int64_t latest_us; /* its time */
  int64_t version;   /* of this view's last commit; -1: none */
  wi_commit commit;  /* that commit; owns the stamp's texts */
  wi_stamp stamp;
} wi_last;

/* Whether a source whose pin is the recorded one has the recorded files, too. */
typedef enum wi_files {
  WI_FILES_SAME =
      0, /* the same place, and a commit that names files; or they were compared */
  WI_FILES_OTHER =
      1 /* compared, and they are not: two tables with one last commit. The identity
           carries the files then */
} wi_files;

typedef struct
    wi_input_fact { /* an input as it is now, beside the one that is recorded */
  wi_key_input now; /* its identity is that of what it is now */
  bool rows; /* the view reads rows of a table: commits that change none don't count */
  bool
      maintained; /* from the recorded version to this one there were only such commits */
  wi_files files;
} wi_input_fact;

typedef struct wi_view_digests {
  char planning[WI_DIGEST_HEX];
  char view[WI_DIGEST_HEX];  /* SQL, and what of the header planning reads */
  char shape[WI_DIGEST_HEX]; /* what of the header shapes rows and files */
  char gate[WI_DIGEST_HEX];  /* what of it leaves the rows alone */
  char table[WI_DIGEST_HEX]; /* of the columns of its table as it is; "": nobody asked */
} wi_view_digests;

typedef struct wi_view_facts {
  const char *name;
  const char *settings; /* the session's digest of settings */
  const char *run_id;
  const char *params; /* bound values, as the stamp has them */
  bool chosen;
  bool forced; /* --full-refresh */
  bool
      reshaped; /* columns or partitioning of its table are not those of the last result */
  wi_view_digests digests;
  wi_last last;
  wi_input_fact *inputs; /* all that the SQL names */
  size_t n_inputs;
  const wi_view_plan *plan; /* NULL: not planned (yet) */
} wi_view_facts;

/* ---- the decision ---- */
typedef struct wi_decision {
  wi_action action;
  bool
      needs_plan; /* it cannot be told, or not be carried out, without a plan: plan, and decide
                     again */
  bool stale; /* STAND, although the keys ask for a build */
  char reason[256];
  char result_key[WI_DIGEST_HEX], plan_digest[WI_DIGEST_HEX];
  char schema_digest[WI_DIGEST_HEX]; /* of what consumers read */
  char identity[WI_DIGEST_HEX];      /* what consumers' keys hold of it */
  wi_key_inputs
      inputs; /* what the result key is made of, in the plan's order; what is stamped */
} wi_decision;
/* BUG: the plan scans what the facts do not have. UPSTREAM_UNBUILT: not chosen, never built.
 * NOT_OURS: it must be written, and a weir to come wrote it last. */
weir_status wi_decide(const wi_view_facts *facts, wi_decision *out, weir_error *err);
void wi_decision_release(wi_decision *decision);

/* The key of a result: plan, settings, shape, and each input's identity in order. */
void wi_result_key(const char *plan_digest, const wi_view_facts *facts,
                   const wi_key_inputs *inputs, char out[WI_DIGEST_HEX]);

/* What the last result was stamped with; "" where it says nothing, or there is none. */
const char *wi_last_text(const wi_view_facts *facts, wi_stamp_text which);
/* Why it must be built, in words: the first difference that explains it (reason.c). `inputs` as
 * they count, with those forgiven that only maintenance moved. */
void wi_decide_reason(const wi_view_facts *facts, const wi_key_inputs *inputs,
                      char out[256]);

#endif
