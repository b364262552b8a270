"""Checks a request's AWS signature (version 4) against botocore's own.

Invariant: what is signed is rebuilt from the request's bytes the way AWS does
(decoded, then encoded again), never taken as the client wrote it.
"""
import datetime
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
SKEW = datetime.timedelta(minutes=15)
HEADER = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,\s*"
                    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$")
MUST_BE_SIGNED = ("host", "x-amz-date")


class Refused(Exception):
    def __init__(self, status, code, message, **more):
        super().__init__(message)
        self.status, self.code, self.more = status, code, more


def check(method, target, headers, body, credentials):
    """Return if the request may pass; raise Refused with what S3 would say."""
    match = HEADER.match(headers.get("Authorization", ""))
    if not match:
        raise Refused(403, "AccessDenied", "Access Denied")
    access, day, region, service, signed, signature = match.groups()
    if access not in credentials:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.",
                      AWSAccessKeyId=access)
    if (region, service) != (REGION, "s3"):
        raise Refused(400, "AuthorizationHeaderMalformed",
                      f"The authorization header is malformed; the region '{region}' is wrong; expecting '{REGION}'",
                      Region=REGION)
    check_time(headers.get("x-amz-date", ""), day)
    check_payload(headers, body)
    names = signed.split(";")
    if not set(MUST_BE_SIGNED) <= set(names):
        raise Refused(403, "AccessDenied", "There were headers present in the request which were not signed")
    expected = expected_signature(method, target, headers, names, access, credentials[access], region)
    if not hmac.compare_digest(expected, signature):
        raise Refused(403, "SignatureDoesNotMatch",
                      "The request signature we calculated does not match the signature you provided. "
                      "Check your key and signing method.", AWSAccessKeyId=access)


def check_time(stamp, day):
    try:
        when = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    except ValueError:
        raise Refused(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    if abs(now - when) > SKEW or not stamp.startswith(day):
        raise Refused(403, "RequestTimeTooSkewed",
                      "The difference between the request time and the current time is too large.")


def check_payload(headers, body):
    said = headers.get("x-amz-content-sha256")
    if not said:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if said != "UNSIGNED-PAYLOAD" and said != hashlib.sha256(body).hexdigest():
        raise Refused(400, "XAmzContentSHA256Mismatch",
                      "The provided 'x-amz-content-sha256' header does not match what was computed.")


def expected_signature(method, target, headers, names, access, secret, region):
    parts = urlsplit(target)
    path = quote(unquote(parts.path), safe="/~")
    request = AWSRequest(method=method, url=f"http://{headers.get('Host')}{path}",
                         params=dict(parse_qsl(parts.query, True)),
                         headers={name: " ".join(headers.get(name, "").split()) for name in names})
    # botocore reads the digest from here whether or not the client signed it.
    if "x-amz-content-sha256" not in names:
        request.headers["x-amz-content-sha256"] = headers["x-amz-content-sha256"]
    request.context["timestamp"] = headers["x-amz-date"]
    judge = Judge(names, Credentials(access, secret), "s3", region)
    return judge.signature(judge.string_to_sign(request, judge.canonical_request(request)), request)


class AsSigned:
    """Before a signer of botocore's: it is told which headers the client signed."""

    def __init__(self, names, *args):
        super().__init__(*args)
        self.names = names

    def headers_to_sign(self, request):
        chosen = super().headers_to_sign(request)
        for name in set(chosen.keys()) - set(self.names):
            del chosen[name]
        return chosen


class Judge(AsSigned, S3SigV4Auth):
    pass
