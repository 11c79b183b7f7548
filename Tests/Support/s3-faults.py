#!/usr/bin/env python3
"""An object store on 127.0.0.1 that misbehaves: moto's, behind a proxy that checks what moto does not look at.

It says READY DIRECTORY PORT, takes commands, answers DONE to each, and ends with its standard input.

    faults SHARE SEED [KIND,...]  from now on this share of the requests fails, in these ways or all (KINDS below)
    clock SECONDS                 from now on the store's clock is this much ahead
    later SECONDS                 from now on answers are dated this much ahead, and nothing else is
    expire                        temporary credentials that were given out are refused from now on
    download PREFIX DIRECTORY     writes what is below a prefix of the bucket logs to a directory, and nothing else
    report                        writes DIRECTORY/report.json: faults and requests so far

The proxy is the judge of signatures, by SigV4 as AWS documents it, of bodies against `x-amz-content-sha256` and
`x-amz-checksum-sha256`, and of `If-None-Match`. Beside the store it is the metadata service of an instance
(/latest/...) and a container's agent (/role). DIRECTORY/tls has the port where it is all the same over TLS, with
a certificate of its own, DIRECTORY/ca.pem. There are two buckets: logs, and locked, which has object lock.
"""
import base64
import collections
import contextlib
import datetime
import email.utils
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PYTHON = pathlib.Path(__file__).resolve().parents[2] / ".build/python"
if pathlib.Path(sys.prefix) != PYTHON:
    os.execv(PYTHON / "bin/python", [str(PYTHON / "bin/python"), *sys.argv])

KINDS = ["500", "503", "429", "reset-before", "reset-after", "close-after", "cut", "flip", "slow", "error-200"]
# Only where they are named: the answer comes after three seconds; a list goes on for ever, by two tokens in turn; nothing
# like a store answers; the parts of archives may not be read.
STALL, TURNS, STRANGER, PARTS = "stall", "turns", "stranger", "parts"
REGION = "us-east-1"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class State:
    """What the commands set, and what is counted."""

    def __init__(self):
        self.lock = threading.Lock()
        self.random = random.Random(0)
        self.share = 0.0
        self.kinds = KINDS
        self.ahead = 0
        self.later = 0
        self.generation = 1
        self.given_out = 0
        self.faults = collections.Counter()
        self.requests = []
        self.refusals = []
        # Moto's lists and writes are not made for each other's company.
        self.store = threading.RLock()

    def fault(self, candidates):
        """The way in which this request is to fail, or None."""
        with self.lock:
            candidates = [kind for kind in self.kinds if kind in candidates]
            if not candidates or self.random.random() >= self.share:
                return None
            kind = self.random.choice(candidates)
            self.faults[kind] += 1
            return kind


# Three threads take turns over each request.
sys.setswitchinterval(0.0002)
state = State()


def error(status, code, message="", more=""):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    return status, {"Content-Type": "application/xml"}, body.encode()


# -- SigV4, from https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html


def encoded(text, safe=""):
    return urllib.parse.quote(text, safe="-._~" + safe)


def canonical_request(method, target, headers, signed):
    path, _, query = target.partition("?")
    items = [item.partition("=") for item in query.split("&")] if query else []
    pairs = sorted((encoded(urllib.parse.unquote(name)), encoded(urllib.parse.unquote(value))) for name, _, value in items)
    return "\n".join([
        method, encoded(urllib.parse.unquote(path), "/"), "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "",
        ";".join(signed), headers["x-amz-content-sha256"]])


