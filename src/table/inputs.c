/* Which of two results is the newer one: by the versions that both were made from. */
#include <string.h>

#include <jansson.h>

#include "table/table.h"

static const char *text(const json_t *input, const char *key) {
  const char *found = json_string_value(json_object_get(input, key));
  return found != NULL ? found : "";
}

static bool alike(const json_t *a, const json_t *b, const char *key) {
  return strcmp(text(a, key), text(b, key)) == 0;
}

static const json_t *named(const json_t *inputs, const char *name) {
  for (size_t i = 0; i < json_array_size(inputs); i++) {
    if (strcmp(text(json_array_get(inputs, i), "name"), name) == 0) {
      return json_array_get(inputs, i);
    }
  }
  return NULL;
}

/* -1, 0, 1: theirs is older, the same, newer; 2: they cannot be compared. */
static int compare(const json_t *theirs, const json_t *ours) {
  if (theirs == NULL || !alike(theirs, ours, "kind") || !alike(theirs, ours, "uri") ||
      !alike(theirs, ours, "table_id")) {
    return 2;
  }
  const json_t *a = json_object_get(theirs, "version");
  const json_t *b = json_object_get(ours, "version");
  if (!json_is_integer(a) || !json_is_integer(b)) {
    return alike(theirs, ours, "identity") ? 0 : 2;
  }
  json_int_t x = json_integer_value(a), y = json_integer_value(b);
  return x < y ? -1 : x > y;
}

wi_than wi_inputs_than(const char *theirs_json, const char *ours_json) {
  json_t *theirs = theirs_json != NULL ? json_loads(theirs_json, 0, NULL) : NULL;
  json_t *ours = ours_json != NULL ? json_loads(ours_json, 0, NULL) : NULL;
  bool known = json_is_array(theirs) && json_is_array(ours) &&
               json_array_size(theirs) == json_array_size(ours);
  bool newer = false, older = false;
  for (size_t i = 0; known && i < json_array_size(ours); i++) {
    const json_t *mine = json_array_get(ours, i);
    int order = compare(named(theirs, text(mine, "name")), mine);
    known = order != 2;
    newer = newer || order == 1;
    older = older || order == -1;
  }
  json_decref(theirs);
  json_decref(ours);
  return known && newer && !older   ? WI_THAN_NEWER
         : known && older && !newer ? WI_THAN_OLDER
                                    : WI_THAN_OTHER;
}
