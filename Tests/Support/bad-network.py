#!/usr/bin/env python3
"""A bad network before a server on 127.0.0.1, for as long as our standard input stays open.

    bad-network.py PORT [--idle SECONDS] < PIPE

Prints `READY 127.0.0.1 <port>`. With --idle it cuts everybody once all were silent for so long, as
load balancers do to each. The command `swallow`, a line, is answered by DONE: from then on packets of clients get no
answer of any kind, not even from the kernel, as behind a firewall that forgot the connection; the
server is told nothing.
"""
import argparse
import ctypes
import selectors
import socket
import struct
import sys

arguments = argparse.ArgumentParser()
arguments.add_argument("port", type=int)
arguments.add_argument("--idle", type=float)
arguments = arguments.parse_args()

# A classic BPF program, `ret #0`: socket(7), SO_ATTACH_FILTER. It takes effect before TCP does.
SO_ATTACH_FILTER = 26
INSTRUCTION = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
DROP_ALL = struct.pack("HxxxxxxQ", 1, ctypes.addressof(INSTRUCTION))

listener = socket.create_server(("127.0.0.1", 0))
loop = selectors.DefaultSelector()
loop.register(listener, selectors.EVENT_READ)
loop.register(sys.stdin, selectors.EVENT_READ)
peers = {}
clients = set()
swallows = False


def accept():
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", arguments.port))
    peers[client], peers[server] = server, client
    clients.add(client)
    for side in client, server:
        loop.register(side, selectors.EVENT_READ)


def cut(side):
    for end in side, peers.pop(side):
        peers.pop(end, None)
        clients.discard(end)
        loop.unregister(end)
        end.close()


def swallow():
    global swallows
    swallows = True
    for side in [listener, *clients]:
        side.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, DROP_ALL)
    for side in [listener, *peers]:
        loop.unregister(side)


print("READY 127.0.0.1", listener.getsockname()[1], flush=True)
while True:
    ready = loop.select(None if swallows else arguments.idle)
    if not ready:
        for client in list(clients):
            cut(client)
    for key, _ in ready:
        if key.fileobj is listener:
            accept()
        elif key.fileobj is sys.stdin:
            command = sys.stdin.readline()
            if not command:
                sys.exit(0)
            if command.strip() != "swallow":
                sys.exit(f"unknown command {command}")
            swallow()
            print("DONE", flush=True)
            break
        elif key.fileobj in peers:
            try:
                data = key.fileobj.recv(1 << 16)
                peers[key.fileobj].sendall(data)
            except OSError:
                data = b""
            if not data:
                cut(key.fileobj)
