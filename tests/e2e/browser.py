"""Two browsers, driven by what they speak themselves: Chromium over its DevTools pipe, Firefox over
Marionette. Each starts with a new profile and without what it does on its own account (updates,
telemetry, portal checks); everything that a page can make it do is left as it comes: scripts,
prefetching, speculation, lazy loading.

`resolv` is a file that stands for /etc/resolv.conf where the browser looks. close() ends the browser
and everything it started."""

import base64
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

WAIT_S = 120  # for one answer; a loaded machine is slow

CHROMIUM = shutil.which("chromium")
FIREFOX = shutil.which("firefox-esr")

CHROMIUM_OPTIONS = """--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run
--no-default-browser-check --disable-background-networking --disable-component-update --disable-sync
--disable-default-apps --disable-extensions --disable-domain-reliability --metrics-recording-only
--disable-client-side-phishing-detection --no-pings --hide-scrollbars --force-device-scale-factor=1
--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication
--remote-debugging-pipe about:blank""".split()
CHROMIUM_OPTIONS.remove("--no-pings")  # a page's doing

FIREFOX_PREFERENCES = {
    "marionette.port": 0,
    "remote.prefs.recommended": False,  # they would turn prefetching off
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.newtabpage.activity-stream.feeds.system.topstories": False,
    "browser.newtabpage.activity-stream.feeds.topsites": False,
    "browser.region.network.url": "",
    "browser.region.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.provider.google4.updateURL": "",
    "browser.safebrowsing.provider.mozilla.updateURL": "",
    "browser.search.geoSpecificDefaults": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.topsites.contile.enabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "media.gmp-manager.url": "",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,  # no DNS over HTTPS: questions go where they can be counted
    "privacy.trackingprotection.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="shoji-browser-")

    def start(self, command, resolv, **options):
        env = dict(os.environ, HOME=self.folder, TMPDIR=self.folder, MOZ_HEADLESS="1")
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            env.pop(name, None)
            env.pop(name.upper(), None)
        if resolv:
            command = ["unshare", "-m", "sh", "-c",
                       'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(resolv), *command]
        self.process = subprocess.Popen(command, env=env, cwd=self.folder, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, **options)

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Chromium(Browser):
    """One page. `on_event` gets each event: (method, parameters)."""

    def __init__(self, resolv=None, size=(1000, 4000)):
        super().__init__()
        self.count, self.input, self.on_event = 0, b"", lambda method, params: None
        theirs_in, self.write_fd = os.pipe()
        self.read_fd, theirs_out = os.pipe()

        def wire():  # the pipe of DevTools is descriptors 3 and 4
            one, two = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(one, 3)
            os.dup2(two, 4)

        self.start([CHROMIUM, f"--user-data-dir={self.folder}/profile", *CHROMIUM_OPTIONS], resolv,
                   preexec_fn=wire, close_fds=False)
        os.close(theirs_in)
        os.close(theirs_out)
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                  deviceScaleFactor=1, mobile=False)

    def close(self):
        super().close()
        os.close(self.read_fd)
        os.close(self.write_fd)

    def send(self, method, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_fd, data):]
        return self.count

    def receive(self, deadline):
        while b"\0" not in self.input:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.read_fd], [], [], left)[0]:
                raise TimeoutError("Chromium does not answer")
            piece = os.read(self.read_fd, 1 << 20)
            if not piece:
                raise ConnectionError("Chromium has ended")
            self.input += piece
        message, _, self.input = self.input.partition(b"\0")
        return json.loads(message)

    def run_until(self, done):
        """Handles messages until done(message) is true for one, which it returns."""
        deadline = time.monotonic() + WAIT_S
        while True:
            message = self.receive(deadline)
            if "method" in message:
                self.on_event(message["method"], message["params"])
            if done(message):
                return message

    def call(self, method, **params):
        number = self.send(method, **params)
        answer = self.run_until(lambda message: message.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url):
        """Returns when the page and all its frames and images have loaded."""
        loaded = []
        handler = self.on_event

        def watch(method, params):
            handler(method, params)
            if method == "Page.loadEventFired":
                loaded.append(True)

        self.on_event = watch
        try:
            self.call("Page.navigate", url=url)
            if not loaded:
                self.run_until(lambda message: bool(loaded))
        finally:
            self.on_event = handler

    def screenshot(self, width, height):
        """PNG."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", clip=clip)["data"])


class Firefox(Browser):
    """One page."""

    def __init__(self, resolv=None):
        super().__init__()
        self.count = 0
        profile = pathlib.Path(self.folder, "profile")
        profile.mkdir()
        with open(profile / "user.js", "w", encoding="utf-8") as file:
            for name, value in FIREFOX_PREFERENCES.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        self.start([FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
                   resolv)
        self.sock = self.connect(profile / "MarionetteActivePort")
        self.lines = self.sock.makefile("rb")
        self.receive()  # it introduces itself
        self.call("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.call("WebDriver:SetWindowRect", width=1000, height=4000)
        self.call("WebDriver:SetTimeouts", pageLoad=WAIT_S * 1000)

    def connect(self, file):
        """Firefox writes the port down once it listens."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            text = file.read_text() if file.exists() else ""
            if text.strip():
                sock = socket.create_connection(("127.0.0.1", int(text)))
                sock.settimeout(WAIT_S)
                return sock
            time.sleep(0.05)
        raise TimeoutError("Firefox does not listen")

    def receive(self):
        length = b""
        while not length.endswith(b":"):
            piece = self.lines.read(1)
            if not piece:
                raise ConnectionError("Firefox has ended")
            length += piece
        return json.loads(self.lines.read(int(length[:-1])))

    def call(self, command, **params):
        self.count += 1
        data = json.dumps([0, self.count, command, params]).encode()
        self.sock.sendall(b"%d:%s" % (len(data), data))
        while True:
            answer = self.receive()
            if answer[:2] != [1, self.count]:
                continue
            if answer[2]:
                raise RuntimeError(f"{command}: {answer[2]}")
            return answer[3]

    def open(self, url):
        """Returns when the page and all its frames and images have loaded."""
        self.call("WebDriver:Navigate", url=url)

    def close(self):
        super().close()
        if hasattr(self, "sock"):
            self.lines.close()
            self.sock.close()
