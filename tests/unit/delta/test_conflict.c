/* Every row of tables/conflict.def: its example is put between the reading and the commit of a
 * write that reads and takes what the row says. */
#include "delta/txn.h"
#include "unit/delta/crafted.h"

typedef struct row {
  const char *name;
  wi_met met;
  wi_verdict verdict;
  const char *reads, *takes, *example;
} row;

static const row rows[] = {
#define WI_CONFLICT_ROW(id, verdict, came, follows, reads, takes, example) \
  {#id, WI_MET_##id, WI_VERDICT_##verdict, #reads, #takes, example},
#include "../../../tables/conflict.def"
#undef WI_CONFLICT_ROW
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

/* The partition d=1 of a table that is partitioned by the whole number d. */
static wi_partitioning *by;
static wi_map only_one = WI_MAP_INIT;

static const char schema[] =
    "{\"id\":\"t\",\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{"
    "\\\"name\\\":\\\"d\\\",\\\"type\\\":\\\"integer\\\",\\\"nullable\\\":true,"
    "\\\"metadata\\\":{}}]}\",\"partitionColumns\":[\"d\"],\"configuration\":{}}";

static void make_partition(void) {
  static const char *const one[] = {"1"};
  wi_meta *meta = NULL;
  wi_buf key = WI_BUF_INIT;
  if (by == NULL && (wi_meta_parse("{\"minReaderVersion\":1,\"minWriterVersion\":2}",
                                   schema, &meta, NULL) != WEIR_OK ||
                     wi_partitioning_new(meta, &by, NULL) != WEIR_OK ||
                     wi_partition_key_given(by, one, &key, NULL) != WEIR_OK ||
                     !wi_map_put(&only_one, wi_buf_text(&key), NULL))) {
    abort();
  }
  wi_meta_unref(&meta);
  wi_buf_release(&key);
}

static wi_scope scope(const char *kind, const wi_map *files) {
  make_partition();
  return strcmp(kind, "FILES") == 0 ? (wi_scope){WI_SCOPE_FILES, files, NULL}
         : strcmp(kind, "PARTITIONS") == 0
             ? (wi_scope){WI_SCOPE_PARTITIONS, &only_one, by}
         : strcmp(kind, "ALL") == 0 ? (wi_scope){WI_SCOPE_ALL, NULL, NULL}
                                    : (wi_scope){WI_SCOPE_NONE, NULL, NULL};
}

static wi_claim claim_of(const row *r, const wi_map *files) {
  wi_claim c = {0};
  c.create = strcmp(r->reads, "CREATE") == 0;
  c.reads = scope(r->reads, files);
  c.takes = scope(r->takes, files);
  c.app = (wi_app){.id = "app", .version = 7};
  c.app.key = strcmp(r->reads, "KEY") == 0 ? "mine" : NULL;
  return c;
}

/* ' stands for " and | for the end of a line. */
static void put_example(wi_store *store, int64_t version, const char *text) {
  wi_buf line = WI_BUF_INIT;
  for (; *text != '\0'; text++) {
    wi_buf_chr(&line, *text == '\'' ? '"' : *text == '|' ? '\n' : *text);
  }
  crafted_commit(store, version, wi_buf_text(&line));
  wi_buf_release(&line);
}

static weir_status stand(void *ctx, int64_t version, const wi_judged *judged,
                         wi_txn_base *out, weir_error *err) {
  (void)out;
  (void)err;
  *(int64_t *)ctx = judged != NULL ? version : -2;
  return WEIR_OK;
}

/* What must come of the commit, by the row's verdict. */
static void check_end(const row *r, weir_status status, const wi_commit_outcome *out,
                      int64_t stood) {
  static const int ends[] = {[WI_VERDICT_UNCHANGED] = WI_END_UNCHANGED,
                             [WI_VERDICT_SUPERSEDED] = WI_END_SUPERSEDED,
                             [WI_VERDICT_SAME] = WI_END_SAME};
  bool fine = false;
  switch (r->verdict) {
    case WI_VERDICT_CONFLICT:
      fine = status == WEIR_E_CONFLICT;
      break;
    case WI_VERDICT_EXISTS:
      fine = status == WEIR_E_TABLE_EXISTS;
      break;
    case WI_VERDICT_UNCHANGED:
    case WI_VERDICT_SUPERSEDED:
    case WI_VERDICT_SAME:
      fine = status == WEIR_OK && (int)out->end == ends[r->verdict] &&
             out->version == 1 && out->app_version == 7 && out->timestamp_us > 0;
      break;
    case WI_VERDICT_PASS:
    case WI_VERDICT_RELIST:
    case WI_VERDICT_REGATE:
    default:
      fine = status == WEIR_OK && out->end == WI_END_COMMITTED && out->version == 2 &&
             out->retries == 1 && stood == 1 &&
             out->gone.n == (r->met == WI_MET_TAKEN_CHANGED);
      break;
  }
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s: status %d, end %u, version %lld, stood on %lld",
            r->name, status, out->end, (long long)out->version, (long long)stood);
  }
}

