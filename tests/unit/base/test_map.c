/* Map and list. */
#include <stdlib.h>

#include "base/base.h"
#include "common/test.h"

WT_TEST(iterates_by_bytes) {
  wi_map m = WI_MAP_INIT;
  int values[6] = {0};
  static const char *const keys[] = {"b", "a", "\xC3\xA9", "B", "ab", ""};
  static const char *const sorted[] = {"", "B", "a", "ab", "b", "\xC3\xA9"};
  for (size_t i = 0; i < 6; i++) {
    WT_CHECK(wi_map_put(&m, keys[i], &values[i]));
  }
  WT_EQ_INT(m.n, 6);
  for (size_t i = 0; i < 6; i++) {
    WT_EQ_STR(m.entries[i].key, sorted[i]);
    WT_CHECK(wi_map_get(&m, keys[i]) == &values[i]);
  }
  WT_CHECK(wi_map_get(&m, "c") == NULL && !wi_map_has(&m, "c"));
  wi_map_release(&m);
}

WT_TEST(replaces_and_removes) {
  wi_map m = WI_MAP_INIT;
  int one = 1, two = 2;
  char key[] = "k";
  WT_CHECK(wi_map_put(&m, key, &one) && wi_map_put(&m, key, &two));
  key[0] = 'x';
  WT_EQ_INT(m.n, 1);
  WT_CHECK(wi_map_get(&m, "k") == &two);
  WT_CHECK(wi_map_put(&m, "null", NULL));
  WT_CHECK(wi_map_has(&m, "null") && wi_map_get(&m, "null") == NULL);
  wi_map_remove(&m, "k");
  wi_map_remove(&m, "absent");
  WT_EQ_INT(m.n, 1);
  WT_CHECK(!wi_map_has(&m, "k") && wi_map_has(&m, "null"));
  wi_map_release(&m);
  wi_map_release(&m);
}

/* Against a plain table of what should be there. */
WT_TEST(random_operations) {
  static int box[500];
  bool there[500] = {false};
  size_t n = 0;
  wi_map m = WI_MAP_INIT;
  srand(3);
  for (int i = 0; i < 20000; i++) {
    int k = rand() % 500;
    char key[16];
    snprintf(key, sizeof key, "%d", k);
    if (rand() % 3 > 0) {
      WT_CHECK(wi_map_put(&m, key, &box[k]));
      n += there[k] ? 0 : 1;
      there[k] = true;
    } else {
      wi_map_remove(&m, key);
      n -= there[k] ? 1 : 0;
      there[k] = false;
    }
    WT_EQ_INT(m.n, n);
  }
  for (int k = 0; k < 500; k++) {
    char key[16];
    snprintf(key, sizeof key, "%d", k);
    WT_CHECK(wi_map_get(&m, key) == (there[k] ? &box[k] : NULL));
  }
  for (size_t i = 1; i < m.n; i++) {
    WT_CHECK(strcmp(m.entries[i - 1].key, m.entries[i].key) < 0);
  }
  wi_map_release(&m);
}

WT_TEST(list_keeps_order) {
  static int box[1000];
  wi_list l = WI_LIST_INIT;
  for (int i = 0; i < 1000; i++) {
    WT_CHECK(wi_list_add(&l, &box[i]));
  }
  WT_EQ_INT(l.n, 1000);
  for (int i = 0; i < 1000; i++) {
    WT_CHECK(l.items[i] == &box[i]);
  }
  wi_list_release(&l);
  WT_CHECK(l.items == NULL && l.n == 0);
}
