"""Amazon's services that give credentials, for test_aws.py: STS, the container's address, the instance's metadata
service, IAM Identity Center; and an S3 that notes who asks.

Invariant: what is given depends on all that is asked with, so whoever asks otherwise gets others; a signature counts
only when botocore makes the same of the same bytes.
"""
import hashlib
import json
import threading
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sandbox.httpd import Server
from sandbox.s3_signature import HEADER, AsSigned

import http.server

LISTING = (b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><LastModified>"
           b"2026-11-20T03:04:05.000Z</LastModified><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>")


def derived(*parts):
    """An id, a secret and a token that only these parts give."""
    text = hashlib.sha256(json.dumps(parts).encode()).hexdigest().upper()
    return {"id": "ASIA" + text[:16], "secret": text[16:56].lower() + "/+", "token": "token+/" + text[40:] + "=="}


class Judge(AsSigned, SigV4Auth):
    """botocore's signer, with the time and the headers of a request that was signed already."""


class Amazon:
    """All of it on one port. `keys`: the secrets of the ids that may ask; `seen`: who has asked S3, and where."""

    def __init__(self):
        self.server = Server(Handler, amazon=self).start()
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.reset()

    def reset(self):
        self.keys, self.seen, self.asked, self.lock = {}, [], [], threading.Lock()
        self.expiration, self.imds, self.sso_status, self.container_token, self.fail = "2099-01-01T00:00:00Z", 2, 200, None, {}
        self.container_failures = 0

    def stop(self):
        self.server.stop()

    def give(self, *parts):
        made = derived(*parts)
        self.keys[made["id"]] = made["secret"]
        return made


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, kind="application/json"):
        body = json.dumps(body).encode() if not isinstance(body, bytes) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def signer(self, body):
        """(id, region) of whoever signed this; None: nobody did, or wrongly."""
        amazon = self.server.amazon
        match = HEADER.match(self.headers.get("Authorization", ""))
        if not match or match[1] not in amazon.keys:
            return None
        access, _, region, service, names, signature = match.groups()
        parts = urlsplit(self.path)
        request = AWSRequest(method=self.command, url=f"http://{self.headers['Host']}{parts.path}", data=body,
                             params=dict(parse_qsl(parts.query, True)),
                             headers={n: self.headers.get(n, "") for n in names.split(";")})
        request.context["timestamp"] = self.headers["x-amz-date"]
        judge = Judge(names.split(";"), Credentials(access, amazon.keys[access]), service, region)
        judge.add_auth = None
        good = judge.signature(judge.string_to_sign(request, judge.canonical_request(request)), request)
        return (access, region) if good == signature else None

    def do_POST(self):  # STS
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = dict(parse_qsl(body.decode(), True))
        amazon = self.server.amazon
        with amazon.lock:
            amazon.asked.append({**form, "signer": self.signer(body)})
        if form.get("RoleArn") in amazon.fail:
            status, code, message = amazon.fail[form["RoleArn"]]
            self.answer(f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>".encode(),
                        status, "text/xml")
            return
        who = form.get("WebIdentityToken") or (self.signer(body) or [None])[0]
        if not who:
            self.answer(b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>", 403, "text/xml")
            return
        name = form["RoleSessionName"]
        made = amazon.give("sts", who, form["RoleArn"], form.get("ExternalId"), form.get("DurationSeconds"),
                           "" if name.startswith(("botocore-session", "fsops-")) else name)
        action = form["Action"]
        self.answer(f"<{action}Response xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><{action}Result><Credentials>"
                    f"<AccessKeyId>{made['id']}</AccessKeyId><SecretAccessKey>{made['secret']}</SecretAccessKey>"
                    f"<SessionToken>{made['token']}</SessionToken><Expiration>{amazon.expiration}</Expiration></Credentials>"
                    f"</{action}Result></{action}Response>".encode(), 200, "text/xml")

    def do_PUT(self):  # the metadata service's token
        amazon = self.server.amazon
        if amazon.imds == 2 and self.path == "/latest/api/token":
            self.answer(b"imds-token-12345", 200, "text/plain")
        else:
            self.answer(b"", 404)

    def credentials(self, *parts):
        made = self.server.amazon.give(*parts)
        return {"Code": "Success", "AccessKeyId": made["id"], "SecretAccessKey": made["secret"], "Token": made["token"],
                "Expiration": self.server.amazon.expiration}

    def do_GET(self):
        amazon = self.server.amazon
        if self.path.startswith("/latest/meta-data/iam/security-credentials/"):
            self.metadata(self.path.rsplit("/", 1)[1])
        elif self.path.startswith("/container"):
            self.container()
        elif self.path.startswith("/federation/credentials"):
            self.federation()
        else:
            who = self.signer(b"")
            with amazon.lock:
                amazon.seen.append((*who, self.headers.get("x-amz-security-token")) if who else None)
            failed = amazon.fail.get("s3")
            if failed and amazon.seen.count(amazon.seen[-1]) <= failed:
                self.answer(b"<Error><Code>ExpiredToken</Code><Message>ended</Message></Error>", 400, "application/xml")
            else:
                self.answer(LISTING, 200, "application/xml")

    def metadata(self, role):
        amazon = self.server.amazon
        if amazon.imds == 0 or (amazon.imds == 2 and self.headers.get("x-aws-ec2-metadata-token") != "imds-token-12345"):
            self.answer(b"", 404 if amazon.imds == 0 else 401)
        elif role:
            self.answer(self.credentials("imds", role))
        else:
            self.answer(b"the-role", 200, "text/plain")

    def container(self):
        amazon = self.server.amazon
        amazon.container_failures -= 1
        if amazon.container_failures >= 0:
            self.answer({"code": "Busy"}, 500)
        elif amazon.container_token and self.headers.get("Authorization") != amazon.container_token:
            self.answer({"code": "AccessDenied"}, 403)
        else:
            self.answer(self.credentials("container", self.path))

    def federation(self):
        amazon = self.server.amazon
        token = self.headers.get("x-amz-sso_bearer_token")
        query = dict(parse_qsl(urlsplit(self.path).query))
        if amazon.sso_status != 200:
            self.answer({"message": "Session token not found or invalid"}, amazon.sso_status)
            return
        made = amazon.give("sso", token, query["account_id"], query["role_name"])
        self.answer({"roleCredentials": {"accessKeyId": made["id"], "secretAccessKey": made["secret"],
                                         "sessionToken": made["token"], "expiration": 4070908800000}})
