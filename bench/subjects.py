"""The servers that are measured beside each other. Each is started in a directory of its own on a
free loopback port, with one worker thread on the one core that subjects have, and serves the same
objects; Shoji makes them, the others get the bytes that Shoji served."""

import atexit
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile

from measure import BUILD, ROOT, SUBJECT_CORE, Unavailable, pin

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harness  # noqa: E402
import http1  # noqa: E402
import origin as origins  # noqa: E402


class Object:
    """What one of Shoji's signed paths gave: the common ground of all subjects."""

    def __init__(self, path, answer):
        self.path = path
        self.body = answer.body
        # What a connection or a moment adds is each server's own.
        own = ("date", "connection", "content-length", "keep-alive")
        self.headers = [(n, v) for n, v in answer.headers if n.lower() not in own]


class Subject:
    name = "?"
    parent = None  # of its directory; None: where temporary files go

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix=f"shoji-bench-{self.name}-", dir=self.parent)
        # Also where it does not even start.
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.process = None
        self.address = None
        self.origin = None

    def path(self, item):
        return item.path

    def pids(self):
        return [self.process.pid, *harness.descendants(self.process.pid)]

    def asked(self):
        """Requests that reached its origin."""
        return self.origin.count() if self.origin else 0

    def spawn(self, command):
        self.process = subprocess.Popen(pin(SUBJECT_CORE, command), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def serve_objects(self, objects):
        self.origin = origins.Origin()
        for item in objects:
            self.origin.pages[item.path] = origins.answer(item.body, headers=item.headers)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def await_listener(self):
        """Until a connection is taken: the only sign that a foreign server gives."""
        while self.process.poll() is None:
            try:
                socket.create_connection(self.address, 1).close()
                return self
            except ConnectionRefusedError:
                select.select([self.process.stdout], [], [], 0.05)
        raise Unavailable(f"{self.name} ended: {self.process.stdout.read().decode()[-500:]}")

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.origin:
            self.origin.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Shoji(Subject):
    name = "shoji"

    def __init__(self, pictures, hot_memory="512M"):
        """`pictures`: {path at the origin: bytes}."""
        super().__init__()
        if not os.path.exists(harness.SHOJID):
            raise Unavailable(f"{harness.SHOJID} is not built")
        self.origin = origins.Origin()
        for path, body in pictures.items():
            self.origin.pages[path] = origins.picture(body)
        self.server = harness.Shojid({"server": {"threads": "1"},
                                      "cache": {"size": "1G", "hot_memory": hot_memory}},
                                     directory=self.directory)
        # Started unpinned, so that the decoders may use all cores; pinned when all is stored.
        self.server.start()
        self.process, self.address = self.server.process, self.server.address

    def settle(self):
        for pid in self.pids():
            subprocess.run(["taskset", "-a", "-c", "-p", SUBJECT_CORE, str(pid)],
                           stdout=subprocess.DEVNULL, check=True)

    def fetch(self, path):
        signed = self.server.key.sign(self.origin.url(path))
        answer = self.server.get(signed)
        if answer.status != 200:
            raise RuntimeError(f"shoji answered {answer.status} for {path}")
        return Object(signed, answer)

    def pids(self):
        return [self.process.pid]

    def decoder_pids(self):
        return harness.descendants(self.process.pid)

    def stop(self):
        self.process = None
        try:
            self.server.stop()
        finally:
            super().stop()


class Floor(Subject):
    name = "floor"

    def __init__(self, objects):
        super().__init__()
        responses = os.path.join(self.directory, "responses")
        with open(responses, "wb") as file:
            for item in objects:
                head = "HTTP/1.1 200 OK\r\n" + "".join(
                    f"{n}: {v}\r\n" for n, v in [
                        *item.headers, ("Content-Length", len(item.body)),
                        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT")]) + "\r\n"
                data = head.encode("latin-1") + item.body
                file.write(b"%d\n" % len(data) + data)
        self.spawn([os.path.join(BUILD, "bench", "floor"), "1", responses])
        line = self.process.stdout.readline().decode()
        self.address = ("127.0.0.1", int(line.rsplit(":", 1)[1]))


NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log; {user}
events {{ worker_connections 4096; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; server_tokens off;
    keepalive_timeout 75s; keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;
    client_body_temp_path {dir}/body; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u;
    scgi_temp_path {dir}/s; proxy_temp_path {dir}/proxy;
    proxy_cache_path {dir}/cache levels=1:2 keys_zone=images:16m inactive=1d max_size=1g
                     use_temp_path=off;
    types {{ }} default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        location ~ ^/s/(?<kid>[a-z0-9]+)/(?<tag>[A-Za-z0-9_-]+)/(?<payload>[A-Za-z0-9_-]+)$ {{
            secure_link $tag;
            secure_link_md5 "{secret}$kid/$payload";
            if ($secure_link = "") {{ return 403; }}
            proxy_pass http://127.0.0.1:{origin}; proxy_cache images;
            proxy_cache_key $kid/$payload; proxy_cache_valid 200 1d; proxy_cache_lock on;
        }}
    }}
}}
"""


class Nginx(Subject):
    """Verifies a tag for every request (secure_link: MD5, where Shoji has HMAC-SHA-256) and serves
    from its disk cache, which the kernel keeps in memory, by sendfile."""

    name = "nginx"
    secret = "a secret of thirty-two characters"

    def __init__(self, objects):
        super().__init__()
        if not shutil.which("nginx"):
            raise Unavailable("nginx is not installed")
        said = subprocess.run(["nginx", "-V"], capture_output=True, text=True).stderr
        if "http_secure_link_module" not in said:
            raise Unavailable("this nginx has no secure_link")
        self.origin = origins.Origin()
        for item in objects:
            self.origin.pages[self.path(item)] = origins.answer(item.body, headers=item.headers)
        port = free_port()
        conf = self.write("nginx.conf", NGINX.format(
            dir=self.directory, port=port, origin=self.origin.port, secret=self.secret,
            user="user root;" if os.getuid() == 0 else ""))
        self.address = ("127.0.0.1", port)
        self.spawn(["nginx", "-c", conf, "-e", os.path.join(self.directory, "error.log")])
        self.await_listener()

    def path(self, item):
        import hashlib
        kid, _, payload = item.path.split("/")[2:]
        payload = payload.split(".")[0]
        tag = hashlib.md5(f"{self.secret}{kid}/{payload}".encode()).digest()
        return f"/s/{kid}/{harness.b64url(tag)}/{payload}"


VCL = """
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_backend_response {{ set beresp.ttl = 1d; }}
"""


class Varnish(Subject):
    """Verifies nothing; serves from memory. Its defaults but for the storage."""

    name = "varnish"

    def __init__(self, objects):
        super().__init__()
        if not shutil.which("varnishd"):
            raise Unavailable("varnishd is not installed")
        self.serve_objects(objects)
        self.launch(self.origin.port, "512m")

    def launch(self, origin_port, storage, *options):
        vcl = self.write("default.vcl", VCL.format(port=origin_port))
        work = os.path.join(self.directory, "work")
        command = ["varnishd", "-F", "-n", work, "-a", "127.0.0.1:0", "-f", vcl, "-s",
                   f"malloc,{storage}", *options]
        self.spawn(command + (["-j", "none"] if os.getuid() == 0 else []))
        output = b""
        while b"Child launched" not in output and b"Started" not in output:
            if not select.select([self.process.stdout], [], [], 30)[0]:
                raise Unavailable(f"varnishd says nothing: {output.decode()[-500:]}")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Unavailable(f"varnishd ended: {output.decode()[-500:]}")
            output += more
        said = subprocess.run(["varnishadm", "-n", work, "debug.listen_address"],
                              capture_output=True, text=True, check=True).stdout
        self.address = ("127.0.0.1", int(re.search(r"127\.0\.0\.1 (\d+)", said).group(1)))
        self.await_listener()


PEERS = [Floor, Nginx, Varnish]


def verify(subject, objects):
    """Asks for every object once: it warms the subject up, and proves that all serve the same."""
    with http1.Client(subject.address) as client:
        for item in objects:
            answer = client.ask("GET", subject.path(item))
            if answer.status != 200 or len(answer.body) != len(item.body):
                raise RuntimeError(f"{subject.name}: {answer} where {len(item.body)} bytes were due")
            if subject.name != "floor" and answer.body != item.body:
                raise RuntimeError(f"{subject.name} serves other bytes")
