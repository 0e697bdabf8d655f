/* metaData and protocol with the members that an engine's snapshot does not tell. */
#include "unit/delta/crafted.h"

#define SCHEMA "\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]"
#define META(more) \
  "{\"id\":\"t\",\"schemaString\":\"{" SCHEMA "}\",\"partitionColumns\":[]" more "}"
#define PROTOCOL(more) "{\"minReaderVersion\":1,\"minWriterVersion\":2" more "}"
#define TOLD           ",\"configuration\":{\"a\":\"b\"},\"createdTime\":5"

static const char old_commit[] = "{\"protocol\":" PROTOCOL(",\"later\":[1]") "}\n"
                                 "{\"metaData\":" META(",\"lost\":1") "}\n";
static const char new_commit[] =
    "{\"metaData\":" META(TOLD ",\"more\":{\"z\":0.1}") "}\n";
static const char rows_commit[] = "{\"commitInfo\":{\"operation\":\"WRITE\"}}\n";

/* What is written for version `at` with a property more. */
static const char *after(wi_store *store, int64_t at, const char *told_meta) {
  static wi_buf text;
  wi_meta *told = NULL, *is = NULL, *then = NULL;
  weir_error err = WEIR_ERROR_INIT;
  const wi_br_pair pair = {"c", "d"};
  const wi_meta_edit edit = {.set = &pair, .n_set = 1};
  wi_buf_clear(&text);
  weir_status status = wi_meta_parse(PROTOCOL(""), told_meta, &told, &err);
  if (status == WEIR_OK) {
    status = wi_meta_written(store, at, told, &is, &err);
  }
  if (status == WEIR_OK) {
    status = wi_meta_apply(is, &edit, &then, &err);
  }
  if (status == WEIR_OK) {
    status = wi_meta_write(is, then, &text, &err);
  }
  if (status != WEIR_OK) {
    wi_buf_clear(&text);
    wi_buf_str(&text, weir_error_code_name(status));
  }
  wi_meta_unref(&told);
  wi_meta_unref(&is);
  wi_meta_unref(&then);
  weir_error_release(&err);
  return wi_buf_text(&text);
}

#define SET ",\"configuration\":{\"a\":\"b\",\"c\":\"d\"},\"createdTime\":5"

WT_TEST(members_of_the_newest_commit_stay) {
  wi_store *store = crafted_store("stay");
  crafted_commit(store, 0, old_commit);
  crafted_commit(store, 1, new_commit);
  crafted_commit(store, 2, rows_commit);
  WT_EQ_STR(after(store, 2, META(TOLD)),
            "{\"metaData\":" META(SET ",\"more\":{\"z\":0.1}") "}\n");
  wi_store_unref(&store);
}

/* A protocol's too: it is raised, and what we don't know of it is not taken off. */
WT_TEST(a_raised_protocol_keeps_its_members) {
  wi_store *store = crafted_store("raised");
  wi_meta *told = NULL, *is = NULL, *then = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wi_buf text = WI_BUF_INIT;
  const wi_br_pair pair = {"delta.appendOnly", "true"};
  const wi_meta_edit edit = {.set = &pair, .n_set = 1};
  crafted_commit(store, 0,
                 "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":1,"
                 "\"later\":[1]}}\n{\"metaData\":" META(TOLD) "}\n");
  WT_OK(wi_meta_parse("{\"minReaderVersion\":1,\"minWriterVersion\":1}", META(TOLD),
                      &told, &err));
  WT_OK(wi_meta_written(store, 0, told, &is, &err));
  WT_OK(wi_meta_apply(is, &edit, &then, &err));
  WT_OK(wi_meta_write(is, then, &text, &err));
  WT_CHECK(strstr(wi_buf_text(&text),
                  "{\"protocol\":{\"minReaderVersion\":1,"
                  "\"minWriterVersion\":2,\"later\":[1]}}\n") != NULL);
  wi_buf_release(&text);
  wi_meta_unref(&told);
  wi_meta_unref(&is);
  wi_meta_unref(&then);
  wi_store_unref(&store);
}

/* At a checkpoint the log begins anew, and it tells what the engine tells. */
WT_TEST(an_action_that_only_a_checkpoint_has_is_as_it_was_told) {
  wi_store *store = crafted_store("checkpoint");
  crafted_commit(store, 0, old_commit);
  crafted_commit(store, 1, new_commit);
  crafted_commit(store, 2, rows_commit);
  crafted_log(store, "00000000000000000002.checkpoint.parquet", "PAR1");
  crafted_commit(store, 3, rows_commit);
  WT_EQ_STR(after(store, 3, META(TOLD)), "{\"metaData\":" META(SET) "}\n");
  wi_store_unref(&store);
  store = crafted_store("cleaned");
  crafted_log(store, "00000000000000000002.checkpoint.parquet", "PAR1");
  crafted_commit(store, 3, rows_commit);
  WT_EQ_STR(after(store, 3, META(TOLD)), "{\"metaData\":" META(SET) "}\n");
  wi_store_unref(&store);
}

WT_TEST(where_commits_say_something_else_the_engine_is_right) {
  wi_store *store = crafted_store("else");
  crafted_commit(store, 0, old_commit);
  WT_EQ_STR(after(store, 0, META(TOLD)), "{\"metaData\":" META(SET) "}\n");
  wi_store_unref(&store);
}

/* It could not be written as it is: refused, and not taken off. Numbers elsewhere don't count. */
WT_TEST(a_number_that_cannot_be_written_again) {
  wi_store *store = crafted_store("number");
  crafted_commit(store, 0,
                 "{\"protocol\":" PROTOCOL("") "}\n{\"metaData\":" META(
                     TOLD ",\"more\":123456789012345678901234567890") "}\n");
  WT_EQ_STR(after(store, 0, META(TOLD)), weir_error_code_name(WEIR_E_FOREIGN_FEATURE));
  wi_store_unref(&store);
  store = crafted_store("elsewhere");
  crafted_commit(store, 0,
                 "{\"commitInfo\":{\"n\":123456789012345678901234567890}}\n"
                 "{\"protocol\":" PROTOCOL("") "}\n{\"metaData\":" META(TOLD) "}\n");
  WT_EQ_STR(after(store, 0, META(TOLD)), "{\"metaData\":" META(SET) "}\n");
  wi_store_unref(&store);
}
