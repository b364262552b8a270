"""ResourceQuota and LimitRange: what the admission of pods adds and refuses.

Invariant: asked for every pod, whoever makes it; a controller that is refused
says so in an event and tries again.
"""
from . import pods
from .errors import ApiError

UNITS = {"m": 0.001, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
# resource of a quota: (requests or limits, of what)
COUNTED = {"cpu": ("requests", "cpu"), "memory": ("requests", "memory"),
           **{f"{kind}.{what}": (kind, what) for kind in ("requests", "limits") for what in ("cpu", "memory")}}


def amount(text):
    number = text.rstrip("kKMGTim")
    return float(number) * UNITS[text[len(number):]]


def asked(pod, name):
    """What a pod takes of a quota's resource; `pods` counts it as one."""
    if name not in COUNTED:
        return 1 if name == "pods" else 0
    kind, what = COUNTED[name]
    return sum(amount(c.get("resources", {}).get(kind, {}).get(what, "0")) for c in pod["spec"]["containers"])


def missing(pod, name):
    """The containers that do not say how much of it they need."""
    kind, what = COUNTED.get(name, ("", ""))
    return [c["name"] for c in pod["spec"]["containers"]
            if kind and what not in c.get("resources", {}).get(kind, {})]


class Quotas:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for quota in self.cluster.attended("resourcequotas"):
            hard = quota["spec"]["hard"]
            used = {name: shown(self.used(quota, name), name) for name in hard}
            self.store.update("resourcequotas", {**quota, "status": {"hard": hard, "used": used}})

    def used(self, quota, name):
        return sum(asked(p, name) for p in self.store.list("pods", quota["metadata"]["namespace"])
                   if not pods.is_finished(p))

    def admit(self, pod):
        """The pod with the defaults of its namespace; ApiError when it may not be there."""
        where = pod["metadata"]["namespace"]
        for limits in self.store.list("limitranges", where):
            pod = with_defaults(pod, limits)
        for quota in self.store.list("resourcequotas", where):
            self.check(pod, quota)
        return pod

    def check(self, pod, quota):
        hard, name = quota["spec"]["hard"], quota["metadata"]["name"]
        lacking = {r: missing(pod, r) for r in sorted(hard)}
        if any(lacking.values()):
            words = "; ".join(f"{r} for: {','.join(found)}" for r, found in lacking.items() if found)
            raise refusal(pod, f"failed quota: {name}: must specify {words}")
        over = [r for r in sorted(hard) if self.used(quota, r) + asked(pod, r) > amount(hard[r])]
        if over:
            def listed(value):
                return ",".join(f"{r}={value(r)}" for r in over)
            raise refusal(pod, f"exceeded quota: {name}, requested: {listed(lambda r: shown(asked(pod, r), r))}, used: "
                          f"{listed(lambda r: shown(self.used(quota, r), r))}, limited: {listed(hard.get)}")


def shown(value, name):
    """An amount as it is written: CPU in thousandths, memory in Mi."""
    if name.endswith("cpu"):
        return f"{round(value * 1000)}m"
    return f"{round(value / 2**20)}Mi" if name.endswith("memory") else str(round(value))


def refusal(pod, why):
    name = pod["metadata"]["name"]
    return ApiError(403, "Forbidden", f'pods "{name}" is forbidden: {why}', {"name": name, "kind": "pods"})


def with_defaults(pod, limits):
    """A LimitRange fills in what containers do not say."""
    for rule in limits["spec"]["limits"]:
        if rule["type"] == "Container":
            containers = [{**c, "resources": filled(c.get("resources", {}), rule)} for c in pod["spec"]["containers"]]
            pod = {**pod, "spec": {**pod["spec"], "containers": containers}}
    return pod


def filled(resources, rule):
    limits = {**rule.get("default", {}), **resources.get("limits", {})}
    requests = {**limits, **rule.get("defaultRequest", {}), **resources.get("limits", {}),
                **resources.get("requests", {})}
    return {**resources, "limits": limits, "requests": requests}
