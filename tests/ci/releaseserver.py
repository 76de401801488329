"""A server of releases on loopback: files, whole or spoiled, also for those who take it for a proxy"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # the name that http.server wants
        server = self.server.owner
        server.requests.append(self.path)
        content = server.files.get(urlsplit(self.path).path)
        if content is None or server.wrong == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if server.wrong == "other bytes":
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.wfile.write(content[:len(content) // 2] if server.wrong == "cut" else content)

    def log_message(self, *_):
        """Not on standard error"""


class Server:
    """files: content by path; wrong: what shall be wrong with each answer"""

    def __init__(self, files):
        self.files, self.wrong, self.requests = files, None, []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.owner = self
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.http.shutdown()
        self.http.server_close()
