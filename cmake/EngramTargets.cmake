# What every target of this project has in common.
#
#   engram_library(NAME name SRCS ... DEPS ... [EXCEPTIONS])   -> target engram_<name>, alias engram::<name>
#   engram_test(NAME name SRCS ... DEPS ... LABELS ... [EXCEPTIONS])
#
# Code is compiled without exceptions unless EXCEPTIONS says otherwise: that is for the programs' edges,
# where CLI11, nlohmann_json and prometheus-cpp throw.

find_program(ENGRAM_CCACHE ccache)
if(ENGRAM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ENGRAM_CCACHE})
endif()

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_library(engram_compile_options INTERFACE)
target_compile_options(engram_compile_options INTERFACE
  # The arithmetic is canonical: a multiply and an add are fused where the source says so and nowhere else.
  -ffp-contract=off
  $<BUILD_INTERFACE:-Wall -Wextra -Wpedantic -Wno-missing-field-initializers>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # g++ 12, optimising, takes what a variant or an optional does not hold for uninitialised.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<OR:$<CONFIG:Release>,$<BOOL:${ENGRAM_SANITIZE}>>>:-Wno-maybe-uninitialized>
  $<$<BOOL:${ENGRAM_WERROR}>:-Werror>)
if(ENGRAM_ASSERTIONS)
  # CMake puts -DNDEBUG before these.
  target_compile_options(engram_compile_options INTERFACE -UNDEBUG)
endif()
if(ENGRAM_FAILPOINTS)
  target_compile_definitions(engram_compile_options INTERFACE ENGRAM_FAILPOINTS)
endif()
if(ENGRAM_SANITIZE)
  target_compile_options(engram_compile_options INTERFACE
    -fsanitize=${ENGRAM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(engram_compile_options INTERFACE -fsanitize=${ENGRAM_SANITIZE})
endif()

function(engram_configure target exceptions)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:engram_compile_options>)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  if(NOT exceptions)
    target_compile_options(${target} PRIVATE -fno-exceptions)
  endif()
endfunction()

function(engram_library)
  cmake_parse_arguments(ARG "EXCEPTIONS" "NAME" "SRCS;DEPS" ${ARGN})
  add_library(engram_${ARG_NAME} STATIC ${ARG_SRCS})
  add_library(engram::${ARG_NAME} ALIAS engram_${ARG_NAME})
  set_target_properties(engram_${ARG_NAME} PROPERTIES EXPORT_NAME ${ARG_NAME})
  engram_configure(engram_${ARG_NAME} "${ARG_EXCEPTIONS}")
  target_link_libraries(engram_${ARG_NAME} PUBLIC ${ARG_DEPS})
endfunction()

function(engram_test)
  cmake_parse_arguments(ARG "EXCEPTIONS" "NAME" "SRCS;DEPS;LABELS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SRCS})
  engram_configure(${ARG_NAME} "${ARG_EXCEPTIONS}")
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME})
  # A skipped test must show as skipped, not as passed.
  set_tests_properties(${ARG_NAME} PROPERTIES
    LABELS "${ARG_LABELS}" TIMEOUT 600 SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
endfunction()
