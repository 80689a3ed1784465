"""The manual pages against the programs: every key with its default, every option, every line of the
request head, and nothing else. Used by lint.py."""

import os
import re
import subprocess

PAGES = "deploy/man"
# What a page may say of a key that has no default; other words would be taken for one.
NO_DEFAULT = {"", "none", "none; required", "the system's", "those of [fetch]",
              "the installed file"}


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def keys_of_program(shojid):
    """{(section, key): default}, as --help prints them."""
    keys, section = {}, None
    for line in said(shojid, "--help").splitlines():
        if found := re.fullmatch(r"\[(\w+)(?: NAME)?\]", line):
            section = found.group(1)
        elif section and (found := re.fullmatch(r"(\w+) = (.*?) +# .*", line)):
            keys[section, found.group(1)] = found.group(2).strip()
    return keys


def keys_of_page(text):
    """Items of the sections [name]: `.It Cm key No (default) , Cm key No (default)`."""
    keys = {}
    for part in re.split(r"^\.Ss ", text.split(".Sh REQUESTS")[0], flags=re.M)[1:]:
        section = re.match(r"\[(\w+)(?: NAME)?\]", part).group(1)
        for item in re.findall(r"^\.It (Cm .*)$", part, re.M):
            for piece in re.split(r" , (?=Cm )", item):
                name, _, default = piece.removeprefix("Cm ").partition(" No ")
                keys[section, name] = re.sub(r"^\((.*)\)$", r"\1", default)
    return keys


def keys(root, build):
    """shojid --help and shoji.conf(5)."""
    program = keys_of_program(os.path.join(build, "src/daemon/shojid"))
    page = keys_of_page(read(root, f"{PAGES}/shoji.conf.5"))
    bad = [] if program else ["shojid --help: the keys are not seen"]
    bad += [f"{PAGES}/shoji.conf.5: [{s}] {k} is missing" for s, k in program.keys() - page.keys()]
    bad += [f"{PAGES}/shoji.conf.5: [{s}] {k}: no such key" for s, k in page.keys() - program.keys()]
    for key in sorted(program.keys() & page.keys()):
        fits = page[key] == program[key] if program[key] else page[key] in NO_DEFAULT
        if not fits:
            bad.append(f"{PAGES}/shoji.conf.5: [{key[0]}] {key[1]}: ({page[key]}), "
                       f"where the program has ({program[key]})")
    return sorted(bad)


def flags_of_page(text):
    """`Fl -name`; behind a bar the macro takes the next word, too: `Fl -html | -mail`."""
    lines = "\n".join(re.findall(r"^\.(?:Op|Fl|It|Nm|Pq|Dl) .*$", text, re.M))
    return set(re.findall(r"(?:Fl|\|) -([a-z-]+)", lines))


def options_in(root, folder, only):
    """Of the source: getopt's tables, and what is taken before the command is known."""
    names = set()
    for file in sorted(os.listdir(os.path.join(root, folder))):
        if file.endswith(".c") and (not only or file == only):
            text = read(root, f"{folder}/{file}")
            names |= set(re.findall(r'\{"([a-z-]+)", (?:no|required)_argument', text))
            names |= set(re.findall(r'"--([a-z-]+)"(?=, &|\) ==)', text))
    return names


def options(root, build):
    """The sources' options and the pages', and the usage of each command of shoji and its item."""
    bad = []
    for folder, only, name in (("src/cli", None, "shoji.1"), ("src/daemon", "main.c", "shojid.8")):
        source = options_in(root, folder, only)
        if not source:
            bad.append(f"{folder}: no option is seen")
        page = flags_of_page(read(root, f"{PAGES}/{name}"))
        bad += [f"{PAGES}/{name}: --{o} is missing" for o in sorted(source - page)]
        bad += [f"{PAGES}/{name}: --{o}: no such option" for o in sorted(page - source)]
    return bad + commands(root, os.path.join(build, "src/cli/shoji"))


