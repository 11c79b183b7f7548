#!/usr/bin/env python3
"""What a node exporter says of the textfiles in a directory: PROGRAM DIRECTORY, on standard output.

It listens on a port of its own choice on 127.0.0.1, is asked once, and ends."""
import re
import subprocess
import sys
import urllib.request

program, directory = sys.argv[1:]
exporter = subprocess.Popen(
    [program, "--collector.disable-defaults", "--collector.textfile",
     f"--collector.textfile.directory={directory}", "--web.disable-exporter-metrics",
     "--web.listen-address=127.0.0.1:0"],
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
try:
    told = ""
    for line in exporter.stderr:
        told += line
        if found := re.search(r'msg="Listening on" address=(\S+)', line):
            # Past any proxy that the environment names.
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(f"http://{found[1]}/metrics", timeout=30) as page:
                sys.stdout.write(page.read().decode())
            break
    else:
        sys.exit(f"the node exporter ended:\n{told}")
finally:
    exporter.kill()
    exporter.wait()
