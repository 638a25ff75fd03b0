/* SPDX-License-Identifier: MIT */
/*
 * Plays a corpus to a fuzz target without libFuzzer, whatever the compiler.
 *
 *     <target> <folder or file>...
 *
 * Each file is played as it is, then in variants made by a generator that
 * starts from the same seed every time. Fails if there was no file to play.
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

#ifndef ZX_VARIANTS
#define ZX_VARIANTS 100000
#endif

enum {
    VARIANTS = ZX_VARIANTS, /* dealt out evenly to the files; fewer where each takes long */
    FILES_MAX = 4096,
    SIZE_MAX_PLAYED = 1 << 20,
};

struct file {
    uint8_t *data;
    size_t size;
};

static struct file files[FILES_MAX];
static size_t file_count;
static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random_below(uint64_t limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % limit;
}

static void die(const char *what, const char *path) {
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

static void load_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f)
        die("cannot be opened", path);
    if (file_count == FILES_MAX)
        die("too many files", path);
    struct file *file = &files[file_count++];
    file->data = malloc(SIZE_MAX_PLAYED);
    if (!file->data)
        die("no memory", path);
    file->size = fread(file->data, 1, SIZE_MAX_PLAYED, f);
    fclose(f);
    uint8_t *exact = fuzz_copy(file->data, file->size);
    free(file->data);
    file->data = exact;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static void load(const char *path) {
    struct stat st;
    if (stat(path, &st))
        die("not there", path);
    if (!S_ISDIR(st.st_mode)) {
        load_file(path);
        return;
    }
    struct dirent **entries;
    int n = scandir(path, &entries, is_shown, alphasort);
    if (n < 0)
        die("cannot be listed", path);
    for (int i = 0; i < n; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        load_file(name);
        free(entries[i]);
    }
    free(entries);
}

/* One change at a random place; returns the new size. */
static size_t change(uint8_t *data, size_t size, size_t cap) {
    static const uint8_t edges[] = {0, 1, 2, 4, 0x7f, 0x80, 0xfe, 0xff};
    size_t at = (size_t)random_below(size + 1);
    switch (random_below(5)) {
    case 0: /* a bit */
        if (at < size)
            data[at] ^= (uint8_t)(1u << random_below(8));
        return size;
    case 1: /* a byte */
        if (at < size)
            data[at] = edges[random_below(sizeof edges)];
        return size;
    case 2: /* one byte more */
        if (size == cap)
            return size;
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)random_below(256);
        return size + 1;
    case 3: /* some bytes less */
        if (at < size) {
            size_t n = 1 + (size_t)random_below(size - at < 8 ? size - at : 8);
            memmove(data + at, data + at + n, size - at - n);
            return size - n;
        }
        return size;
    default: /* the end of another file */
    {
        const struct file *other = &files[random_below(file_count)];
        size_t from = (size_t)random_below(other->size + 1);
        size_t n = other->size - from < cap - at ? other->size - from : cap - at;
        memcpy(data + at, other->data + from, n);
        return at + n;
    }
    }
}

static void play_variants(const struct file *file, size_t count) {
    size_t cap = file->size + 256;
    for (size_t i = 0; i < count; i++) {
        uint8_t *data = malloc(cap);
        if (!data)
            exit(1);
        memcpy(data, file->data, file->size);
        size_t size = file->size;
        for (uint64_t n = 1 + random_below(4); n; n--)
            size = change(data, size, cap);
        uint8_t *exact = fuzz_copy(data, size);
        free(data);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        load(argv[i]);
    if (!file_count)
        die("nothing to play", argc > 1 ? argv[1] : "corpus");
    for (size_t i = 0; i < file_count; i++)
        LLVMFuzzerTestOneInput(files[i].data, files[i].size);
    for (size_t i = 0; i < file_count; i++)
        play_variants(&files[i], VARIANTS / file_count + 1);
    printf("%zu files and %zu variants of each\n", file_count, VARIANTS / file_count + 1);
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    return 0;
}
