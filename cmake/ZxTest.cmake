# SPDX-License-Identifier: MIT
#
# Tests are added by two functions only.
#
#   zx_test(NAME unit_queue SOURCES queue.c LABELS unit [LIBS extra...] [TIMEOUT 20] [ARGS ...]
#           [INTERNAL] [SERIAL] [NOT_UNDER address thread ...] [ENV NAME=value...])
#     One cmocka program. INTERNAL: it sees src/ and links the library's objects out of the static
#     archive (only those it needs); else it links the shared library and sees only include/.
#     The label `oracle` on a program of the second kind adds a second test, oracle.<name>, that
#     runs the very same binary on the system's libzmq.
#
#   zx_script_test(NAME n COMMAND ... LABELS l [TIMEOUT] [SERIAL] [UNDER address thread]
#                  [ENV NAME=value...])
#     Any command. It is told where things are by ZMQX_SOURCE_DIR, ZMQX_BUILD_DIR, ZMQX_LIB_DIR
#     and ZMQX_CC. In a sanitizer's tree it is left out unless UNDER names that sanitizer.
#
# Labels: unit api oracle interop wire stress oom abi fuzz models lint count demo cross mutants
#         dropin examples.
# A test that cannot run exits with 77 and says why in a line that begins with `SKIP:`.
# Times are limits against hanging; they are multiplied in a sanitizer's tree.

set(ZX_TEST_PREFIX "")
set(ZX_TEST_LABELS "")
set(ZX_TEST_SLOWER 1)
set(ZX_TEST_ENV "")
if(ZMQX_SANITIZE MATCHES "address")
  set(ZX_TEST_PREFIX asan.)
  set(ZX_TEST_LABELS asan)
  if(ZMQX_SANITIZE MATCHES "undefined")
    list(APPEND ZX_TEST_LABELS ubsan)
  endif()
  set(ZX_TEST_SLOWER 4)
  # Neither may be answered by a death: the tests want to see the library's own answer.
  list(APPEND ZX_TEST_ENV ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1)
elseif(ZMQX_SANITIZE MATCHES "undefined")
  set(ZX_TEST_PREFIX ubsan.)
  set(ZX_TEST_LABELS ubsan)
  set(ZX_TEST_SLOWER 2)
elseif(ZMQX_SANITIZE MATCHES "thread")
  set(ZX_TEST_PREFIX tsan.)
  set(ZX_TEST_LABELS tsan)
  set(ZX_TEST_SLOWER 6)
  list(APPEND ZX_TEST_ENV TSAN_OPTIONS=allocator_may_return_null=1:second_deadlock_stack=1)
endif()

find_path(ZX_CMOCKA_INCLUDE cmocka.h)
find_library(ZX_CMOCKA_LIBRARY cmocka)
mark_as_advanced(ZX_CMOCKA_INCLUDE ZX_CMOCKA_LIBRARY)
if(NOT ZX_CMOCKA_INCLUDE OR NOT ZX_CMOCKA_LIBRARY)
  message(WARNING "zmqx: cmocka not found, so NO test program is built")
endif()

# Where the system keeps the libzmq that tests are compared with. It is never our own install.
find_file(ZX_ORACLE_LIBRARY libzmq.so.5 PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} /usr/lib
          NO_DEFAULT_PATH)
mark_as_advanced(ZX_ORACLE_LIBRARY)

function(zx_finish_test name)
  cmake_parse_arguments(T "SERIAL" "TIMEOUT" "LABELS;ENV" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 20)
  endif()
  math(EXPR timeout "${T_TIMEOUT} * ${ZX_TEST_SLOWER}")
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${timeout} SKIP_RETURN_CODE 77 LABELS "${T_LABELS};${ZX_TEST_LABELS}")
  if(T_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT ${ZX_TEST_ENV} ${T_ENV})
endfunction()

