#!/usr/bin/env python3
"""A health check on 127.0.0.1 that answers 200: says READY DIRECTORY PORT, and ends with its standard input.

It writes each request into DIRECTORY/<number>: method and path on the first line, then the body."""
import http.server
import pathlib
import sys
import tempfile
import threading

with tempfile.TemporaryDirectory() as directory:
    count = 0

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            global count
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            text = f"{self.command} {self.path}\n".encode() + body
            pathlib.Path(directory, str(count)).write_bytes(text)
            count += 1
            self.send_response(200)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", directory, server.server_port, flush=True)
    sys.stdin.read()
