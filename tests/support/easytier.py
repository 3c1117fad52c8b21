"""A real EasyTier node with listeners for ws and wss on 127.0.0.1, without a network device.

Prints the addresses of its listeners, then an empty line. For each line of input: its events so far, each as a line of
JSON, oldest first, then an empty line.
"""

import sys

from easytier_pyo3 import Node

node = Node(
    {
        "instance_name": "node",
        "network_identity": {"network_name": "test", "network_secret": "test"},
        "listeners": ["ws://127.0.0.1:0", "wss://127.0.0.1:0"],
        "flags": {"no_tun": True, "bind_device": False, "disable_p2p": True},
    }
)
node.start()
print(*node.running_listeners(), "", sep="\n", flush=True)
for _ in sys.stdin:
    print(*reversed(node.management_events()), "", sep="\n", flush=True)
