/* What files call the columns of a table: the same, or, where columns are mapped, a physical name
 * or an id. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delta/files.h"
#include "delta/internal.h"

#define WI_ORIGIN "delta"

typedef enum mapping { MAPPED_NOT, MAPPED_BY_NAME, MAPPED_BY_ID } mapping;

static int set_metadata(struct ArrowSchema *field, const char *key, const char *value) {
  struct ArrowBuffer buffer;
  NANOARROW_RETURN_NOT_OK(ArrowMetadataBuilderInit(&buffer, NULL));
  int code =
      ArrowMetadataBuilderAppend(&buffer, ArrowCharView(key), ArrowCharView(value));
  if (code == NANOARROW_OK) {
    code = ArrowSchemaSetMetadata(field, (const char *)buffer.data);
  }
  ArrowBufferReset(&buffer);
  return code;
}

static weir_status unmapped(const char *name, const char *what, weir_error *err) {
  weir_status status = WI_ERR(err, WEIR_E_LOG_CORRUPT,
                              "column '%.200s' is mapped and has no %s", name, what);
  wi_err_hint(err,
              "the metaData action of the table is damaged; restore the table's log");
  return status;
}

static weir_status name_type(mapping how, const json_t *type, struct ArrowSchema *out,
                             weir_error *err);

static weir_status name_field(mapping how, const json_t *field, struct ArrowSchema *out,
                              weir_error *err) {
  const json_t *metadata = wi_delta_json_get(field, "metadata");
  const char *physical = wi_delta_json_text(metadata, "delta.columnMapping.physicalName");
  int64_t id = wi_delta_json_int(metadata, "delta.columnMapping.id", INT64_MIN);
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRId64, id);
  if (how == MAPPED_BY_ID && id == INT64_MIN) {
    return unmapped(out->name, "id", err);
  }
  if (how == MAPPED_BY_NAME && physical == NULL) {
    return unmapped(out->name, "physical name", err);
  }
  int code = how == MAPPED_BY_ID ? set_metadata(out, WI_STORED_ID, digits)
                                 : set_metadata(out, WI_STORED_NAME, physical);
  return code == NANOARROW_OK ? name_type(how, json_object_get(field, "type"), out, err)
                              : wi_err_nomem(err, WI_ORIGIN);
}

/* The two have the same shape: one was made of the other. */
static weir_status name_type(mapping how, const json_t *type, struct ArrowSchema *out,
                             weir_error *err) {
  const json_t *fields = json_object_get(type, "fields");
  const json_t *element = json_object_get(type, "elementType");
  const json_t *key = json_object_get(type, "keyType");
  for (size_t i = 0; i < json_array_size(fields) && (int64_t)i < out->n_children; i++) {
    WI_TRY(name_field(how, json_array_get(fields, i), out->children[i], err));
  }
  if (json_is_object(element) && out->n_children == 1) {
    WI_TRY(name_type(how, element, out->children[0], err));
  }
  if (key != NULL && out->n_children == 1 && out->children[0]->n_children == 2) {
    struct ArrowSchema *entries = out->children[0];
    WI_TRY(name_type(how, key, entries->children[0], err));
    WI_TRY(name_type(how, json_object_get(type, "valueType"), entries->children[1], err));
  }
  return WEIR_OK;
}

static mapping mapping_of(const wi_meta *meta) {
  const char *mode = wi_meta_property(meta, "delta.columnMapping.mode");
  if (mode == NULL || wi_ascii_same(mode, "none")) {
    return MAPPED_NOT;
  }
  return wi_ascii_same(mode, "id") ? MAPPED_BY_ID : MAPPED_BY_NAME;
}

weir_status wi_files_columns(const wi_meta *meta, struct ArrowSchema *out,
                             weir_error *err) {
  mapping how = mapping_of(meta);
  WI_TRY(wi_meta_arrow(meta, out, err));
  weir_status status =
      how == MAPPED_NOT ? WEIR_OK : name_type(how, wi_meta_schema_tree(meta), out, err);
  if (status != WEIR_OK && out->release != NULL) {
    out->release(out);
  }
  return status;
}
