#include "test.h"

#include "base/hash.h"
#include "base/list.h"

struct thing {
    struct hash_link link;
    int value;
};

static struct thing *find(struct hash *table, uint64_t hash, int value)
{
    for (struct hash_link *l = hash_first(table, hash); l; l = hash_next(l)) {
        struct thing *thing = container_of(l, struct thing, link);
        if (thing->value == value)
            return thing;
    }
    return NULL;
}

static void test_finds_all_after_growing_and_removing(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct thing *things = calloc(COUNT, sizeof(*things));
    struct hash table;
    assert_int_equal(hash_init(&table), 0);
    for (int i = 0; i < COUNT; i++) {
        things[i].value = i;
        hash_add(&table, &things[i].link, (uint64_t)(i / 3)); /* three share each hash */
    }
    for (int i = 0; i < COUNT; i += 2)
        hash_remove(&table, &things[i].link);
    assert_int_equal(table.count, COUNT / 2);
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(find(&table, (uint64_t)(i / 3), i), i % 2 ? &things[i] : NULL);

    size_t popped = 0;
    while (hash_pop(&table))
        popped++;
    assert_int_equal(popped, COUNT / 2);
    hash_free(&table);
    free(things);
}

static void test_list_keeps_order_and_survives_removal_while_walking(void **state)
{
    (void)state;
    struct list head, items[4];
    list_init(&head);
    for (int i = 0; i < 4; i++)
        list_add_tail(&head, &items[i]);
    list_for_each_safe (item, &head) {
        if (item == &items[1] || item == &items[2])
            list_remove(item);
    }
    list_remove(&items[1]); /* twice is harmless */
    assert_ptr_equal(list_pop(&head), &items[0]);
    assert_ptr_equal(list_pop(&head), &items[3]);
    assert_null(list_pop(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_all_after_growing_and_removing),
        cmocka_unit_test(test_list_keeps_order_and_survives_removal_while_walking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
