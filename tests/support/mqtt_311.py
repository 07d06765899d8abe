#!/usr/bin/env python3
"""mqtt_311.py PORT BROKER_PORT [HOST]: a broker that knows MQTT 3.1.1 only, made of one that knows
more: who asks for another version is answered as 3.1.1 says; all else passes."""
import socket
import sys
import threading


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client):
    first = client.recv(65536)  # a CONNECT packet is small
    at = first.find(b"\x00\x04MQTT")
    if at < 0 or first[at + 6] != 4:
        client.sendall(b"\x20\x02\x00\x01")  # CONNACK: unacceptable protocol version
        client.close()
        return
    broker = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    for end in (client, broker):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    broker.sendall(first)
    threading.Thread(target=carry, args=(client, broker), daemon=True).start()
    carry(broker, client)


listener = socket.create_server((sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1",
                                 int(sys.argv[1])))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
