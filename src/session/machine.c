/* What the machine has: cores, and memory as the cgroup limits it. */
#include <stdlib.h>
#include <unistd.h>

#include "session/session.h"

uint32_t wi_machine_cores(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 && n < 4096 ? (uint32_t)n : 1;
}

/* The number in a cgroup file; 0 if there is none ("max" too). */
static uint64_t cgroup_bytes(const char *path) {
  wi_buf text = WI_BUF_INIT;
  uint64_t bytes = 0;
  if (wi_file_read(path, 4096, &text, NULL) == WEIR_OK) {
    bytes = strtoull(wi_buf_text(&text), NULL, 10);
  }
  wi_buf_release(&text);
  return bytes;
}

uint64_t wi_machine_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  uint64_t all =
      pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : (uint64_t)1 << 30;
  uint64_t v2 = cgroup_bytes("/sys/fs/cgroup/memory.max");
  uint64_t v1 = cgroup_bytes("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  if (v2 > 0 && v2 < all) {
    all = v2;
  }
  if (v1 > 0 && v1 < all) {
    all = v1;
  }
  return all / 10 * 6;
}