static void check_row(const row *r, const wi_map *files) {
  weir_error err = WEIR_ERROR_INIT;
  wi_judged judged;
  wi_commit_outcome out;
  int64_t stood = -2;
  wi_store *store = crafted_store(r->name);
  const wi_commit_def def = {.operation = "WRITE", .engine_info = "weir/test"};
  wi_claim claim = claim_of(r, files);
  crafted_commit(store, 0, "{\"commitInfo\":{\"timestamp\":1}}\n");
  put_example(store, 1, r->example);
  if (wi_judge_since(store, 0, &claim, &judged, &err) != WEIR_OK ||
      judged.verdict != r->verdict || judged.to != 1 ||
      (r->verdict > WI_VERDICT_PASS && judged.met != r->met)) {
    wt_fail(__FILE__, __LINE__, "%s: verdict %u by %s: %s", r->name, judged.verdict,
            wi_met_name(judged.met), err.message);
  }
  const wi_txn txn = {store, 0, claim, &def, {stand, &stood}, {.lost = 3}, NULL};
  weir_status status = wi_txn_commit(&txn, &out, &err);
  check_end(r, status, &out, stood);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(each_rule_as_its_row_says) {
  wi_map files = WI_MAP_INIT;
  WT_CHECK(wi_map_put(&files, "p", NULL) && wi_map_put(&files, "q", NULL));
  for (size_t i = 0; i < N_ROWS; i++) {
    check_row(&rows[i], &files);
  }
  wi_map_release(&files);
}

/* They are judged in the order of the table: the gravest that a commit meets counts. */
WT_TEST(rows_stand_from_the_lightest_to_the_gravest) {
  for (size_t i = 1; i < N_ROWS; i++) {
    WT_CHECK(rows[i].verdict >= rows[i - 1].verdict);
    WT_EQ_INT(rows[i].met, i);
  }
}

static wi_judged judge(const wi_claim *claim, const char *const *commits, size_t n) {
  wi_judged judged = WI_JUDGED_INIT;
  for (size_t i = 0; i < n; i++) {
    wi_commit commit;
    if (wi_commit_parse((int64_t)i + 1, commits[i], strlen(commits[i]), &commit, NULL) !=
        WEIR_OK) {
      abort();
    }
    wi_judge_commit(claim, &commit, &judged);
    wi_commit_release(&commit);
  }
  return judged;
}

/* Spelled as others may: 1, 01, "" for null. */
#define ADD(path, part)                                                     \
  "{\"commitInfo\":{\"engineInfo\":\"spark\"}}\n{\"add\":{\"path\":\"" path \
  "\",\"partitionValues\":{\"d\":" part "},\"size\":1,\"dataChange\":true}}\n"
#define APP(key, version)                                       \
  "{\"commitInfo\":{\"timestamp\":5,\"weir.result_key\":\"" key \
  "\"}}\n"                                                      \
  "{\"txn\":{\"appId\":\"app\",\"version\":" version "}}\n"

WT_TEST(foreign_commits_whose_rows_go_are_named) {
  static const char *const commits[] = {
      ADD("a", "\"1\""), ADD("b", "\"2\""),  APP("older", "3"), ADD("c", "\"1\""),
      ADD("d", "\"1\""), ADD("e", "\"01\""), ADD("f", "\"1\"")};
  wi_claim claim = {0};
  claim.takes = scope("PARTITIONS", NULL);
  claim.app = (wi_app){.id = "app", .version = 4, .key = "mine"};
  wi_judged judged = judge(&claim, commits, 7);
  WT_EQ_INT(judged.verdict, WI_VERDICT_RELIST);
  WT_EQ_INT(judged.gone.n, 5);
  WT_EQ_INT(judged.gone.items[0].version, 4); /* the newest four */
  WT_EQ_INT(judged.gone.items[3].version, 7);
  WT_EQ_STR(judged.gone.items[3].writer, "spark");
}

/* The newest of our application says what is there; a batch is in the first that has it. */
WT_TEST(several_commits_of_our_application) {
  static const char *const keys[] = {APP("mine", "4"), ADD("a", "null"),
                                     APP("theirs", "5"), ADD("b", "null")};
  static const char *const same[] = {APP("theirs", "4"), APP("mine", "5"),
                                     ADD("b", "null")};
  wi_claim claim = {0};
  claim.takes.kind = WI_SCOPE_ALL;
  claim.app = (wi_app){.id = "app", .version = 4, .key = "mine"};
  wi_judged judged = judge(&claim, keys, 4);
  WT_EQ_INT(judged.verdict, WI_VERDICT_SUPERSEDED);
  WT_EQ_INT(judged.version, 3);
  judged = judge(&claim, same, 3);
  WT_EQ_INT(judged.verdict, WI_VERDICT_SAME);
  WT_EQ_INT(judged.version, 2);
  WT_EQ_INT(judged.app_version, 5);
  WT_EQ_INT(judged.timestamp_us, 5000);
  claim.app.key = NULL;
  judged = judge(&claim, keys, 4);
  WT_EQ_INT(judged.verdict, WI_VERDICT_UNCHANGED);
  WT_EQ_INT(judged.version, 1);
}

/* Where the log does not say to which partition a file belongs, it may be any. */
WT_TEST(a_file_of_an_unknown_partition_counts) {
  static const char *const gone[] = {"{\"remove\":{\"path\":\"a\",\"dataChange\":true}}"};
  wi_claim claim = {0};
  claim.reads = scope("PARTITIONS", NULL);
  wi_judged judged = judge(&claim, gone, 1);
  WT_EQ_INT(judged.verdict, WI_VERDICT_CONFLICT);
  WT_EQ_INT(judged.met, WI_MET_READ_CHANGED);
}

WT_TEST(what_cannot_be_read_cannot_be_judged) {
  weir_error err = WEIR_ERROR_INIT;
  wi_judged judged;
  wi_claim claim = {0};
  wi_store *store = crafted_store("unjudged");
  WT_EQ_INT(wi_judge_since(store, -1, &claim, &judged, &err), WEIR_E_TABLE_MISSING);
  weir_error_release(&err);
  crafted_commit(store, 0, "{\"metaData\":{\"id\":\"x\"}}\n");
  WT_OK(wi_judge_since(store, 0, &claim, &judged, &err));
  WT_EQ_INT(judged.to, 0);
  WT_EQ_INT(judged.verdict, WI_VERDICT_PASS);
  /* A checkpoint hides what the commits before it said. */
  crafted_log(store, "00000000000000000005.checkpoint.parquet", "x");
  WT_EQ_INT(wi_judge_since(store, 0, &claim, &judged, &err), WEIR_E_CONFLICT);
  weir_error_release(&err);
  wi_store_unref(&store);
}
