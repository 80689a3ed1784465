/*
 * The record of pixels as text, a domain a line, its fields parted by blanks:
 *
 *     pixels 1 FORGOTTEN
 *     HOST DOMAIN-LENGTH ORIGINALS NAMED PICTURES FIRST-DAY LAST-DAY [VENDOR]
 */
#include "serve/pixels_table.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define HEAD "pixels 1 "

void pixels_write(const struct pixels *pixels, int32_t oldest_day, struct buf *to)
{
    buf_add_format(to, HEAD "%" PRIu64 "\n", pixels->forgotten);
    for (size_t i = 0; i <= pixels->table.mask; i++) {
        for (struct hash_link *link = pixels->table.buckets[i]; link; link = link->next) {
            const struct pixels_place *place = container_of(link, struct pixels_place, link);
            if (place->last_day < oldest_day)
                continue;
            buf_add_format(to, "%s %zu %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRId32 " %" PRId32,
                           place->host, place->domain_len, place->originals, place->named,
                           place->pictures, place->first_day, place->last_day);
            buf_add_format(to, "%s%s\n", *place->vendor ? " " : "", place->vendor);
        }
    }
}

/* Nobody but us can have written it, so it is looked at no further than memory needs. */
static int read_line(struct pixels *pixels, const char *line, int32_t oldest_day)
{
    char host[LIMIT_PIXEL_HOST + 1];
    struct pixels_place read = {0};
    int end = 0;
    if (sscanf(line, "%253s %zu %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNd32 " %" SCNd32 "%n",
               host, &read.domain_len, &read.originals, &read.named, &read.pictures,
               &read.first_day, &read.last_day, &end) != 7)
        return 0;
    struct span name = span_of(host);
    if (!pixels_host_is_plain(name) || read.domain_len == 0 || read.domain_len > name.len ||
        read.last_day < oldest_day || pixels->table.count >= LIMIT_PIXEL_DOMAINS)
        return 0;
    struct pixels_place *place = pixels_add(pixels, name, read.domain_len);
    if (!place)
        return -ENOMEM;
    place->originals = read.originals;
    place->named = read.named;
    place->pictures = read.pictures;
    place->first_day = read.first_day;
    place->last_day = read.last_day;
    if (line[end] == ' ')
        snprintf(place->vendor, sizeof(place->vendor), "%s", line + end + 1);
    return 0;
}

int pixels_read(struct pixels *pixels, char *text, int32_t oldest_day)
{
    char *rest = NULL;
    char *line = strtok_r(text, "\n", &rest);
    if (!line || sscanf(line, HEAD "%" SCNu64, &pixels->forgotten) != 1)
        return -EBADMSG;
    int r = 0;
    while (r == 0 && (line = strtok_r(NULL, "\n", &rest)))
        r = read_line(pixels, line, oldest_day);
    return r;
}
