# SPDX-License-Identifier: MIT
#
# Whole programs in which each allocation (oom_memory) or system call (oom_system) of the library
# fails once.
set(wraps malloc calloc realloc aligned_alloc strdup free socket bind listen accept4 connect
  setsockopt getsockopt getsockname getpeername send sendmsg recv recvmsg epoll_create1 epoll_ctl
  epoll_wait ppoll eventfd mkdtemp pthread_create getaddrinfo)
list(TRANSFORM wraps PREPEND "-Wl,--wrap=")

foreach(kind memory system)
  zx_test(NAME oom_${kind} SOURCES main.c fault.c kit.c scenes.c LABELS oom INTERNAL TIMEOUT 300
          LIBS ${wraps} NOT_UNDER thread)
  if(TARGET oom_${kind})
    string(COMPARE EQUAL ${kind} system is_system)
    target_compile_definitions(oom_${kind} PRIVATE ZX_OOM_SYSTEM=${is_system}
      ZX_OOM_POINTS="${CMAKE_CURRENT_SOURCE_DIR}/points.txt")
  endif()
endforeach()
