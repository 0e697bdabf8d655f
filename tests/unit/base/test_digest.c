/* Digests against the vectors published with BLAKE3 (input byte i is i mod 251), and the
 * framing of fields against a digest computed from the framed bytes. */
#include "base/base.h"
#include "common/test.h"

typedef struct vector {
  size_t n;
  const char *hex;
} vector;

static const vector vectors[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {2, "7b7015bb92cf0b318037702a6cdd81dee41224f734684c2c122cd6359cb1ee63"},
    {3, "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f"},
    {63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"},
    {64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"},
    {65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
    {8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
    {31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
    {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
};

WT_TEST(published_vectors) {
  static uint8_t input[102400];
  char hex[WI_DIGEST_HEX];
  for (size_t i = 0; i < sizeof input; i++) {
    input[i] = (uint8_t)(i % 251);
  }
  for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
    wi_blake3_hex(input, vectors[i].n, hex);
    WT_EQ_STR(hex, vectors[i].hex);
  }
  wi_blake3_hex(NULL, 0, hex);
  WT_EQ_STR(hex, vectors[0].hex);
}

/* The framing is part of stored identifiers, so it must never change: the same bytes laid
 * out by hand, and the value that another implementation gives for them. */
WT_TEST(fields_are_framed) {
  static const char framed[] =
      "\x0B\0\0\0\0\0\0\0test domain"
      "\x03\0\0\0\0\0\0\0"
      "abc"
      "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
      "\0\0\0\0\0\0\0\0"
      "\x08\0\0\0\0\0\0\0\x02\x01\0\0\0\0\0";
  char hex[WI_DIGEST_HEX], plain[WI_DIGEST_HEX];
  wi_digest d;
  wi_digest_begin(&d, "test domain");
  wi_digest_text(&d, "abc");
  wi_digest_text(&d, NULL);
  wi_digest_text(&d, "");
  wi_digest_u64(&d, 258);
  wi_digest_end_hex(&d, hex);
  wi_blake3_hex(framed, sizeof framed, plain); /* the literal's NUL is the last byte */
  WT_EQ_STR(hex, plain);
  WT_EQ_STR(hex, "c9fa1243cdb169573076608c8a0a45ccfcba9cdc6100beaa8860ec577d1dfe51");
}

static void pair(const char *domain, const char *a, const char *b,
                 char out[WI_DIGEST_HEX]) {
  wi_digest d;
  wi_digest_begin(&d, domain);
  wi_digest_text(&d, a);
  wi_digest_text(&d, b);
  wi_digest_end_hex(&d, out);
}

WT_TEST(field_borders_matter) {
  static const char *const pairs[][3] = {
      {"d", "ab", "c"}, {"d", "a", "bc"},   {"d", "abc", ""},
      {"d", "", "abc"}, {"d", NULL, "abc"}, {"da", "b", "c"},
      {"d", NULL, ""},  {"d", "", NULL},    {"d", "", ""}};
  enum { N = sizeof pairs / sizeof pairs[0] };
  char hex[N][WI_DIGEST_HEX];
  for (size_t i = 0; i < N; i++) {
    pair(pairs[i][0], pairs[i][1], pairs[i][2], hex[i]);
    for (size_t j = 0; j < i; j++) {
      WT_CHECK(strcmp(hex[i], hex[j]) != 0);
    }
  }
}

WT_TEST(bytes_equal_text_and_end_may_be_read_twice) {
  char a[WI_DIGEST_HEX], b[WI_DIGEST_HEX];
  wi_digest d;
  wi_digest_begin(&d, "d");
  wi_digest_bytes(&d, "xy", 2);
  wi_digest_bytes(&d, NULL, 0);
  wi_digest_end_hex(&d, a);
  wi_digest_end_hex(&d, b);
  WT_EQ_STR(a, b);
  pair("d", "xy", "", b);
  WT_EQ_STR(a, b);
}

WT_TEST(hex_digits) {
  static const uint8_t bytes[] = {0x00, 0x0F, 0xA0, 0xFF};
  char out[9];
  wi_hex(bytes, 4, out);
  WT_EQ_STR(out, "000fa0ff");
  wi_hex(bytes, 0, out);
  WT_EQ_STR(out, "");
}
