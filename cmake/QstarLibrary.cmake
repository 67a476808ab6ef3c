# qstar_library(NAME SOURCES … DEPENDS … [PRIVATE …]): one folder, one static library with the house's options.
function(qstar_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC qstar_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# qstar_light(TARGET HEADERS): a target whose code runs once per task, message or command, not once per token. What
# counts is how long it takes to compile: few optimisations, and the precompiled HEADERS made by qstar_headers().
function(qstar_light target headers)
  target_compile_options(${target} PRIVATE ${qstar_light_options})
  if(QSTAR_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()
set(qstar_light_options $<$<CONFIG:Release>:-O1>)

# qstar_headers(NAME DEPENDS … [HEADER …]): other libraries' headers that many sources include, precompiled for targets
# with the same options. Our own are never precompiled: a change of one would compile everything again.
function(qstar_headers name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/cmake/headers.cpp)
  target_link_libraries(${name} PRIVATE qstar_options fmt::fmt ${ARG_DEPENDS})
  target_compile_options(${name} PRIVATE ${qstar_light_options})
  target_precompile_headers(${name} PRIVATE <algorithm> <chrono> <deque> <filesystem> <functional> <future> <map>
    <memory> <optional> <set> <span> <string> <unordered_map> <variant> <vector> <fmt/format.h> <fmt/ranges.h>
    <nlohmann/json.hpp> <tl/expected.hpp> ${ARG_UNPARSED_ARGUMENTS})
endfunction()

# qstar_kernels(SOURCES OPTION …): sources with compiler options of their own, and therefore without precompiled headers.
function(qstar_kernels sources)
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "${ARGN}" SKIP_PRECOMPILE_HEADERS ON)
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
