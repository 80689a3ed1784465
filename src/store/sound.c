#include "store/sound.h"

#include "sys/fd.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* The file format, as lmdb 0.9 lays it out. */
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_DATABASE = 2 };

#define META_MAGIC   0xBEEFC0DE
#define META_VERSION 1
#define DEPTH_MAX    32 /* what LMDB's own cursor can hold */
#define KEY_MAX      511
#define NO_ROOT      UINT64_MAX

struct page_head {
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower;
    uint16_t upper;
};

struct database {
    uint32_t page_size; /* in the list of free pages' only */
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t entries;
    uint64_t root;
};

struct meta {
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t map_size;
    struct database free;
    struct database main;
    uint64_t last_page;
    uint64_t transaction;
};

struct node {
    uint16_t low;
    uint16_t high;
    uint16_t flags;
    uint16_t key_size;
};

_Static_assert(sizeof(struct page_head) == 16 && sizeof(struct database) == 48 &&
                   sizeof(struct meta) == 136 && sizeof(struct node) == 8,
               "not the layout of the file");

enum kind { FREE_LIST, NAMES, VALUES };

/*
 * Nearly all pages are leaves of values. They are noted when the page above is read, and gone
 * through in the order of the file: it is then read in large pieces from the beginning to the end.
 */
struct check {
    int fd;
    uint64_t page_size;
    uint64_t last;   /* number of the last page in use */
    uint8_t *used;   /* a bit a page: nothing is reached twice, so nothing goes round in circles */
    uint8_t *leaves; /* likewise: of values, to be gone through */
};

#define RUN 64 /* pages read at once: they stay in a processor's own cache meanwhile */
#define GAP 8  /* pages that are no leaves, read rather than skipped; not tuned */

static int read_at(const struct check *c, uint64_t offset, void *bytes, size_t len)
{
    ssize_t n = pread(c->fd, bytes, len, (off_t)offset);
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EBADMSG;
}

static bool has_bit(const uint8_t *bits, uint64_t page)
{
    return bits[page >> 3] >> (page & 7) & 1;
}

static bool claim_pages(struct check *c, uint64_t first, uint64_t count)
{
    if (first < 2 || first > c->last || count == 0 || count > c->last - first + 1)
        return false;
    for (uint64_t page = first; page < first + count; page++) {
        if (has_bit(c->used, page))
            return false;
        c->used[page >> 3] |= (uint8_t)(1U << (page & 7));
    }
    return true;
}

static int check_tree(struct check *c, const struct database *db, enum kind kind);

/* An entry of the list of free pages: how many, then their numbers. */
static int check_free(struct check *c, const uint8_t *bytes, uint64_t len)
{
    uint64_t count, page;
    if (len < sizeof(count))
        return -EBADMSG;
    memcpy(&count, bytes, sizeof(count));
    if (count > len / sizeof(count) - 1)
        return -EBADMSG;
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&page, bytes + i * sizeof(page), sizeof(page));
        if (!claim_pages(c, page, 1))
            return -EBADMSG;
    }
    return 0;
}

static int check_big(struct check *c, const uint8_t *at, uint64_t len, enum kind kind)
{
    uint64_t page;
    memcpy(&page, at, sizeof(page));
    uint64_t pages = (sizeof(struct page_head) + len + c->page_size - 1) / c->page_size;
    if (!claim_pages(c, page, pages))
        return -EBADMSG;
    if (kind != FREE_LIST)
        return 0;
    uint8_t *bytes = malloc(len ? len : 1);
    if (!bytes)
        return -ENOMEM;
    int r = read_at(c, page * c->page_size + sizeof(struct page_head), bytes, len);
    if (r == 0)
        r = check_free(c, bytes, len);
    free(bytes);
    return r;
}

/* `room`: bytes from the node to the end of its page, its head included. */
static int check_leaf_node(struct check *c, const uint8_t *at, uint64_t room, enum kind kind)
{
    struct node node;
    memcpy(&node, at, sizeof(node));
    uint64_t len = (uint64_t)node.low | (uint64_t)node.high << 16;
    uint64_t before = sizeof(node) + node.key_size;
    uint64_t here = node.flags & NODE_BIG ? sizeof(uint64_t) : len;
    if (node.key_size == 0 || node.key_size > KEY_MAX || before + here > room)
        return -EBADMSG;
    if (kind == FREE_LIST && node.key_size != sizeof(uint64_t))
        return -EBADMSG;
    if (node.flags == NODE_DATABASE && kind == NAMES && len == sizeof(struct database)) {
        struct database db;
        memcpy(&db, at + before, sizeof(db));
        return check_tree(c, &db, VALUES);
    }
    if (node.flags == NODE_BIG)
        return check_big(c, at + before, len, kind);
    if (node.flags != 0)
        return -EBADMSG;
    return kind == FREE_LIST ? check_free(c, at + before, len) : 0;
}

static int check_page(struct check *c, uint64_t number, unsigned levels, enum kind kind);

static int check_branch_node(struct check *c, const uint8_t *at, uint64_t room, unsigned levels,
                             enum kind kind)
{
    struct node node;
    memcpy(&node, at, sizeof(node));
    if (node.key_size > KEY_MAX || sizeof(node) + node.key_size > room)
        return -EBADMSG;
    uint64_t child = (uint64_t)node.low | (uint64_t)node.high << 16 | (uint64_t)node.flags << 32;
    return check_page(c, child, levels - 1, kind);
}