def signature(secret, date, scope, request):
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request.encode()).hexdigest()])
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def refusal(method, target, headers, body):
    """What AWS would answer instead of doing it, or None. Headers have lower-case names."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/([^/]+)/s3/aws4_request), ?"
        r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    if not match:
        return error(403, "AccessDenied", "not signed")
    access, scope, region, signed, claimed = match.groups()
    token = headers.get("x-amz-security-token")
    if access.startswith("ASIA"):
        if token != f"token/{access}+==":
            return error(403, "InvalidToken", "another token")
        if int(access[4:]) < state.generation:
            return error(400, "ExpiredToken", "The provided token has expired.")
    elif access != "AKIDEXAMPLE":
        return error(403, "InvalidAccessKeyId", "unknown")
    if region != REGION:
        return error(400, "AuthorizationHeaderMalformed", "the region is wrong", f"<Region>{REGION}</Region>")
    date = headers.get("x-amz-date", "")
    sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if abs(time.time() + state.ahead - sent.timestamp()) > 900:
        return error(403, "RequestTimeTooSkewed", "The difference is too large.")
    signed = signed.split(";")
    unsigned = [name for name in headers if (name.startswith("x-amz-") or name == "content-type") and name not in signed]
    if signed != sorted(set(signed)) or "host" not in signed or unsigned:
        return error(403, "AccessDenied", f"signed are {signed}, and not {unsigned}")
    request = canonical_request(method, target, headers, signed)
    if not hmac.compare_digest(claimed, signature(SECRET, date, scope, request)):
        return error(403, "SignatureDoesNotMatch", "the signature is wrong")
    if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return error(400, "XAmzContentSHA256Mismatch", "the body is another")
    checksum = headers.get("x-amz-checksum-sha256")
    if checksum and checksum != base64.b64encode(hashlib.sha256(body).digest()).decode():
        return error(400, "BadDigest", "the body is another")
    return None


def check_judge():
    """The judge agrees with botocore's signatures, and with no others."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    for access, token in ("AKIDEXAMPLE", None), ("ASIA00000001", "token/ASIA00000001+=="):
        for target in "/logs/a%3Db/c%20d%2Be%25/%C3%BC~", "/logs/?encoding-type=url&list-type=2&prefix=a%2F%2B&uploads=":
            body = b"bytes"
            request = AWSRequest("PUT", "http://127.0.0.1" + target, {"x-amz-storage-class": "STANDARD_IA"}, body)
            S3SigV4Auth(Credentials(access, SECRET, token), "s3", REGION).add_auth(request)
            headers = {"host": "127.0.0.1", **{name.lower(): value for name, value in request.headers.items()}}
            assert refusal("PUT", target, headers, body) is None, (target, refusal("PUT", target, headers, body))
            for change in {"host": "127.0.0.2"}, {"x-amz-storage-class": "GLACIER"}, {"x-amz-meta-more": "1"}:
                assert refusal("PUT", target, {**headers, **change}, body), change
            assert refusal("PUT", target + "x", headers, body) and refusal("PUT", target, headers, b"others")


# -- Whoever gives out temporary credentials


