# C sources that are published inside crates: BLAKE3, tree-sitter and its Python grammar.
# tools/setup unpacks them into a folder named after the lock file.
set(csrc_lock ${CMAKE_SOURCE_DIR}/tools/csrc/Cargo.lock)
file(SHA256 ${csrc_lock} csrc_digest)
string(SUBSTRING ${csrc_digest} 0 12 csrc_digest)
set(csrc_root ${WEIR_CACHE}/csrc-${csrc_digest})
if(NOT EXISTS ${csrc_root}/blake3/c/blake3.h)
  message(FATAL_ERROR "the C sources of tools/csrc are not in ${csrc_root}: run tools/setup")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${csrc_lock})

set(blake3_root ${csrc_root}/blake3/c)
add_library(blake3 STATIC ${blake3_root}/blake3.c ${blake3_root}/blake3_dispatch.c
  ${blake3_root}/blake3_portable.c)
target_include_directories(blake3 SYSTEM PUBLIC ${blake3_root})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  enable_language(ASM)
  target_sources(blake3 PRIVATE
    ${blake3_root}/blake3_sse2_x86-64_unix.S ${blake3_root}/blake3_sse41_x86-64_unix.S
    ${blake3_root}/blake3_avx2_x86-64_unix.S ${blake3_root}/blake3_avx512_x86-64_unix.S)
else()
  target_compile_definitions(blake3 PRIVATE BLAKE3_USE_NEON=0)
endif()

set(tree_sitter_root ${csrc_root}/tree-sitter)
add_library(tree_sitter STATIC EXCLUDE_FROM_ALL ${tree_sitter_root}/src/lib.c)
target_include_directories(tree_sitter SYSTEM PUBLIC ${tree_sitter_root}/include
  PRIVATE ${tree_sitter_root}/src)
target_compile_definitions(tree_sitter PRIVATE _GNU_SOURCE)

set(tree_sitter_python_root ${csrc_root}/tree-sitter-python/src)
add_library(tree_sitter_python STATIC EXCLUDE_FROM_ALL
  ${tree_sitter_python_root}/parser.c ${tree_sitter_python_root}/scanner.c)
target_include_directories(tree_sitter_python SYSTEM PRIVATE ${tree_sitter_python_root})
# The published grammar has no header for its one function; examples declare it themselves.
