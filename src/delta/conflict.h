/* What others committed since a version, judged for one write by the rows of
 * tables/conflict.def. No engine, no store: a parsed commit and a claim in, a verdict out. */
#ifndef WI_DELTA_CONFLICT_H
#define WI_DELTA_CONFLICT_H

#include "delta/delta.h"

/* From the lightest to the gravest. */
typedef enum wi_verdict {
  WI_VERDICT_PASS = 1,      /* goes on top */
  WI_VERDICT_RELIST = 2,    /* what goes is listed anew */
  WI_VERDICT_REGATE = 3,    /* the table is checked anew */
  WI_VERDICT_CONFLICT = 4,  /* stops */
  WI_VERDICT_EXISTS = 5,    /* stops: a table is there */
  WI_VERDICT_UNCHANGED = 6, /* done already, from here on */
  WI_VERDICT_SUPERSEDED = 7,
  WI_VERDICT_SAME = 8
} wi_verdict;

typedef enum wi_met { /* rows of tables/conflict.def */
#define WI_CONFLICT_ROW(id, verdict, came, follows, reads, takes, example) WI_MET_##id,
#include "../../tables/conflict.def"
#undef WI_CONFLICT_ROW
                      WI_N_MET
} wi_met;
const char *wi_met_name(wi_met met);
wi_verdict wi_met_verdict(wi_met met);

typedef enum wi_scope_kind {
  WI_SCOPE_NONE = 0,
  WI_SCOPE_FILES = 1,
  WI_SCOPE_PARTITIONS = 2,
  WI_SCOPE_ALL = 3
} wi_scope_kind;
typedef struct wi_scope {
  wi_scope_kind kind;
  const wi_map *names; /* FILES: raw paths, as the log has them; PARTITIONS: their keys */
  const wi_partitioning *by; /* of PARTITIONS */
} wi_scope;

typedef struct wi_app { /* an application's transaction */
  const char *id;       /* NULL: none */
  int64_t version;
  const char *key; /* looked for as weir.result_key; NULL: versions alone count */
} wi_app;

/* What a write stands for, as far as others matter. */
typedef struct wi_claim {
  bool create;    /* the table must be new */
  wi_scope reads; /* what its rows or checks were made from */
  wi_scope takes; /* what it takes away */
  wi_app app;
} wi_claim;

typedef struct wi_gone { /* a commit of somebody else whose rows go */
  int64_t version;
  char writer[64]; /* its engineInfo */
} wi_gone;
enum { WI_GONE_KEPT = 4 };
typedef struct wi_gone_commits {
  wi_gone items[WI_GONE_KEPT]; /* the newest ones */
  size_t n;                    /* of all: may be more than are kept */
} wi_gone_commits;

/* What became of a claim over the commits (from, to]. */
typedef struct wi_judged {
  int64_t to;                    /* the last version that was judged */
  char to_digest[WI_DIGEST_HEX]; /* of its commit; "": none was, or it has no line */
  wi_verdict verdict;            /* the gravest */
  wi_met met;                    /* that gave it, in the commit `version` */
  int64_t version; /* for UNCHANGED, SUPERSEDED, SAME: of our application's commit */
  int64_t timestamp_us;
  int64_t app_version;
  char digest[WI_DIGEST_HEX]; /* of that commit; so writer */
  char writer[64];
  wi_gone_commits gone;
} wi_judged;
#define WI_JUDGED_INIT \
  {.to = -1, .verdict = WI_VERDICT_PASS, .version = -1, .app_version = -1}

/* Adds one commit, the one after `judged->to`. */
void wi_judge_commit(const wi_claim *claim, const wi_commit *commit, wi_judged *judged);
/* Reads what was committed after `from` up to the newest, and judges it. TABLE_MISSING;
 * CONFLICT when one of the commits is gone, so that nobody can tell. Whether those that are there
 * are the table's, wi_log_goes_on tells afterwards. */
weir_status wi_judge_since(wi_store *store, int64_t from, const wi_claim *claim,
                           wi_judged *out, weir_error *err);
#endif
