/* Reading a SCIP index: protobuf's wire format, four messages deep. Field numbers are those of
 * scip.proto (sourcegraph/scip): Index.documents 2; Document.relative_path 1, occurrences 2,
 * position_encoding 6; Occurrence.range 1, symbol 2, symbol_roles 3, syntax_kind 5. */
#include "scip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

typedef struct reader {
  const char *start, *at, *end;
} reader;

typedef struct field {
  uint32_t number, wire;
  uint64_t value; /* of a varint */
  cf_text bytes;
} field;

static reader reader_of(cf_text message) {
  return (reader){message.p, message.p, message.p + message.n};
}

static bool varint(reader *r, uint64_t *out) {
  *out = 0;
  for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
    uint8_t byte = (uint8_t)*r->at++;
    *out |= (uint64_t)(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      return true;
    }
  }
  return false;
}

/* The next field; false: the message is malformed. At its end number is 0. */
static bool next_field(reader *r, field *out) {
  uint64_t key = 0;
  *out = (field){0};
  if (r->at == r->end) {
    return true;
  }
  if (!varint(r, &key) || key >> 3 == 0 || key >> 3 > INT32_MAX) {
    return false;
  }
  out->number = (uint32_t)(key >> 3);
  out->wire = (uint32_t)(key & 7);
  uint64_t size = 0;
  switch (out->wire) {
    case WIRE_VARINT:
      return varint(r, &out->value);
    case WIRE_FIXED64:
      size = 8;
      break;
    case WIRE_FIXED32:
      size = 4;
      break;
    case WIRE_BYTES:
      if (!varint(r, &size)) {
        return false;
      }
      break;
    default: /* groups are not in SCIP */
      return false;
  }
  if (size > (uint64_t)(r->end - r->at) || size > UINT32_MAX) {
    return false;
  }
  out->bytes = (cf_text){r->at, (uint32_t)size};
  r->at += size;
  return true;
}

static bool malformed(const cf_document *d, cf_error *err) {
  return cf_fail(err, "the SCIP index is malformed%s%s", d != NULL ? " in document " : "",
                 d != NULL && d->path != NULL ? d->path : "");
}

/* ---- occurrences ---- */

/* The range: packed, or one field for each number. */
static bool add_numbers(const field *f, int32_t range[4], size_t *n) {
  reader r = reader_of(f->bytes);
  uint64_t value = f->value;
  do {
    if (f->wire == WIRE_BYTES && !varint(&r, &value)) {
      return r.at == r.end && f->bytes.n == 0;
    }
    if (*n == 4 || value > INT32_MAX) {
      return false;
    }
    range[(*n)++] = (int32_t)value;
  } while (f->wire == WIRE_BYTES && r.at < r.end);
  return true;
}

static bool read_occurrence(cf_text message, cf_occurrence *out) {
  reader r = reader_of(message);
  int32_t range[4] = {0};
  size_t n = 0;
  field f;
  *out = (cf_occurrence){.symbol = {"", 0}};
  do {
    if (!next_field(&r, &f)) {
      return false;
    }
    bool ok = true;
    if (f.number == 1) {
      ok = (f.wire == WIRE_BYTES || f.wire == WIRE_VARINT) && add_numbers(&f, range, &n);
    } else if (f.number == 2) {
      ok = f.wire == WIRE_BYTES;
      out->symbol = f.bytes;
    } else if (f.number == 3 || f.number == 5) {
      ok = f.wire == WIRE_VARINT && f.value <= INT32_MAX;
      *(f.number == 3 ? &out->roles : &out->syntax_kind) = (int32_t)f.value;
    }
    if (!ok) {
      return false;
    }
  } while (f.number != 0);
  /* Three numbers: one line. */
  out->start_line = range[0];
  out->start_char = range[1];
  out->end_line = n == 4 ? range[2] : range[0];
  out->end_char = n == 4 ? range[3] : range[2];
  return (n == 3 || n == 4) &&
         (out->end_line > out->start_line ||
          (out->end_line == out->start_line && out->end_char >= out->start_char)) &&
         cf_utf8_error(out->symbol.p, out->symbol.n) == out->symbol.n;
}

static bool add_occurrence(cf_document *d, cf_text message, cf_error *err) {
  if (d->n == d->cap) {
    size_t cap = d->cap == 0 ? 64 : d->cap * 2;
    cf_occurrence *items = realloc(d->items, cap * sizeof(*items));
    if (items == NULL) {
      return cf_fail(err, "out of memory");
    }
    d->items = items;
    d->cap = cap;
  }
  if (!read_occurrence(message, &d->items[d->n])) {
    return cf_fail(err, "occurrence %zu of document %s in the SCIP index is malformed",
                   d->n + 1, d->path);
  }
  d->n++;
  return true;
}

/* ---- documents ---- */

static const char *unit_name(uint64_t encoding) {
  static const char *const names[] = {"unspecified", "utf8", "utf16", "utf32"};
  return encoding < sizeof(names) / sizeof(names[0]) ? names[encoding] : NULL;
}

