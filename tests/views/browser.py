"""Headless Chromium over the WebDriver protocol, with nothing but the standard library and without any network"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

START_TIMEOUT_S = 60
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions",
    # Whatever a page asks for, there is nobody to answer.
    "--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND",
]


def missing():
    for name in ("chromium", "chromedriver"):
        if not shutil.which(name):
            return f"{name} is not installed"
    return None


def free_of_proxies():
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


class Browser:
    def __init__(self, dark=False, script=True):
        reason = missing()
        if reason:
            pytest.skip(reason)
        self.home = tempfile.mkdtemp(prefix="latwrap-browser-")
        self.log = open(Path(self.home) / "chromedriver.log", "w+b")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.driver = subprocess.Popen([shutil.which("chromedriver"), "--port=0"], stdout=self.log, stderr=self.log,
                                       cwd=self.home, env={**free_of_proxies(), "HOME": self.home},
                                       start_new_session=True)
        self.session = None
        try:
            self.url = f"http://127.0.0.1:{self.find_port()}"
            self.begin(dark, script)
        except BaseException:
            self.close()
            raise

    def find_port(self):
        """chromedriver chooses a free port and prints it: there is nothing else to wait for"""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.driver.poll() is None:
            for line in (Path(self.home) / "chromedriver.log").read_text().splitlines():
                if "started successfully on port" in line:
                    return int(line.rstrip(".").split()[-1])
            time.sleep(0.05)
        raise AssertionError("chromedriver does not start: " + (Path(self.home) / "chromedriver.log").read_text())

    def begin(self, dark, script):
        arguments = [*ARGUMENTS, f"--user-data-dir={self.home}/profile"]
        if dark:
            arguments.append("--force-dark-mode")
        preferences = {"profile.managed_default_content_settings.javascript": 1 if script else 2}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": arguments, "prefs": preferences,
                                   # chrome://tracing, which reads the traces of the tests, is one of these.
                                   "localState": {"internal_only_uis_enabled": True}},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}})
        self.session = f"/session/{answer['sessionId']}"

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=180) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def do(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    # -- what tests ask for --------------------------------------------------------------------------------------------

    def open(self, url):
        self.do("POST", "/url", {"url": str(url)})

    def run(self, script, *args):
        """The value of a script, which returns it"""
        return self.do("POST", "/execute/sync", {"script": script, "args": list(args)})

    def wait(self, script, *args, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            value = self.run(script, *args)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}")

    def element(self, selector):
        return list(self.do("POST", "/element", {"using": "css selector", "value": selector}).values())[0]

    def click(self, selector):
        self.do("POST", f"/element/{self.element(selector)}/click", {})

    def type(self, selector, text):
        self.do("POST", f"/element/{self.element(selector)}/value", {"text": text})

    def keys(self, *keys):
        """Presses keys, wherever the focus is"""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def resize(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def devtools(self, command, **parameters):
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def media(self, media="", dark=False):
        self.devtools("Emulation.setEmulatedMedia", media=media,
                      features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                # Nothing is in the middle of a movement when a test looks at it.
                                {"name": "prefers-reduced-motion", "value": "reduce"}])

    def screenshot(self, path, whole=False):
        data = self.devtools("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.devtools("Page.printToPDF")["data"])

    def messages(self):
        """What the page said on the console since the last call, errors of the browser about it too"""
        return [f"{entry['level']}: {entry['message']}" for entry in self.do("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        """The addresses that pages asked for since the last call, but for Chromium's own, such as the one of a new tab"""
        found = []
        for entry in self.do("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            asked = message["method"] == "Network.requestWillBeSent"
            if asked and not message["params"]["documentURL"].startswith(("chrome:", "chrome-untrusted:")):
                found.append(message["params"]["request"]["url"])
        return found

    def close(self):
        try:
            if self.session:
                self.do("DELETE", "")
        finally:
            self.driver.terminate()
            try:
                self.driver.wait(20)
            except subprocess.TimeoutExpired:
                self.driver.kill()
                self.driver.wait()
            self.log.close()
            shutil.rmtree(self.home, ignore_errors=True)
