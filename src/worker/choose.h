/*
 * What a picture becomes: the format and its settings, from what came in and `output`.
 */
#ifndef WORKER_CHOOSE_H
#define WORKER_CHOOSE_H

#include "worker/picture.h"
#include "worker/save.h"

struct save choose_save(const struct picture *picture);

#endif
