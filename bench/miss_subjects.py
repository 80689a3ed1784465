"""The servers of bench/miss.py. All ask the same origin, each keeps what it got."""

import os
import shutil

import subjects
from measure import Unavailable
from subjects import Subject, free_port, harness


class Shoji(Subject):
    """Signed URLs of many hosts, whose names are asked for; decoded, encoded anew, kept durably."""

    name = "shoji"

    def __init__(self, senders, pending=0, conf=None):
        """`conf`: what differs, as {section: {key: value}}."""
        super().__init__()
        if not os.path.exists(harness.SHOJID):
            raise Unavailable(f"{harness.SHOJID} is not built")
        self.senders = senders
        own = {"server": {"threads": "2" if pending else "1"},
               "cache": {"size": "4G", "index_size": "512M"},
               "fetch": {"resolvers": senders.dns, "allow_private": "127.0.0.1/32"}}
        if pending:
            own["fetch"].update({"total": str(pending), "per_host": "1000", "wait": "60s",
                                 "timeout": "60s"})
        for section, values in (conf or {}).items():
            own.setdefault(section, {}).update(values)
        self.server = harness.Shojid(own, directory=self.directory).start()
        self.process, self.address = self.server.process, self.server.address
        subjects.Shoji.settle(self)

    def pids(self):
        return [self.process.pid, *self.decoder_pids()]

    def server_pids(self):
        return [self.process.pid]

    def decoder_pids(self):
        return harness.descendants(self.process.pid)

    def path(self, number):
        return self.server.key.sign(self.senders.url(number))

    def stop(self):
        self.process = None
        try:
            self.server.stop()
        finally:
            super().stop()


NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log; {user}
worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; server_tokens off;
    keepalive_timeout 75s; keepalive_requests 1000000000;
    client_body_temp_path {dir}/body; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u;
    scgi_temp_path {dir}/s; proxy_temp_path {dir}/proxy;
    proxy_cache_path {dir}/cache levels=1:2 keys_zone=images:64m inactive=1d max_size=4g
                     use_temp_path=off;
    server {{
        listen 127.0.0.1:{port} backlog=8192;
        location / {{
            proxy_pass http://127.0.0.1:{origin}; proxy_cache images; proxy_cache_valid 200 1d;
            proxy_cache_lock on;
        }}
    }}
}}
"""


class Nginx(Subject):
    """The floor of a cache in files: proxy_cache to one fixed address. It checks no signature, asks
    no name and looks at no byte. Its files are in memory: on ext4 most of its time went into finding
    inodes that were not deleted a moment ago (by the end of another subject, say)."""

    name = "nginx"
    parent = "/dev/shm" if os.path.isdir("/dev/shm") else None

    def __init__(self, senders, pending=0):
        super().__init__()
        if not shutil.which("nginx"):
            raise Unavailable("nginx is not installed")
        self.senders = senders
        self.address = ("127.0.0.1", free_port())
        conf = self.write("nginx.conf", NGINX.format(
            dir=self.directory, port=self.address[1], origin=senders.port,
            user="user root;" if os.getuid() == 0 else ""))
        self.spawn(["nginx", "-c", conf, "-e", os.path.join(self.directory, "error.log")])
        self.await_listener()

    def path(self, number):
        return self.senders.path(number)


class Varnish(subjects.Varnish):
    """The floor of a cache in memory, to one fixed address over kept connections. Its defaults but
    for the storage, and for threads where thousands are to wait."""

    def __init__(self, senders, pending=0):
        Subject.__init__(self)
        if not shutil.which("varnishd"):
            raise Unavailable("varnishd is not installed")
        self.senders = senders
        # A thread for the reader, and one for the origin.
        more = [f"-pthread_pool_max={2 * pending}", "-plisten_depth=8192"] if pending else []
        self.launch(senders.port, "2g", *more)

    def path(self, number):
        return self.senders.path(number)


SUBJECTS = [Shoji, Nginx, Varnish]
