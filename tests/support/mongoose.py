"""A real Mongoose with its built-in TLS: answers every request with a JSON body that says its own number.

mongoose.py CERTIFICATE KEY: writes its port to standard output and serves until standard input ends. A request for
/close is answered and its connection ended as Mongoose does it, without close_notify.
"""

import select
import sys

import cymongoose as mongoose

count = 0
options = None


def handle(connection, event, data):
    global count
    if event == mongoose.MG_EV_ACCEPT:
        connection.tls_init(options)
    if event != mongoose.MG_EV_HTTP_MSG:
        return
    filler = "x" * (count * 7 % 5000)
    body = '{"number":%d,"filler":"%s"}' % (count, filler)
    count += 1
    connection.reply(200, body, headers={"Content-Type": "application/json"})
    if data.uri == "/close":
        connection.drain()


def main(certificate, key):
    global options
    mongoose.log_set(mongoose.MG_LL_NONE)
    with open(certificate, "rb") as file:
        certificate = file.read()
    with open(key, "rb") as file:
        key = file.read()
    options = mongoose.TlsOpts(cert=certificate, key=key)
    manager = mongoose.Manager()
    listener = manager.listen("https://127.0.0.1:0", handle)
    print(listener.local_addr[1], flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        manager.poll(1)


main(*sys.argv[1:])