static int check_nodes(struct check *c, const uint8_t *page, unsigned levels, enum kind kind)
{
    struct page_head head;
    memcpy(&head, page, sizeof(head));
    if (head.flags != (levels > 1 ? PAGE_BRANCH : PAGE_LEAF) || head.lower < sizeof(head) ||
        head.lower % 2 != 0 || head.lower > head.upper || head.upper > c->page_size)
        return -EBADMSG;
    unsigned count = (head.lower - (unsigned)sizeof(head)) / 2;
    if (count == 0 || (levels > 1 && count < 2 && kind != FREE_LIST))
        return -EBADMSG;
    for (unsigned i = 0; i < count; i++) {
        uint16_t at;
        memcpy(&at, page + sizeof(head) + 2 * (size_t)i, sizeof(at));
        if (at < head.upper || at % 2 != 0 || at + sizeof(struct node) > c->page_size)
            return -EBADMSG;
        int r = levels > 1 ? check_branch_node(c, page + at, c->page_size - at, levels, kind)
                           : check_leaf_node(c, page + at, c->page_size - at, kind);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_one(struct check *c, const uint8_t *page, uint64_t number, unsigned levels,
                     enum kind kind)
{
    if (memcmp(page, &number, sizeof(number)) != 0)
        return -EBADMSG;
    return check_nodes(c, page, levels, kind);
}

/* At most DEPTH_MAX deep, and a database's name once more as deep. */
static int check_page(struct check *c, uint64_t number, unsigned levels, enum kind kind)
{
    if (!claim_pages(c, number, 1))
        return -EBADMSG;
    if (levels == 1 && kind == VALUES) {
        c->leaves[number >> 3] |= (uint8_t)(1U << (number & 7));
        return 0;
    }
    uint8_t *page = malloc(c->page_size);
    if (!page)
        return -ENOMEM;
    int r = read_at(c, number * c->page_size, page, c->page_size);
    if (r == 0)
        r = check_one(c, page, number, levels, kind);
    free(page);
    return r;
}

/* Many of them lie side by side. From `*at` on: how many pages to read, the first and last of them
 * leaves; 0: no more. */
static uint64_t next_run(const struct check *c, uint64_t *at)
{
    while (*at <= c->last && !has_bit(c->leaves, *at))
        *at += *at % 8 == 0 && c->leaves[*at >> 3] == 0 ? 8 : 1;
    if (*at > c->last)
        return 0;
    uint64_t count = 1;
    for (uint64_t next = 1; next < RUN && next < count + GAP && *at + next <= c->last; next++)
        if (has_bit(c->leaves, *at + next))
            count = next + 1;
    return count;
}

static int check_leaves(struct check *c)
{
    uint8_t *pages = malloc(RUN * c->page_size);
    if (!pages)
        return -ENOMEM;
    int r = 0;
    uint64_t count;
    for (uint64_t at = 2; r == 0 && (count = next_run(c, &at)) > 0; at += count) {
        r = read_at(c, at * c->page_size, pages, count * c->page_size);
        for (uint64_t i = 0; r == 0 && i < count; i++)
            if (has_bit(c->leaves, at + i))
                r = check_one(c, pages + i * c->page_size, at + i, 1, VALUES);
    }
    free(pages);
    return r;
}

static int check_tree(struct check *c, const struct database *db, enum kind kind)
{
    if (kind != FREE_LIST && db->flags != 0)
        return -EBADMSG;
    if (db->root == NO_ROOT)
        return db->depth == 0 ? 0 : -EBADMSG;
    if (db->depth == 0 || db->depth > DEPTH_MAX)
        return -EBADMSG;
    return check_page(c, db->root, db->depth, kind);
}

/* Both must be good, for LMDB looks at both; the younger one counts. */
static int read_metas(const struct check *c, struct meta *ret)
{
    struct meta metas[2];
    for (unsigned i = 0; i < 2; i++) {
        struct page_head head;
        uint64_t offset = i * c->page_size;
        int r = read_at(c, offset, &head, sizeof(head));
        if (r == 0)
            r = read_at(c, offset + sizeof(head), &metas[i], sizeof(metas[i]));
        if (r < 0)
            return r;
        if (head.flags != PAGE_META || metas[i].magic != META_MAGIC ||
            metas[i].version != META_VERSION || metas[i].free.page_size != c->page_size)
            return -EBADMSG;
    }
    *ret = metas[1].transaction > metas[0].transaction ? metas[1] : metas[0];
    return 0;
}

/* Names of ours fit into one page; a deeper tree is one of values. */
static enum kind main_kind(const struct meta *meta)
{
    return meta->main.depth > 1 ? VALUES : NAMES;
}

static int check_file(struct check *c, uint64_t size)
{
    struct meta meta;
    int r = read_metas(c, &meta);
    if (r < 0)
        return r;
    if (meta.last_page < 1 || meta.last_page >= size / c->page_size)
        return -EBADMSG;
    c->last = meta.last_page;
    c->used = calloc(1, c->last / 8 + 1);
    c->leaves = calloc(1, c->last / 8 + 1);
    r = c->used && c->leaves ? check_tree(c, &meta.free, FREE_LIST) : -ENOMEM;
    if (r == 0)
        r = check_tree(c, &meta.main, main_kind(&meta));
    if (r == 0)
        r = check_leaves(c);
    free(c->used);
    free(c->leaves);
    return r;
}

int sound_check(const char *path)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size == 0)
        return 0;
    struct check check = {.fd = fd, .page_size = (uint64_t)sysconf(_SC_PAGESIZE)};
    return check_file(&check, (uint64_t)st.st_size);
}
