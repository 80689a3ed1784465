"""warm: what does it cost to serve an image that is not in hot memory, but in a segment that the
kernel keeps in memory?

The same as hit.py, but with hot_memory = 0: each request is verified, looked up, copied out of its
segment and checked. wanted: 1.8 times the floor at 10 KB.
"""

import hit

SIZES = ["1KB", "10KB", "100KB"]


def run(options):
    rows = [row for case in SIZES
            for row in hit.run_case(case, options, bench="warm", hot_memory="0")]
    hit.show(rows)
    return rows
