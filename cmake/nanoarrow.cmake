# nanoarrow's four core C files, from the cache folder, under a symbol prefix of our own so
# that a host program with another nanoarrow keeps its own.
file(STRINGS ${CMAKE_SOURCE_DIR}/tools/nanoarrow.txt pin REGEX "^nanoarrow==")
string(REGEX REPLACE "^nanoarrow==([0-9.]+) .*" "\\1" NANOARROW_VERSION "${pin}")
set(nanoarrow_root ${WEIR_CACHE}/nanoarrow-${NANOARROW_VERSION}/src)
if(NOT EXISTS ${nanoarrow_root}/nanoarrow/nanoarrow.h)
  message(FATAL_ERROR "nanoarrow ${NANOARROW_VERSION} is not in ${WEIR_CACHE}: run tools/setup")
endif()

string(REPLACE "." ";" parts ${NANOARROW_VERSION})
list(GET parts 0 NANOARROW_VERSION_MAJOR)
list(GET parts 1 NANOARROW_VERSION_MINOR)
list(GET parts 2 NANOARROW_VERSION_PATCH)
set(NANOARROW_NAMESPACE_DEFINE "#define NANOARROW_NAMESPACE WeirNa")
set(nanoarrow_gen ${CMAKE_BINARY_DIR}/gen)
configure_file(${nanoarrow_root}/nanoarrow/nanoarrow_config.h.in
  ${nanoarrow_gen}/nanoarrow/nanoarrow_config.h @ONLY)

set(nanoarrow_common ${nanoarrow_root}/nanoarrow/common)
add_library(nanoarrow STATIC ${nanoarrow_common}/array.c ${nanoarrow_common}/array_stream.c
  ${nanoarrow_common}/schema.c ${nanoarrow_common}/utils.c)
target_include_directories(nanoarrow SYSTEM PUBLIC ${nanoarrow_root} ${nanoarrow_gen})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/tools/nanoarrow.txt)
