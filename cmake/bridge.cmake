# The Rust crate, built by cargo. Always asked, since only the script knows whether the copy in
# the build folder is current (a few milliseconds when it is). The console pool shows the
# progress of a cold build, which takes half an hour.
add_custom_target(weir_bridge ALL
  COMMAND ${CMAKE_COMMAND} -E env WEIR_CACHE=${WEIR_CACHE}
    ${CMAKE_SOURCE_DIR}/tools/build-bridge ${CMAKE_BINARY_DIR}
  BYPRODUCTS ${CMAKE_BINARY_DIR}/libweir_bridge.so
  USES_TERMINAL VERBATIM)
