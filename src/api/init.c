/* A new project's files. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

static const char project_text[] =
    "# A weir project: sources, parameters, and the views beside this file.\n"
    "name: %s\n"
    "warehouse: ./lake\n"
    "\n"
    "# Input tables, by name. A version pins one; without it a run takes the latest.\n"
    "sources: {}\n"
    "#  orders: {table: ./data/orders}\n"
    "#  rates:  {table: s3://bucket/rates, version: 12}\n"
    "\n"
    "# Typed parameters, used in SQL as $name.\n"
    "parameters:\n"
    "  upto: {type: int64, default: 10}\n";

static const char view_text[] =
    "/* weir\n"
    "materialized: table\n"
    "key: [n]\n"
    "constraints: {positive: \"square > 0\"}\n"
    "description: The squares up to a parameter; replace it by a view of your own.\n"
    "*/\n"
    "SELECT value AS n, value * value AS square\n"
    "FROM range(1, $upto + 1)\n";

static weir_status check_empty(const char *folder, weir_error *err) {
  wi_list names = WI_LIST_INIT;
  weir_error ignored = WEIR_ERROR_INIT;
  weir_status status = wi_dir_list(folder, &names, &ignored);
  size_t visible = 0;
  for (size_t i = 0; i < names.n; i++) {
    visible += ((const char *)names.items[i])[0] != '.';
    wi_free(names.items[i]);
  }
  wi_list_release(&names);
  if (status == WEIR_E_NOT_FOUND) {
    weir_error_release(&ignored);
    return WEIR_OK;
  }
  wi_err_move(err, &ignored);
  if (status == WEIR_OK && visible > 0) {
    wi_err_hint(err, "name a new folder");
    return WI_ERR(err, WEIR_E_USAGE, "the folder '%s' is not empty", folder);
  }
  return status;
}

/* The folder's own name as a project name. */
static weir_status default_name(const char *folder, wi_buf *out, weir_error *err) {
  wi_buf path = WI_BUF_INIT;
  weir_status status = wi_path_absolute(folder, &path, err);
  if (status == WEIR_OK) {
    const char *slash = strrchr(wi_buf_text(&path), '/');
    for (const char *p = slash != NULL ? slash + 1 : wi_buf_text(&path); *p != '\0';
         p++) {
      bool fine = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9' && out->n > 0);
      wi_buf_chr(out, fine ? *p : *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : '_');
    }
    if (!wi_name_valid(wi_buf_text(out))) {
      wi_buf_clear(out);
      wi_buf_str(out, "project");
    }
    status = wi_buf_check(out, err, WI_ORIGIN);
  }
  wi_buf_release(&path);
  return status;
}

static weir_status put(const char *folder, const char *name, const wi_buf *text,
                       weir_error *err) {
  wi_buf path = WI_BUF_INIT;
  wi_path_join(&path, folder, name);
  weir_status status = wi_buf_check(&path, err, WI_ORIGIN);
  if (status == WEIR_OK) {
    status = wi_file_put_new(wi_buf_text(&path), text->p, text->n, err);
  }
  wi_buf_release(&path);
  return status;
}

weir_status weir_project_init(const char *folder, const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf own = WI_BUF_INIT, text = WI_BUF_INIT, views = WI_BUF_INIT;
  WI_ARG(folder, err);
  WI_CHECK(check_empty(folder, err));
  if (name != NULL) {
    wi_buf_str(&own, name);
  } else {
    WI_CHECK(default_name(folder, &own, err));
  }
  WI_CHECK(wi_spec_name_check("project", wi_buf_text(&own), err));
  wi_path_join(&views, folder, "views");
  WI_CHECK(wi_buf_check(&views, err, WI_ORIGIN));
  WI_CHECK(wi_dir_make(wi_buf_text(&views), err));
  wi_buf_fmt(&text, project_text, wi_buf_text(&own));
  WI_CHECK(wi_buf_check(&text, err, WI_ORIGIN));
  WI_CHECK(put(folder, "weir.yml", &text, err));
  wi_buf_clear(&text);
  wi_buf_str(&text, view_text);
  WI_CHECK(put(folder, "views/squares.sql", &text, err));
done:
  wi_buf_release(&own);
  wi_buf_release(&text);
  wi_buf_release(&views);
  return status;
}
