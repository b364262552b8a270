"""The objects that the Flight Search platform consists of in a healthy cluster.

Invariant: only what people write (specs) is here; pods, replica sets and
statuses come from the controllers.
"""
import base64
import time

from . import certificates, rights
from .cronjobs import job_of
from .store import stamp

NAMESPACE = "flight-search-prod"
STAGING = "flight-search-staging"
DAY = 86400
GOOD, BAD = "flight-search/backend:v1.1.4", "flight-search/backend:v1.2.0-bad"
# name: (replicas, container, image, port)
DEPLOYMENTS = {
    "flight-search-backend": (3, "backend", "flight-search/backend:v1.1.3", 8080),
    "flight-search-frontend": (2, "frontend", "flight-search/frontend:v1.1.3", 3000),
    "postgres": (1, "postgres", "postgres:15.6", 5432),
    "redis": (1, "redis", "redis:7.0", 6379),
    "prometheus": (1, "prometheus", "prom/prometheus:v2.42.0", 9090),
    "grafana": (1, "grafana", "grafana/grafana:9.3.2", 3000),
}
LIMITS = {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}


def deployment(name, namespace, replicas, container, image, port):
    labels = {"app": name}
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": {}},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "progressDeadlineSeconds": 600,
                     "revisionHistoryLimit": 10,
                     "strategy": {"type": "RollingUpdate",
                                  "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                     "template": {"metadata": {"labels": labels}, "spec": {
                         "containers": [{"name": container, "image": image, "imagePullPolicy": "IfNotPresent",
                                         "ports": [{"containerPort": port, "protocol": "TCP"}],
                                         "resources": LIMITS}]}}},
            "status": {}}


def service(name, namespace, port, target=None):
    return {"metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {"type": "ClusterIP", "clusterIP": f"10.96.{port % 250}.{len(name)}", "selector": {"app": name},
                     "sessionAffinity": "None",
                     "ports": [{"name": "main", "port": port, "targetPort": target or port, "protocol": "TCP"}]}}


def node(number):
    name = f"node-{number}"
    role = {"node-role.kubernetes.io/control-plane": ""} if number == 1 else {}
    size = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    good = [("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True")]
    now = stamp(time.time())
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **role},
                         "annotations": {}},
            "spec": {"podCIDR": f"10.244.{number}.0/24"},
            "status": {"capacity": size, "allocatable": size,
                       "addresses": [{"type": "InternalIP", "address": f"10.0.0.{10 + number}"},
                                     {"type": "Hostname", "address": name}],
                       "conditions": [{"type": kind, "status": value, "lastHeartbeatTime": now,
                                       "lastTransitionTime": now, "reason": f"Kubelet{kind}", "message": "checked"}
                                      for kind, value in good],
                       "nodeInfo": {"kubeletVersion": "v1.29.4", "osImage": "Debian GNU/Linux 12 (bookworm)",
                                    "kernelVersion": "6.1.0", "containerRuntimeVersion": "containerd://1.7.2",
                                    "architecture": "amd64", "operatingSystem": "linux", "kubeProxyVersion": "v1.29.4",
                                    "machineID": name, "systemUUID": name, "bootID": name}}}


def claim(name, namespace, size):
    return {"metadata": {"name": name, "namespace": namespace},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "volumeName": f"pv-{name}",
                     "resources": {"requests": {"storage": size}}},
            "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}}}


def cron_job(name, namespace, schedule, image):
    return {"metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {"schedule": schedule, "suspend": False, "concurrencyPolicy": "Forbid",
                     "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
                     "jobTemplate": {"metadata": {"labels": {"app": name}}, "spec": {
                         "backoffLimit": 0, "completions": 1, "parallelism": 1,
                         "template": {"metadata": {"labels": {"app": name}}, "spec": {
                             "restartPolicy": "Never",
                             "containers": [{"name": "backup", "image": image, "resources": {},
                                             "command": ["/backup.sh"]}]}}}}},
            "status": {}}


