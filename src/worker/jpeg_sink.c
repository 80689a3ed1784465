#include "worker/jpeg_sink.h"

#include <jerror.h>
#include <stdlib.h>

#define FIRST_SIZE 65536

static void offer(struct jpeg_compress_struct *out, struct jpeg_sink *sink, size_t filled)
{
    size_t size = sink->size ? sink->size * 2 : FIRST_SIZE;
    unsigned char *bytes = realloc(sink->bytes, size);
    if (!bytes)
        ERREXIT1(out, JERR_OUT_OF_MEMORY, 0);
    sink->bytes = bytes;
    sink->size = size;
    sink->manager.next_output_byte = bytes + filled;
    sink->manager.free_in_buffer = size - filled;
}

static struct jpeg_sink *sink_of(struct jpeg_compress_struct *out)
{
    return (struct jpeg_sink *)out->dest; /* its first member */
}

static void begin(struct jpeg_compress_struct *out)
{
    offer(out, sink_of(out), 0);
}

/* The whole buffer is full then, whatever free_in_buffer says. */
static boolean grow(struct jpeg_compress_struct *out)
{
    offer(out, sink_of(out), sink_of(out)->size);
    return TRUE;
}

static void end(struct jpeg_compress_struct *out)
{
    struct jpeg_sink *sink = sink_of(out);
    sink->len = sink->size - sink->manager.free_in_buffer;
}

void jpeg_sink_set(struct jpeg_compress_struct *out, struct jpeg_sink *sink)
{
    sink->manager.init_destination = begin;
    sink->manager.empty_output_buffer = grow;
    sink->manager.term_destination = end;
    out->dest = &sink->manager;
}
