# SPDX-License-Identifier: MIT
#
# A Debian cross compiler (gcc-<triple>, libc6-dev-<arch>-cross) and qemu-user to run what it made.
# The including file sets ZX_TRIPLE, ZX_QEMU and CMAKE_SYSTEM_PROCESSOR.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${ZX_TRIPLE}-gcc)
set(CMAKE_FIND_ROOT_PATH /usr/${ZX_TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# The build machine's pkg-config would offer the build machine's libraries.
set(CMAKE_DISABLE_FIND_PACKAGE_PkgConfig ON)
set(CMAKE_CROSSCOMPILING_EMULATOR ${ZX_QEMU} -L /usr/${ZX_TRIPLE})
