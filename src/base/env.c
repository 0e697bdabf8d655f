/* The only reader of the environment. */
#include <stdlib.h>

#include "base/base.h"

const char *wi_env(const char *name) {
  return getenv(name);
}
