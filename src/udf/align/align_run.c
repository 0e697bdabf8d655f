/* Runs interval_align over chunks of whole paths. */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "udf/align/align_call.h"
#include "udf/arrow_io.h"

typedef struct align_state {
  const wi_align_call *call;
  wi_align scratch;
  uint32_t *matches; /* of one group */
  size_t cap_matches;
} align_state;

#define WI_ORIGIN "udf"

const wi_rel_ops wi_align_ops = {
    .plan = wi_align_plan,
    .drop_call = wi_align_drop,
    .open = wi_align_open,
    .scratch = wi_align_scratch,
    .run = wi_align_run,
    .close = wi_align_close,
};

weir_status wi_align_open(const void *call, void **state, weir_error *err) {
  align_state *s = wi_alloc(sizeof(*s));
  *state = s;
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->call = call;
  return WEIR_OK;
}

void wi_align_close(void *state) {
  align_state *s = state;
  wi_align_release(&s->scratch);
  wi_free(s->matches);
  wi_free(s);
}

#define NO_MATCH "NO_MATCH"
/* Row numbers, score, offset and name of a row of the result. */
#define ROW_BYTES (2 * sizeof(int64_t) + sizeof(double) + sizeof(int32_t) + 16)

uint64_t wi_align_scratch(const void *state, uint64_t left_rows, uint64_t right_rows) {
  (void)state;
  return wi_align_bytes(left_rows, right_rows) +
         left_rows * (ROW_BYTES + sizeof(uint32_t));
}

static wi_align_column column_of(const struct ArrowArray *array) {
  wi_align_column c = {array->buffers[1], array->buffers[0], array->offset};
  return c;
}

/* A result under construction: every left row is in it at most once. */
typedef struct result {
  struct ArrowArray *out;
  int64_t *left, *right; /* NULL for no rows */
  uint8_t *right_valid;
  wi_text_out kind;
  double *score;
  uint8_t *score_valid;
  int64_t n, unmatched;
  size_t text;
} result;

static weir_status start_column(struct ArrowArray *out, enum ArrowType type, int64_t rows,
                                void **data, weir_error *err) {
  return wi_out_fixed(out, type, rows * 8, data, err);
}

static weir_status start(const align_state *s, int64_t rows, struct ArrowArray *out,
                         result *r, weir_error *err) {
  int64_t columns = s->call->meta ? 4 : 2;
  void *left = NULL, *right = NULL, *score = NULL;
  const char *name = wi_align_mode_name(s->call->mode);
  size_t longest = strlen(name) > strlen(NO_MATCH) ? strlen(name) : strlen(NO_MATCH);
  memset(r, 0, sizeof(*r));
  r->out = out;
  WI_TRY(
      wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "a result"));
  WI_TRY(wi_arrow_err(err, ArrowArrayAllocateChildren(out, columns), "a result"));
  WI_TRY(start_column(out->children[0], NANOARROW_TYPE_INT64, rows, &left, err));
  WI_TRY(start_column(out->children[1], NANOARROW_TYPE_INT64, rows, &right, err));
  r->left = left;
  r->right = right;
  if (s->call->meta) {
    WI_TRY(wi_out_text(out->children[2], "interval_align", rows, rows * (int64_t)longest,
                       &r->kind, err));
    WI_TRY(start_column(out->children[3], NANOARROW_TYPE_DOUBLE, rows, &score, err));
    r->score = score;
  }
  return WEIR_OK;
}

static void put(const align_state *s, result *r, int64_t left, int64_t right,
                uint64_t shared) {
  const char *kind = right < 0 ? NO_MATCH : wi_align_mode_name(s->call->mode);
  size_t n = strlen(kind);
  r->left[r->n] = left;
  r->right[r->n] = right; /* -1: null, seen by `seal` */
  r->unmatched += right < 0;
  if (s->call->meta) {
    memcpy(r->kind.data + r->text, kind, n);
    r->text += n;
    r->kind.offsets[r->n + 1] = (int32_t)r->text;
    r->score[r->n] = right < 0 ? 0.0 : (double)shared;
  }
  r->n++;
}

