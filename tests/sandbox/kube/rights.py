"""The cluster role bindings that are there before anybody binds anything: kubeadm's and the API server's own.

    name: (cluster role, kind of the subjects, their names, their namespace)
"""
RBAC = "rbac.authorization.k8s.io"
GROUP, USER, ACCOUNT = "Group", "User", "ServiceAccount"
SYSTEM = "kube-system"
BOUND = {
    "cluster-admin": ("cluster-admin", GROUP, "system:masters", None),
    "system:basic-user": ("system:basic-user", GROUP, "system:authenticated", None),
    "system:discovery": ("system:discovery", GROUP, "system:authenticated", None),
    "system:kube-controller-manager": ("system:kube-controller-manager", USER, "system:kube-controller-manager", None),
    "system:kube-dns": ("system:kube-dns", ACCOUNT, "kube-dns", SYSTEM),
    "system:kube-scheduler": ("system:kube-scheduler", USER, "system:kube-scheduler", None),
    "system:monitoring": ("system:monitoring", GROUP, "system:monitoring", None),
    "system:node": ("system:node", None, None, None),  # has no subjects: the Node authorizer took over
    "system:node-proxier": ("system:node-proxier", USER, "system:kube-proxy", None),
    "system:public-info-viewer": (
        "system:public-info-viewer", GROUP, "system:authenticated,system:unauthenticated", None),
    "system:service-account-issuer-discovery": (
        "system:service-account-issuer-discovery", GROUP, "system:serviceaccounts", None),
    "system:volume-scheduler": ("system:volume-scheduler", USER, "system:kube-scheduler", None),
}
# kubeadm's carry no label of the API server's.
KUBEADM = {
    "kubeadm:cluster-admins": ("cluster-admin", GROUP, "kubeadm:cluster-admins", None),
    "kubeadm:get-nodes": ("kubeadm:get-nodes", GROUP, "system:bootstrappers:kubeadm:default-node-token", None),
    "kubeadm:kubelet-bootstrap": (
        "system:node-bootstrapper", GROUP, "system:bootstrappers:kubeadm:default-node-token", None),
    "kubeadm:node-autoapprove-bootstrap": (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient", GROUP,
        "system:bootstrappers:kubeadm:default-node-token", None),
    "kubeadm:node-autoapprove-certificate-rotation": (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", GROUP, "system:nodes", None),
    "kubeadm:node-proxier": ("system:node-proxier", ACCOUNT, "kube-proxy", SYSTEM),
    "system:coredns": ("system:coredns", ACCOUNT, "coredns", SYSTEM),
}
CONTROLLERS = (
    "attachdetach-controller", "certificate-controller", "clusterrole-aggregation-controller", "cronjob-controller",
    "daemon-set-controller", "deployment-controller", "disruption-controller", "endpoint-controller",
    "endpointslice-controller", "endpointslicemirroring-controller", "ephemeral-volume-controller",
    "expand-controller", "generic-garbage-collector", "horizontal-pod-autoscaler", "job-controller",
    "legacy-service-account-token-cleaner", "namespace-controller", "node-controller", "persistent-volume-binder",
    "pod-garbage-collector",
    "pv-protection-controller", "pvc-protection-controller", "replicaset-controller", "replication-controller",
    "resourcequota-controller", "root-ca-cert-publisher", "route-controller", "service-account-controller",
    "service-controller", "statefulset-controller", "ttl-after-finished-controller", "ttl-controller")


def bindings():
    """All of them as objects."""
    made = [binding(name, *bound) for name, bound in KUBEADM.items()]
    own = {**BOUND, **{f"system:controller:{c}": (f"system:controller:{c}", ACCOUNT, c, SYSTEM) for c in CONTROLLERS}}
    for name, bound in own.items():
        one = binding(name, *bound)
        one["metadata"].update(labels={"kubernetes.io/bootstrapping": "rbac-defaults"},
                               annotations={f"{RBAC}/autoupdate": "true"})
        made.append(one)
    return made


def binding(name, role, kind, who, namespace):
    found = {"metadata": {"name": name}, "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}}
    if kind:
        where = {"namespace": namespace} if namespace else {"apiGroup": RBAC}
        found["subjects"] = [{"kind": kind, "name": name, **where} for name in who.split(",")]
    return found
