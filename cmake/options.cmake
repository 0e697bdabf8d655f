# Compiler options of our own C. Fetched C sources get none of the warnings.
add_library(weir_options INTERFACE)
target_compile_definitions(weir_options INTERFACE _GNU_SOURCE)
target_compile_options(weir_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes
  -Wundef -Wvla -Walloca -Wwrite-strings -Wpointer-arith -Wcast-qual
  -Wformat=2 -Wformat-signedness -Wswitch-enum -Wimplicit-fallthrough
  -Wdouble-promotion -fno-common -fstack-protector-strong
  # A product and a sum round twice, whatever the processor has: the same bits on all.
  -ffp-contract=off)
if(WEIR_WERROR)
  target_compile_options(weir_options INTERFACE -Werror)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(weir_options INTERFACE
    -Wlogical-op -Wduplicated-cond)
  if(NOT WEIR_SANITIZE)
    # Worker threads have 8 MB; a sanitizer's redzones would make this a lie.
    target_compile_options(weir_options INTERFACE -Wstack-usage=16384)
  endif()
endif()

if(WEIR_SANITIZE STREQUAL "address")
  # Everything for memory errors, ours also for undefined behaviour.
  add_compile_options(-O1 -fsanitize=address -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  target_compile_options(weir_options INTERFACE
    -fsanitize=undefined -fno-sanitize-recover=all
    # Known false alarms of gcc 12 in instrumented code.
    -Wno-maybe-uninitialized)
elseif(WEIR_SANITIZE STREQUAL "thread")
  # Everything: what fetched sources do with memory counts for ours.
  add_compile_options(-O1 -fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(WEIR_SANITIZE)
  message(FATAL_ERROR "WEIR_SANITIZE is '${WEIR_SANITIZE}', not address or thread")
endif()
