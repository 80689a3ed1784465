"""Debian's Roundcube with a Dovecot behind it, in a directory of their own: Maildirs of `nobody`, a
database in a file, PHP's own web server, and an SMTP server that keeps what it is given.

A Roundcube is made with lines of PHP for its configuration; plugin=False leaves ours out. With
`behind`, a Place, it stands before a Dovecot and an SMTP server that are there already. get() and
post() are its browser without scripts: they keep cookies and follow redirects."""

import collections
import contextlib
import html
import http.cookiejar
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

import harness

ROUNDCUBE = pathlib.Path("/var/lib/roundcube")
DOVECOT = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
PLUGIN = pathlib.Path(harness.ROOT, "deploy/roundcube/shoji")
USER = "anna@example.org"
# Where it is to listen, as (host, port), and the ports of its servers at 127.0.0.1.
Place = collections.namedtuple("Place", "address imap_port smtp_port")

DOVECOT_CONF = """
base_dir = {0}/run
log_path = {0}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{0}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {1}
  }}
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={0}/mail/%u
}}
"""

CONFIG = """<?php
$config['db_dsnw'] = 'sqlite:///{0}/roundcube.db';
$config['imap_host'] = '127.0.0.1:{1}';
$config['smtp_host'] = '127.0.0.1:{2}';
$config['smtp_user'] = '';
$config['log_dir'] = '{0}/logs/';
$config['temp_dir'] = '{0}/temp/';
$config['des_key'] = 'not-a-secret-in-tests-24';
$config['plugins'] = [{3}];
$config['skin'] = 'elastic';
$config['htmleditor'] = 1;
$config['product_name'] = 'Webmail';
$config['enable_spellcheck'] = false;
$config['language'] = 'en_US';
$config['shoji_socket'] = '{4}';
"""


def missing():
    """What is not installed here, in a word, or None."""
    if not (ROUNDCUBE / "index.php").exists():
        return "roundcube is not installed"
    if not DOVECOT or not os.path.exists("/usr/lib/dovecot/imap"):
        return "dovecot-imapd is not installed"
    if not shutil.which("php"):
        return "php is not installed"
    if os.geteuid() != 0:
        return "Dovecot wants to be started by root"
    return None


