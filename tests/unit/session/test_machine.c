/* Cores and memory as the groups of a process leave them: trees of files as the kernel has. */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/project.h"
#include "common/test.h"
#include "session/machine.h"

#define GB ((uint64_t)1 << 30)

static bool lay_out(wt_project *p, const wt_file *files, size_t n) {
  return wt_project_make(p, files, n);
}

WT_TEST(no_groups_no_limit) {
  WT_EQ_INT(wi_machine_cores_below("/nonexistent", 7), 7);
  WT_EQ_INT(wi_machine_memory_below("/nonexistent", 5 * GB), 5 * GB);
}

/* Version 2: the least of the process's group and of those around it. */
WT_TEST(nested_groups) {
  static const wt_file files[] = {
      {"proc/self/cgroup", "0::/pod/box/job\n"},
      {"sys/fs/cgroup/pod/cpu.max", "250000 100000\n"},
      {"sys/fs/cgroup/pod/memory.max", "4294967296\n"},
      {"sys/fs/cgroup/pod/box/cpu.max", "max 100000\n"},
      {"sys/fs/cgroup/pod/box/memory.max", "1073741824\n"},
      {"sys/fs/cgroup/pod/box/job/cpu.max", "800000 100000\n"},
      {"sys/fs/cgroup/pod/box/job/memory.max", "max\n"},
      {"sys/fs/cgroup/other/memory.max", "1\n"}};
  wt_project p;
  WT_CHECK(lay_out(&p, WT_FILES(files)));
  WT_EQ_INT(wi_machine_cores_below(p.root, 16), 3);
  WT_EQ_INT(wi_machine_cores_below(p.root, 2), 2);
  WT_EQ_INT(wi_machine_memory_below(p.root, 8 * GB), GB);
  WT_EQ_INT(wi_machine_memory_below(p.root, 1000), 1000);
  wt_project_remove(&p);
}

/* In a container that sees its own group as the root of all. */
WT_TEST(the_mount_itself) {
  static const wt_file files[] = {{"proc/self/cgroup", "0::/\n"},
                                  {"sys/fs/cgroup/cpu.max", "50000 100000\n"},
                                  {"sys/fs/cgroup/memory.max", "2147483648\n"}};
  wt_project p;
  WT_CHECK(lay_out(&p, WT_FILES(files)));
  WT_EQ_INT(wi_machine_cores_below(p.root, 8), 1);
  WT_EQ_INT(wi_machine_memory_below(p.root, 8 * GB), 2 * GB);
  wt_project_remove(&p);
}

/* The path is the host's and only the mount can be seen. */
WT_TEST(a_path_of_the_host) {
  static const wt_file files[] = {
      {"proc/self/cgroup", "12:cpu,cpuacct:/docker/abc\n5:memory:/docker/abc\n0::/\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"}};
  wt_project p;
  WT_CHECK(lay_out(&p, WT_FILES(files)));
  WT_EQ_INT(wi_machine_cores_below(p.root, 8), 2);
  WT_EQ_INT(wi_machine_memory_below(p.root, 8 * GB), GB);
  wt_project_remove(&p);
}

WT_TEST(version_one_nested_and_mixed) {
  static const wt_file files[] = {
      {"proc/self/cgroup",
       "9:name=systemd:/\n4:memory:/a/b\n3:cpuset:/\n2:cpuacct:/x\n1:cpu:/a\n0::/u\n"},
      {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
      {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "600000\n"},
      {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/cpuacct/x/cpu.cfs_quota_us", "1\n"},
      {"sys/fs/cgroup/memory/a/memory.limit_in_bytes", "3221225472\n"},
      {"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n"},
      {"sys/fs/cgroup/unified/u/cpu.max", "400000 100000\n"},
      {"sys/fs/cgroup/unified/u/memory.max", "2147483648\n"}};
  wt_project p;
  WT_CHECK(lay_out(&p, WT_FILES(files)));
  WT_EQ_INT(wi_machine_cores_below(p.root, 8), 4);
  WT_EQ_INT(wi_machine_memory_below(p.root, 8 * GB), 2 * GB);
  wt_project_remove(&p);
}

WT_TEST(nonsense_is_no_limit) {
  static const wt_file files[] = {
      {"proc/self/cgroup", "\n::\nx\n0:\n0::/g\n7::\n:memory:/g\n"},
      {"sys/fs/cgroup/g/cpu.max", "lots 100000\n"},
      {"sys/fs/cgroup/g/memory.max", "99999999999999999999999999\n"},
      {"sys/fs/cgroup/memory/g/memory.limit_in_bytes", "-5\n"}};
  wt_project p;
  WT_CHECK(lay_out(&p, WT_FILES(files)));
  WT_EQ_INT(wi_machine_cores_below(p.root, 8), 8);
  WT_EQ_INT(wi_machine_memory_below(p.root, 8 * GB), 8 * GB);
  wt_project_remove(&p);
}

WT_TEST(the_cores_that_the_process_may_run_on) {
  cpu_set_t before, one;
  WT_CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
    if (CPU_ISSET(i, &before)) {
      CPU_SET(i, &one);
    }
  }
  WT_CHECK(wi_machine_cores() >= 1 && wi_machine_cores() <= (uint32_t)CPU_COUNT(&before));
  WT_CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  uint32_t cores = wi_machine_cores();
  WT_CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
  WT_EQ_INT(cores, 1);
  WT_CHECK(wi_machine_memory() > 0);
}
