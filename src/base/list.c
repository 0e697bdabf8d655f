/* A growing array of pointers. */
#include "base/base.h"

void wi_list_release(wi_list *l) {
  wi_free(l->items);
  *l = (wi_list)WI_LIST_INIT;
}

bool wi_list_add(wi_list *l, void *item) {
  void **place = wi_vec_add(l);
  if (place == NULL) {
    return false;
  }
  *place = item;
  return true;
}