def secret(name, namespace, **data):
    return {"metadata": {"name": name, "namespace": namespace}, "type": "Opaque",
            "data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}


def certificate(days):
    """A cert-manager certificate that ends in `days`."""
    now = time.time()
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": stamp(now - 60 * DAY),
             "message": "Certificate is up to date and has not expired"}
    return {"metadata": {"name": "flight-search-tls", "namespace": NAMESPACE},
            "spec": {"secretName": "flight-search-tls", "dnsNames": ["flightsearch.com", "api.flightsearch.com"],
                     "issuerRef": {"name": "letsencrypt-prod", "kind": "ClusterIssuer"}},
            "status": {"conditions": [ready], "notBefore": stamp(now + (days - 90) * DAY),
                       "notAfter": stamp(now + days * DAY), "renewalTime": stamp(now + (days - 30) * DAY)}}


def ingress():
    def rule(host, service_name, port):
        return {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
            "service": {"name": service_name, "port": {"number": port}}}}]}}
    return {"metadata": {"name": "flight-search-ingress", "namespace": NAMESPACE, "annotations": {
                "cert-manager.io/cluster-issuer": "letsencrypt-prod"}},
            "spec": {"ingressClassName": "nginx",
                     "tls": [{"hosts": ["flightsearch.com", "api.flightsearch.com"],
                              "secretName": "flight-search-tls"}],
                     "rules": [rule("flightsearch.com", "flight-search-frontend", 3000),
                               rule("api.flightsearch.com", "flight-search-backend", 8080)]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}}}


def binding(name, role, *subjects, namespace=None):
    kind = "Role" if namespace else "ClusterRole"
    where = {"namespace": namespace} if namespace else {}
    return {"metadata": {"name": name, **where},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"kind": k, "name": n, **({"namespace": NAMESPACE} if k == "ServiceAccount" else where)}
                         for k, n in subjects]}


def daemon_set(name, namespace, image):
    labels = {"app": name}
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"selector": {"matchLabels": labels}, "updateStrategy": {"type": "RollingUpdate"},
                     "template": {"metadata": {"labels": labels},
                                  "spec": {"containers": [{"name": name, "image": image, "resources": {}}]}}},
            "status": {}}


def stateful_set(name, namespace, replicas, image, template=None):
    labels = {"app": name}
    pod = {"metadata": {"labels": labels},
           "spec": {"containers": [{"name": name, "image": image, "resources": LIMITS}]}}
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": {}},
            "spec": {"replicas": replicas, "serviceName": name, "selector": {"matchLabels": labels},
                     "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                     "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                     "template": template or pod},
            "status": {}}


def namespace(name):
    return {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}, "status": {"phase": "Active"}}


def job(cluster, cron, name):
    """A run of a cron job, as its controller makes it."""
    made = job_of(cluster.store.get("cronjobs", NAMESPACE, cron), name, True)
    made["metadata"]["annotations"] = {}
    return made


def production(cluster, certificate_days, failed_nights):
    store = cluster.store
    with cluster.past(40 * DAY):
        for name in ("default", "kube-system", "ingress-nginx", NAMESPACE):
            store.create("namespaces", namespace(name))
        for number in (1, 2, 3):
            store.create("nodes", node(number))
        store.create("daemonsets", daemon_set("kube-proxy", "kube-system", "registry.k8s.io/kube-proxy:v1.29.4"))
        store.create("deployments", deployment("ingress-nginx-controller", "ingress-nginx", 2, "controller",
                                               "registry.k8s.io/ingress-nginx/controller:v1.9.6", 80))
        dns = service("kube-dns", "kube-system", 53)
        dns["metadata"]["labels"].update({"kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"})
        store.create("services", dns)
        for name, (replicas, container, image, port) in DEPLOYMENTS.items():
            store.create("deployments", deployment(name, NAMESPACE, replicas, container, image, port))
            store.create("services", service(name, NAMESPACE, port))
        small_things(store, certificate_days)
    release(cluster, 6 * DAY, GOOD)
    release(cluster, 6 * DAY, "flight-search/frontend:v1.1.4")
    backups(cluster, failed_nights)
    restarted_once(store)


