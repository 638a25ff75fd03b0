# SPDX-License-Identifier: MIT
#
# The man pages, from doc/man/*.adoc by asciidoctor; target `man`, installed if WITH_DOCS allows.

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/doc/man/*.adoc)
find_program(ASCIIDOCTOR asciidoctor)
if(NOT pages OR NOT ZMQX_TOP OR (NOT WITH_DOCS AND NOT WITH_DOCS STREQUAL "AUTO"))
  return()
endif()
if(NOT ASCIIDOCTOR)
  if(NOT WITH_DOCS STREQUAL "AUTO")
    message(FATAL_ERROR "WITH_DOCS is ON, but asciidoctor was not found")
  endif()
  message(STATUS "zmqx: without man pages (asciidoctor not found)")
  return()
endif()

# One run for all pages: the start of the interpreter costs more than the pages. A page whose
# second line asks for another section says so in its name, which ends in `.7` or the like.
set(man_dir ${PROJECT_BINARY_DIR}/man)
add_custom_command(OUTPUT ${man_dir}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${man_dir}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${man_dir}
  COMMAND ${ASCIIDOCTOR} -b manpage --failure-level=WARN -D ${man_dir} ${pages}
  COMMAND ${CMAKE_COMMAND} -E touch ${man_dir}/stamp
  DEPENDS ${pages} VERBATIM)
if(WITH_DOCS STREQUAL "AUTO")
  add_custom_target(man DEPENDS ${man_dir}/stamp)
else()
  add_custom_target(man ALL DEPENDS ${man_dir}/stamp)
endif()
install(DIRECTORY ${man_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 OPTIONAL
  FILES_MATCHING PATTERN "*.3")
install(DIRECTORY ${man_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man7 OPTIONAL
  FILES_MATCHING PATTERN "*.7")
