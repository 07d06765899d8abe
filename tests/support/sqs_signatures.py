#!/usr/bin/env python3
"""sqs_signatures.py PORT BEHIND [ADDRESS]: stands at ADDRESS (127.0.0.1) before an SQS at
127.0.0.1:BEHIND and lets nobody through whose signature botocore would not have made
(python3-botocore is the judge). The key it knows is AKIDEXAMPLE, its secret that of AWS's own
examples; a session's token is signed as any header. Prints one line for each kind of answer:
"refused InvalidClientTokenId", "passed ListQueues", ...
"""
import http.client
import http.server
import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
port, behind = int(sys.argv[1]), int(sys.argv[2])
address = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"
said = set()


def say(text):
    if text not in said:
        said.add(text)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def refusal(headers, body):
    """Why the request is refused; None: it is signed as it should be."""
    words = dict(word.strip(",").split("=", 1) for word in
                 headers.get("Authorization", "").split() if "=" in word)
    key, _, scope = words.get("Credential", "/").partition("/")
    if key != KEY:
        return "InvalidClientTokenId"
    signed = words["SignedHeaders"].split(";")
    for needed in ("host", "x-amz-date", "x-amz-target"):
        if needed not in signed:
            return "IncompleteSignature"
    if "X-Amz-Security-Token" in headers and "x-amz-security-token" not in signed:
        return "IncompleteSignature"
    request = AWSRequest("POST", f"http://{headers['Host']}/", data=body,
                         headers={name: headers[name] for name in signed})
    request.context["timestamp"] = headers["X-Amz-Date"]
    _, region, service, _ = scope.split("/")
    judge = SigV4Auth(Credentials(KEY, SECRET), service, region)
    to_sign = judge.string_to_sign(request, judge.canonical_request(request))
    right = judge.signature(to_sign, request)
    return None if right == words["Signature"] else "SignatureDoesNotMatch"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers.get("X-Amz-Target", "").split(".")[-1]
        why = refusal(self.headers, body)
        if why:
            say(f"refused {why}")
            return self.give(403, json.dumps({"__type": f"com.amazon.coral.service#{why}",
                                              "message": "as a test wants it"}).encode())
        say(f"passed {action}" +
            (" with a token" if "X-Amz-Security-Token" in self.headers else ""))
        other = http.client.HTTPConnection("127.0.0.1", behind)
        try:
            other.request("POST", "/", body, {name: self.headers[name] for name in
                                              ("Content-Type", "X-Amz-Target")})
            answer = other.getresponse()
            self.give(answer.status, answer.read())
        except OSError:
            self.close_connection = True
        finally:
            other.close()

    def give(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.daemon_threads = True
http.server.ThreadingHTTPServer((address, port), Handler).serve_forever()
