"""The resource types of the stand-in, as one table.

Discovery, routing and storage all read it; adding a type is adding a line.
"""
from collections import namedtuple

Type = namedtuple("Type", "plural kind group version namespaced short categories subresources")
ALL = ("all",)


def _type(plural, kind, group, version, namespaced=True, short=(), categories=(), subresources=()):
    return Type(plural, kind, group, version, namespaced, tuple(short), tuple(categories), tuple(subresources))


# A sub-resource is (name, group, version, kind): what it is when it is not the type itself.
STATUS = ("status", None, None, None)
SCALE = ("scale", "autoscaling", "v1", "Scale")
POD_PARTS = (STATUS, ("log", None, None, None), ("exec", "", "v1", "PodExecOptions"),
             ("attach", "", "v1", "PodAttachOptions"), ("portforward", "", "v1", "PodPortForwardOptions"),
             ("eviction", "policy", "v1", "Eviction"))

TYPES = (
    _type("namespaces", "Namespace", "", "v1", False, ["ns"]),
    _type("nodes", "Node", "", "v1", False, ["no"], (), [STATUS]),
    _type("persistentvolumes", "PersistentVolume", "", "v1", False, ["pv"]),
    _type("pods", "Pod", "", "v1", True, ["po"], ALL, POD_PARTS),
    _type("services", "Service", "", "v1", True, ["svc"], ALL),
    _type("endpoints", "Endpoints", "", "v1", True, ["ep"]),
    _type("persistentvolumeclaims", "PersistentVolumeClaim", "", "v1", True, ["pvc"]),
    _type("secrets", "Secret", "", "v1"),
    _type("configmaps", "ConfigMap", "", "v1", True, ["cm"]),
    _type("serviceaccounts", "ServiceAccount", "", "v1", True, ["sa"]),
    _type("events", "Event", "", "v1", True, ["ev"]),
    _type("resourcequotas", "ResourceQuota", "", "v1", True, ["quota"]),
    _type("limitranges", "LimitRange", "", "v1", True, ["limits"]),
    _type("deployments", "Deployment", "apps", "v1", True, ["deploy"], ALL, [STATUS, SCALE]),
    _type("replicasets", "ReplicaSet", "apps", "v1", True, ["rs"], ALL, [STATUS, SCALE]),
    _type("daemonsets", "DaemonSet", "apps", "v1", True, ["ds"], ALL, [STATUS]),
    _type("statefulsets", "StatefulSet", "apps", "v1", True, ["sts"], ALL, [STATUS, SCALE]),
    _type("controllerrevisions", "ControllerRevision", "apps", "v1"),
    _type("horizontalpodautoscalers", "HorizontalPodAutoscaler", "autoscaling", "v2", True, ["hpa"], ALL, [STATUS]),
    _type("jobs", "Job", "batch", "v1", True, (), ALL, [STATUS]),
    _type("cronjobs", "CronJob", "batch", "v1", True, ["cj"], ALL, [STATUS]),
    _type("ingresses", "Ingress", "networking.k8s.io", "v1", True, ["ing"], (), [STATUS]),
    _type("networkpolicies", "NetworkPolicy", "networking.k8s.io", "v1", True, ["netpol"]),
    _type("roles", "Role", "rbac.authorization.k8s.io", "v1"),
    _type("rolebindings", "RoleBinding", "rbac.authorization.k8s.io", "v1"),
    _type("clusterroles", "ClusterRole", "rbac.authorization.k8s.io", "v1", False),
    _type("clusterrolebindings", "ClusterRoleBinding", "rbac.authorization.k8s.io", "v1", False),
    _type("poddisruptionbudgets", "PodDisruptionBudget", "policy", "v1", True, ["pdb"]),
    _type("leases", "Lease", "coordination.k8s.io", "v1"),
    _type("certificates", "Certificate", "cert-manager.io", "v1", True, ["cert", "certs"], ("cert-manager",), [STATUS]),
    _type("certificaterequests", "CertificateRequest", "cert-manager.io", "v1", True, ["cr", "crs"], ("cert-manager",),
          [STATUS]),
    _type("issuers", "Issuer", "cert-manager.io", "v1", True, (), ("cert-manager",), [STATUS]),
    _type("clusterissuers", "ClusterIssuer", "cert-manager.io", "v1", False, (), ("cert-manager",), [STATUS]),
    _type("challenges", "Challenge", "acme.cert-manager.io", "v1", True, (), ("cert-manager", "cert-manager-acme"),
          [STATUS]),
    _type("pods", "PodMetrics", "metrics.k8s.io", "v1beta1"),
    _type("nodes", "NodeMetrics", "metrics.k8s.io", "v1beta1", False),
)
METRICS = "metrics.k8s.io"
BY_PLURAL = {t.plural: t for t in TYPES if t.group != METRICS}

# A cluster of 1.20's age serves these types under an older version, the only one that a kubectl of its age knows.
OLD = {("batch", "cronjobs"): "v1beta1", ("policy", "poddisruptionbudgets"): "v1beta1",
       ("autoscaling", "horizontalpodautoscalers"): "v2beta2"}
OLD_EVICTION = "v1beta1"


def version_for(type_, old):
    return OLD.get((type_.group, type_.plural), type_.version) if old else type_.version


def api_version(type_, old=False):
    version = version_for(type_, old)
    return f"{type_.group}/{version}" if type_.group else version


def groups(old):
    """{group: sorted versions} as this client is shown them."""
    found = {}
    for t in TYPES:
        if t.group:
            found.setdefault(t.group, set()).add(version_for(t, old))
    return {group: sorted(versions) for group, versions in found.items()}


def find(group, version, plural, old):
    """The type at a path, or None."""
    for t in TYPES:
        if (t.group, t.plural, version_for(t, old)) == (group, plural, version):
            return t
    return None
