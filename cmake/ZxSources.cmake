# SPDX-License-Identifier: MIT
#
# The files of src/, one glob per folder, into ZX_SOURCES.

set(folders ${ZMQX_FOLDERS})
if(NOT folders)
  set(folders base os zmtp security core patterns transports mux api)
endif()

set(globs "")
foreach(folder ${folders})
  list(APPEND globs ${PROJECT_SOURCE_DIR}/src/${folder}/*.c)
  if(folder STREQUAL "os")
    # One contract, and the halves of it that this system has.
    list(APPEND globs ${PROJECT_SOURCE_DIR}/src/os/posix/*.c)
    if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
      list(APPEND globs ${PROJECT_SOURCE_DIR}/src/os/linux/*.c)
    elseif(CMAKE_SYSTEM_NAME MATCHES "BSD|Darwin|DragonFly")
      list(APPEND globs ${PROJECT_SOURCE_DIR}/src/os/bsd/*.c)
    endif()
  else()
    list(APPEND globs ${PROJECT_SOURCE_DIR}/src/${folder}/*/*.c)
  endif()
endforeach()
file(GLOB ZX_SOURCES CONFIGURE_DEPENDS ${globs})
if(ZX_ABSENT_FILES)
  list(REMOVE_ITEM ZX_SOURCES ${ZX_ABSENT_FILES})
endif()

if(NOT ZX_SOURCES)
  # CMake refuses a library of no files.
  file(WRITE ${PROJECT_BINARY_DIR}/empty.c "typedef int zx_empty;\n")
  set(ZX_SOURCES ${PROJECT_BINARY_DIR}/empty.c)
endif()
