"""Bad TLS of thirty kinds. Every certificate is made for the run, under an authority that the server
trusts (in a mount namespace), so that what is refused is refused for the one thing wrong with it."""

import datetime
import socket
import ssl
import threading
import unittest

import harness
import http1
import misdeeds
import network
import origin as origins
import pictures
import tls

PUBLIC = "93.184.215.14"
TIMEOUT_S = 3
SLACK_S = 8

authority = None


def setUpModule():
    global authority
    network.enter(PUBLIC)
    authority = tls.Authority()
    unittest.addModuleCleanup(authority.remove)
    tls.trust(authority)
    make_certificates()


def day(offset):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)
    return at.strftime("%Y%m%d%H%M%SZ")


def make_certificates():
    issue = authority.issue
    issue("good", "root")
    issue("rsa", "root", key="rsa")
    issue("chained", "intermediate", send=["intermediate"])
    issue("wild", "root", san="DNS:*.sender.example")
    issue("many", "root", san=f"DNS:other.example,DNS:{tls.HOST},IP:10.1.2.3")
    issue("by_address", "root", san=f"IP:{PUBLIC}")

    issue("expired", "root", from_s=day(-20), to_s=day(-1))
    issue("not_yet", "root", from_s=day(1), to_s=day(20))
    authority.self_signed("self_signed")
    issue("unknown_ca", "unknown")
    issue("other_name", "root", san="DNS:other.example")
    issue("name_below", "root", san=f"DNS:www.{tls.HOST}")
    issue("name_above", "root", san="DNS:sender.example")
    issue("wild_too_wide", "root", san="DNS:*")
    issue("wild_too_deep", "root", san=f"DNS:*.{tls.HOST}")
    issue("wild_over_two", "root", san="DNS:*.example")
    issue("name_in_cn_only", "root", san="DNS:other.example", cn=tls.HOST)
    issue("name_as_mail", "root", san=f"email:a@{tls.HOST}", cn="nobody")
    issue("name_as_uri", "root", san=f"URI:https://{tls.HOST}/", cn="nobody")
    issue("address_not_name", "root", san=f"IP:{PUBLIC}", cn="nobody")
    issue("no_intermediate", "intermediate")
    issue("issued_by_leaf", "good", send=["good"])
    issue("bad_intermediate", "unknown", ca="TRUE")
    issue("under_bad_intermediate", "bad_intermediate", send=["bad_intermediate"])
    issue("path_too_long_ca", "root", ca="TRUE,pathlen:0")
    issue("path_too_long_ca2", "path_too_long_ca", ca="TRUE")
    issue("path_too_long", "path_too_long_ca2", send=["path_too_long_ca2", "path_too_long_ca"])
    issue("constrained_ca", "root", ca="TRUE",
          extra=["nameConstraints=critical,permitted;DNS:other.example"])
    issue("beyond_constraints", "constrained_ca", send=["constrained_ca"])
    issue("for_clients", "root", usage="clientAuth")
    issue("for_mail", "root", usage="emailProtection")
    issue("critical_unknown", "root", extra=["1.2.3.4.5=critical,DER:0500"])
    issue("weak_key", "root", key="rsa1024")
    issue("very_weak_key", "root", key="rsa512")
    issue("rsa_ca", "root", ca="TRUE", key="rsa")
    for digest in ("sha256", "md5", "sha1"):  # the first to show that the others fail for theirs
        issue(digest, "rsa_ca", digest=digest, send=["rsa_ca"])


BAD_CERTIFICATES = [
    "expired", "not_yet", "self_signed", "unknown_ca", "other_name", "name_below", "name_above",
    "wild_too_wide", "wild_too_deep", "wild_over_two", "name_in_cn_only", "name_as_mail", "name_as_uri",
    "address_not_name", "no_intermediate", "issued_by_leaf", "under_bad_intermediate",
    "path_too_long", "beyond_constraints", "for_clients", "for_mail", "critical_unknown", "weak_key",
    "very_weak_key", "md5", "sha1"]


