"""The demo, asserted: the same pieces, opened by scripted readers. What is expected stands here and
in the mails, never in what the server said. Prints one line a check, and the count last."""

import http.client
import pathlib
import socket
import struct
import time
import traceback
import urllib.parse

import demo
import mails
import paint
import reader
import server
import story
import watch

# What showing each mail needs: fetched once, on delivery.
PICTURES = {
    "newsletter": {"banner.png", "waves.png", "bowl.png"},
    "personal": {"portrait.png"},
    "receipt": {"waves.png", "lamp.png", "lamp@2x.png", "book.png"},
}
# What no mail needs: never fetched.
NEVER = {"outlook.gif", "sound.mp3", "letter.css", "shop.css", "hikari.woff2"}
# What only counts openings: not fetched where the report says "blocked"; else fetched as pictures
# are, which tells the sender no more than they do.
PIXELS = {"open.gif", "again.gif"}
OPENINGS = ((reader.LAPTOP, 2), (reader.PHONE, 1))


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def ok(self, name, holds, why=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok' if holds else 'not ok'} - {name}", flush=True)
        if not holds and why:
            print("".join(f"  # {line}\n" for line in str(why).splitlines()), end="", flush=True)

    def same(self, name, found, expected):
        self.ok(name, found == expected, f"found    {found!r}\nexpected {expected!r}")


def size_of(body):
    """Width and height of a PNG, GIF or JPEG; None for anything else."""
    if body[:8] == b"\x89PNG\r\n\x1a\n":
        return struct.unpack(">II", body[16:24])
    if body[:4] == b"GIF8":
        return struct.unpack("<HH", body[6:10])
    at = 2 if body[:2] == b"\xff\xd8" else len(body)
    while at + 9 <= len(body):
        kind, length = body[at + 1], struct.unpack(">H", body[at + 2:at + 4])[0]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return struct.unpack(">HH", body[at + 5:at + 9])[::-1]
        at += 2 + length
    return None


def names(requests):
    return sorted(request.picture for request in requests)


def delivery(checks, a_story):
    for name, pictures in PICTURES.items():
        arrived = a_story.deliver(name)
        plain, shoji = a_story.copy(name, "plain"), a_story.copy(name, "shoji")
        checks.ok(f"{name}: delivered, and its pictures were fetched", arrived,
                  f"asked for: {names(a_story.sender.seen(shoji.token))}\n"
                  + a_story.server.last_words())
        checks.same(f"{name}: rewritten, not turned into text", shoji.report.get("fallback"), None)
        found = {story.file_name(url) for url in shoji.originals if url}
        checks.same(f"{name}: `shoji open` gives back the originals",
                    found - PIXELS, pictures)
        theirs = set(reader.loads(plain.html))
        ours = {(url or "").replace(shoji.token, plain.token) for url in shoji.originals}
        checks.ok(f"{name}: each original is one of the mail's own URLs", ours <= theirs,
                  ours - theirs)
        checks.same(f"{name}: without Shoji the sender has seen nothing before the opening",
                    names(a_story.sender.seen(plain.token)), [])
        checks.same(f"{name}: with Shoji each of these was asked for once, nothing else",
                    names(a_story.sender.seen(shoji.token)), sorted(found))
        checks.ok(f"{name}: the report names the pixel, and says what became of it",
                  pixel_fate(shoji) in ("blocked", "proxied"), shoji.report)
        checks.same(f"{name}: ... truly", "open.gif" in found, pixel_fate(shoji) == "proxied")


def pixel_fate(copy):
    return next((t["action"] for t in copy.report["trackers"] if t["kind"] == "pixel"), None)


def references(checks, a_story):
    can_check = b"\n  check " in a_story.server.tool("--help")[1]
    if not can_check:
        print("skip - this version has no `shoji check`; the scan beside it is the demo's own")
    for name in PICTURES:
        copies = {box: a_story.copy(name, box) for box in story.MAILBOXES}
        remote = [url for url in reader.loads(copies["shoji"].html)
                  if not url.startswith(a_story.server.base_url + "/")]
        checks.same(f"{name}: nothing in it loads but from Shoji", remote, [])
        if not can_check:
            continue
        codes = {box: a_story.server.tool("check", "--config", str(a_story.server.config),
                                          given=copy.raw, answers=range(256))[0]
                 for box, copy in copies.items()}
        checks.same(f"{name}: `shoji check` accepts it, and refuses the mail as it came",
                    codes, {"plain": 1, "shoji": 0})


def open_all(a_story):
    """Every device opens every mail; what the protected mailbox's readers got."""
    shown = []
    for device, times in OPENINGS:
        for name in PICTURES:
            a_reader = reader.Reader(device)
            for _ in range(times):
                shown += [(name, answer) for answer in a_story.open_with(a_reader, name)["shoji"]]
    return shown


def learned_without(checks, a_story):
    sender = a_story.sender
    for name in PICTURES:
        copy = a_story.copy(name, "plain")
        requests = sender.seen(copy.token)
        facts = a_story.state(name)["plain"]["verdict"]["facts"] or {}
        checks.same(f"{name}: without Shoji the sender learns how often it was opened",
                    facts.get("opened"), 3)
        checks.same(f"{name}: ... from which addresses", facts.get("addresses"),
                    [reader.LAPTOP["address"], reader.PHONE["address"]])
        checks.same(f"{name}: ... with which programs", facts.get("programs"),
                    ["Firefox on Linux", "Safari on an iPhone"])
        checks.same(f"{name}: ... in which language", facts.get("languages"),
                    ["German (de-DE)"])
        checks.ok(f"{name}: ... and knows the device again", facts.get("recognised"))
        starts = [at for at, what in copy.events if what != "delivered"]
        firsts = [min((r.at for r in requests if r.at >= start), default=None) for start in starts]
        in_time = [at is not None and at - start < 2 for at, start in zip(firsts, starts)]
        checks.same(f"{name}: ... and when, each time", in_time, [True] * 3)


def heads(requests):
    """The requests' heads without what must differ: the target."""
    return {r.raw.replace(r.target.encode("latin-1"), b"/", 1) for r in requests}


def learned_with(checks, a_story, when):
    protected = [a_story.copy(name, "shoji") for name in PICTURES]
    requests = [r for copy in protected for r in a_story.sender.seen(copy.token)]
    checks.same(f"{when}: no picture was asked for twice", {r.count for r in requests}, {1})
    for name, copy in zip(PICTURES, protected):
        first_open = next(at for at, what in copy.events if what != "delivered")
        late = [r.picture for r in a_story.sender.seen(copy.token) if r.at >= first_open]
        checks.same(f"{when}: {name}: opening it caused no request", late, [])
        asked = {r.picture for r in a_story.sender.seen(copy.token)}
        checks.same(f"{when}: {name}: what no mail needs was never asked for", asked & NEVER, set())
    return requests


def nothing_of_the_reader(checks, requests):
    checks.same("all requests are the same but for the target", len(heads(requests)), 1)
    raw = b"".join(r.raw for r in requests).decode("latin-1").lower()
    for device, _ in OPENINGS:
        for part in ("agent", "address"):
            checks.ok(f"the {device['name']}'s {part} is not in what the sender received",
                      device[part].lower() not in raw)
    for word in ("de-de", "accept-language:", "cookie:", "referer:", "if-none-match:", "webmail",
                 "anna", "x-forwarded", "forwarded:", "via:"):
        checks.ok(f"“{word.rstrip(':')}” is not in what the sender received", word not in raw)
    theirs = {device["address"] for device, _ in OPENINGS}
    checks.same("no request came from a reader's address",
                {r.address for r in requests} & theirs, set())


def pictures_shown(checks, a_story, shown):
    checks.ok("the readers were shown pictures", len(shown) >= 3 * sum(map(len, PICTURES.values())))
    by_url = {url: story.file_name(original)
              for name in PICTURES for copy in [a_story.copy(name, "shoji")]
              for url, original in zip(signed_urls(a_story, copy), copy.originals) if original}
    wrong, marked, kept, had = [], set(), set(), set()
    for name, answer in shown:
        picture = by_url.get(answer.url)
        size = paint.GALLERY[picture][1:] if picture in paint.GALLERY else (1, 1)
        if answer.status == 304 and answer.url in had:
            continue  # its reader has it already
        had.add(answer.url)
        if answer.status != 200 or size_of(answer.body) != size:
            wrong.append((name, picture, answer.status, size_of(answer.body), size))
        if b"copy of" in answer.body:
            marked.add(picture)
        kept |= {k for k, v in answer.headers
                 if k.lower() in ("set-cookie", "vary", "server", "age") or "device-" in v}
    checks.same("every picture has the original's width and height", wrong, [])
    checks.same("the mark that the sender put into each copy is gone", marked, set())
    checks.same("no cookie and no mark of the sender's in any answer", kept, set())


def signed_urls(a_story, copy):
    return [url for url in reader.loads(copy.html) if url.startswith(a_story.server.base_url)]


def forged(checks, a_story):
    url = signed_urls(a_story, a_story.copy("newsletter", "shoji"))[0]
    middle = url[:-9] + ("A" if url[-9] != "A" else "B") + url[-8:]
    answer = reader.Reader(reader.LAPTOP).get(middle)
    checks.same("a URL with one letter changed is refused",
                (answer.status, answer.body), (403, b""))
    checks.same("`shoji open` refuses it, too", a_story.server.open_url(middle), None)


def on_disk(checks, a_story):
    """No token and no address of an original can be read in what the server wrote."""
    secret = [a_story.sender.url.encode(), f"{a_story.sender.address}:".encode(), b"banner.png"]
    secret += [a_story.copy(name, box).token.encode()
               for name in PICTURES for box in story.MAILBOXES]
    folder = a_story.server.folder
    written = [p for part in ("state", "spool") for p in (folder / part).rglob("*") if p.is_file()]
    found = [(p.name, word) for p in [*written, a_story.server.errors]
             for body in [p.read_bytes()] for word in secret if word in body]
    checks.ok("the server wrote something to disk", written)
    checks.same("none of it, and no log line, tells what was fetched", found, [])


def page(checks, a_story):
    shown = watch.Watch(a_story)
    try:
        host = urllib.parse.urlsplit(shown.url).netloc

        def ask(path, name=host):
            connection = http.client.HTTPConnection(host, timeout=20)
            connection.request("GET", path, headers={"Host": name})
            response = connection.getresponse()
            body = response.read()
            connection.close()
            return response, body.decode()
        answer, body = ask("/")
        policy = answer.getheader("Content-Security-Policy") or ""
        checks.ok("the page is served", answer.status == 200 and "Without Shoji" in body)
        checks.ok("... under a policy that lets nothing in from elsewhere",
                  policy.startswith("default-src 'none'") and "unsafe" not in policy, policy)
        answer, body = ask("/api/state?mail=newsletter")
        checks.ok("... says what the sender knows without Shoji", "Anna opened it 3 times" in body)
        checks.ok("... and with it", "Nothing about Anna" in body)
        checks.same("... and only to itself", ask("/", "rebound.example")[0].status, 404)
    finally:
        shown.stop()


def restart(checks, a_story):
    pids = server.descendants(a_story.server.process.pid)
    checks.same("SIGTERM ends the server with 0", a_story.server.stop(), 0)
    checks.same("its decoders end with it", still_there(pids), [])
    a_story.server.start()


def still_there(pids, patience_s=5):
    """Those of `pids` that still run after a while; a zombie has ended."""
    def runs(pid):
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state != "Z"
        except OSError:
            return False
    deadline = time.monotonic() + patience_s
    left = [pid for pid in pids if runs(pid)]
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [pid for pid in left if runs(pid)]
    return left


def _listens(address, port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


def watch_it(checks, a_story):
    delivery(checks, a_story)
    references(checks, a_story)
    shown = open_all(a_story)
    # A late request would have come before those for a mail that is delivered after the opening.
    fence = story.Story(a_story.sender, a_story.server)
    checks.ok("another mail, delivered afterwards, is fetched as well", fence.deliver("newsletter"))
    learned_without(checks, a_story)
    requests = learned_with(checks, a_story, "after 3 openings")
    nothing_of_the_reader(checks, requests)
    pictures_shown(checks, a_story, shown)
    forged(checks, a_story)
    page(checks, a_story)
    restart(checks, a_story)
    pictures_shown(checks, a_story, open_all(a_story))
    learned_with(checks, a_story, "after a restart and 3 more")


def run(build):
    checks = Checks()
    try:
        with demo.stage(build) as a_story:
            checks.ok("the server is ready", True)
            running = server.descendants(a_story.server.process.pid)
            watch_it(checks, a_story)
            shojid, spy = a_story.server, a_story.sender
            running += [shojid.process.pid, *server.descendants(shojid.process.pid)]
            ports = [("127.0.0.1", shojid.port), (spy.address, spy.port)]
            checks.same("the server ends with 0", a_story.server.stop(), 0)
            learned_with(checks, a_story, "after the end")
            on_disk(checks, a_story)
        checks.same("no process is left", still_there(running), [])
        checks.same("nothing listens any more", [p for p in ports if _listens(*p)], [])
        checks.ok("its folder is gone", not a_story.server.folder.exists())
    except (server.ServerError, OSError, http.client.HTTPException) as error:
        checks.ok("the demo ran to its end", False, error)
    except Exception:  # a fault of the check itself is a failure, too, and counted like one
        checks.ok("the check ran to its end", False, traceback.format_exc())
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0
