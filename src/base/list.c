/* A growing array of pointers. */
#include "base/base.h"

void wi_list_release(wi_list *l) {
  wi_free(l->items);
  *l = (wi_list)WI_LIST_INIT;
}

bool wi_list_add(wi_list *l, void *item) {
  if (l->n == l->cap) {
    size_t cap = l->cap == 0 ? 8 : l->cap * 2;
    void **items = wi_realloc_array(l->items, cap, sizeof *items);
    if (items == NULL) {
      return false;
    }
    l->items = items;
    l->cap = cap;
  }
  l->items[l->n++] = item;
  return true;
}
