"""cert-manager: certificates, what they are asked with, who issues them.

A certificate is issued when its secret is gone or when somebody has set its condition `Issuing`, as `cmctl renew` does.
Invariant: each step depends on the stored objects and on `cluster.issuing` alone.
"""
from .store import moment, stamp

ISSUED_FOR = 90 * 86400
SECONDS = 0.6  # that a request takes
# How requests end: see `Knobs.issuer`.
HOW = ("works", "fails", "hangs", "not-ready")
REFUSED = 'acme: urn:ietf:params:acme:error:unauthorized: CAA record for "flightsearch.com" prevents issuance'


def condition(kind, status, reason, message, now):
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": stamp(now)}


def issuer(name, now):
    return {"metadata": {"name": name},
            "spec": {"acme": {"server": "https://acme-v02.api.letsencrypt.org/directory"}},
            "status": {"conditions": [condition("Ready", "True", "ACMEAccountRegistered",
                                                "The ACME account was registered with the ACME server", now)]}}


def conditions(obj, kind=None):
    return [c for c in obj.get("status", {}).get("conditions", []) if kind in (None, c["type"])]


def is_issuing(certificate):
    return any(c["status"] == "True" for c in conditions(certificate, "Issuing"))


class Certificates:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for certificate in self.cluster.attended("certificates"):
            meta = certificate["metadata"]
            gone = not self.store.find("secrets", meta["namespace"], certificate["spec"]["secretName"])
            if is_issuing(certificate) or (gone and not conditions(certificate, "Issuing")):
                self.go_on(certificate)

    def go_on(self, certificate):
        request = self.request(certificate)
        how = self.cluster.issuing
        if how in ("hangs", "not-ready") or self.store.now() - request["spec"]["asked"] < SECONDS:
            return
        if how == "fails":
            self.fail(certificate, request)
        else:
            self.issue(certificate, request)

    def request(self, certificate):
        """The one that is under way; made if there is none."""
        meta = certificate["metadata"]
        mine = [r for r in self.store.list("certificaterequests", meta["namespace"])
                if r["metadata"]["annotations"]["cert-manager.io/certificate-name"] == meta["name"]]
        under_way = [r for r in mine if conditions(r, "Ready")[0]["reason"] == "Pending"]
        if under_way:
            return under_way[0]
        now = self.store.now()
        pending = condition("Ready", "False", "Pending", "Waiting on certificate issuance from order", now)
        return self.store.create("certificaterequests", {
            "metadata": {"name": f"{meta['name']}-{len(mine) + 1}", "namespace": meta["namespace"],
                         "annotations": {"cert-manager.io/certificate-name": meta["name"]}},
            "spec": {"issuerRef": certificate["spec"]["issuerRef"], "asked": now}, "status": {"conditions": [pending]}})

    def end(self, request, ready, reason, message):
        self.store.update("certificaterequests", {
            **request, "status": {"conditions": [condition("Ready", ready, reason, message, self.store.now())]}})

    def fail(self, certificate, request):
        now, status = self.store.now(), certificate["status"]
        failed = condition("Issuing", "False", "Failed",
                           f"The certificate request has failed to complete and will be retried: {REFUSED}", now)
        self.end(request, "False", "Failed", f"Failed to wait for order resource: {REFUSED}")
        kept = [c for c in status["conditions"] if c["type"] != "Issuing"]
        self.store.update("certificates", {**certificate, "status": {
            **status, "conditions": [*kept, failed], "lastFailureTime": stamp(now)}})

    def issue(self, certificate, request):
        now, where, name = self.store.now(), certificate["metadata"]["namespace"], certificate["spec"]["secretName"]
        self.end(request, "True", "Issued", "Certificate fetched from issuer successfully")
        old = self.store.find("secrets", where, name) or {"metadata": {"name": name, "namespace": where}}
        new = {**old, "type": "kubernetes.io/tls", "data": {"tls.crt": "LQ==", "tls.key": "LQ=="}}
        (self.store.update if "uid" in old["metadata"] else self.store.create)("secrets", new)
        times = {"notBefore": now, "notAfter": now + ISSUED_FOR, "renewalTime": now + ISSUED_FOR * 2 / 3}
        ready = condition("Ready", "True", "Ready", "Certificate is up to date and has not expired", now)
        self.store.update("certificates", {**certificate, "status": {
            **{k: v for k, v in certificate["status"].items() if k != "lastFailureTime"},
            **{k: stamp(v) for k, v in times.items()}, "conditions": [ready]}})
        if self.cluster.on_renew:
            self.cluster.on_renew(end=moment(stamp(times["notAfter"])))
