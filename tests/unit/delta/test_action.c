/* Actions as values: what is read is what is written, whoever wrote it. */
#include "unit/delta/golden.h"

/* As compared: a member that is null is one that is not there. */
static void drop_nulls(json_t *value) {
  const char *key;
  json_t *member;
  void *next;
  json_object_foreach_safe(value, next, key, member) {
    if (json_is_null(member)) {
      (void)json_object_del(value, key);
    }
  }
}

static bool comes_back(const char *name, json_t *body) {
  wi_buf text = WI_BUF_INIT;
  wi_delta_action action;
  json_error_t e;
  if (json_is_null(body) || wi_delta_action_read(name, body, &action) != NULL) {
    return true;
  }
  wi_delta_action_write(&action, &text);
  json_t *line =
      json_loadb(wi_buf_text(&text), text.n, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &e);
  json_t *again = json_object_get(line, name);
  drop_nulls(body);
  drop_nulls(again);
  bool same = json_object_size(line) == 1 && json_equal(again, body);
  if (!same) {
    char *was = json_dumps(body, 0);
    wt_fail(__FILE__, __LINE__, "%s\n  became %s", was, wi_buf_text(&text));
    free(was);
  }
  json_decref(line);
  wi_buf_release(&text);
  return same;
}

static size_t seen;

static void actions(const table *t) {
  wi_log log;
  if (wi_log_list_all(t->store, &log, NULL) != WEIR_OK) {
    return;
  }
  for (size_t i = 0; i < log.n_commits; i++) {
    wi_commit c;
    if (wi_commit_read(t->store, log.commits[i], &c, NULL) != WEIR_OK) {
      continue;
    }
    for (size_t k = 0; k < json_array_size(c.actions); k++) {
      const char *name;
      json_t *body;
      json_object_foreach(json_array_get(c.actions, k), name, body) {
        seen++;
        if (!comes_back(name, body)) {
          wt_fail(__FILE__, __LINE__, "%s, commit %d", t->name, (int)log.commits[i]);
        }
      }
    }
    wi_commit_release(&c);
  }
  wi_log_release(&log);
}

WT_TEST(actions_of_the_golden_tables_come_back) {
  check_all(actions);
  WT_CHECK(seen > 3000);
}

WT_TEST(values_of_files) {
  json_t *body = json_loads(
      "{\"path\":\"a%20b\",\"partitionValues\":{\"p\":null},\"size\":7,\"tags\":{\"t\":"
      "\"u\"},\"modificationTime\":5,\"dataChange\":false,\"deletionVector\":{"
      "\"storageType\":\"u\"},\"baseRowId\":3,\"defaultRowCommitVersion\":2,"
      "\"clusteringProvider\":\"c\",\"stats\":\"{}\",\"new\":[1,{\"x\":0.1}]}",
      0, NULL);
  wi_delta_action a;
  WT_CHECK(wi_delta_action_read("add", body, &a) == NULL);
  WT_EQ_INT(a.kind, WI_DELTA_ADD);
  const wi_delta_file *f = &a.as.file;
  WT_EQ_STR(f->path, "a%20b");
  WT_EQ_INT(f->size, 7);
  WT_EQ_INT(f->time_ms, 5);
  WT_CHECK(!f->data_change && !f->extended && f->dv != NULL && f->tags != NULL);
  WT_EQ_INT(f->base_row_id, 3);
  WT_EQ_INT(f->default_row_commit_version, 2);
  wi_buf text = WI_BUF_INIT;
  wi_delta_action_write(&a, &text);
  WT_EQ_STR(
      text.p,
      "{\"add\":{\"path\":\"a%20b\",\"partitionValues\":{\"p\":null},\"size\":7,"
      "\"modificationTime\":5,\"dataChange\":false,\"stats\":\"{}\",\"tags\":{\"t\":"
      "\"u\"},\"deletionVector\":{\"storageType\":\"u\"},\"baseRowId\":3,"
      "\"defaultRowCommitVersion\":2,\"clusteringProvider\":\"c\",\"new\":[1,{\"x\":"
      "0.1}]}}\n");
  wi_buf_release(&text);
  json_decref(body);
}

