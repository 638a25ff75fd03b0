# SPDX-License-Identifier: MIT
#
# 64 bits, big-endian; its programs run under qemu-s390x.
set(ZX_TRIPLE s390x-linux-gnu)
set(ZX_QEMU qemu-s390x)
set(CMAKE_SYSTEM_PROCESSOR s390x)
include(${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake)
