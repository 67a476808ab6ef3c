# qstar_library(NAME SOURCES … DEPENDS … [PRIVATE …]): one folder, one static library with the house's options.
function(qstar_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC qstar_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  qstar_unity(${name})
endfunction()

# qstar_unity(TARGET): its sources are compiled eight at a time, so that what they all include is read once. A name may
# therefore stand in only one anonymous namespace of a folder.
function(qstar_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${QSTAR_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  # GCC takes the sources for headers.
  target_compile_options(${target} PRIVATE $<$<AND:$<BOOL:${QSTAR_UNITY}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
endfunction()

# qstar_light(TARGET): a target whose code runs once per task, message or command, not once per token. What counts is how
# long it takes to compile.
function(qstar_light target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# qstar_kernels(SOURCES OPTION …): sources with compiler options of their own, each compiled alone.
function(qstar_kernels sources)
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "${ARGN}" SKIP_UNITY_BUILD_INCLUSION ON)
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
