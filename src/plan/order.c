/* The list of functions to which the order of rows may matter (tables/order.def). */
#include "plan/tables.h"

const wi_order_fn *wi_order_fn_find(wi_str name) {
#define WI_ORDER_FN(name, order, picks) {#name, WI_ORDER_##order, WI_PICKS_##picks},
  static const wi_order_fn list[] = {
#include "../../tables/order.def"
  };
#undef WI_ORDER_FN
  for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
    if (wi_str_eq(name, list[i].name)) {
      return &list[i];
    }
  }
  return NULL;
}