static void put_group(const align_state *s, const wi_align_rows *left,
                      const wi_align_rows *right, result *r) {
  for (int64_t i = 0; i < left->n; i++) {
    int64_t l = left->from + i;
    if (s->matches[i] == WI_ALIGN_NONE) {
      if (s->call->left_join) {
        put(s, r, l, -1, 0);
      }
      continue;
    }
    int64_t m = right->from + s->matches[i];
    uint64_t shared = wi_align_shared(left->start.values[left->start.offset + l],
                                      left->end.values[left->end.offset + l],
                                      right->start.values[right->start.offset + m],
                                      right->end.values[right->end.offset + m]);
    put(s, r, l, m, shared);
  }
}

/* The validity of what a row without a match has not. */
static weir_status matched_bits(const result *r, wi_valid *out, weir_error *err) {
  wi_valid_none(out);
  if (r->unmatched == 0) {
    return WEIR_OK;
  }
  WI_TRY(wi_arrow_err(err, ArrowBitmapReserve(&out->bitmap, r->n), "a bitmap"));
  for (int64_t i = 0; i < r->n; i++) {
    ArrowBitmapAppendUnsafe(&out->bitmap, r->right[i] >= 0, 1);
  }
  out->bits = out->bitmap.buffer.data;
  out->nulls = r->unmatched;
  return WEIR_OK;
}

static weir_status seal(const align_state *s, result *r, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_valid rows, scores;
  wi_valid_none(&rows);
  wi_valid_none(&scores);
  WI_CHECK(matched_bits(r, &rows, err));
  WI_CHECK(matched_bits(r, &scores, err));
  for (int64_t i = 0; i < r->n && r->unmatched > 0; i++) {
    r->right[i] = r->right[i] < 0 ? 0 : r->right[i];
  }
  wi_out_seal(r->out->children[0], r->n, NULL);
  wi_out_seal(r->out->children[1], r->n, &rows);
  if (s->call->meta) {
    wi_out_seal(r->out->children[2], r->n, NULL);
    wi_out_seal(r->out->children[3], r->n, &scores);
  }
  r->out->length = r->n;
  r->out->null_count = 0;
  WI_CHECK(wi_out_finish(r->out, err));
done:
  wi_valid_release(&rows);
  wi_valid_release(&scores);
  return status;
}

static weir_status room_for_matches(align_state *s, int64_t rows, weir_error *err) {
  if ((size_t)rows <= s->cap_matches) {
    return WEIR_OK;
  }
  wi_free(s->matches);
  s->cap_matches = 0;
  s->matches = wi_alloc_array((size_t)rows, sizeof(*s->matches));
  if (s->matches == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->cap_matches = (size_t)rows;
  return WEIR_OK;
}

weir_status wi_align_run(void *state, const wi_rel_chunk *chunk, struct ArrowArray *out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  align_state *s = state;
  result r;
  wi_align_rows left = {.start = column_of(chunk->left[0]),
                        .end = column_of(chunk->left[1])};
  wi_align_rows right = {.start = column_of(chunk->right[0]),
                         .end = column_of(chunk->right[1])};
  memset(out, 0, sizeof(*out));
  s->scratch.stopped = chunk->stopped;
  s->scratch.stop = chunk->stop;
  WI_CHECK(start(s, chunk->left_offsets[chunk->n_groups], out, &r, err));
  for (size_t g = 0; g < chunk->n_groups; g++) {
    left.from = chunk->left_offsets[g];
    left.n = chunk->left_offsets[g + 1] - left.from;
    right.from = chunk->right_offsets[g];
    right.n = chunk->right_offsets[g + 1] - right.from;
    WI_CHECK(room_for_matches(s, left.n, err));
    WI_CHECK(wi_align_group(&s->scratch, s->call->mode, &left, &right, s->matches, err));
    if (wi_align_stopped(&s->scratch)) {
      status = WI_ERR(err, WEIR_E_CANCELLED, "the call was asked to stop");
      goto done;
    }
    put_group(s, &left, &right, &r);
  }
  WI_CHECK(seal(s, &r, err));
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}