def free_port():
    """Free a moment ago; for servers that cannot say which one they took."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def listens(port, host="127.0.0.1"):
    with contextlib.suppress(OSError), socket.create_connection((host, port)):
        return True
    return False


class Smtp:
    """Takes every message."""

    def __init__(self):
        self.messages = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.sock.accept()
                with conn, contextlib.suppress(OSError):
                    self.serve(conn, conn.makefile("rb"))

    def serve(self, conn, lines):
        conn.sendall(b"220 sink\r\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"DATA":
                conn.sendall(b"354 go on\r\n")
                self.messages.append(b"".join(iter(lines.readline, b".\r\n")))
            conn.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return

    def close(self):
        self.sock.close()


class Roundcube:
    def __init__(self, submit, more="", plugin=True, behind=None):
        self.behind = behind
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoji-webmail-"))
        self.folder.chmod(0o755)
        self.processes = []
        self.smtp = None if behind else Smtp()
        self.maildir = self.folder / "mail" / USER
        nobody = pwd.getpwnam("nobody")
        for name in ("run", "logs", "temp", "config", "plugins", f"mail/{USER}/new",
                     f"mail/{USER}/cur", f"mail/{USER}/tmp"):
            (self.folder / name).mkdir(parents=True)
        for at, _, _ in os.walk(self.folder / "mail"):
            os.chown(at, nobody.pw_uid, nobody.pw_gid)
        self.imap_port = behind.imap_port if behind else free_port()
        self.configure(submit, more, plugin)
        self.serve()

    def configure(self, submit, more, plugin):
        conf = DOVECOT_CONF.format(self.folder, self.imap_port)
        (self.folder / "dovecot.conf").write_text(conf)
        config = self.folder / "config"
        for name in os.listdir("/etc/roundcube"):
            if name in ("defaults.inc.php", "mimetypes.php"):
                (config / name).symlink_to(f"/etc/roundcube/{name}")
        (config / "config.inc.php").write_text(CONFIG.format(
            self.folder, self.imap_port, self.behind.smtp_port if self.behind else self.smtp.port,
            "'shoji'" if plugin else "", submit) + more)
        for source in (PLUGIN, ROUNDCUBE / "plugins/jqueryui", ROUNDCUBE / "plugins/filesystem_attachments"):
            if source.exists():
                (self.folder / "plugins" / source.name).symlink_to(source)
        (self.folder / "prepend.php").write_text(
            f"<?php define('RCUBE_PLUGINS_DIR', '{self.folder}/plugins/');")
        subprocess.run(["php", "-r", f"""
            $db = new PDO('sqlite:{self.folder}/roundcube.db');
            $db->exec(file_get_contents('/usr/share/roundcube/SQL/sqlite.initial.sql'));"""],
                       check=True)

    def serve(self):
        self.host, self.port = self.behind.address if self.behind else ("127.0.0.1", free_port())
        if not self.behind:
            self.run(DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf"))
        self.run("php", "-d", f"auto_prepend_file={self.folder}/prepend.php", "-d",
                 "error_log=" + str(self.folder / "logs/php"), "-S", f"{self.host}:{self.port}",
                 "-t", str(ROUNDCUBE))
        harness.until(lambda: listens(self.imap_port))
        harness.until(lambda: listens(self.port, self.host))
        self.log_in()

    def run(self, *command):
        with open(self.folder / "logs/processes", "ab") as log:
            self.processes.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=dict(os.environ, ROUNDCUBE_CONFIG_DIR=str(self.folder / "config"))))

    def close(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self.smtp:
            self.smtp.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def errors(self):
        """What PHP, Roundcube and Dovecot complained about."""
        texts = [path.read_text(errors="replace") for path in (self.folder / "logs").iterdir()
                 if path.name in ("errors", "errors.log", "php")]
        return "".join(texts)

    # ---- mail ----

    def deliver(self, message, name="1", came_s=None, folder=""):
        path = self.maildir / folder / "new" / f"{name}.mail"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(message)
        if came_s:
            os.utime(path, (came_s, came_s))
        for one in (path, path.parent, path.parent.parent):
            shutil.chown(one, "nobody", "nogroup")

    # ---- its browser ----

    def log_in(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies))
        page = self.get(_task="login")
        self.token = re.search(r'"request_token":"(\w+)"', page).group(1)
        page = self.post({"_task": "login", "_action": "login"}, _token=self.token, _task="login",
                         _action="login", _user=USER, _pass="secret", _url="")
        self.token = re.search(r'"request_token":"(\w+)"', page).group(1)

    def url(self, **query):
        return f"http://{self.host}:{self.port}/?" + urllib.parse.urlencode(query)

    def get(self, **query):
        with self.opener.open(self.url(**query), timeout=60) as answer:
            return answer.read().decode()

    def post(self, query, **fields):
        data = urllib.parse.urlencode(fields).encode()
        with self.opener.open(self.url(**query), data, timeout=60) as answer:
            return answer.read().decode()

    def show(self, uid=1, mbox="INBOX", **more):
        return self.get(_task="mail", _action="show", _mbox=mbox, _uid=uid, **more)

    def compose(self, **how):
        """(the form's hidden fields, the text in the editor)"""
        page = self.get(**{"_task": "mail", "_action": "compose", "_mbox": "INBOX", **how})
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        form |= dict(re.findall(r'<input name="(\w+)" type="hidden" value="([^"]*)"', page))
        form["_id"] = re.search(r'"compose_id":"(\w+)"', page).group(1)
        text = re.search(r'<textarea[^>]* name="_message"[^>]*>(.*?)</textarea>', page, re.S).group(1)
        form["_from"] = "1"
        return form, html.unescape(text)

    def send(self, form, text, **more):
        fields = {**form, "_token": self.token, "_to": "bob@example.net", "_subject": "Re: news",
                  "_message": text, "_is_html": "1", "_draft": "", **more}
        return self.post({"_task": "mail", "_action": "send"}, **fields)
