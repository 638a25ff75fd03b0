/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <sys/mman.h>
#    include <unistd.h>

#    ifndef MADV_WIPEONFORK
#        define MADV_WIPEONFORK 18
#    endif

atomic_uint *zx_posix_wiped_word(void) {
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0)
        return NULL;
    size_t size = (size_t)page;
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    /* An emulator that says yes to every advice does nothing for any of them. */
    if (madvise(map, size, -1) == 0 || madvise(map, size, MADV_WIPEONFORK) != 0) {
        munmap(map, size);
        return NULL;
    }
    return map;
}

#endif
