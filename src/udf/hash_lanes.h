/* BLAKE2b of as many texts of one block as VECTOR has lanes, one text a lane; included once for
 * each kind of processor. Needs VECTOR, LANES, TARGET, RUN (the function's name) and TURN(x, bits),
 * a rotation of each lane to the right. */

#define HALF(w, m, a, b, c, d, word, left, right) \
  w[a] += w[b] + m[word];                         \
  w[d] = TURN(w[d] ^ w[a], left);                 \
  w[c] += w[d];                                   \
  w[b] = TURN(w[b] ^ w[c], right)
#define MIX(w, m, a, b, c, d, x, y)  \
  HALF(w, m, a, b, c, d, x, 32, 24); \
  HALF(w, m, a, b, c, d, y, 16, 63)
/* The words of the message in the order in which a round takes them. */
#define ROUND(w, m, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, \
              s15)                                                                   \
  MIX(w, m, 0, 4, 8, 12, s0, s1);                                                    \
  MIX(w, m, 1, 5, 9, 13, s2, s3);                                                    \
  MIX(w, m, 2, 6, 10, 14, s4, s5);                                                   \
  MIX(w, m, 3, 7, 11, 15, s6, s7);                                                   \
  MIX(w, m, 0, 5, 10, 15, s8, s9);                                                   \
  MIX(w, m, 1, 6, 11, 12, s10, s11);                                                 \
  MIX(w, m, 2, 7, 8, 13, s12, s13);                                                  \
  MIX(w, m, 3, 4, 9, 14, s14, s15)

__attribute__((target(TARGET))) static void RUN(wi_hashes *h) {
  const VECTOR none = {0};
  VECTOR m[16], w[16], lengths;
  for (int lane = 0; lane < LANES; lane++) {
    lengths[lane] = h->lengths[lane];
    for (int i = 0; i < 16; i++) {
      m[i][lane] = h->blocks[lane][i];
    }
  }
  for (int i = 0; i < 8; i++) {
    w[i] = none + start[i];
    w[i + 8] = none + start[i];
  }
  w[0] ^= none + (PARAMETERS ^ h->one.length);
  const VECTOR first = w[0], second = w[1];
  w[12] ^= lengths;
  w[14] = ~w[14]; /* the last block */
  ROUND(w, m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  ROUND(w, m, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
  ROUND(w, m, 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4);
  ROUND(w, m, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8);
  ROUND(w, m, 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13);
  ROUND(w, m, 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9);
  ROUND(w, m, 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11);
  ROUND(w, m, 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10);
  ROUND(w, m, 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5);
  ROUND(w, m, 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0);
  ROUND(w, m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  ROUND(w, m, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
  const VECTOR out[2] = {first ^ w[0] ^ w[8], second ^ w[1] ^ w[9]};
  for (size_t lane = 0; lane < h->used; lane++) {
    const uint64_t words[2] = {out[0][lane], out[1][lane]};
    memcpy(h->out[lane], words, h->one.length);
  }
}

#undef HALF
#undef MIX
#undef ROUND
#undef VECTOR
#undef LANES
#undef TARGET
#undef RUN
#undef TURN