def commands(root, shoji):
    items = dict(re.findall(r"^\.It Ic (\w+)(.*)$", read(root, f"{PAGES}/shoji.1"), re.M))
    known = re.findall(r"^  ([a-z]+) +\S", said(shoji, "--help").split("\n\n")[1], re.M)
    bad = [] if known else ["shoji --help: the commands are not seen"]
    bad += [f"{PAGES}/shoji.1: {c}: no such command" for c in sorted(items.keys() - set(known))]
    for command in known:
        usage = said(shoji, command, "--help").splitlines()[0]
        program = set(re.findall(r"--([a-z-]+)", usage))
        # --keys is every command's; the page has it beside keygen, too, where it says where to.
        page = flags_of_page(".It" + items.get(command, "")) - {"keys"}
        if command not in items or program != page:
            bad.append(f"{PAGES}/shoji.1: {command}: {sorted(page)}, "
                       f"where the program has {sorted(program)}")
    return bad


def request_head(root, build):
    """The fields that net/transfer.c sends, and those that shoji.conf(5) shows."""
    del build
    sent = re.findall(r'"(Accept[A-Za-z-]*: [^"]+)"', read(root, "src/net/transfer.c"))
    shown = re.search(r"^GET .*?(?=^\.Ed)", read(root, f"{PAGES}/shoji.conf.5"), re.M | re.S)
    lines = shown.group().splitlines() if shown else []
    names = [line.split(":")[0] for line in lines[1:3]]
    if not sent or names != ["Host", "User-Agent"] or lines[3:] != sent:
        return [f"{PAGES}/shoji.conf.5: {lines}, where {sent} is sent"]
    return []


def clean(root, build):
    """What man itself has to complain of."""
    del build
    bad = []
    for page in sorted(os.listdir(os.path.join(root, PAGES))):
        path = os.path.join(root, PAGES, page)
        run = subprocess.run(["man", "-l", "--warnings", "-E", "utf8", path], check=False,
                             capture_output=True, text=True,
                             env={**os.environ, "MANWIDTH": "80", "MAN_KEEP_STDERR": "1"})
        bad += [f"{PAGES}/{page}: {line}" for line in run.stderr.splitlines()]
        if run.returncode or not run.stdout.strip():
            bad.append(f"{PAGES}/{page}: man ends with {run.returncode}")
    return bad


# ---- each check, shown something bad ----

BAD_TREE = {
    "src/daemon/shojid": "#!/bin/sh\nprintf '[a]\\none = 1  # x\\ntwo =   # x\\nthree = 3  # x\\n'\n",
    "src/cli/shoji": "#!/bin/sh\n[ $# = 1 ] && printf 'usage:\\n\\n  go  goes\\n  sit  sits\\n\\n'"
                     " || echo usage: shoji $1 --far\n",
    "src/cli/cmd_go.c": '{"far", no_argument, NULL, 1}, {"near", no_argument, NULL, 2}\n',
    "src/daemon/main.c": '{"dev", required_argument, NULL, 1}\n',
    "src/net/transfer.c": 'a("Accept: x/*"), a("Accept-Encoding: identity")\n',
    f"{PAGES}/shoji.conf.5": ".Ss [a]\n.It Cm one No (2) , Cm two No (none)\n.It Cm four No (4)\n"
                             ".Sh REQUESTS\nGET / HTTP/1.1\nHost: a\nUser-Agent: b\nAccept: y/*\n"
                             "Accept-Encoding: identity\n.Ed\n",
    f"{PAGES}/shoji.1": ".It Ic go Op Fl -far\n.It Ic sit Op Fl -html | -mail\n.It Ic lie\n",
    f"{PAGES}/shojid.8": ".Fl -dev Ar dir\n.Bogus macro\n",
}


def grow(root):
    for path, text in BAD_TREE.items():
        file = os.path.join(root, path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(file, 0o755)


def sees(check, *wanted):
    """A function for lint.py: does the check complain of just that?"""
    def can_fail(root):
        grow(root)
        complaints = check(root, root)
        return len(complaints) == len(wanted) and all(
            any(words in complaint for complaint in complaints) for words in wanted)
    return can_fail


CHECKS = (
    ("manual: keys", keys, sees(keys, "[a] one: (2)", "[a] three is missing", "[a] four: no such")),
    ("manual: options", options, sees(
        options, "--near is missing", "--html: no such", "--mail: no such", "lie: no such",
        "sit: ['html', 'mail']")),
    ("manual: request head", request_head, sees(request_head, "Accept: y/*")),
    ("manual: warnings", clean, lambda root: grow(root) or any(
        "shojid.8" in complaint for complaint in clean(root, root))),
)