def cut(head, data):
    """Ends the connection without the alert that says so (RFC 8446, 6.1)."""
    def page(conn, _asked):
        conn.sendall(head + data)
        raw = socket.socket(fileno=conn.detach())
        raw.shutdown(socket.SHUT_RDWR)
        raw.close()

    return page


def unwrap(head, data):
    def page(conn, _asked):
        conn.sendall(head + data)
        conn.unwrap()

    return page


class HostileTls(harness.ServerTest):
    def setUp(self):
        self.released = threading.Event()
        self.addCleanup(self.released.set)
        self.resolver = self.names({tls.HOST: [PUBLIC], "other.example": [PUBLIC]})
        self.server = self.shojid({"fetch": {
            "allow_private": None, "timeout": f"{TIMEOUT_S}s", "wait": "30s", "per_host": "100",
            "resolvers": self.resolver.address}})

    def tls_origin(self, hello):
        server = tls.start(PUBLIC, hello)
        self.addCleanup(server.close)
        server.default = origins.picture(pictures.plain_png())
        return server

    def with_certificate(self, name, **how):
        return self.tls_origin(tls.hello_of(tls.context(authority, name, **how)))

    def refused(self, servers):
        """All at once: in time, nothing shown, and not one request told to whoever was there."""
        names = list(servers)
        answers = harness.in_threads(len(names), lambda i: http1.timed(
            self.server.open, servers[names[i]].url("/x.png")))
        for name, (answer, took_s) in zip(names, answers):
            with self.subTest(name):
                self.assertPlaceholder(answer)
                self.assertEqual(answer.get("Cache-Control"), "public, max-age=60")
                self.assertLess(took_s, TIMEOUT_S + SLACK_S)
                self.assertEqual(servers[name].asked, [])
                self.assertEqual(servers[name].connections, 1)

    def test_good_ones(self):
        """The others fail for what is wrong with them, not because nothing would be accepted."""
        v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        for name, how in (("good", {}), ("rsa", {}), ("chained", {}), ("wild", {}), ("many", {}),
                          ("sha256", {}),
                          ("good", {"lowest": v12, "highest": v12}), ("good", {"lowest": v13}),
                          ("rsa", {"highest": v12, "ciphers": "ECDHE-RSA-AES128-GCM-SHA256"})):
            with self.subTest(name=name, how=how):
                self.assertPicture(self.server.open(self.with_certificate(name, **how).url("/x.png")))
        origin = self.with_certificate("by_address")
        self.assertPicture(self.server.open(origin.url("/x.png", PUBLIC)))

    def test_bad_certificates(self):
        self.refused({name: self.with_certificate(name) for name in BAD_CERTIFICATES})

    def test_old_versions_and_weak_ciphers(self):
        v10, v11, v12 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2
        self.refused({
            "tls_1_0": self.with_certificate("good", lowest=v10, highest=v10),
            "tls_1_1": self.with_certificate("good", lowest=v11, highest=v11),
            "null_cipher": self.with_certificate("rsa", highest=v12,
                                                 ciphers="NULL-SHA256:@SECLEVEL=0"),
            "anonymous": self.with_certificate("rsa", highest=v12, ciphers="aNULL:@SECLEVEL=0"),
            "no_shared_cipher": self.with_certificate("good", highest=v12,
                                                      ciphers="ECDHE-RSA-AES128-GCM-SHA256"),
            "wants_our_certificate_1_2": self.with_certificate("good", client=True, highest=v12),
        })

    def test_broken_handshakes(self):
        alert = bytes.fromhex("15030300020228")
        record = bytes.fromhex("160303")
        says = tls.raw_hello
        until = self.released
        self.refused({name: self.tls_origin(hello) for name, hello in {
            "closes": says(), "alert": says(alert), "alerts": says(alert * 1000),
            "warnings": says(bytes.fromhex("15030300020100") * 1000),
            "garbage": says(bytes(range(256)) * 10), "zeros": says(bytes(100)),
            "plain_http": says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            "plain_redirect": says(b"HTTP/1.1 302 Found\r\nLocation: http://10.1.2.3/\r\n\r\n"),
            "ssl_3": says(bytes.fromhex("1503000002022f")),
            "truncated": says(record + b"\x40\x00" + b"\x02\x00\x3f\xfc" + b"x" * 50),
            "record_too_long": says(record + b"\xff\xff" + b"x" * 65535),
            "empty_records": says((record + b"\0\0") * 100000),
            "huge_message": says((record + b"\x40\x00" + b"\x0b\xff\xff\xff" + b"x" * 16380) * 20),
            "silent": says(until=until),
            "silent_in_record": says(record + b"\x40\x00\x02", until=until),
            "drips": tls.drip_hello(record + b"\x40\x00\x02" + bytes(2000), 0.05, until),
        }.items()})

    def test_a_body_without_length_that_is_cut_off(self):
        """RFC 9112, 8: without close_notify a body that ends with its connection is incomplete. libcurl
        asks OpenSSL not to tell, since many servers never send one; so it is the decoder that sees
        that a picture is cut, and a whole one is shown."""
        server = self.with_certificate("good")
        server.pages["/cut"] = cut(misdeeds.OK + b"\r\n", misdeeds.BODY[:len(misdeeds.BODY) // 2])
        server.pages["/whole"] = cut(misdeeds.OK + b"\r\n", misdeeds.BODY)
        self.assertPlaceholder(self.server.open(server.url("/cut")))
        self.assertPicture(self.server.open(server.url("/whole")))

    def test_a_body_that_is_cut_off(self):
        server, body = self.with_certificate("good"), misdeeds.BODY
        server.pages.update({
            "/cut_in_length": cut(misdeeds.OK + misdeeds.LENGTH + b"\r\n", body[:-9]),
            "/cut_in_chunks": cut(misdeeds.CHUNKED, b"%x\r\n%s\r\n" % (len(body), body)),
            "/closed_in_length": unwrap(misdeeds.OK + misdeeds.LENGTH + b"\r\n", body[:-9]),
        })
        for path in server.pages:
            with self.subTest(path):
                self.assertPlaceholder(self.server.open(server.url(path)))
                self.assertEqual(server.count(path), 1)
        server.pages["/closed"] = unwrap(misdeeds.OK + b"\r\n", body)
        self.assertPicture(self.server.open(server.url("/closed")))

    def test_no_session_is_resumed(self):
        """A ticket is a cookie: none is kept, under no version of TLS."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                server = self.with_certificate("good", lowest=version, highest=version)
                for i in range(4):
                    self.assertPicture(self.server.open(server.url(f"/{i}.png")))
                self.assertEqual((server.connections, server.reused), (4, 0))

    def test_redirects_between_schemes(self):
        secure, plain = self.with_certificate("good"), self.origin(PUBLIC)
        unsound = self.with_certificate("expired")
        plain.default = origins.picture(pictures.plain_png())
        secure.pages["/back"] = origins.redirect(plain.url("/end.png", tls.HOST))
        plain.pages["/there"] = origins.redirect(secure.url("/back"))
        self.assertPicture(self.server.open(plain.url("/there", tls.HOST)))
        self.assertEqual((plain.count("/there"), secure.count("/back"), plain.count("/end.png")),
                         (1, 1, 1))
        plain.pages["/unsound"] = origins.redirect(unsound.url("/x.png"))
        self.assertPlaceholder(self.server.open(plain.url("/unsound", tls.HOST)))
        self.assertEqual(unsound.asked, [])

    def test_https_only_stays_so(self):
        server = self.shojid({"fetch": {
            "allow_private": None, "timeout": f"{TIMEOUT_S}s", "https_only": "on",
            "resolvers": self.resolver.address}})
        secure, plain = self.with_certificate("good"), self.origin(PUBLIC)
        plain.default = origins.picture(pictures.plain_png())
        secure.pages["/down"] = origins.redirect(plain.url("/end.png", tls.HOST))
        self.assertPlaceholder(server.open(secure.url("/down")))
        self.assertPicture(server.open(secure.url("/x.png")))
        self.assertEqual(plain.connections, 0)


if __name__ == "__main__":
    unittest.main()
