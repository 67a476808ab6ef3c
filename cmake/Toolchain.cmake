# Warnings, sanitizers, ccache and mold.
find_program(QSTAR_CCACHE ccache)
if(QSTAR_CCACHE)
  # Paths within the checkout count as relative, so that a second clone finds the first one's objects.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${QSTAR_CCACHE})
endif()

find_program(QSTAR_MOLD mold)
if(QSTAR_MOLD AND NOT QSTAR_SANITIZE)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)

find_package(Threads REQUIRED)

# What all of our own code is compiled with; libraries' headers are SYSTEM and do not see it.
add_library(qstar_options INTERFACE)
target_include_directories(qstar_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(qstar_options INTERFACE -Wall -Wextra -Werror -Wshadow -Wno-error=deprecated-declarations)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely inside the standard library's headers.
  target_compile_options(qstar_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(QSTAR_SANITIZE)
  target_compile_options(qstar_options INTERFACE -fsanitize=${QSTAR_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(qstar_options INTERFACE -fsanitize=${QSTAR_SANITIZE})
endif()
