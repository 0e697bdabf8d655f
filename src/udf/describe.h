/* For the files that describe functions. */
#ifndef WI_UDF_DESCRIBE_H
#define WI_UDF_DESCRIBE_H

#include "udf/kernel.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* The descriptions, by name: the registry's list. */
#define WI_FUNCTION(name) extern const wi_fn wi_fn_##name;
#include "udf/functions.def"
#undef WI_FUNCTION

#endif