def credentials():
    with state.lock:
        state.given_out += 1
        access = f"ASIA{state.generation:08}"
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return {
        "Code": "Success", "AccessKeyId": access, "SecretAccessKey": SECRET, "Token": f"token/{access}+==",
        "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}


def service(method, path, headers):
    roles = "/latest/meta-data/iam/security-credentials/"
    if path == "/role":
        allowed = headers.get("authorization") == "agent token"
        return (200, {}, json.dumps(credentials()).encode()) if allowed else (401, {}, b"")
    if path == "/latest/api/token":
        return (200, {}, b"metadata-token") if method == "PUT" else (405, {}, b"")
    if headers.get("x-aws-ec2-metadata-token") != "metadata-token":
        return 401, {}, b""
    if path == roles:
        return 200, {}, b"a role\n"
    return (200, {}, json.dumps(credentials()).encode()) if path == roles + "a%20role" else (404, {}, b"")


def turn(target):
    """A page of a list that begins where the one before the last did."""
    token = "b" if re.search("(continuation-token|key-marker)=a", target) else "a"
    if "list-type=2" in target:
        return (f"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{token}"
                "</NextContinuationToken></ListBucketResult>").encode()
    return (f"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>{token}</NextKeyMarker>"
            "<NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>").encode()


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: Nagle's algorithm would hold the second back.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def forward(self, target, headers, body, method=None):
        """Asks moto."""
        with state.store, contextlib.closing(http.client.HTTPConnection("127.0.0.1", store_port)) as store:
            store.request(method or self.command, target, body, {**headers, "host": f"127.0.0.1:{store_port}"})
            answer = store.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def store(self, target, headers, body):
        """What AWS would do, as far as moto does not."""
        path = target.partition("?")[0]
        conditional = headers.get("if-none-match") == "*" and self.command in ("PUT", "POST")
        headers = {name: value for name, value in headers.items() if name not in ("connection", "expect", "if-none-match")}
        if not conditional:
            return self.forward(target, headers, body)
        with state.store:
            plain = {name: value for name, value in headers.items() if name in ("authorization", "x-amz-date")}
            if self.forward(path, plain, b"", "HEAD")[0] == 200:
                return error(412, "PreconditionFailed", "there is one")
            return self.forward(target, headers, body)

    def candidates(self, target, headers):
        kinds = {"500", "503", "429", "reset-before", "reset-after", "close-after", "cut", "slow", STALL, STRANGER}
        if "list-type=2" in target or "uploads=" in target:
            kinds.add(TURNS)
        if self.command == "HEAD":
            kinds.discard("cut")
        if self.command == "GET" and "?" not in target:
            kinds.add("flip")
            if "/part-" in target:
                kinds.add(PARTS)
        if "x-amz-copy-source" in headers or (self.command == "POST" and "uploadId" in target):
            kinds.add("error-200")
        return kinds

    def answer_all(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        target = self.path
        if target.startswith(("/latest/", "/role")):
            return self.send(*service(self.command, target, headers))
        no = refusal(self.command, target, headers, body)
        name = headers["host"].split(":")[0]
        if name.endswith(".localhost"):
            target = "/" + name.removesuffix(".localhost") + target
        with state.lock:
            state.requests.append(f"{self.command} {target}")
            if no:
                state.refusals.append(no[2].decode())
        if no:
            return self.send(*no)
        kind = state.fault(self.candidates(target, headers))
        if kind == "500":
            return self.send(*error(500, "InternalError"))
        if kind in ("503", "429"):
            status, fields, text = error(int(kind), "SlowDown")
            return self.send(status, {**fields, "Retry-After": "0"}, text)
        if kind == "reset-before":
            return self.reset()
        if kind == STRANGER:
            return self.send(404, {"Content-Type": "text/html"}, b"<html>404</html>")
        if kind == PARTS:
            return self.send(*error(403, "AccessDenied"))
        if kind == TURNS:
            return self.send(200, {"Content-Type": "application/xml"}, turn(target))
        if kind == STALL:
            time.sleep(3)
        status, fields, text = self.store(target, headers, body)
        if kind == "reset-after":
            return self.reset()
        if kind == "close-after":
            self.close_connection = True
            return None
        if kind == "error-200":
            return self.send(*error(200, "InternalError"))
        self.send(status, fields, text, kind)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer_all

    def send(self, status, fields, body, kind=None):
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + state.ahead + state.later, usegmt=True))
        length = str(len(body))
        for name, value in fields.items():
            if name.lower() == "content-length":
                length = value if self.command == "HEAD" else length
            elif name.lower() not in ("connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "HEAD":
            body = b""
        if kind == "flip" and body:
            with state.lock:
                place, bit = state.random.randrange(len(body)), 1 << state.random.randrange(8)
            body = body[:place] + bytes([body[place] ^ bit]) + body[place + 1:]
        if kind == "cut":
            self.wfile.write(body[: len(body) // 2])
            return self.reset()
        if kind == "slow":
            self.wfile.write(body[:1])
            self.wfile.flush()
            time.sleep(0.05)
            body = body[1:]
        self.wfile.write(body)
        self.wfile.flush()

    def reset(self):
        """Ends the connection with RST after what was written."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True
        self.connection.close()

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request, address):
        # Clients go away as they like; all else is a mistake here.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ValueError, ssl.SSLError)):
            super().handle_error(request, address)


def start_store():
    """Moto's, in this process; its port."""
    import logging

    import moto.s3.models
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Small pieces will do.
    moto.s3.models.S3_UPLOAD_PART_MIN_SIZE = 1
    store = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    store.start()
    return store.get_host_and_port()[1]


def obey(command, directory):
    name, *words = command.split()
    with state.lock:
        if name == "faults":
            state.share = float(words[0])
            state.random = random.Random(words[1])
            state.kinds = words[2].split(",") if len(words) > 2 else KINDS
        elif name == "clock":
            state.ahead = int(words[0])
        elif name == "later":
            state.later = int(words[0])
        elif name == "expire":
            state.generation += 1
        elif name == "report":
            report = {
                "faults": state.faults, "requests": state.requests, "refusals": state.refusals,
                "credentials": state.given_out}
            pathlib.Path(directory, "report.json").write_text(json.dumps(report))
        elif name == "download":
            download(*words)
        else:
            raise ValueError(command)
    print("DONE", flush=True)


def download(prefix, directory):
    """Looks into moto itself."""
    import moto.s3.models

    shutil.rmtree(directory, ignore_errors=True)
    pathlib.Path(directory).mkdir()
    bucket = moto.s3.models.s3_backends["123456789012"]["aws"].buckets["logs"]
    for key in list(bucket.keys.values()):
        if key.name.startswith(prefix):
            path = pathlib.Path(directory, key.name[len(prefix):])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(key.value)


def certify(directory):
    """A key and a certificate, of this run only."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         "key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=directory, check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory + "/ca.pem", directory + "/key.pem")
    return context


def make_bucket(name, headers):
    connection = http.client.HTTPConnection("127.0.0.1", store_port)
    connection.request("PUT", f"/{name}", headers=headers)
    assert connection.getresponse().status == 200, name


with tempfile.TemporaryDirectory() as directory:
    store_port = start_store()
    check_judge()
    make_bucket("logs", {})
    make_bucket("locked", {"x-amz-bucket-object-lock-enabled": "true"})
    plain, over_tls = Server(("127.0.0.1", 0), Proxy), Server(("127.0.0.1", 0), Proxy)
    # Each connection shakes hands in its own thread: one that nobody answers must not hold up the rest.
    over_tls.socket = certify(directory).wrap_socket(over_tls.socket, server_side=True, do_handshake_on_connect=False)
    pathlib.Path(directory, "tls").write_text(str(over_tls.server_port))
    for server in plain, over_tls:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", directory, plain.server_port, flush=True)
    for line in sys.stdin:
        obey(line, directory)
