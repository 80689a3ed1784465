"""A whole mail system in three networks, and its provider's part: Postfix, OpenDKIM that verifies,
Dovecot, Roundcube and shojid, with mail going one of these WAYS:

    none      without Shoji: what the others are measured by
    milter    shoji-milter rewrites, beside Postfix
    lmtp      shoji lmtp rewrites, between Postfix and Dovecot
    sieve     a Sieve filter rewrites, in Dovecot
    prefetch  shoji-milter hands the images over; the plugin rewrites what Roundcube shows

    reader  ──────────  provider  ──────────  sender
    10.240.1.2 │      .1.1    .2.1, .2.9   │ 10.240.2.2, 93.184.215.*
               └───────────────────────────┘
               10.240.4.1            10.240.4.2

The third cable is there so that a reader could tell the sender all that he tells without Shoji.
Nothing is forwarded and nothing leads out. The provider is this process and what it starts; its mail
leaves from .2.1, the requests of shojid from .2.9."""

import email
import email.policy
import json
import os
import pathlib
import re

import dkim_filter
import dovecot
import harness
import lmtp
import milter
import network
import postfix
import provinces
import sender
import sieve
import webmail

WAYS = ("none", "milter", "lmtp", "sieve", "prefetch")
DOMAIN = "example.org"
ANNA, PASSWORD = "anna@example.org", "secret"
IMG, MAIL = "img.example.org", "mail.example.org"
BASE = f"http://{IMG}"
MX, EGRESS, READER = provinces.EGRESS, "10.240.2.9", "10.240.4.1"
HOSTS = {IMG: provinces.FRONT, MAIL: provinces.FRONT}
WEBMAIL_PORT, IMAP, SUBMISSION = 8080, 143, 587
VERIFIER, INCOMING, OUTGOING, FRONT = 8891, 8894, 8895, 2424
RULES = os.path.join(harness.ROOT, "deploy/rules/trackers.rules")
OURS = re.compile(re.escape(BASE) + r"/[is]/[A-Za-z0-9._/-]+")
# For mail that is rewritten already, its reader lets images load; the plugin needs no such setting.
SHOWN = "$config['show_images'] = 2;\n"
SINCE = "$config['shoji_prefetched_since'] = '2026-01-01';\n"


def need():
    postfix.need()
    dovecot.need()
    dkim_filter.need()


def enter():
    """(reader's, sender's): networks; this process is the provider's from now on."""
    sieve.enter()
    network.enter_network()
    reader = provinces.Province("reader", provinces.FRONT, provinces.READER)
    theirs = provinces.Province("sender", MX, provinces.SENDER)
    network.ip("address", "add", EGRESS + "/24", "dev", "to-sender")
    network.ip("route", "add", "default", "via", provinces.SENDER)
    for address in sender.ADDRESSES:
        theirs.ip("address", "add", address + "/32", "dev", "lo")
    reader.ip("link", "add", "across", "type", "veth", "peer", "name", "across", "netns",
              f"/proc/{os.getpid()}/fd/{theirs.fd}")
    for province, address in ((reader, READER), (theirs, "10.240.4.2")):
        province.ip("address", "add", address + "/24", "dev", "across")
        province.ip("link", "set", "across", "up")
    reader.ip("route", "add", "default", "via", "10.240.4.2")
    with open("/proc/sys/net/ipv4/ip_forward", encoding="ascii") as file:
        if file.read().strip() != "0":
            raise AssertionError("this network forwards packets")
    return reader, theirs


def html_of(message):
    mail = email.message_from_bytes(message, policy=email.policy.default)
    return mail.get_body(("html",)).get_content()


