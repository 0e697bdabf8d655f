/* What this process may use of the machine. */
#ifndef WI_SESSION_MACHINE_H
#define WI_SESSION_MACHINE_H

#include "base/base.h"

/* Cores that the process may run on, and 60 % of the memory of the machine or its cgroups. */
uint32_t wi_machine_cores(void);
uint64_t wi_machine_memory(void);
/* What the cgroups leave of what is `here`, as the files below `root` say ("" is the machine
 * itself): for tests. */
uint32_t wi_machine_cores_below(const char *root, uint32_t here);
uint64_t wi_machine_memory_below(const char *root, uint64_t here);

#endif
