"""What a webmail in Python shows: HTML of a mail in, the HTML for the reader out.

usage: rewrite.py SOCKET MAILBOX [DAY-OF-DELIVERY] < body.html
The day only where the images were handed over at delivery. An exception: show the text instead.
"""

import http.client
import json
import base64
import socket
import sys
import urllib.parse


def rewrite(path, html, **how):
    """`html` is text that was decoded: the byte order mark goes before any charset it names."""
    connection = http.client.HTTPConnection("shoji", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    connection.sock.connect(path)
    connection.request("POST", "/v1/rewrite?" + urllib.parse.urlencode(how), html.encode("utf-8-sig"),
                       {"Content-Type": "text/html; charset=utf-8", "Accept": "application/json"})
    with connection.getresponse() as answer:
        if answer.status != 200:
            raise OSError(f"shojid answers {answer.status}")
        found = json.load(answer)
    return base64.b64decode(found["body_base64"]).decode(), found["report"]


if __name__ == "__main__":
    HOW = dict(zip(("mailbox", "delivered"), sys.argv[2:]))
    SHOWN, REPORT = rewrite(sys.argv[1], sys.stdin.buffer.read().decode(), **HOW)
    sys.stdout.buffer.write(SHOWN.encode())
    print(len(REPORT["trackers"]), "trackers", file=sys.stderr)
