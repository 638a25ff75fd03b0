# SPDX-License-Identifier: MIT
#
# The stand-in for AF_VSOCK and AF_TIPC, for whoever includes this: the target zx_standin, and in
# ZX_STANDIN_PRELOAD what LD_PRELOAD needs. It is no part of what is tested and not instrumented;
# a sanitizer's library insists on being the first.

if(TARGET zx_standin OR NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT TARGET libzmq)
  return()
endif()
set(dir ${CMAKE_CURRENT_LIST_DIR})
add_library(zx_standin SHARED ${dir}/table.c ${dir}/vsock.c ${dir}/tipc.c)
set_target_properties(zx_standin PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF
  C_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
target_compile_options(zx_standin PRIVATE -Wall -Wextra -Wshadow -Wundef -Wconversion
  -Wstrict-prototypes -Wmissing-prototypes)
target_include_directories(zx_standin INTERFACE ${dir})
target_link_libraries(zx_standin PRIVATE Threads::Threads ${CMAKE_DL_LIBS})

set(preload $<TARGET_FILE:zx_standin>)
if(ZMQX_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(own libasan.so)
  if(ZMQX_SANITIZE MATCHES "thread")
    set(own libtsan.so)
  elseif(NOT ZMQX_SANITIZE MATCHES "address")
    set(own libubsan.so)
  endif()
  execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=${own} OUTPUT_VARIABLE own
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(preload "${own} ${preload}")
endif()
set(ZX_STANDIN_PRELOAD "${preload}" CACHE INTERNAL "")
