# qstar_library(NAME SOURCES … DEPENDS …): one folder, one static library with the house's options.
function(qstar_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC qstar_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# qstar_test(NAME SOURCES … DEPENDS …): one Catch2 program, registered with ctest.
function(qstar_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} qstar_test_main Catch2::Catch2)
  target_compile_definitions(${name} PRIVATE QSTAR_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             QSTAR_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
