#!/usr/bin/python3
"""Writes html_entity_table.h: the named character references of the HTML standard.

The source is html.entities.html5 of Python's standard library, which is made from the standard's own
entities.json. Run it in this directory after a change of the standard (none since 2011):

    ./html_entity_table.py > html_entity_table.h
"""

from html.entities import html5

HEAD = """/*
 * The named character references, sorted by name; made by html_entity_table.py, not by hand,
 * and one file, though long, as it is one table.
 * Names stand one after another in html_entity_names, with their ';' where they have one.
 */
#ifndef LIB_HTML_ENTITY_TABLE_H
#define LIB_HTML_ENTITY_TABLE_H

#include <stdint.h>

struct html_entity_row {
    uint16_t name_at;
    uint8_t name_len;
    char text[7]; /* UTF-8, terminated: no two code points need more than six bytes */
};

"""


def packed(items, width, indent="    "):
    line = indent
    for item in items:
        if len(line) + len(item) > width:
            yield line.rstrip()
            line = indent
        line += item
    yield line.rstrip()


def literal(text):
    return "{" + ",".join("%d" % (b if b < 128 else b - 256) for b in text.encode()) + "}"


def main():
    names = sorted(html5, key=lambda name: name.encode())
    print(HEAD, end="")
    print("/* clang-format off */")
    print("static const char html_entity_names[] =")
    blob = "".join(names)
    for at in range(0, len(blob), 92):
        print('    "%s"%s' % (blob[at : at + 92], ";" if at + 92 >= len(blob) else ""))
    rows, at = [], 0
    for name in names:
        assert len(html5[name].encode()) <= 6 and at < 65536
        rows.append("{%d,%d,%s}, " % (at, len(name), literal(html5[name])))
        at += len(name)
    print("\nstatic const struct html_entity_row html_entity_rows[] = {")
    for line in packed(rows, 99):
        print(line)
    print("};\n/* clang-format on */\n\n#endif")


main()
