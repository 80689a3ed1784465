"""Certificates of every kind, made with openssl for one run, and origins that show them.

trust() lets this process, and what it starts from then on, take our authority for one of the
system's: the bundle is covered by a copy in a mount namespace of our own. Call it before any
thread, where network.enter() is called."""

import contextlib
import ctypes
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

import network
import origin as origins

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x00020000, 4096, 16384, 1 << 18

HOST = "img.sender.example"


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")


class Authority:
    """Makes certificates in a directory of its own; `name`.key and `name`.pem (leaf first)."""

    def __init__(self):
        if not shutil.which("openssl"):
            raise unittest.SkipTest("the openssl program is not installed")
        self.dir = tempfile.mkdtemp(prefix="shoji-tls-")
        self.root("root")
        self.root("unknown")
        self.issue("intermediate", "root", ca="TRUE")

    def path(self, name):
        return os.path.join(self.dir, name)

    def key(self, name, kind):
        kinds = {"ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                 "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                 "rsa1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
                 "rsa512": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"]}
        openssl("genpkey", *kinds[kind], "-out", f"{name}.key", cwd=self.dir)

    def root(self, name):
        self.key(name, "ec")
        openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN=Shoji test {name}",
                "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-addext", "basicConstraints=critical,CA:TRUE", "-out", f"{name}.pem", cwd=self.dir)

    def issue(self, name, issuer, **how):
        """`how`: san, cn, ca, usage, extra (openssl.cnf lines), key, digest, days, send (names whose
        certificates follow the leaf's), or from_s and to_s (YYYYMMDDHHMMSSZ)."""
        self.key(name, how.get("key", "ec"))
        lines = [f"basicConstraints=critical,CA:{how.get('ca', 'FALSE')}"]
        if how.get("san", f"DNS:{HOST}") and how.get("ca") != "TRUE":
            lines.append(f"subjectAltName={how.get('san', f'DNS:{HOST}')}")
        if how.get("usage"):
            lines.append(f"extendedKeyUsage={how['usage']}")
        lines += how.get("extra", [])
        with open(self.path(f"{name}.ext"), "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={how.get('cn', name)}",
                "-out", f"{name}.csr", cwd=self.dir)
        with open(self.path(f"{name}.index"), "w", encoding="ascii"):
            pass
        with open(self.path(f"{name}.cnf"), "w", encoding="ascii") as file:
            file.write("[ca]\ndefault_ca=us\n[us]\nnew_certs_dir=.\nunique_subject=no\n"
                       f"database={name}.index\npolicy=any\nrand_serial=yes\n[any]\n"
                       "commonName=supplied\n")
        when = (["-startdate", how["from_s"], "-enddate", how["to_s"]] if "from_s" in how
                else ["-days", "20"])
        openssl("ca", "-batch", "-notext", "-config", f"{name}.cnf", "-in", f"{name}.csr", "-cert",
                f"{issuer}.pem", "-keyfile", f"{issuer}.key", "-extfile", f"{name}.ext", "-md",
                how.get("digest", "sha256"), *when, "-out", f"{name}.crt", cwd=self.dir)
        with open(self.path(f"{name}.pem"), "w", encoding="ascii") as whole:
            for part in (f"{name}.crt", *(f"{other}.crt" for other in how.get("send", ()))):
                with open(self.path(part), encoding="ascii") as file:
                    whole.write(file.read())

    def self_signed(self, name):
        self.key(name, "ec")
        openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={HOST}", "-days", "30",
                "-addext", f"subjectAltName=DNS:{HOST}", "-out", f"{name}.pem", cwd=self.dir)

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def trust(authority):
    """Only our root, from now on and for this process and its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls = (lambda: libc.unshare(CLONE_NEWNS),
             lambda: libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
             lambda: libc.mount(authority.path("root.pem").encode(), BUNDLE.encode(), None, MS_BIND,
                                None))
    for call in calls:
        if call():
            raise unittest.SkipTest(f"no mount namespace: {os.strerror(ctypes.get_errno())}")


def context(authority, name, **how):
    """`how`: lowest and highest version (ssl.TLSVersion), ciphers, and client (ask for one's)."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers(how.get("ciphers", "ALL:@SECLEVEL=0"))
    server.minimum_version = how.get("lowest", ssl.TLSVersion.TLSv1_2)
    server.maximum_version = how.get("highest", ssl.TLSVersion.MAXIMUM_SUPPORTED)
    server.load_cert_chain(authority.path(f"{name}.pem"), authority.path(f"{name}.key"))
    if how.get("client"):
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(authority.path("root.pem"))
    return server


class Origin(origins.Origin):
    """An origin behind TLS. `hello` is called with each raw connection and returns the one to serve,
    or None when it has said all it has to say."""

    def __init__(self, host, hello):
        self.hello = hello
        self.handshakes = []  # "done", or what went wrong, in the order they ended
        self.reused = 0
        super().__init__(host)

    def serve(self, conn, peer):
        conn.settimeout(30)
        try:
            inner = self.hello(conn)
            said = "done" if inner else "nothing"
        except (OSError, ValueError) as error:
            inner, said = None, str(error)
        with self.changed:
            self.handshakes.append(said)
            self.changed.notify_all()
        if inner is None:
            conn.close()
            return
        self.reused += bool(getattr(inner, "session_reused", False))
        with contextlib.suppress(OSError):
            super().serve(inner, peer)

    def url(self, path, host=HOST):
        return f"https://{host}:{self.port}{path}"

    def wait_for_handshakes(self, count, timeout_s=20):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.handshakes) >= count, timeout_s)


def start(address, hello):
    return network.far(Origin, address, hello)


def hello_of(ssl_context):
    return lambda conn: ssl_context.wrap_socket(conn, server_side=True)


def raw_hello(*parts, until=None):
    """Reads the ClientHello, says just these bytes, and closes; or waits for the event first."""
    def hello(conn):
        conn.recv(16384)
        for part in parts:
            conn.sendall(part)
        if until:
            conn.settimeout(1)
            while not until.is_set():
                with contextlib.suppress(TimeoutError):
                    if not conn.recv(4096):
                        break
        conn.shutdown(socket.SHUT_WR)
        return None

    return hello


def drip_hello(first, pace_s, until):
    """A handshake record byte by byte, for as long as anybody listens."""
    def hello(conn):
        conn.recv(16384)
        for byte in first:
            conn.sendall(bytes([byte]))
            if until.wait(pace_s):
                break
        return None

    return hello


