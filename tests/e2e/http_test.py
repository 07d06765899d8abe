"""http: the domain for whatever speaks HTTP, asked by Python's own client and by curl."""
import http.client
import json
import re
import socket
import subprocess
import threading

import harness
from harness import Case

TOKEN = "a-token-for-tests"
TEMPERATURE = "lab.Temperature{celsius:f64[Cel], tank:i32}"
VALUE = {"celsius": 18.5, "tank": 3}


class Http(Case):
    def setUp(self):
        super().setUp()
        self.environment["DTS_HTTP_TOKEN"] = TOKEN
        self.gateway()

    def gateway(self, *arguments):
        child = self.start("http", "127.0.0.1:0", "--json", *arguments)
        line = json.loads(child.stdout.readline())
        self.port = int(line["url"].rsplit(":", 1)[1])
        self.assertNotIn("token", line, "one that was given is not printed")
        return child

    def ask(self, method, path, body=None, **headers):
        """Status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        result = answer.status, answer.headers, answer.read()
        connection.close()
        return result

    def post(self, path, body, media="application/json"):
        status, _, answer = self.ask("POST", path, body, Content_Type=media,
                                     Authorization=f"Bearer {TOKEN}")
        return status, json.loads(answer)

    def error(self, answer, status):
        self.assertEqual(answer[0], status, answer)
        (row,) = self.check_schema(answer[2].decode(), "error")
        return row["error"]

    def lines(self, path, accept, count):
        """So many lines of a stream, from a client that then goes away."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], accept)
        read = []
        while len(read) < count:
            line = answer.readline().decode().strip()
            if line:
                read.append(line)
        connection.close()
        return read

    def test_what_is_published_is_seen_in_every_way(self):
        self.publish("lab.Temperature", "celsius=18.5", "tank=3", define=TEMPERATURE,
                     labels=["tank=3"])
        status, _, body = self.ask("GET", "/types")
        (row,) = [row for row in json.loads(body) if row["type"] == "lab.Temperature"]
        self.assertEqual((status, len(row["ids"]), len(row["publishers"])), (200, 1, 1))
        _, _, body = self.ask("GET", "/types/lab.Temperature")
        self.assertEqual(json.loads(body)[0]["type"], "lab.Temperature")
        _, _, body = self.ask("GET", "/types/lab.Temperature?as=proto")
        self.assertIn(b"optional double celsius = 1;", body)
        status, headers, body = self.ask("GET", "/latest/lab.Temperature?label=tank=3")
        self.assertEqual(headers["Content-Type"], "application/json")
        (row,) = self.check_schema(json.dumps(json.loads(body)[0]), "get")
        self.assertEqual(row["v"], VALUE)
        # In every format that can hold it, read back by the command.
        formats = [json.loads(line) for line in self.run_dts("formats", "--json").lines()]
        for format in formats:
            if format["format"] in ("raw",):
                continue
            status, headers, body = self.ask("GET", "/latest/lab.Temperature?label=tank=3",
                                             Accept=format["media_type"])
            self.assertEqual(status, 200, format)
            if format["format"] == "json":
                continue
            self.assertEqual(headers["Content-Type"], format["media_type"])
            published = self.post("/publish/lab.Temperature?label=way=" + format["format"], body,
                                  format["media_type"])
            self.assertEqual((published[0], published[1]["published"]), (200, 1), published)
            _, _, body = self.ask("GET", "/latest/lab.Temperature?label=way=" + format["format"])
            self.assertEqual(json.loads(body)[0]["v"], VALUE, format)
        # Several sources do not fit one value.
        hint = self.error(self.ask("GET", "/latest/lab.Temperature", Accept="application/cbor"), 406)
        self.assertIn("?from=", hint["hint"])

    def test_streams_as_lines_and_events(self):
        self.publish("lab.Count", "n={{n}}", define="lab.Count{n:i64}", rate="50")
        numbers = [json.loads(line)["v"]["n"]
                   for line in self.lines("/stream/lab.Count", "application/x-ndjson", 20)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 20)))
        events = self.lines("/stream/lab.*?where=n%3E5&max_rate=20", "text/event-stream", 5)
        for event in events:
            self.assertGreater(json.loads(event.removeprefix("data: "))["v"]["n"], 5)
        self.assertIn("E1208", self.error(self.ask("GET", "/stream/lab.Count?where=n%3E"), 422)["id"])

    def test_streams_are_bounded_and_free_again(self):
        self.publish("lab.Count", "n={{n}}", define="lab.Count{n:i64}", rate="50")
        open_ones = []
        for _ in range(32):
            client = socket.create_connection(("127.0.0.1", self.port))
            client.sendall(b"GET /stream/lab.Count HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b"200 OK", client.recv(4096))
            open_ones.append(client)
        answer = self.ask("GET", "/stream/lab.Count")
        self.error(answer, 503)
        self.assertEqual(answer[1]["Retry-After"], "5")
        for client in open_ones:
            client.close()
        while self.metric("dts_http_streams") > 0:
            pass
        self.lines("/stream/lab.Count", "application/x-ndjson", 1)

    def metric(self, name):
        _, _, body = self.ask("GET", "/metrics")
        return float(re.search(rf"^{name} (\S+)$", body.decode(), re.M)[1])

    def test_publishes_what_fits_and_says_why_else(self):
        error = self.error(self.ask("POST", "/publish/lab.Door", '{"open":true}',
                                    Authorization=f"Bearer {TOKEN}"), 404)
        self.assertEqual(error["hint"], "?define=lab.Door{open:bool}")
        status, row = self.post("/publish/lab.Door?define=lab.Door%7Bopen:bool%7D&label=house=1",
                                '{"open":true}')
        self.assertEqual((status, row["published"], row["type"]), (200, 1, "lab.Door"), row)
        got = self.check(self.run_dts("get", "lab.Door", "-o", "value", "-l", "house=1", "-w", "20s"))
        self.assertEqual(got.out, "true\n")
        status, row = self.post("/publish/lab.Door", '{"open":true}\n\n{"open":false}\n',
                                "application/x-ndjson")
        self.assertEqual((status, row["published"]), (200, 2), row)
        status, row = self.post("/publish/lab.Door", '{"open":true}\n{"open":7}\n', "application/x-ndjson")
        self.assertEqual(status, 422)
        self.assertIn("line 2", row["error"]["where"])
        for body, where in (('{"open":12}', "open"), ("{", None), ('{"opne":true}', "opne")):
            status, row = self.post("/publish/lab.Door", body)
            self.assertEqual(status, 422, row)
            if where:
                self.assertIn(where, json.dumps(row))
        status, row = self.post("/publish/lab.Door", b"\xff\xff\xff", "application/cbor")
        self.assertEqual(status, 422, row)
        status, row = self.post("/publish/lab.Door", b"x", "image/png")
        self.assertEqual(status, 415)
        self.assertIn("application/cbor", row["error"]["hint"])

    def test_who_may_ask(self):
        self.assertIn("token", self.error(self.ask("POST", "/publish/lab.Door", "{}"), 401)["what"])
        self.error(self.ask("POST", "/publish/lab.Door", "{}", Authorization="Bearer wrong"), 401)
        self.error(self.ask("GET", "/types", Host="evil.example"), 421)
        self.error(self.ask("GET", "/types", Origin="https://evil.example"), 403)
        self.error(self.ask("OPTIONS", "/types", Origin="https://evil.example"), 403)
        self.assertEqual(self.ask("GET", "/types", Origin=f"http://127.0.0.1:{self.port}")[0], 200)
        self.gateway("--origin", "https://page.example")
        status, headers, _ = self.ask("OPTIONS", "/publish/lab.Door", Origin="https://page.example")
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (204, "https://page.example"))
        self.assertEqual(self.ask("GET", "/types", Origin="https://page.example")[1]
                         ["Access-Control-Allow-Origin"], "https://page.example")

    def test_what_is_not_there_is_named(self):
        self.assertIn("GET /", self.error(self.ask("GET", "/nowhere"), 404)["hint"])
        answer = self.ask("DELETE", "/types", Authorization=f"Bearer {TOKEN}")
        self.error(answer, 405)
        self.assertEqual(answer[1]["Allow"], "GET")
        self.error(self.ask("GET", "/latest/lab.Nobody"), 404)
        self.error(self.ask("GET", "/types/lab.Nobody?as=cobol"), 404)

    def test_hostile_requests_are_answered_or_ended_and_nothing_else_suffers(self):
        for raw in (b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n",
                    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"b" * 100_000 + b"\r\n\r\n",
                    b"POST /publish/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
                    b"POST /publish/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                    + TOKEN.encode() + b"\r\nContent-Length: 99999999999\r\n\r\n",
                    b"GET /%00%ff/..//types HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            client = socket.create_connection(("127.0.0.1", self.port), timeout=40)
            try:
                client.sendall(raw)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            except OSError:
                pass
            client.close()
            self.assertEqual(self.ask("GET", "/")[0], 200, raw[:60])
        # Half a request each, and no more.
        idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(80)]
        for client in idle:
            client.sendall(b"GET / HTTP/1.1\r\nHost: ")
        self.assertEqual(self.ask("GET", "/")[0], 200)
        for client in idle:
            client.close()

    def test_many_at_once(self):
        self.post("/publish/lab.Count?define=lab.Count%7Bn:i64%7D", '{"n":0}')
        wrong = []

        def some(worker):
            for i in range(20):
                status, row = self.post("/publish/lab.Count", json.dumps({"n": worker * 100 + i}))
                if status != 200:
                    wrong.append(row)
        threads = [threading.Thread(target=some, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        _, _, body = self.ask("GET", "/metrics")
        self.assertIn(b'dts_stream_messages_total{type="lab.Count",source="', body)
        self.assertIn(b'dts_http_answers_total{route="/publish/{name}",status="200"} 161\n', body)
        for line in body.decode().splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) dts_\w+ .+|dts_\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? \S+)$')

    def test_describes_itself(self):
        self.post("/publish/lab.Door?define=lab.Door%7Bopen:bool%7D", '{"open":true}')
        _, _, body = self.ask("GET", "/openapi.json")
        description = json.loads(body)
        self.assertEqual(description["openapi"], "3.1.0")
        door = description["components"]["schemas"]["lab.Door"]
        self.assertEqual(door["$id"], "urn:dts:lab.Door", "what it refers to is in itself")
        self.assertEqual(door["$defs"]["lab.Door"]["properties"]["open"]["type"], "boolean")
        _, _, body = self.ask("GET", "/")
        for route in json.loads(body)["routes"]:
            self.assertIn(route["method"].lower(), description["paths"][route["path"]])

    def test_as_the_page_says_it_with_curl(self):
        done = subprocess.run(
            ["curl", "-s", f"http://localhost:{self.port}/publish/house.Door?define=house.Door%7Bopen:bool%7D",
             "-H", f"Authorization: Bearer {TOKEN}", "-d", '{"open":true}'],
            capture_output=True, text=True, timeout=40, check=True)
        self.assertEqual(json.loads(done.stdout)["published"], 1, done.stdout)

    def test_wrong_words(self):
        self.check(self.run_dts("http", "127.0.0.1:http"), 2)
        self.assertIn("E", self.check(self.run_dts("http", "192.0.2.1:0"), 1).err)
        self.check(self.run_dts("http", ":0", DTS_HTTP_TOKEN="short"), 2)
        self.assertIn("Address already in use",
                      self.check(self.run_dts("http", f"127.0.0.1:{self.port}"), 1).err)


if __name__ == "__main__":
    harness.main()
