# SPDX-License-Identifier: MIT
#
# 32 bits, little-endian; its programs run under qemu-arm.
set(ZX_TRIPLE arm-linux-gnueabihf)
set(ZX_QEMU qemu-arm)
set(CMAKE_SYSTEM_PROCESSOR arm)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