def small_things(store, certificate_days):
    store.create("persistentvolumeclaims", claim("postgres-data", NAMESPACE, "100Gi"))
    store.create("persistentvolumeclaims", claim("redis-data", NAMESPACE, "10Gi"))
    store.create("secrets", secret("flight-search-secrets", NAMESPACE, JWT_SECRET="sandbox-jwt-secret",
                                   DATABASE_URL="postgres://sandbox", REDIS_URL="redis://sandbox"))
    store.create("secrets", {**secret("flight-search-tls", NAMESPACE, **{"tls.crt": "-", "tls.key": "-"}),
                             "type": "kubernetes.io/tls"})
    store.create("configmaps", {"metadata": {"name": "flight-search-config", "namespace": NAMESPACE},
                                "data": {"LOG_LEVEL": "info"}})
    store.create("serviceaccounts", {"metadata": {"name": "default", "namespace": NAMESPACE}})
    store.create("ingresses", ingress())
    store.create("certificates", certificate(certificate_days))
    store.create("clusterissuers", certificates.issuer("letsencrypt-prod", time.time() - 60 * DAY))
    store.create("cronjobs", cron_job("postgres-backup", NAMESPACE, "0 2 * * *", "postgres:15.6"))
    store.create("cronjobs", cron_job("redis-backup", NAMESPACE, "30 2 * * *", "redis:7.0"))
    store.create("rolebindings", binding("flight-search-deployers", "deployer", ("Group", "deployers"),
                                         namespace=NAMESPACE))
    store.create("rolebindings", binding("flight-search-readers", "reader", ("Group", "developers"),
                                         namespace=NAMESPACE))
    for one in [*rights.bindings(), binding("flight-search-monitoring", "view", ("ServiceAccount", "prometheus"))]:
        store.create("clusterrolebindings", one)


def release(cluster, seconds_ago, image):
    """A rollout of `image` that happened and settled in the past."""
    name = image.split(":")[0].replace("/", "-")
    with cluster.past(seconds_ago):
        d = cluster.store.get("deployments", NAMESPACE, name)
        template = d["spec"]["template"]
        containers = [{**c, "image": image} for c in template["spec"]["containers"]]
        template = {**template, "spec": {**template["spec"], "containers": containers}}
        note = {"kubernetes.io/change-cause": f"release {image.split(':')[1]}"}
        cluster.store.update("deployments", {
            **d, "metadata": {**d["metadata"], "annotations": {**d["metadata"]["annotations"], **note}},
            "spec": {**d["spec"], "template": template}})


def backups(cluster, failed_nights):
    """The last nights' backup jobs; PostgreSQL's failed in the latest `failed_nights`."""
    for nights in (3, 2, 1, 0):
        cluster.failing_jobs = {"postgres-backup"} if nights < failed_nights else set()
        for cron, minutes in (("postgres-backup", 0), ("redis-backup", 30)):
            ago = time.time() % DAY - (2 * 60 + minutes) * 60
            ago = (ago + DAY if ago < 0 else ago) + nights * DAY
            with cluster.past(ago):
                number = int((time.time() - ago) // 60)
                cluster.store.create("jobs", job(cluster, cron, f"{cron}-{number}"))
                cron_object = cluster.store.get("cronjobs", NAMESPACE, cron)
                cluster.store.update("cronjobs", {**cron_object, "status": {
                    **cron_object["status"], "lastScheduleTime": stamp(time.time() - ago)}})
    cluster.failing_jobs = set()


def restarted_once(store):
    """One backend pod has a restart behind it, so that `logs --previous` has something to show: the one that has been
    ready for longest, which kubectl picks."""
    pod = min(store.list("pods", NAMESPACE, lambda p: p["metadata"]["labels"].get("app") == "flight-search-backend"),
              key=lambda p: min(c["lastTransitionTime"] for c in p["status"]["conditions"] if c["type"] == "Ready"))
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": pod["status"]["startTime"],
                            "finishedAt": stamp(time.time() - 3 * DAY)}}
    containers = [{**c, "restartCount": 1, "lastState": ended} for c in pod["status"]["containerStatuses"]]
    store.update("pods", {**pod, "status": {**pod["status"], "containerStatuses": containers}})


def staging(cluster):
    with cluster.past(30 * DAY):
        cluster.store.create("namespaces", namespace("default"))
        cluster.store.create("namespaces", namespace(STAGING))
        cluster.store.create("nodes", node(1))
        for name in ("flight-search-backend", "flight-search-frontend"):
            _, container, image, port = DEPLOYMENTS[name]
            cluster.store.create("deployments", deployment(name, STAGING, 1, container, image, port))
            cluster.store.create("services", service(name, STAGING, port))


