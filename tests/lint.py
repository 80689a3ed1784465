"""Checks of the source that no compiler makes; TAP on stdout. usage: lint.py ROOT BUILD

Each check is a function that returns a list of complaints, and each is first shown a small bad
tree: one that finds nothing there fails, since it would find nothing anywhere.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import lint_manual

# Where each header of a library may be included.
FOREIGN = {
    "lmdb.h": {"store"},
    "microhttpd.h": {"serve", "admin"},
    "curl/": {"net", "cli"},
    "ares": {"net"},
    "vips/": {"worker"},
    "libmilter/": {"milter"},
}
APART = {"store", "net", "decode"}  # only serve/ knows that they work together
WORKER_SEES = {"base", "sys"}
WORKER_HEADERS = {"decode/wire.h"}
NOT_IN_DECODER = ("libcurl", "liblmdb", "libsodium", "libcares", "libmicrohttpd")
LONGEST_FILE = 800  # lines, in src/
FORMAT_MAJOR = "14"  # other versions of clang-format disagree with it

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
OPEN_ENDS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")


def sources(root, folders, endings=(".c", ".h")):
    for folder in folders:
        for at, dirs, files in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if not d.startswith((".", "__")))
            for file in sorted(files):
                if file.endswith(endings):
                    yield os.path.relpath(os.path.join(at, file), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def layers(root):
    """A folder of src/ includes only folders above it in src/meson.build."""
    order = re.findall(r"^\s*subdir\('([^']+)'\)", read(root, "src/meson.build"), re.M)
    bad = []
    for path in sources(root, ["src"]):
        here = path.split(os.sep)[1]
        if here not in order:
            bad.append(f"{path}: src/{here} is not in src/meson.build")
            continue
        for line, mark, name in includes(read(root, path)):
            why = quoted(order, here, name) if mark == '"' else angled(here, name)
            if why:
                bad.append(f"{path}:{line}: {name}: {why}")
    return bad


def includes(text):
    for found in INCLUDE.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found.group(1), found.group(2)


def quoted(order, here, name):
    folder = name.split("/")[0]
    if "/" not in name:
        return "an include carries its folder"
    if folder == here:
        return None
    if folder not in order:
        return "no such layer"
    if here == "worker":
        return None if folder in WORKER_SEES or name in WORKER_HEADERS else "not for the decoder"
    if here in APART and folder in APART | {"lib"}:
        return f"{here}/ does not know {folder}/"
    if order.index(folder) > order.index(here):
        return f"{folder}/ is above {here}/"
    return None


def angled(here, name):
    if name.startswith("shoji/") and here in APART | {"base", "worker"}:
        return f"{here}/ does not know lib/"
    for prefix, folders in FOREIGN.items():
        if name.startswith(prefix) and here not in folders:
            return f"only in {', '.join(sorted(folders))}"
    return None


def linkage(program):
    """The decoder is not linked to what holds keys, sockets or the disk."""
    out = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True)
    needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", out.stdout)
    if not needed:
        return [f"{program}: readelf names no library"]
    return [f"{program} is linked to {lib}" for lib in needed if lib.startswith(NOT_IN_DECODER)]


def layout(root):
    """What clang-format would change."""
    files = list(sources(root, ["src", "include", "tests", "bench"]))
    bad = []
    for at in range(0, len(files), 50):
        run = subprocess.run(["clang-format", "--dry-run", "-Werror", *files[at:at + 50]], cwd=root,
                             capture_output=True, text=True)
        bad += sorted(set(re.findall(r"^(\S+?):\d+:\d+: error: ", run.stderr, re.M)))
        if run.returncode and not bad:
            bad.append(run.stderr.strip())
    return bad


def lengths(root):
    """Tables of facts (…_table.h) are as long as the facts."""
    files = (path for path in sources(root, ["src"]) if not path.endswith("_table.h"))
    counts = ((path, read(root, path).count("\n")) for path in files)
    return [f"{path}: {lines} lines" for path, lines in counts if lines > LONGEST_FILE]


def open_ends(root):
    bad = []
    for path in sources(root, ["src", "include", "tests", "bench", "deploy"],
                        (".c", ".h", ".py", ".sh", ".lua", ".build")):
        for number, line in enumerate(read(root, path).splitlines(), 1):
            if OPEN_ENDS.search(line):
                bad.append(f"{path}:{number}: {line.strip()}")
    return bad


# ---- each check, shown something bad ----

BAD_TREE = {
    ".clang-format": "BasedOnStyle: LLVM\n",
    "src/meson.build": "".join(f"subdir('{name}')\n" for name in (
        "base", "lib", "sys", "store", "net", "decode", "serve", "admin", "daemon", "worker")),
    "src/base/up.c": '#include "sys/loop.h"\n',
    "src/base/bare.c": '#include "up.h"\n',
    "src/base/unknown.c": '#include "elsewhere/up.h"\n',
    "src/store/side.c": '#include "net/fetch.h"\n',
    "src/net/lib.c": '#include "lib/url.h"\n',
    "src/decode/public.c": "#include <shoji/url.h>\n",
    "src/serve/db.c": "# include <lmdb.h>\n",
    "src/serve/curl.c": "#include <curl/curl.h>\n",
    "src/serve/dns.c": "#include <ares.h>\n",
    "src/store/http.c": "#include <microhttpd.h>\n",
    "src/daemon/vips.c": "#include <vips/vips.h>\n",
    "src/worker/pool.c": '#include "decode/pool.h"\n',
    "src/stray/stray.c": "\n",
    "src/serve/good.c": '#include "base/buf.h"\n#include "store/cache.h"\n#include <microhttpd.h>\n',
    "src/worker/good.c": '#include "decode/wire.h"\n#include <vips/vips.h>\n',
}


def grow(root, tree):
    for path, text in tree.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def files_of(complaints):
    return {complaint.split(":")[0] for complaint in complaints}


def layers_can_fail(root):
    grow(root, BAD_TREE)
    wanted = {p for p in BAD_TREE if p.endswith(".c") and not p.endswith("good.c")}
    return files_of(layers(root)) == wanted


def linkage_can_fail(root):
    grow(root, {"a.c": "int main(void) { return 0; }\n"})
    program = os.path.join(root, "a")
    subprocess.run(["cc", "-o", program, program + ".c", "-Wl,--no-as-needed", "-lsodium"],
                   check=True)
    return len(linkage(program)) == 1


def layout_can_fail(root):
    grow(root, {".clang-format": "BasedOnStyle: LLVM\n", "src/a.c": "int  a ;\n",
                "src/b.c": "int b;\n"})
    return files_of(layout(root)) == {"src/a.c"}


def lengths_can_fail(root):
    grow(root, {"src/a.c": "\n" * (LONGEST_FILE + 1), "src/b.c": "\n" * LONGEST_FILE})
    return files_of(lengths(root)) == {"src/a.c"}


def open_ends_can_fail(root):
    grow(root, {"src/a.c": "/* TO" + "DO */\n", "deploy/b.sh": "# FIX" + "ME\n",
                "src/c.c": 'char t[] = "' + "X" * 6 + '";\n'})
    return files_of(open_ends(root)) == {"src/a.c", "deploy/b.sh"}


def formatter_missing():
    if not shutil.which("clang-format"):
        return "clang-format is not installed"
    said = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout
    major = re.search(r"version (\d+)", said)
    if not major or major.group(1) != FORMAT_MAJOR:
        return f"clang-format {FORMAT_MAJOR} is wanted, this is {said.strip()}"
    return None


def manual(root, build):
    """The manual's checks, as those below; they ask the programs of `build`."""
    missing = None if shutil.which("man") else "man is not installed"
    for program in ("src/cli/shoji", "src/daemon/shojid"):
        if not os.path.exists(os.path.join(build, program)):
            missing = f"{os.path.basename(program)} is not built"
    return [(name, lambda at, check=check: check(at, build), root, can_fail, missing)
            for name, check, can_fail in lint_manual.CHECKS]


