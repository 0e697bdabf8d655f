/* Inside tsan.c and tsan_calls.c: the order of what goes over to the engine and comes back. */
#ifndef WI_BRIDGE_TSAN_H
#define WI_BRIDGE_TSAN_H

#include "bridge/private.h"

#ifdef __SANITIZE_THREAD__

#include <sanitizer/tsan_interface.h>

/* Two places to be ordered by. */
typedef struct wi_tsan_edge {
  uint64_t made, used;
} wi_tsan_edge;

static inline void made(wi_tsan_edge *e) {
  __tsan_release(&e->made);
}

static inline void enter(wi_tsan_edge *e) {
  __tsan_acquire(&e->made);
}

static inline void leave(wi_tsan_edge *e) {
  __tsan_release(&e->used);
}

static inline void last(wi_tsan_edge *e) {
  __tsan_acquire(&e->made);
  __tsan_acquire(&e->used);
}

/* Of what one thread has at a time. */
static inline void take_turn(wi_tsan_edge *e) {
  __tsan_acquire(&e->made);
}

static inline void end_turn(wi_tsan_edge *e) {
  __tsan_release(&e->made);
}

/* Zeroed; there is always memory. */
void *wi_tsan_make(size_t size);
/* Shows the block of each buffer that is on the heap; its edge is in the block itself. */
void wi_tsan_buffers(const struct ArrowArray *array, void (*visit)(wi_tsan_edge *block));
void wi_tsan_buffers_of(size_t n, const struct ArrowArray *const *arrays,
                        void (*visit)(wi_tsan_edge *block));
/* An array of ours goes to the engine, which releases it when nobody reads it any more. */
void wi_tsan_array_out(struct ArrowArray *array);

/* The engine's own calls; one library whoever loads it. */
extern wi_engine_table wi_tsan_engine;
/* The wrapped ones. */
int wi_tsan_add_scalar(wb_sess *sess, const wb_scalar_fn *fn, wb_err *err);
int wi_tsan_add_aggregate(wb_sess *sess, const wb_aggregate_fn *fn, wb_err *err);
int wi_tsan_add_relation(wb_sess *sess, const wb_relation_fn *fn, wb_err *err);

#endif

#endif
