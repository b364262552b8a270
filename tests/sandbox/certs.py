"""A certificate authority of the sandbox's own and certificates made with openssl.

Invariant: only `ca.crt` is trusted by the sandbox's environment; the stranger
authority exists so that a client that skips the check is found out.
"""
import os
import ssl
import time

from .process import find_program, run

DAY = 86400
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


class Certificates:
    def __init__(self, folder):
        self.home = os.path.join(folder, "tls")
        self.folder = folder
        self.openssl = find_program("openssl")
        os.makedirs(self.home, exist_ok=True)
        self.ca = self._authority("ca", "Flight Search sandbox CA")
        self.stranger = self._authority("stranger", "Nobody's CA")
        self.bundle = self._bundle()

    def path(self, name):
        return os.path.join(self.home, name)

    def _openssl(self, *words):
        run([self.openssl, *words], self.folder)

    def _authority(self, name, title):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-keyout", self.path(name + ".key"), "-out", self.path(name + ".crt"),
                      "-subj", f"/CN={title}", "-days", "30",
                      "-addext", "basicConstraints=critical,CA:TRUE")
        return self.path(name + ".crt")

    def _bundle(self):
        """Our CA behind the system's, so that a shell that sourced env.sh still reaches the world."""
        path = self.path("bundle.crt")
        with open(path, "w") as out:
            for part in (self.ca, SYSTEM_BUNDLE):
                if os.path.exists(part):
                    with open(part) as f:
                        out.write(f.read())
        return path

    def context(self, name, days=0, authority="ca", end=None):
        """A server's TLS context with a new certificate that ends in `days` (negative: it has ended), or at `end`."""
        cert = self._issue(name, end or time.time() + days * DAY, authority)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, self.path(name + ".key"))
        return context

    def renew(self, context, name, end):
        """Give a running server a certificate that ends at `end`."""
        context.load_cert_chain(self._issue(name, end, "ca"), self.path(name + ".key"))

    def _issue(self, name, end, authority):
        key, request, cert, ext = (self.path(f"{name}.{x}") for x in ("key", "csr", "crt", "ext"))
        with open(ext, "w") as f:
            f.write(NAMES + "\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
        self._sign(request, cert, ext, authority, end)
        return cert

    def _sign(self, request, cert, ext, authority, end):
        """`openssl x509` only knows whole days from now on; `openssl ca` takes dates."""
        config = self.path("sign.cnf")
        with open(config, "w") as f:
            f.write(f"[ca]\ndefault_ca=own\n[own]\ndatabase={self.path('index.txt')}\n"
                    f"new_certs_dir={self.home}\nrand_serial=yes\ndefault_md=sha256\n"
                    "unique_subject=no\npolicy=any\n[any]\ncommonName=supplied\n")
        open(self.path("index.txt"), "w").close()
        dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(t)) for t in (min(end, time.time()) - 30 * DAY, end)]
        self._openssl("ca", "-batch", "-notext", "-config", config, "-in", request, "-out", cert,
                      "-extfile", ext, "-startdate", dates[0], "-enddate", dates[1],
                      "-cert", self.path(authority + ".crt"), "-keyfile", self.path(authority + ".key"))
