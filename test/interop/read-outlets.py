"""Reads outlets with Python's own sockets and libzmq, and keeps what came, as it came.

Usage: read-outlets.py WISH. WISH is JSON: `{"rows": 10000, "outlets": [{"transport", "port", "format", "topic", "file"}, …]}`.
TCP is read to its end. A ZeroMQ socket has none: it is read until its messages hold so many rows, and their payloads are kept
behind each other. Prints the topics of the messages that came, as JSON.
"""

import io
import json
import socket
import sys
import threading

import msgpack
import pyarrow as pa
import zmq


def main(wish):
    topics = {}
    threads = []
    for outlet in wish["outlets"]:
        read = read_tcp if outlet["transport"] == "tcp" else read_zeromq
        threads.append(threading.Thread(target=read, args=(outlet, wish["rows"], topics)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(sorted(topics), sys.stdout)


def read_tcp(outlet, rows, topics):
    address = ("127.0.0.1", outlet["port"])
    # Not buffered: how large the file is says how much was read.
    with socket.create_connection(address) as connection, open(outlet["file"], "wb", buffering=0) as file:
        while part := connection.recv(65536):
            file.write(part)


def read_zeromq(outlet, rows, topics):
    subscriber = zmq.Context.instance().socket(zmq.SUB)
    # Loses nothing on this side, and asks now and then whether we are there, on a busy host with patience.
    subscriber.setsockopt(zmq.RCVHWM, 0)
    subscriber.setsockopt(zmq.HEARTBEAT_IVL, 100)
    subscriber.setsockopt(zmq.HEARTBEAT_TIMEOUT, 60_000)
    subscriber.setsockopt(zmq.LINGER, 0)
    subscriber.connect(f"tcp://127.0.0.1:{outlet['port']}")
    subscriber.subscribe(outlet["topic"])
    count = 0
    with open(outlet["file"], "wb") as file:
        while count < rows:
            topic, payload = subscriber.recv_multipart()
            topics[topic.decode()] = True
            count += COUNTS[outlet["format"]](payload)
            file.write(payload)
    subscriber.close()


def count_protobuf(payload):
    """Records stand behind their length, a varint."""
    count = at = 0
    while at < len(payload):
        length = shift = 0
        while True:
            byte = payload[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        at += length
        count += 1
    assert at == len(payload)
    return count


COUNTS = {
    "jsonl": lambda payload: payload.count(b"\n"),
    "msgpack": lambda payload: sum(1 for _ in msgpack.Unpacker(io.BytesIO(payload), timestamp=0)),
    "protobuf": count_protobuf,
    "arrow": lambda payload: pa.ipc.open_stream(payload).read_all().num_rows,
}

main(json.loads(sys.argv[1]))
