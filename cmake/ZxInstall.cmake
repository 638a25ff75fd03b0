# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts where: library, headers, libzmq.pc, ZeroMQConfig.cmake. Everything
# finds its prefix from its own place, so that an installed tree may be moved.

if(NOT ZMQX_TOP AND NOT ZMQX_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.h)
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(targets "")
if(BUILD_SHARED)
  list(APPEND targets libzmq)
endif()
if(BUILD_STATIC)
  list(APPEND targets libzmq-static)
endif()
install(TARGETS ${targets} EXPORT ZeroMQTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

# The program that libzmq comes with, of its name.
if(ZX_HAVE_CURVE)
  add_executable(curve_keygen ${PROJECT_SOURCE_DIR}/tools/curve_keygen.c)
  set_target_properties(curve_keygen PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
  if(BUILD_SHARED)
    target_link_libraries(curve_keygen PRIVATE zmqx_flags libzmq)
  else()
    target_link_libraries(curve_keygen PRIVATE zmqx_flags libzmq-static)
  endif()
  install(TARGETS curve_keygen RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ZeroMQ)
install(EXPORT ZeroMQTargets DESTINATION ${config_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ZeroMQConfig.cmake.in
  ${PROJECT_BINARY_DIR}/ZeroMQConfig.cmake INSTALL_DESTINATION ${config_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ZeroMQConfigVersion.cmake
  VERSION ${ZMQX_API_VERSION} COMPATIBILITY AnyNewerVersion)
install(FILES ${PROJECT_BINARY_DIR}/ZeroMQConfig.cmake
  ${PROJECT_BINARY_DIR}/ZeroMQConfigVersion.cmake DESTINATION ${config_dir})

# libzmq.pc: the way from its own folder to the prefix and from there to the rest.
file(RELATIVE_PATH ZX_PC_UP ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" ZX_PC_UP "${ZX_PC_UP}")
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(ZX_PC_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(ZX_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
set(ZX_PC_PRIVATE ${ZX_PC_LIBS})
list(REMOVE_DUPLICATES ZX_PC_PRIVATE)
string(REPLACE ";" " " ZX_PC_PRIVATE "${ZX_PC_PRIVATE}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/libzmq.pc.in ${PROJECT_BINARY_DIR}/libzmq.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libzmq.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
