#include "sys/data.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Programs of a build tree are in src/FOLDER/, its data at its top. */
const char *data_path(const char *name, char *room, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", room, size - 1);
    if (len > 0) {
        room[len] = '\0';
        char *slash = strrchr(room, '/');
        size_t left = size - (size_t)(slash - room);
        if (strstr(room, "/src/") && (size_t)snprintf(slash, left, "/../../%s", name) < left &&
            access(room, R_OK) == 0)
            return room;
    }
    if ((size_t)snprintf(room, size, "%s/%s", SHOJI_DATADIR, name) >= size)
        return NULL;
    return access(room, R_OK) == 0 ? room : NULL;
}
