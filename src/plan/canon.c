/* The canonical digest of a plan: its tables, without any name but those of the root's
 * outputs. Scans enter by the order in which their tables first appear, columns by index, so
 * renaming a source, a view or an alias changes nothing; everything that can change a result
 * does. */
#include <string.h>

#include "plan/private.h"

#define WI_ORIGIN "plan"

enum column_use { SKIP, INT, TEXT };

/* Adds the chosen columns of every row of a plan table. */
static weir_status digest_rows(wi_engine *engine, const wb_plan *plan,
                               wi_br_plan_table which, const enum column_use *use,
                               int64_t columns, wi_digest *d, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  uint64_t n = 0;
  WI_CHECK(wi_br_plan_table_read(engine, plan, which, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    n++;
    for (int64_t c = 0; c < columns; c++) {
      if (use[c] == INT) {
        wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, c));
      } else if (use[c] == TEXT) {
        wi_str text = wi_cursor_text(rows, c);
        wi_digest_bytes(d, text.p, text.n);
      }
    }
  }
  wi_digest_u64(d, n);
done:
  wi_cursor_free(&rows);
  return status;
}

/* Only the root's outputs have names that anybody sees. */
static weir_status digest_outputs(wi_engine *engine, const wb_plan *plan, wi_digest *d,
                                  weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_OUTPUTS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    bool root = wi_cursor_int(rows, 0) == 0;
    wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, 0));
    wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, 1));
    if (root) {
      wi_str name = wi_cursor_text(rows, 3);
      wi_digest_bytes(d, name.p, name.n);
    }
    wi_str type = wi_cursor_text(rows, 4), metadata = wi_cursor_text(rows, 6);
    wi_digest_bytes(d, type.p, type.n);
    wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, 5));
    wi_digest_bytes(d, metadata.p, metadata.n);
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static weir_status input_ordinal(wi_plan_facts *facts, const char *key, size_t *ordinal,
                                 weir_error *err) {
  for (size_t i = 0; i < facts->n_inputs; i++) {
    if (strcmp(facts->inputs[i], key) == 0) {
      *ordinal = i;
      return WEIR_OK;
    }
  }
  char **grown = wi_realloc_array(facts->inputs, facts->n_inputs + 1, sizeof(*grown));
  if (grown == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  facts->inputs = grown;
  grown[facts->n_inputs] = wi_strdup(key);
  if (grown[facts->n_inputs] == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *ordinal = facts->n_inputs++;
  return WEIR_OK;
}

/* An input as declared, or what a table function stands for. */
static bool is_input(wi_str provider) {
  static const char kind[] = "late_bound";
  size_t n = sizeof(kind) - 1;
  return provider.n >= n && memcmp(provider.p, kind, n) == 0 &&
         (provider.n == n || provider.p[n] == ':');
}

static weir_status digest_scans(wi_engine *engine, const wb_plan *plan,
                                wi_plan_facts *facts, wi_digest *d, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  wi_buf key = WI_BUF_INIT;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_SCANS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str schema = wi_cursor_text(rows, 1), table = wi_cursor_text(rows, 2);
    wi_str provider = wi_cursor_text(rows, 3), projection = wi_cursor_text(rows, 4);
    size_t ordinal = 0;
    if (is_input(provider)) {
      wi_buf_clear(&key);
      wi_buf_fmt(&key, WI_STR_FMT "." WI_STR_FMT, WI_STR_ARG(schema), WI_STR_ARG(table));
      WI_CHECK(wi_buf_check(&key, err, WI_ORIGIN));
      WI_CHECK(input_ordinal(facts, wi_buf_text(&key), &ordinal, err));
    }
    wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, 0));
    wi_digest_bytes(d, provider.p, provider.n);
    wi_digest_u64(d, ordinal);
    wi_digest_bytes(d, projection.p, projection.n);
    wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, 5));
    wi_digest_u64(d, (uint64_t)wi_cursor_int(rows, 6));
  }
done:
  wi_buf_release(&key);
  wi_cursor_free(&rows);
  return status;
}

/* The functions that the plan calls, by name, origin and identity; each once. */
static weir_status digest_functions(wi_engine *engine, const wb_plan *plan,
                                    char out[WI_DIGEST_HEX], weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  wi_map seen = WI_MAP_INIT;
  wi_buf key = WI_BUF_INIT;
  wi_digest d;
  bool has = false;
  static char present;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_EXPRS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str op = wi_cursor_text(rows, 7), identity = wi_cursor_text(rows, 8);
    wi_str origin = wi_cursor_text(rows, 9);
    if (origin.n == 0) {
      continue;
    }
    wi_str name = wi_op_name(op);
    wi_buf_clear(&key);
    wi_buf_fmt(&key, WI_STR_FMT "|" WI_STR_FMT "|" WI_STR_FMT, WI_STR_ARG(name),
               WI_STR_ARG(origin), WI_STR_ARG(identity));
    if (key.failed || !wi_map_put(&seen, wi_buf_text(&key), &present)) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
  wi_digest_begin(&d, "weir.plan.functions");
  for (size_t i = 0; i < seen.n; i++) {
    wi_digest_text(&d, seen.entries[i].key);
  }
  wi_digest_end_hex(&d, out);
done:
  wi_buf_release(&key);
  wi_map_release(&seen);
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_plan_digest(wi_engine *engine, const wb_plan *plan, wi_plan_facts *out,
                           weir_error *err) {
  static const enum column_use nodes[] = {INT, INT, INT, TEXT, TEXT, INT};
  static const enum column_use exprs[] = {INT,  INT,  TEXT, INT,  INT,  INT, TEXT,
                                          TEXT, TEXT, TEXT, TEXT, SKIP, TEXT};
  static const enum column_use colrefs[] = {INT, INT, INT, INT, SKIP, SKIP, INT};
  weir_status status = WEIR_OK;
  wi_digest d;
  memset(out, 0, sizeof(*out));
  wi_digest_begin(&d, "weir.plan");
  WI_CHECK(digest_rows(engine, plan, WI_BR_PLAN_NODES, nodes, 6, &d, err));
  WI_CHECK(digest_outputs(engine, plan, &d, err));
  WI_CHECK(digest_rows(engine, plan, WI_BR_PLAN_EXPRS, exprs, 13, &d, err));
  WI_CHECK(digest_rows(engine, plan, WI_BR_PLAN_COLREFS, colrefs, 7, &d, err));
  WI_CHECK(digest_scans(engine, plan, out, &d, err));
  wi_digest_end_hex(&d, out->digest);
  WI_CHECK(digest_functions(engine, plan, out->functions_digest, err));
done:
  if (status != WEIR_OK) {
    wi_plan_facts_release(out);
  }
  return status;
}

void wi_plan_facts_release(wi_plan_facts *facts) {
  for (size_t i = 0; i < facts->n_inputs; i++) {
    wi_free(facts->inputs[i]);
  }
  wi_free(facts->inputs);
  memset(facts, 0, sizeof(*facts));
}
