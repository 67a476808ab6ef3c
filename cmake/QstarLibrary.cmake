# qstar_library(NAME SOURCES … DEPENDS …): one folder, one static library with the house's options.
function(qstar_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC qstar_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# qstar_test(NAME SOURCES … DEPENDS … [LABELS …] [TIMEOUT …] [SLOW TAG]): one Catch2 program, registered with ctest
# and labelled "quick". SLOW: the cases that carry this tag are a test of their own, NAME_slow, without that label.
function(qstar_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;SLOW" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} qstar_test_main Catch2::Catch2)
  target_compile_definitions(${name} PRIVATE QSTAR_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                             QSTAR_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  # NoTests: a name or tag that no case has is a failure.
  if(ARG_SLOW)
    add_test(NAME ${name}_slow COMMAND ${name} --warn NoTests [${ARG_SLOW}] WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name}_slow PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
    set(quick_cases ~[${ARG_SLOW}])
  endif()
  add_test(NAME ${name} COMMAND ${name} --warn NoTests ${quick_cases} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "quick;${ARG_LABELS}")
endfunction()
