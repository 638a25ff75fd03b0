# SPDX-License-Identifier: MIT
#
# The library. Every file is compiled once, position independent and hidden by default, for both
# the shared and the static form.

# What any compiler run of ours needs, tests and tools included.
add_library(zmqx_flags INTERFACE)
target_include_directories(zmqx_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(zmqx_flags INTERFACE _GNU_SOURCE= ZMQ_BUILD_DRAFT_API=1)
target_compile_options(zmqx_flags INTERFACE -Wall -Wextra -Wshadow -Wundef)
target_compile_options(zmqx_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wconversion;-Wstrict-prototypes;-Wmissing-prototypes>)
if(ZMQX_WERROR)
  target_compile_options(zmqx_flags INTERFACE -Werror)
endif()

set(ZX_TSAN 0)
if(ZMQX_SANITIZE)
  if(ZMQX_SANITIZE MATCHES "thread")
    set(ZX_TSAN 1)
  endif()
  set(sanitize -fsanitize=${ZMQX_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(ZMQX_SANITIZE MATCHES "thread" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # gcc warns that its sanitizer does not follow fences. Ours order flags only (Dekker pairs, each
    # in a model); all data is published by release and acquire, which it does follow.
    list(APPEND sanitize -Wno-tsan)
  endif()
  target_compile_options(zmqx_flags INTERFACE ${sanitize})
  target_link_options(zmqx_flags INTERFACE ${sanitize})
endif()
if(ZMQX_COVERAGE)
  target_compile_options(zmqx_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(zmqx_flags INTERFACE --coverage)
endif()

# What files that see src/ need besides: the library itself and internal tests.
add_library(zmqx_private INTERFACE)
target_link_libraries(zmqx_private INTERFACE zmqx_flags)
target_include_directories(zmqx_private INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(zmqx_private SYSTEM INTERFACE ${ZX_SYSTEM_INCLUDES})
target_compile_definitions(zmqx_private INTERFACE ${ZX_DEFINITIONS} ZX_TSAN=${ZX_TSAN})

add_library(zmqx_objects OBJECT ${ZX_SOURCES})
target_link_libraries(zmqx_objects PRIVATE zmqx_private)
set_target_properties(zmqx_objects PROPERTIES
  C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
  C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
include(CheckCCompilerFlag)
check_c_compiler_flag(-fno-semantic-interposition ZX_CC_NO_INTERPOSITION)
if(ZX_CC_NO_INTERPOSITION)
  target_compile_options(zmqx_objects PRIVATE -fno-semantic-interposition)
endif()
# Neighbouring fields joined into one vector load would wait for the narrower stores of a moment
# ago: a third of the time of a small message.
check_c_compiler_flag(-fno-tree-slp-vectorize ZX_CC_NO_SLP)
if(ZX_CC_NO_SLP)
  target_compile_options(zmqx_objects PRIVATE -fno-tree-slp-vectorize)
endif()

# A hint to fetch a line for writing; 64-bit processors without it do nothing instead. Without the
# flag the hint fetches for reading, and the line is asked for twice.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  check_c_compiler_flag(-mprfchw ZX_CC_PRFCHW)
  if(ZX_CC_PRFCHW)
    target_compile_options(zmqx_objects PRIVATE -mprfchw)
  endif()
endif()

function(zx_finish_library target)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME zmq LINKER_LANGUAGE C)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

# The names of the .pc file's Libs.private, and what a static user must link.
set(ZX_STATIC_LIBS ${ZX_EXPORT_LIBS})
include(CheckLibraryExists)
check_library_exists(rt clock_gettime "" ZX_HAVE_LIBRT)
if(ZX_HAVE_LIBRT)
  list(APPEND ZX_STATIC_LIBS rt)
  list(APPEND ZX_PC_LIBS -lrt)
endif()
if(CMAKE_THREAD_LIBS_INIT)
  list(APPEND ZX_PC_LIBS ${CMAKE_THREAD_LIBS_INIT})
else()
  list(APPEND ZX_PC_LIBS -lpthread)
endif()

if(BUILD_SHARED)
  set(map ${PROJECT_SOURCE_DIR}/src/libzmq.map)
  add_library(libzmq SHARED)
  target_sources(libzmq PRIVATE $<TARGET_OBJECTS:zmqx_objects>)
  zx_finish_library(libzmq)
  target_link_libraries(libzmq PRIVATE $<BUILD_INTERFACE:zmqx_flags> ${ZX_LIBS})
  set_target_properties(libzmq PROPERTIES
    VERSION ${ZMQX_SO_FILE_VERSION} SOVERSION ${ZMQX_SO_VERSION} LINK_DEPENDS ${map})
  if(NOT APPLE)
    target_link_options(libzmq PRIVATE -Wl,--version-script=${map})
    if(NOT ZMQX_SANITIZE)
      # A sanitizer's own functions come from the program.
      target_link_options(libzmq PRIVATE -Wl,-z,defs)
    endif()
  endif()
endif()

# Always described, since internal tests link it; built and installed by default if asked for.
add_library(libzmq-static STATIC)
target_sources(libzmq-static PRIVATE $<TARGET_OBJECTS:zmqx_objects>)
zx_finish_library(libzmq-static)
target_link_libraries(libzmq-static PRIVATE
  $<BUILD_INTERFACE:zmqx_flags> "$<BUILD_INTERFACE:${ZX_LIBS}>")
target_link_libraries(libzmq-static INTERFACE
  "$<INSTALL_INTERFACE:${ZX_STATIC_LIBS}>" $<INSTALL_INTERFACE:Threads::Threads>)
target_compile_definitions(libzmq-static INTERFACE ZMQ_STATIC)
if(NOT BUILD_STATIC)
  set_target_properties(libzmq-static PROPERTIES EXCLUDE_FROM_ALL ON)
endif()

if(NOT ZMQX_TOP)
  # For a project that has us by add_subdirectory, as ZeroMQConfig.cmake would set them.
  set(ZeroMQ_INCLUDE_DIR ${PROJECT_SOURCE_DIR}/include PARENT_SCOPE)
  set(ZeroMQ_LIBRARY libzmq PARENT_SCOPE)
  set(ZeroMQ_STATIC_LIBRARY libzmq-static PARENT_SCOPE)
endif()
