"""An S3 stand-in: list, head and get, path style, every signature checked.

botocore computes what the signature must be, so the judge is nobody of ours.
Invariant: no byte of an object is given to a request that was not signed right.
"""
import datetime
import hashlib
import os
import threading
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from .httpd import Handler, Server
from .s3_signature import REGION, Refused, check

PAGE = 1000
CHUNK = 1 << 16
XML = "application/xml"
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass
class Object:
    key: str
    size: int
    modified: float
    etag: str
    open: object  # () -> file object


class Store:
    """Buckets and their objects.  Content lies in files below the folder."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "s3")
        self.buckets = {}
        self.lock = threading.RLock()

    def make_bucket(self, bucket):
        self.buckets.setdefault(bucket, {})

    def path(self, bucket, key):
        return os.path.join(self.folder, bucket, key)

    def put(self, bucket, key, data, modified=None):
        """Store bytes; `modified` is a time in seconds."""
        path = self.path(bucket, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        self.add(bucket, key, len(data), lambda: open(path, "rb"), modified, hashlib.md5(data).hexdigest())

    def add(self, bucket, key, size, opener, modified=None, etag="0" * 32):
        """An object of any size whose bytes come from `opener()`, a readable and seekable file."""
        modified = modified or datetime.datetime.now().timestamp()
        with self.lock:
            self.make_bucket(bucket)
            self.buckets[bucket][key] = Object(key, size, modified, etag, opener)

    def remove(self, bucket, key):
        with self.lock:
            del self.buckets[bucket][key]

    def keys(self, bucket, prefix=""):
        with self.lock:
            return sorted(k for k in self.buckets[bucket] if k.startswith(prefix))


def document(name, content):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {NAMESPACE}>{content}</{name}>'


def failure(status, code, message, **more):
    extra = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in more.items())
    return status, (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}'
                    f"</Message>{extra}<RequestId>4442587FB7D0A2F9</RequestId></Error>"), XML


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Service(Handler):
    """GET and HEAD of buckets and objects."""

    def do_GET(self):
        body = self.read_body()
        try:
            check(self.command, self.path, self.headers, body, self.server.s3.credentials)
        except Refused as e:
            return self.answer(*failure(e.status, e.code, str(e), **e.more))
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query, True))
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        self.server.s3.requests.append((self.command, bucket, key, query))
        self._route(bucket, key, query)

    do_HEAD = do_GET

    def _refuse(self):
        self.answer(*failure(405, "MethodNotAllowed", "The specified method is not allowed against this resource."))

    do_PUT = do_POST = do_DELETE = _refuse

    def _route(self, bucket, key, query):
        store = self.server.s3
        if not bucket:
            return self.answer(200, self._bucket_list(store), XML)
        if bucket not in store.buckets:
            return self.answer(*failure(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=bucket))
        if not key:
            return self.answer(200, listing(store, bucket, query), XML)
        found = store.buckets[bucket].get(key)
        if not found:
            return self.answer(*failure(404, "NoSuchKey", "The specified key does not exist.", Key=key))
        self._send_object(found)

    @staticmethod
    def _bucket_list(store):
        names = "".join(f"<Bucket><Name>{b}</Name></Bucket>" for b in sorted(store.buckets))
        return document("ListAllMyBucketsResult", f"<Buckets>{names}</Buckets>")

    def _send_object(self, found):
        try:
            first, last, partial = byte_range(self.headers.get("Range"), found.size)
        except ValueError:
            return self.answer(*failure(416, "InvalidRange", "The requested range is not satisfiable"))
        self.send_response(206 if partial else 200)
        for name, value in (("Content-Type", "binary/octet-stream"), ("Content-Length", str(last + 1 - first)),
                            ("ETag", f'"{found.etag}"'), ("Accept-Ranges", "bytes"),
                            ("Last-Modified", formatdate(found.modified, usegmt=True))):
            self.send_header(name, value)
        if partial:
            self.send_header("Content-Range", f"bytes {first}-{last}/{found.size}")
        self.end_headers()
        if self.command == "GET":
            self._send_bytes(found, first, last + 1 - first)

    def _send_bytes(self, found, first, left):
        with found.open() as f:
            f.seek(first)
            while left > 0 and (data := f.read(min(CHUNK, left))):
                self.wfile.write(data)
                left -= len(data)


def byte_range(header, size):
    """First and last byte of the answer, and whether it is a part only."""
    if not header or not header.startswith("bytes="):
        return 0, size - 1, False
    start, _, end = header[6:].partition("-")
    if not start:
        return max(0, size - int(end)), size - 1, True
    first, last = int(start), min(int(end or size - 1), size - 1)
    if first > last:
        raise ValueError(header)
    return first, last, True


def listing(store, bucket, query):
    """ListObjectsV2: at most 1000 names a page, in order, with `delimiter` as folders."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    limit = min(int(query.get("max-keys", PAGE)), PAGE)
    after = unquote(query.get("continuation-token", "")) or query.get("start-after", "")
    names = [n for n in names_below(store.keys(bucket, prefix), prefix, delimiter) if n > after]
    page, more = names[:limit], len(names) > limit
    encode = quote if query.get("encoding-type") == "url" else str
    objects = store.buckets[bucket]
    parts = [f"<Name>{bucket}</Name><Prefix>{escape(encode(prefix))}</Prefix><KeyCount>{len(page)}</KeyCount>",
             f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"]
    if query.get("encoding-type"):
        parts.append("<EncodingType>url</EncodingType>")
    if more:
        parts.append(f"<NextContinuationToken>{quote(page[-1], safe='')}</NextContinuationToken>")
    for name in page:
        parts.append(entry(objects[name], encode) if name in objects else
                     f"<CommonPrefixes><Prefix>{escape(encode(name))}</Prefix></CommonPrefixes>")
    return document("ListBucketResult", "".join(parts))


def names_below(keys, prefix, delimiter):
    """Keys, with everything behind a delimiter folded into one name."""
    names = {}
    for key in keys:
        rest = key[len(prefix):]
        folded = bool(delimiter) and delimiter in rest
        names[prefix + rest.split(delimiter)[0] + delimiter if folded else key] = True
    return sorted(names)


def entry(found, encode):
    return (f"<Contents><Key>{escape(encode(found.key))}</Key><LastModified>{iso(found.modified)}</LastModified>"
            f"<ETag>&quot;{found.etag}&quot;</ETag><Size>{found.size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>")


class S3(Store):
    """The store and the server before it; `credentials` maps an access key to its secret."""

    def __init__(self, folder):
        super().__init__(folder)
        self.region = REGION
        self.requests = []
        self.credentials = {"AKIASANDBOX000000001": "sandbox-secret-key-0000000000000000000001"}

    def start(self):
        self.server = Server(Service, s3=self).start()

    def stop(self):
        self.server.stop()
