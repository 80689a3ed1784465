/*
 * Where libjpeg writes to: memory that grows, and that is still known when libjpeg gives up (which
 * jpeg_mem_dest's is not).
 */
#ifndef WORKER_JPEG_SINK_H
#define WORKER_JPEG_SINK_H

#include <stddef.h>
#include <stdio.h> /* jpeglib.h wants it */

#include <jpeglib.h>

struct jpeg_sink {
    struct jpeg_destination_mgr manager;
    unsigned char *bytes; /* free() */
    size_t size;
    size_t len; /* after jpeg_finish_compress */
};

/* `sink`, cleared by the caller, must outlive `out`. */
void jpeg_sink_set(struct jpeg_compress_struct *out, struct jpeg_sink *sink);

#endif