WT_TEST(what_is_wrong_with_an_action) {
  wi_delta_action a;
  json_t *empty = json_object(), *number = json_integer(1), *null = json_null();
  WT_CHECK(wi_delta_action_read("remove", empty, &a) != NULL);
  WT_CHECK(wi_delta_action_read("txn", number, &a) != NULL);
  WT_CHECK(wi_delta_action_read("add", null, &a) == NULL);
  WT_EQ_INT(a.kind, WI_DELTA_OTHER);
  WT_CHECK(wi_delta_action_read("somethingNew", number, &a) == NULL);
  WT_EQ_INT(a.kind, WI_DELTA_OTHER);
  json_decref(empty);
  json_decref(number);
}

WT_TEST(values_of_the_others) {
  json_t *txn = json_loads("{\"appId\":\"a\",\"version\":9}", 0, NULL);
  json_t *domain =
      json_loads("{\"domain\":\"d\",\"configuration\":\"{}\",\"removed\":true}", 0, NULL);
  wi_delta_action a;
  WT_CHECK(wi_delta_action_read("txn", txn, &a) == NULL);
  WT_EQ_STR(a.as.txn.app_id, "a");
  WT_EQ_INT(a.as.txn.version, 9);
  WT_EQ_INT(a.as.txn.last_updated_ms, -1);
  WT_CHECK(wi_delta_action_read("domainMetadata", domain, &a) == NULL);
  WT_EQ_STR(a.as.domain.name, "d");
  WT_CHECK(a.as.domain.removed);
  json_decref(txn);
  json_decref(domain);
}

/* ---- large commits ---- */

static size_t live, peak;

static void *counted(size_t n) {
  size_t *p = malloc(n + 16);
  if (p == NULL) {
    return NULL;
  }
  *p = n;
  live += n;
  peak = live > peak ? live : peak;
  return (char *)p + 16;
}

static void uncounted(void *p) {
  if (p != NULL) {
    size_t *at = (size_t *)(void *)((char *)p - 16);
    live -= *at;
    free(at);
  }
}

/* A commit of a gigabyte was parsed whole into one tree for its digest and its time. */
WT_TEST(a_large_commit_is_not_held_as_a_tree) {
  enum { FILES = 20000 };
  wi_buf text = WI_BUF_INIT;
  wi_commit c, head;
  weir_error err = WEIR_ERROR_INIT;
  wi_buf_str(&text, "{\"commitInfo\":{\"timestamp\":7,\"weir.view\":\"v\"}}\n");
  for (int i = 0; i < FILES; i++) {
    wi_buf_fmt(&text, "{\"add\":{\"path\":\"f%d\",\"size\":1,\"dataChange\":true}}\n", i);
  }
  json_set_alloc_funcs(counted, uncounted);
  bool read = wi_commit_parse(0, text.p, text.n, &c, &err) == WEIR_OK;
  size_t whole = peak;
  char digest[WI_DIGEST_HEX];
  memcpy(digest, c.digest, sizeof digest);
  wi_commit_release(&c);
  peak = live;
  weir_status status = wi_commit_parse_head(0, text.p, text.n, &head, &err);
  size_t most = peak;
  bool said = status == WEIR_OK && head.adds == FILES && head.n_lines == FILES + 1 &&
              head.data_change && head.add_bytes == FILES &&
              strcmp(head.digest, digest) == 0 && head.timestamp_us == 7000 &&
              json_array_size(head.actions) == 1 &&
              wi_commit_info_text(&head, "weir.view") != NULL;
  wi_commit_release(&head);
  json_set_alloc_funcs(malloc, free);
  WT_CHECK(said);
  WT_CHECK(read && whole > 1000 * most);
  WT_CHECK(most > 0 && most < 10000);
  WT_EQ_INT(live, 0);
  wi_buf_release(&text);
}
