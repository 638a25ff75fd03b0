# SPDX-License-Identifier: MIT
#
# Every switch of the build. The first group are those of libzmq's own build, with their meaning.
# A switch for something that may be absent is AUTO, ON or OFF: AUTO takes it where it is found,
# ON fails the configuration where it is not, so that nothing is ever pretended.

option(BUILD_SHARED "Build the shared library" ON)
option(BUILD_STATIC "Build the static library" ON)
if(DEFINED ZMQ_BUILD_TESTS)
  set(BUILD_TESTS ${ZMQ_BUILD_TESTS} CACHE BOOL "Build the tests")
endif()
option(BUILD_TESTS "Build the tests" ${ZMQX_TOP})
option(WITH_PERF_TOOL "Build the measuring tools (local_lat, remote_thr, ...)" ${ZMQX_TOP})
option(BUILD_EXAMPLES "Build the examples" ${ZMQX_TOP})
option(ENABLE_DRAFTS "The draft API; accepted, and always on" ON)

foreach(switch ENABLE_CURVE WITH_LIBSODIUM ENABLE_WS WITH_TLS WITH_OPENPGM WITH_NORM
               WITH_GSSAPI_KRB5 WITH_DOCS)
  set(${switch} AUTO CACHE STRING "AUTO, ON or OFF")
  set_property(CACHE ${switch} PROPERTY STRINGS AUTO ON OFF)
endforeach()

# The project's own.
set(ZMQX_SANITIZE "" CACHE STRING "A sanitizer: address,undefined or thread")
set(ZMQX_FOLDERS "" CACHE STRING "Compile only these folders of src/ (empty: all)")
set(ZMQX_TEST_TREES "" CACHE STRING
    "Build trees below this one whose tests are listed together with this one's")
option(ZMQX_WERROR "Warnings are errors" OFF)
option(ZMQX_COVERAGE "Count executed lines (gcc --coverage)" OFF)
option(ENABLE_ASAN "The same as ZMQX_SANITIZE=address,undefined" OFF)
option(ENABLE_TSAN "The same as ZMQX_SANITIZE=thread" OFF)
if(ENABLE_ASAN AND ENABLE_TSAN)
  message(FATAL_ERROR "ENABLE_ASAN and ENABLE_TSAN exclude each other")
elseif(ENABLE_ASAN)
  set(ZMQX_SANITIZE address,undefined)
elseif(ENABLE_TSAN)
  set(ZMQX_SANITIZE thread)
endif()

if(NOT BUILD_SHARED AND NOT BUILD_STATIC)
  message(FATAL_ERROR "BUILD_SHARED and BUILD_STATIC are both off: nothing to build")
endif()
if(NOT ENABLE_DRAFTS)
  message(STATUS "ENABLE_DRAFTS is off, but the draft functions are always part of the library")
endif()

if(ZMQX_TOP AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, ..." FORCE)
endif()
if(ZMQX_TOP AND CMAKE_C_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG" CACHE STRING "Flags of a release" FORCE)
endif()
