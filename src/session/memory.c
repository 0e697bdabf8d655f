/* What an execution may do with the memory it has: one place for queries, views, writes, gates. */
#include "session/session.h"

#define WI_ORIGIN "session"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

#define ROW_GROUP_ROWS ((uint64_t)1 << 20)
#define ROW_GROUP_MOST (128 * MIB)
#define BOUND_BYTES 256 /* no shorter than 32 characters, which the log has of a text */
#define PART_MOST   (10 * MIB)
#define PART_REMOTE (5 * MIB) /* no store takes smaller ones */
#define PARTS_MOST  8
#define PARTITION_LEAST (8 * MIB) /* when planned again */
#define CUT_LEAST       (64 * KIB)
#define CUT_MOST        (16 * MIB)
#define RESERVE_LEAST   (16 * KIB)
#define RESERVE_MOST    MIB

typedef struct memory_row {
  uint32_t partitions, batch_rows;
  bool hash_joins;
  uint32_t gather, merge;
  uint64_t in_place, wide;
  uint32_t top_rows;
} memory_row;

static const memory_row rows[] = {
#define WI_MEMORY_ROW(attempt, partitions, batch_rows, hash_joins, gather, merge, \
                      in_place, wide, top_rows)                                   \
  [WI_ATTEMPT_##attempt] = {partitions, batch_rows, hash_joins, gather,           \
                            merge,      in_place,   wide,       top_rows},
#include "../../tables/memory.def"
#undef WI_MEMORY_ROW
};

static uint64_t between(uint64_t least, uint64_t n, uint64_t most) {
  return n < least ? least : n > most ? most : n;
}

/* Each partition's sorts need room of their own. */
static uint32_t partitions_of(const wi_exec_room *room, const memory_row *row) {
  uint64_t n = room->partitions;
  if (!row->hash_joins && room->memory > 0) {
    n = between(1, room->memory / PARTITION_LEAST, n);
  }
  return (uint32_t)between(row->partitions, n, UINT32_MAX);
}

void wi_exec_options(const wi_session *s, const wi_exec_room *room, wi_attempt attempt,
                     wi_br_exec_options *out) {
  const memory_row *row = &rows[attempt];
  uint32_t partitions = room->in_memory ? 1 : partitions_of(room, row);
  *out = (wi_br_exec_options){0};
  out->partitions = partitions;
  out->batch_rows = row->batch_rows;
  out->memory_bytes = room->memory;
  out->spill_dir = room->in_memory ? NULL : s->spill_dir;
  out->spill_bytes = s->spill_limit;
  out->no_hash_join = !row->hash_joins;
  /* What cannot spill has nothing to spill earlier for. */
  out->gather_percent = room->in_memory ? 100 : row->gather;
  out->merge_percent = row->merge;
  out->sort_in_place_bytes = row->in_place;
  out->top_rows = row->top_rows;
  out->cut_bytes = CUT_MOST;
  /* Where the order of additions shows, batches end where they end whatever memory there is. */
  if (room->memory == 0 || room->in_memory) {
    return;
  }
  /* As much as the pool keeps for each of thirty merges. */
  out->sort_reserve_bytes = between(RESERVE_LEAST, room->memory / 64, RESERVE_MOST);
  out->cut_bytes = between(CUT_LEAST, room->memory / 8 / partitions, CUT_MOST);
  out->wide_bytes = row->wide == 0 ? 0 : room->memory / row->wide;
}

void wi_stage_options(uint64_t memory, bool local, wi_br_stage_options *out) {
  uint64_t quarter = memory > 0 ? memory / 4 : ROW_GROUP_MOST;
  out->row_group_rows = ROW_GROUP_ROWS;
  out->row_group_bytes = between(MIB, quarter, ROW_GROUP_MOST);
  out->bound_bytes = BOUND_BYTES;
  out->part_bytes = between(local ? MIB : PART_REMOTE, quarter / 4, PART_MOST);
  out->parts_in_flight = (uint32_t)between(1, quarter / out->part_bytes, PARTS_MOST);
}

bool wi_exec_again(weir_status status, const wi_exec_room *room, wi_attempt *attempt) {
  if (status != WEIR_E_MEMORY || room->in_memory || *attempt != WI_ATTEMPT_FIRST) {
    return false;
  }
  *attempt = WI_ATTEMPT_LESS;
  return true;
}

weir_status wi_exec_said(weir_status status, weir_error *first, weir_error *again) {
  if (status == WEIR_E_STREAM_USED || status == WEIR_E_MEMORY) {
    weir_error_release(again);
    return WEIR_E_MEMORY;
  }
  wi_err_move(first, again);
  return status;
}