function(zx_test)
  cmake_parse_arguments(T "INTERNAL;SERIAL" "NAME;TIMEOUT" "SOURCES;LABELS;LIBS;ARGS;NOT_UNDER;ENV"
                        ${ARGN})
  if(NOT T_NAME OR NOT T_SOURCES OR NOT T_LABELS)
    message(FATAL_ERROR "zx_test needs NAME, SOURCES and LABELS")
  endif()
  if(NOT ZX_CMOCKA_LIBRARY OR NOT ZX_CMOCKA_INCLUDE)
    return()
  endif()
  foreach(sanitizer ${T_NOT_UNDER})
    if(ZMQX_SANITIZE MATCHES ${sanitizer})
      return()
    endif()
  endforeach()
  if(NOT T_INTERNAL AND NOT TARGET libzmq)
    message(STATUS "zmqx: test ${T_NAME} is left out: no shared library")
    return()
  endif()

  add_executable(${T_NAME} ${T_SOURCES})
  set_target_properties(${T_NAME} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  target_include_directories(${T_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_include_directories(${T_NAME} SYSTEM PRIVATE ${ZX_CMOCKA_INCLUDE})
  if(T_INTERNAL)
    target_link_libraries(${T_NAME} PRIVATE zmqx_private libzmq-static)
  else()
    target_link_libraries(${T_NAME} PRIVATE zmqx_flags libzmq)
    # Another libzmq may be put underneath by LD_LIBRARY_PATH, one without the draft functions.
    target_link_options(${T_NAME} PRIVATE -Wl,-z,lazy -Wl,--enable-new-dtags)
  endif()
  target_link_libraries(${T_NAME} PRIVATE ${T_LIBS} ${ZX_CMOCKA_LIBRARY} Threads::Threads)

  set(options "")
  if(T_SERIAL)
    set(options SERIAL)
  endif()
  set(labels ${T_LABELS})
  list(REMOVE_ITEM labels oracle)
  if(labels)
    add_test(NAME ${ZX_TEST_PREFIX}${T_NAME} COMMAND ${T_NAME} ${T_ARGS})
    zx_finish_test(${ZX_TEST_PREFIX}${T_NAME} LABELS ${labels} TIMEOUT ${T_TIMEOUT}
                   ENV ${T_ENV} ${options})
  endif()
  if("oracle" IN_LIST T_LABELS AND NOT T_INTERNAL AND NOT ZMQX_SANITIZE)
    add_test(NAME oracle.${T_NAME}
      COMMAND sh ${PROJECT_SOURCE_DIR}/tools/on-system-libzmq "${ZX_ORACLE_LIBRARY}"
              $<TARGET_FILE:${T_NAME}> ${T_ARGS})
    zx_finish_test(oracle.${T_NAME} LABELS oracle TIMEOUT ${T_TIMEOUT} ENV ${T_ENV} ${options})
  endif()
endfunction()

function(zx_script_test)
  cmake_parse_arguments(T "SERIAL" "NAME;TIMEOUT" "COMMAND;LABELS;UNDER;ENV" ${ARGN})
  if(NOT T_NAME OR NOT T_COMMAND OR NOT T_LABELS)
    message(FATAL_ERROR "zx_script_test needs NAME, COMMAND and LABELS")
  endif()
  if(ZMQX_SANITIZE)
    set(wanted FALSE)
    foreach(sanitizer ${T_UNDER})
      if(ZMQX_SANITIZE MATCHES ${sanitizer})
        set(wanted TRUE)
      endif()
    endforeach()
    if(NOT wanted)
      return()
    endif()
  endif()
  set(name ${ZX_TEST_PREFIX}${T_NAME})
  set(options "")
  if(T_SERIAL)
    set(options SERIAL)
  endif()
  set(env ZMQX_SOURCE_DIR=${PROJECT_SOURCE_DIR} ZMQX_BUILD_DIR=${PROJECT_BINARY_DIR}
          ZMQX_CC=${CMAKE_C_COMPILER})
  if(TARGET libzmq)
    list(APPEND env ZMQX_LIB_DIR=$<TARGET_FILE_DIR:libzmq>)
  endif()
  add_test(NAME ${name} COMMAND ${T_COMMAND} WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  zx_finish_test(${name} LABELS ${T_LABELS} TIMEOUT ${T_TIMEOUT}
                 ENV ${env} ${T_ENV} ${options})
endfunction()

# Adds every folder below `root` (or root itself) that has a CMakeLists.txt.
function(zx_add_part_folders)
  foreach(root ${ARGN})
    file(GLOB lists CONFIGURE_DEPENDS ${root}/CMakeLists.txt ${root}/*/CMakeLists.txt)
    foreach(list ${lists})
      get_filename_component(dir ${list} DIRECTORY)
      add_subdirectory(${dir})
    endforeach()
  endforeach()
endfunction()

# The tests of other build trees below this one, such as the sanitizers': they are read by ctest
# when it runs, so that one run and one summary hold them all. A tree that is named but was never
# built shows as a test that fails, not as silence.
function(zx_include_test_trees)
  foreach(tree ${ZMQX_TEST_TREES})
    set(dir ${PROJECT_BINARY_DIR}/${tree})
    set(file ${PROJECT_BINARY_DIR}/tests-of-${tree}.cmake)
    file(WRITE ${file} "if(EXISTS \"${dir}/CTestTestfile.cmake\")
  subdirs(\"${dir}\")
else()
  add_test(${tree}.the-tree-was-not-built \"${CMAKE_COMMAND}\" -E false)
endif()
")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
  endforeach()
endfunction()
