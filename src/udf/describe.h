/* For the files that describe functions. */
#ifndef WI_UDF_DESCRIBE_H
#define WI_UDF_DESCRIBE_H

#include "udf/kernel.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Of functions whose last arguments are the parts of an identifier. */
#define WI_PARTS_RULE                                                                    \
  " The texts of the parts are joined by U+001F, a null part being the text __NULL__; "  \
  "so a part that is this text, or that holds U+001F, can collide with another list of " \
  "parts."

/* The descriptions, by name: the registry's list. */
#define WI_FUNCTION(name) extern const wi_fn wi_fn_##name;
#include "udf/functions.def"
#undef WI_FUNCTION

#endif
