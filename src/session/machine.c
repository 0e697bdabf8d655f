/* What this process may use of the machine: the cores that it may run on, and the memory and
 * processor time that its cgroups leave it. A group of a container is often one of many that
 * lie in each other, and the least of all counts. */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "session/machine.h"

enum { MOST_TEXT = 1 << 20 };

/* The text of a file below the root; false: there is none. */
static bool read_below(const char *root, const char *path, wi_buf *out) {
  wi_buf whole = WI_BUF_INIT;
  wi_buf_fmt(&whole, "%s%s", root, path);
  bool good =
      !whole.failed && wi_file_read(wi_buf_text(&whole), MOST_TEXT, out, NULL) == WEIR_OK;
  wi_buf_release(&whole);
  return good;
}

/* The number at the start of the text; 0: none is ("max", or negative). */
static uint64_t number_at(const char **p) {
  uint64_t v = 0;
  while (**p == ' ' || **p == '\t') {
    (*p)++;
  }
  while (wi_ascii_digit(**p)) {
    if (__builtin_mul_overflow(v, 10U, &v) ||
        __builtin_add_overflow(v, (uint64_t)(**p - '0'), &v)) {
      return 0;
    }
    (*p)++;
  }
  return v;
}

/* The number in a file of a group; 0: no limit. */
static uint64_t limit_in(const char *root, const char *group, const char *file) {
  wi_buf path = WI_BUF_INIT, text = WI_BUF_INIT;
  uint64_t v = 0;
  wi_buf_fmt(&path, "%s/%s", group, file);
  if (!path.failed && read_below(root, wi_buf_text(&path), &text)) {
    const char *p = wi_buf_text(&text);
    v = number_at(&p);
  }
  wi_buf_release(&path);
  wi_buf_release(&text);
  return v;
}

static uint64_t least(uint64_t a, uint64_t b) {
  return b > 0 && b < a ? b : a;
}

/* Cores, rounded up, of a quota in a period; 0: no limit. */
static uint64_t quota_cores(uint64_t quota, uint64_t period) {
  return quota > 0 && period > 0 ? quota / period + (quota % period > 0 ? 1 : 0) : 0;
}

/* "max 100000" or "150000 100000" */
static uint64_t cores_v2(const char *root, const char *group) {
  wi_buf path = WI_BUF_INIT, text = WI_BUF_INIT;
  uint64_t cores = 0;
  wi_buf_fmt(&path, "%s/cpu.max", group);
  if (!path.failed && read_below(root, wi_buf_text(&path), &text)) {
    const char *p = wi_buf_text(&text);
    uint64_t quota = number_at(&p), period = number_at(&p);
    cores = quota_cores(quota, period);
  }
  wi_buf_release(&path);
  wi_buf_release(&text);
  return cores;
}

/* A value of one group; 0: no limit. */
typedef uint64_t group_limit(const char *root, const char *group);

static uint64_t cores_v1(const char *root, const char *group) {
  return quota_cores(limit_in(root, group, "cpu.cfs_quota_us"),
                     limit_in(root, group, "cpu.cfs_period_us"));
}

static uint64_t memory_v2(const char *root, const char *group) {
  return limit_in(root, group, "memory.max");
}

static uint64_t memory_v1(const char *root, const char *group) {
  return limit_in(root, group, "memory.limit_in_bytes");
}

/* The least over the group and all that it lies in, down to the mount. In a container the
 * path may be the host's, of which only the mount itself can be seen. */
static uint64_t over_groups(const char *root, const char *mount, const char *group,
                            group_limit *of, uint64_t most) {
  wi_buf path = WI_BUF_INIT;
  size_t base = strlen(mount);
  wi_buf_fmt(&path, "%s%s", mount, group);
  while (!path.failed && path.n >= base) {
    most = least(most, of(root, wi_buf_text(&path)));
    if (path.n == base) {
      break;
    }
    while (path.n > base && path.p[path.n - 1] != '/') {
      path.n--;
    }
    path.n -= path.n > base ? 1 : 0;
    path.p[path.n] = '\0';
  }
  wi_buf_release(&path);
  return most;
}

static bool has_controller(wi_str list, const char *name) {
  size_t n = strlen(name);
  for (size_t i = 0; i + n <= list.n; i++) {
    bool starts = i == 0 || list.p[i - 1] == ',';
    bool ends = i + n == list.n || list.p[i + n] == ',';
    if (starts && ends && memcmp(list.p + i, name, n) == 0) {
      return true;
    }
  }
  return false;
}

/* One of the hierarchies that this process is in: "0::/a/b" (v2) or "4:cpu,cpuacct:/a/b". */
static uint64_t over_line(const char *root, char *line, const char *controller,
                          group_limit *v1, group_limit *v2, uint64_t most) {
  char mount[64] = "/sys/fs/cgroup";
  char *list = strchr(line, ':');
  char *group = list == NULL ? NULL : strchr(list + 1, ':');
  if (group == NULL) {
    return most;
  }
  list++;
  *group++ = '\0';
  group = strcmp(group, "/") == 0 ? group + 1 : group;
  if (list[0] == '\0') {
    most = over_groups(root, mount, group, v2, most);
    /* Beside groups of version 1 it is mounted a level deeper. */
    return over_groups(root, "/sys/fs/cgroup/unified", group, v2, most);
  }
  if (!has_controller(wi_str_of(list), controller)) {
    return most;
  }
  wi_buf path = WI_BUF_INIT;
  wi_buf_fmt(&path, "%s/%s", mount, list); /* cpu,cpuacct */
  most = path.failed ? most : over_groups(root, path.p, group, v1, most);
  wi_buf_clear(&path);
  wi_buf_fmt(&path, "%s/%s", mount, controller);
  most = path.failed ? most : over_groups(root, path.p, group, v1, most);
  wi_buf_release(&path);
  return most;
}

static uint64_t over_all(const char *root, const char *controller, group_limit *v1,
                         group_limit *v2, uint64_t most) {
  wi_buf text = WI_BUF_INIT;
  if (read_below(root, "/proc/self/cgroup", &text)) {
    for (char *line = text.p, *next; line != NULL && *line != '\0'; line = next) {
      next = strchr(line, '\n');
      if (next != NULL) {
        *next++ = '\0';
      }
      most = over_line(root, line, controller, v1, v2, most);
    }
  }
  wi_buf_release(&text);
  return most;
}

uint32_t wi_machine_cores_below(const char *root, uint32_t here) {
  return (uint32_t)over_all(root, "cpu", cores_v1, cores_v2, here);
}

uint64_t wi_machine_memory_below(const char *root, uint64_t here) {
  return over_all(root, "memory", memory_v1, memory_v2, here);
}

/* The cores that this process may run on; more than fit the plain set need a larger one. */
static uint32_t allowed_cores(void) {
  for (size_t most = 1024; most <= (size_t)1 << 16; most *= 4) {
    cpu_set_t *set = CPU_ALLOC(most);
    size_t size = CPU_ALLOC_SIZE(most);
    int n = 0;
    if (set != NULL && sched_getaffinity(0, size, set) == 0) {
      n = CPU_COUNT_S(size, set);
    }
    CPU_FREE(set);
    if (n > 0) {
      return (uint32_t)n;
    }
  }
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 && n < 4096 ? (uint32_t)n : 1;
}

uint32_t wi_machine_cores(void) {
  return wi_machine_cores_below("", allowed_cores());
}

uint64_t wi_machine_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  uint64_t all =
      pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : (uint64_t)1 << 30;
  return wi_machine_memory_below("", all) / 10 * 6;
}
