# SPDX-License-Identifier: MIT
#
# The manual, by tools/build-man.sh: target `man`. With WITH_DOCS on it is part of the build; what
# was made is installed.

if(NOT ZMQX_TOP OR (NOT WITH_DOCS AND NOT WITH_DOCS STREQUAL "AUTO"))
  return()
endif()
find_program(ZX_ASCIIDOCTOR asciidoctor)
mark_as_advanced(ZX_ASCIIDOCTOR)
if(NOT ZX_ASCIIDOCTOR)
  if(NOT WITH_DOCS STREQUAL "AUTO")
    message(FATAL_ERROR "WITH_DOCS is ON, but asciidoctor was not found")
  endif()
  message(STATUS "zmqx: without the manual (asciidoctor not found)")
  return()
endif()

set(man_dir ${PROJECT_BINARY_DIR}/man-pages)
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/doc/man/*.adoc)
add_custom_command(OUTPUT ${man_dir}.stamp
  COMMAND sh ${PROJECT_SOURCE_DIR}/tools/build-man.sh ${man_dir}
  COMMAND ${CMAKE_COMMAND} -E touch ${man_dir}.stamp
  DEPENDS ${pages} ${PROJECT_SOURCE_DIR}/tools/build-man.sh VERBATIM)
if(WITH_DOCS STREQUAL "AUTO")
  add_custom_target(man DEPENDS ${man_dir}.stamp)
else()
  add_custom_target(man ALL DEPENDS ${man_dir}.stamp)
endif()
foreach(section 1 3 7)
  install(DIRECTORY ${man_dir}/man${section} DESTINATION ${CMAKE_INSTALL_MANDIR} OPTIONAL)
endforeach()
