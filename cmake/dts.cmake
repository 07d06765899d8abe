# How every target of DTS is built, and the one way to declare one:
#   dts_folder(<name> LINK <folders...> LIBRARIES <libraries...> WITHOUT <folders...>)   a folder of src/ as a library
#   dts_program(<name> SOURCES ... LINK ...)                        a program
# Unit tests lie beside their sources (x.cpp, x_test.cpp) and are found by name.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(DTS_CCACHE ccache)
if(DTS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${DTS_CCACHE})
endif()

add_library(dts_options INTERFACE)
target_include_directories(dts_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(dts_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
    $<$<CONFIG:Debug>:-Werror>)
endif()
if(DTS_SANITIZE)
  string(REPLACE ";" "," DTS_SANITIZERS "${DTS_SANITIZE}")
  target_compile_options(dts_options INTERFACE -fsanitize=${DTS_SANITIZERS}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(dts_options INTERFACE -fsanitize=${DTS_SANITIZERS})
endif()
if(DTS_BUILD_FUZZ)
  target_compile_options(dts_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(DTS_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# A test program out of test sources, registered with ctest case by case.
function(dts_test name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE dts_options ${A_LINK} GTest::gtest_main GTest::gmock)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
endfunction()

# src/<name>: every *.cpp is the library dts_<name>, every *_test.cpp its unit tests, but for what is
# in the folders WITHOUT.
function(dts_folder name)
  cmake_parse_arguments(A "" "" "LINK;LIBRARIES;WITHOUT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  foreach(folder IN LISTS A_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${name}/${folder}/")
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(dts_${name} OBJECT ${sources})
  list(TRANSFORM A_LINK PREPEND dts_)
  target_link_libraries(dts_${name} PUBLIC dts_options ${A_LINK} PRIVATE ${A_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY DTS_LIBRARIES ${A_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY DTS_FOLDERS dts_${name})
  if(DTS_BUILD_TESTS AND tests)
    set(objects)
    dts_closure(dts_${name} closure)
    foreach(folder IN LISTS closure)
      list(APPEND objects $<TARGET_OBJECTS:${folder}>)
    endforeach()
    add_executable(dts_${name}_test ${tests} ${objects})
    target_link_libraries(dts_${name}_test PRIVATE dts_options GTest::gtest_main GTest::gmock)
    get_property(libraries GLOBAL PROPERTY DTS_LIBRARIES)
    target_link_libraries(dts_${name}_test PRIVATE ${libraries})
    gtest_discover_tests(dts_${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
  endif()
endfunction()

# The folders a folder links, itself included.
function(dts_closure target result)
  set(todo ${target})
  set(done)
  while(todo)
    list(POP_FRONT todo next)
    if(NOT next IN_LIST done AND next MATCHES "^dts_" AND NOT next STREQUAL "dts_options")
      list(APPEND done ${next})
      get_target_property(links ${next} LINK_LIBRARIES)
      if(links)
        list(APPEND todo ${links})
      endif()
    endif()
  endwhile()
  set(${result} ${done} PARENT_SCOPE)
endfunction()