def main():
    root, build = sys.argv[1:3]
    decoder = os.path.join(build, "src", "worker", "shoji-decode")
    no_decoder = None if os.path.exists(decoder) else "shoji-decode is not built"
    checks = [
        ("layers", layers, root, layers_can_fail, None),
        ("linkage", linkage, decoder, linkage_can_fail,
         no_decoder if shutil.which("readelf") else "readelf is not installed"),
        ("format", layout, root, layout_can_fail, formatter_missing()),
        ("lengths", lengths, root, lengths_can_fail, None),
        ("open ends", open_ends, root, open_ends_can_fail, None),
    ]
    checks += manual(root, build)
    number, failed = 0, 0
    print(f"1..{2 * len(checks)}")
    for name, check, subject, can_fail, missing in checks:
        for case in (name, f"{name}: can fail"):
            number += 1
            if missing:
                print(f"ok {number} - {case} # SKIP {missing}")
                continue
            if case == name:
                complaints = check(subject)
            else:
                with tempfile.TemporaryDirectory() as bad_tree:
                    complaints = [] if can_fail(bad_tree) else ["the bad tree was not seen as such"]
            for complaint in complaints:
                print(f"# {complaint}")
            print(f"{'not ' if complaints else ''}ok {number} - {case}", flush=True)
            failed += bool(complaints)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