static bool read_document_head(cf_document *d, int32_t buckets, cf_error *err) {
  reader r = reader_of(d->message);
  cf_text path = CF_NULL;
  field f;
  d->unit = unit_name(0);
  do {
    if (!next_field(&r, &f)) {
      return malformed(NULL, err);
    }
    if (f.number == 1 && f.wire == WIRE_BYTES) {
      path = f.bytes;
    } else if (f.number == 6 && f.wire == WIRE_VARINT) {
      d->unit = unit_name(f.value);
    }
  } while (f.number != 0);
  if (path.n == 0 || memchr(path.p, '\0', path.n) != NULL ||
      cf_utf8_error(path.p, path.n) != path.n) {
    return cf_fail(err, "the SCIP index has a document without a proper path");
  }
  d->path = strndup(path.p, path.n);
  if (d->path == NULL) {
    return cf_fail(err, "out of memory");
  }
  if (d->unit == NULL) {
    return cf_fail(err, "document %s of the SCIP index has an unknown position encoding",
                   d->path);
  }
  cf_file_id(d->path, buckets, d->id, &d->bucket);
  return true;
}

static bool read_occurrences(cf_document *d, cf_error *err) {
  reader r = reader_of(d->message);
  field f;
  do {
    if (!next_field(&r, &f)) {
      return malformed(d, err);
    }
    if (f.number == 2 && f.wire == WIRE_BYTES && !add_occurrence(d, f.bytes, err)) {
      return false;
    }
  } while (f.number != 0);
  return true;
}

static bool add_document(cf_scip *index, cf_text message, int32_t buckets,
                         cf_error *err) {
  if (index->n == index->cap) {
    size_t cap = index->cap == 0 ? 64 : index->cap * 2;
    cf_document *items = realloc(index->documents, cap * sizeof(*items));
    if (items == NULL) {
      return cf_fail(err, "out of memory");
    }
    index->documents = items;
    index->cap = cap;
  }
  cf_document *d = &index->documents[index->n++];
  *d = (cf_document){.message = message};
  if (!read_document_head(d, buckets, err) || !read_occurrences(d, err)) {
    return false;
  }
  index->n_occurrences += d->n;
  return true;
}

static int by_bucket_and_path(const void *a, const void *b) {
  const cf_document *x = a;
  const cf_document *y = b;
  if (x->bucket != y->bucket) {
    return x->bucket < y->bucket ? -1 : 1;
  }
  return strcmp(x->path, y->path);
}

static bool read_documents(cf_scip *index, int32_t buckets, cf_error *err) {
  reader r = {index->bytes, index->bytes, index->bytes + index->n_bytes};
  field f;
  do {
    if (!next_field(&r, &f)) {
      return malformed(NULL, err);
    }
    if (f.number == 2 && f.wire == WIRE_BYTES &&
        !add_document(index, f.bytes, buckets, err)) {
      return false;
    }
  } while (f.number != 0);
  if (index->n > 1) {
    qsort(index->documents, index->n, sizeof(*index->documents), by_bucket_and_path);
  }
  for (size_t i = 1; i < index->n; i++) {
    if (strcmp(index->documents[i - 1].path, index->documents[i].path) == 0) {
      return cf_fail(err, "the SCIP index has document %s twice",
                     index->documents[i].path);
    }
  }
  return true;
}

static bool read_bytes(const char *path, cf_scip *index, cf_error *err) {
  FILE *file = fopen(path, "rb");
  size_t cap = (size_t)1 << 16;
  size_t got = 0;
  bool ok = file != NULL && (index->bytes = malloc(cap)) != NULL;
  while (ok && (got = fread(index->bytes + index->n_bytes, 1, cap - index->n_bytes,
                            file)) > 0) {
    index->n_bytes += got;
    if (index->n_bytes == cap) {
      cap *= 2;
      char *bytes = realloc(index->bytes, cap);
      ok = bytes != NULL;
      index->bytes = ok ? bytes : index->bytes;
    }
  }
  ok = ok && ferror(file) == 0;
  if (!ok) {
    (void)cf_fail(err, "cannot read the SCIP index '%s': %s", path, strerror(errno));
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return ok;
}

bool cf_scip_read(const char *path, int32_t buckets, cf_scip *out, cf_error *err) {
  *out = (cf_scip){0};
  if (path == NULL) {
    return true;
  }
  if (!read_bytes(path, out, err) || !read_documents(out, buckets, err)) {
    cf_scip_release(out);
    return false;
  }
  cf_sha256_hex(out->bytes, out->n_bytes, out->sha256);
  return true;
}

void cf_scip_release(cf_scip *index) {
  for (size_t i = 0; i < index->n; i++) {
    free(index->documents[i].path);
    free(index->documents[i].items);
  }
  free(index->documents);
  free(index->bytes);
  *index = (cf_scip){0};
}