class Provider:
    """start() starts all of it; what it starts ends with the test."""

    def __init__(self, test, way):
        self.test, self.way = test, way
        self.server = test.shojid({
            "server": {"listen": f"{provinces.FRONT}:80", "base_url": BASE},
            "fetch": {"allow_private": None, "resolvers": None, "per_host": "50"},
            "egress own": {"address": EGRESS, "resolvers": f"{sender.NAMES}:53"},
            "trackers": {"rules": RULES},
        }, start=False)
        self.folder = pathlib.Path(self.server.directory)
        self.folder.chmod(0o755)
        sieve.install(self.folder / "sieve", self.server, f"[trackers]\nrules = {RULES}\n")
        self.spool = self.folder / "sieve/spool"
        self.server.conf["prefetch"]["spool"] = str(self.spool)
        self.store = dovecot.Dovecot(
            ANNA, imap_port=IMAP,
            more=sieve.configuration(self.folder / "sieve") if way == "sieve" else "")
        test.addCleanup(self.store.remove)
        self.verifier = dkim_filter.Filter(
            VERIFIER, "v", f"Nameservers {sender.NAMES}\nAuthservID mx.{DOMAIN}\n")
        test.addCleanup(self.verifier.remove)
        self.hook = self.make_hook()
        self.outgoing = self.milter("unrewrite", OUTGOING) if way not in ("none", "prefetch") else None
        self.mta = self.make_mta()

    def milter(self, deliver, port):
        made = milter.Milter(self.server.config_file(), str(self.folder), deliver, deliver,
                             f"inet:{port}@127.0.0.1")
        self.test.addCleanup(lambda: made.process and made.stop())
        return made

    def make_hook(self):
        if self.way in ("milter", "prefetch"):
            return self.milter({"milter": "rewrite"}.get(self.way, self.way), INCOMING)
        return Front(self) if self.way == "lmtp" else None

    def make_mta(self):
        incoming = f"inet:127.0.0.1:{VERIFIER}"
        if self.way in ("milter", "prefetch"):
            incoming += f",inet:127.0.0.1:{INCOMING}"
        transport = f"inet:127.0.0.1:{FRONT}" if self.way == "lmtp" else f"unix:{self.store.socket}"
        services = [f"{MX}:25 inet n - n - - smtpd", f"  -o smtpd_milters={incoming}",
                    f"127.0.0.1:{SUBMISSION} inet n - n - - smtpd"]
        if self.outgoing:
            services.append(f"  -o smtpd_milters=inet:127.0.0.1:{OUTGOING}")
        made = postfix.Postfix(DOMAIN, f"[{provinces.SENDER}]", services, {
            "mynetworks": "127.0.0.0/8", "milter_default_action": "tempfail",
            "virtual_transport": f"lmtp:{transport}"})
        self.test.addCleanup(made.remove)
        return made

    def start(self):
        self.start_server()
        self.verifier.start()
        self.store.start()
        for program in (self.hook, self.outgoing):
            if program:
                program.start()
        harness.until(lambda: webmail.listens(VERIFIER))
        self.mta.start()
        return self

    def start_server(self):
        self.server.start()
        self.server.address = (provinces.FRONT, 80)
        sieve.open_socket(self.server)

    def webmail(self):
        """Its Roundcube; with the plugin where that is the way."""
        plugin = self.way == "prefetch"
        place = webmail.Place((provinces.FRONT, WEBMAIL_PORT), IMAP, SUBMISSION)
        made = webmail.Roundcube(
            self.server.submit, "$config['create_default_folders'] = true;\n" +
            (SINCE if plugin else SHOWN), plugin, place)
        self.test.addCleanup(made.close)
        self.test.addCleanup(lambda: self.test.assertEqual(made.errors(), ""))
        return made

    def mails(self, name, folder=""):
        """Those newsletters of this name that are in the reader's folder."""
        return [mail for mail in self.store.mails(ANNA, folder)
                if f"\nSubject: News {name}\n".encode() in mail.replace(b"\r\n", b"\n")]


class Front:
    """`shoji lmtp` before Dovecot, with the ways of a milter."""

    def __init__(self, provider):
        self.provider = provider
        self.process = None

    def start(self):
        self.front = lmtp.Front(self.provider.server.config_file(),
                                f"unix:{self.provider.store.socket}", f"127.0.0.1:{FRONT}")
        if not self.process:
            self.provider.test.addCleanup(lambda: self.front.stop())
        self.process = self.front.process

    def kill(self):
        self.front.process.kill()
        self.front.process.wait()
        self.front.process.stdout.close()
        self.front.process = None


def waiting(mta):
    """What stands in its queue: the names of the queues."""
    return [json.loads(line)["queue_name"] for line in mta.waiting()]
