# The Rust crate, built by cargo. Always asked, since only the script knows whether the copy in
# the build folder is current (a few milliseconds when it is). The console pool shows the
# progress of a cold build.
set(WEIR_CPU "" CACHE STRING
  "x86-64-v3 and the like: the engines may use what such processors have; empty: every one's")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(bridge_profile dist)
else()
  set(bridge_profile release)
endif()
add_custom_target(weir_bridge ALL
  COMMAND ${CMAKE_COMMAND} -E env WEIR_CACHE=${WEIR_CACHE} RUST_CPU=${WEIR_CPU}
    ${CMAKE_SOURCE_DIR}/tools/build-bridge ${CMAKE_BINARY_DIR} ${bridge_profile}
  BYPRODUCTS ${CMAKE_BINARY_DIR}/libweir_bridge.so
  USES_TERMINAL VERBATIM)

# The same with what only tests have, for those that tests/CMakeLists.txt lists.
add_custom_target(weir_bridge_hooked
  COMMAND ${CMAKE_COMMAND} -E env WEIR_CACHE=${WEIR_CACHE}
    ${CMAKE_SOURCE_DIR}/tools/build-bridge --hooks ${CMAKE_BINARY_DIR}
  BYPRODUCTS ${CMAKE_BINARY_DIR}/hooked/libweir_bridge.so
  USES_TERMINAL VERBATIM)
