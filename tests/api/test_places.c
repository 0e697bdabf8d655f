/* Tables whose files have equal names and sizes, in one session: what the engine keeps of one
 * file is never taken for another's. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

static bool write_log(const char *table, const char *column, long long size) {
  char path[512], text[1024];
  int n = snprintf(
      text, sizeof text,
      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
      "{\"metaData\":{\"id\":\"tid\",\"format\":{\"provider\":\"parquet\",\"options\":{}}"
      ","
      "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":"
      "\\\"%s\\\","
      "\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","
      "\"partitionColumns\":[],\"configuration\":{},\"createdTime\":1700000000000}}\n"
      "{\"add\":{\"path\":\"part-0.parquet\",\"partitionValues\":{},\"size\":%lld,"
      "\"modificationTime\":1700000000000,\"dataChange\":true}}\n",
      column, size);
  snprintf(path, sizeof path, "%s/_delta_log", table);
  if (mkdir(path, 0777) != 0) {
    return false;
  }
  snprintf(path, sizeof path, "%s/_delta_log/00000000000000000000.json", table);
  FILE *f = fopen(path, "w");
  bool fine = f != NULL && fwrite(text, 1, (size_t)n, f) == (size_t)n;
  return (f == NULL || fclose(f) == 0) && fine;
}

/* A table of one column and one row in part-0.parquet; of a column's name of one letter its size
 * is the same whatever the letter and the value. */
static bool make(const char *folder, const char *name, const char *column,
                 const char *value, long long *size) {
  char made[256], table[256], file[512], to[512], columns[16];
  struct stat st;
  snprintf(made, sizeof made, "%s/made", folder);
  snprintf(table, sizeof table, "%s/%s", folder, name);
  snprintf(to, sizeof to, "%s/part-0.parquet", table);
  snprintf(columns, sizeof columns, "%s:l", column);
  bool fine = wf_table(made, columns, &value, 1, NULL) &&
              wf_data_file(made, 0, file, sizeof file) && mkdir(table, 0777) == 0 &&
              rename(file, to) == 0 && stat(to, &st) == 0 &&
              write_log(table, column, (long long)st.st_size);
  *size = fine ? (long long)st.st_size : 0;
  return wf_remove(made) && fine;
}

WT_TEST(two_tables_of_equal_names_and_sizes) {
  static const char *const statements[][2] = {
      {"SELECT x, y FROM t CROSS JOIN u", "1|7;"},
      {"SELECT y, x FROM u CROSS JOIN t", "7|1;"},
      {"SELECT sum(x) AS s FROM t UNION ALL SELECT sum(y) FROM u ORDER BY 1", "1;7;"},
      {"SELECT y FROM u WHERE y > 6", "7;"},
      {"SELECT x FROM t WHERE x < 6", "1;"}};
  const size_t n = sizeof statements / sizeof statements[0];
  char folder[] = "/tmp/weir-places-XXXXXX", t[128], u[128];
  long long sizes[2];
  WT_CHECK(mkdtemp(folder) != NULL);
  snprintf(t, sizeof t, "%s/t", folder);
  snprintf(u, sizeof u, "%s/u", folder);
  WT_CHECK(make(folder, "t", "x", "1", &sizes[0]));
  WT_CHECK(make(folder, "u", "y", "7", &sizes[1]));
  WT_EQ_INT(sizes[0], sizes[1]);
  const wf_input inputs[] = {{.name = "t", .uri = t, .version = -1},
                             {.name = "u", .uri = u, .version = -1}};
  for (size_t first = 0; first < n; first++) {
    weir_session *s = wf_session(inputs, 2);
    for (size_t i = 0; i < n; i++) {
      const char *const *one = statements[(first + i) % n];
      WT_CHECK(wf_expect(s, one[0], one[1]));
    }
    weir_session_free(&s);
  }
  WT_CHECK(wf_remove(folder));
}

WT_TEST(a_table_made_anew_in_the_place_of_another) {
  char folder[] = "/tmp/weir-places-XXXXXX", t[128], sql[256];
  long long sizes[2];
  WT_CHECK(mkdtemp(folder) != NULL);
  snprintf(t, sizeof t, "%s/t", folder);
  snprintf(sql, sizeof sql, "SELECT * FROM read_delta('%s')", t);
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(make(folder, "t", "x", "1", &sizes[0]));
  WT_CHECK(wf_expect(s, sql, "1;"));
  WT_CHECK(wf_remove(t));
  WT_CHECK(make(folder, "t", "y", "7", &sizes[1]));
  WT_EQ_INT(sizes[0], sizes[1]);
  WT_CHECK(wf_expect(s, sql, "7;"));
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}
