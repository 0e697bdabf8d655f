/* Whether the object in memory is the one whose content was hashed. A file that was replaced
 * after this process had loaded it (or between hashing and loading) is another: dlopen gives
 * the old one again, and the identity of its functions would be that of the new.
 *
 * What is compared are the parts that loading does not change. They hold the build id, a hash
 * of everything, that linkers write by default; only without one is the code compared, too,
 * since a debugger changes that. */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "plugin/internal.h"

typedef struct search {
  uintptr_t address;
  const wi_buf *file;
  bool found, same;
} search;

static bool holds(const struct dl_phdr_info *object, uintptr_t address) {
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    uintptr_t start = object->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && address >= start && address - start < part->p_memsz) {
      return true;
    }
  }
  return false;
}

static bool has_build_id(const struct dl_phdr_info *object) {
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    const char *at = (const char *)(object->dlpi_addr + part->p_vaddr);
    const char *end = at + part->p_memsz;
    ElfW(Nhdr) note;
    while (part->p_type == PT_NOTE && (size_t)(end - at) >= sizeof(note)) {
      memcpy(&note, at, sizeof(note));
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
          memcmp(at + sizeof(note), "GNU", 4) == 0) {
        return true;
      }
      size_t size = sizeof(note) + ((note.n_namesz + 3U) & ~(size_t)3) +
                    ((note.n_descsz + 3U) & ~(size_t)3);
      at += size <= (size_t)(end - at) ? size : (size_t)(end - at);
    }
  }
  return false;
}

/* The library may be built with guards between its constants, which lie in the parts that are
 * compared: nothing here may be checked against them, so no memcmp. */
__attribute__((no_sanitize_address)) static bool same_bytes(const volatile char *a,
                                                            const char *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

static int compare(struct dl_phdr_info *object, size_t size, void *ctx) {
  search *s = ctx;
  (void)size;
  if (!holds(object, s->address)) {
    return 0;
  }
  ElfW(Word) skip = PF_W | (has_build_id(object) ? PF_X : 0U);
  s->found = s->same = true;
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & skip) != 0) {
      continue;
    }
    s->same = s->same && part->p_offset <= s->file->n &&
              part->p_filesz <= s->file->n - part->p_offset &&
              same_bytes((const char *)(object->dlpi_addr + part->p_vaddr),
                         s->file->p + part->p_offset, part->p_filesz);
  }
  return 1;
}

bool wi_plugin_is_loaded_from(const void *address, const wi_buf *file) {
  search s = {(uintptr_t)address, file, false, false};
  (void)dl_iterate_phdr(compare, &s);
  return s.found && s.same;
}
