"""The documents that bench/rewrite.py works on: real ones, and hostile ones made here."""

import email
import email.policy
import glob
import os
import re

from measure import ROOT

DATA = os.path.join(ROOT, "..", "shared", "data")
OWN_MAILS = os.path.join(ROOT, "deploy", "demo", "mails")
OWN_HTML = os.path.join(ROOT, "tests", "fuzz", "corpus", "html")

LABEL = re.compile(r"(<meta\b[^>]*charset\s*=\s*[\"']?)[\w.:-]+", re.I)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def messages():
    """Whole messages, as they came."""
    paths = sorted(glob.glob(os.path.join(DATA, "mails", "*.eml")))
    return [read(path) for path in paths or sorted(glob.glob(os.path.join(OWN_MAILS, "*.eml")))]


def as_utf8(payload, charset):
    """The text as UTF-8, labelled so: what every subject is told that it gets."""
    try:
        text = payload.decode(charset or "windows-1252", "replace")
    except (LookupError, UnicodeError):
        text = payload.decode("windows-1252", "replace")
    return LABEL.sub(r"\1utf-8", text).encode()


def html_parts(mails):
    parts = []
    for raw in mails:
        for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
            if part.get_content_type() == "text/html":
                charset = part.get_content_charset()
                parts.append(as_utf8(part.get_payload(decode=True) or b"", charset))
    return [part for part in parts if part.strip()]


def templates():
    """Today's kind of mail: style sheets, media queries, conditional comments."""
    return [as_utf8(read(path), "utf-8")
            for path in sorted(glob.glob(os.path.join(DATA, "templates", "*.html")))]


def write(path, documents):
    with open(path, "wb") as file:
        for document in documents:
            file.write(b"%d\n" % len(document) + document)
    return path
