# One function per kind of target, so that every folder's CMakeLists.txt is a list of files and direct dependencies.

add_library(donord_options INTERFACE)
target_include_directories(donord_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(donord_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-qual -Woverloaded-virtual -Wno-missing-field-initializers
  $<$<BOOL:${DONORD_WERROR}>:-Werror>)

# gcc 12 under sanitizers takes the unused half of a variant for an uninitialised value.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  target_compile_options(donord_options INTERFACE -Wno-maybe-uninitialized)
endif()

# donord_add_library(<folder> SOURCES a.cpp ... DEPENDS donord::base fmt::fmt ...)
function(donord_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(donord_${name} STATIC ${ARG_SOURCES})
  add_library(donord::${name} ALIAS donord_${name})
  target_link_libraries(donord_${name} PUBLIC ${ARG_DEPENDS} PRIVATE donord_options)
  target_include_directories(donord_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
endfunction()

# Everything that ctest runs.
add_custom_target(donord_tests)

# donord_add_unit_test(<folder> SOURCES a_test.cpp ... DEPENDS donord::x ...): one test program per folder.
function(donord_add_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main donord_options)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit)  # support/
  target_compile_definitions(${name}_test PRIVATE DONORD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60)
  add_dependencies(donord_tests ${name}_test)
endfunction()
