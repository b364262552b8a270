"""metrics.k8s.io: what `kubectl top` shows, from the load that the app feels."""
from . import pods
from .store import stamp

# What a pod of an app takes at full load: millicores, and memory in Mi at any load.
NEED = {"flight-search-backend": (900, 420), "flight-search-frontend": (250, 130), "postgres": (700, 900),
        "redis": (200, 260), "prometheus": (150, 380), "grafana": (60, 120)}
OTHER = (40, 60)
NODE_CORES, NODE_MEMORY = 4000, 16384


class Usage:
    def __init__(self, cluster, load):
        """`load()` gives an object with `cpu` and `memory`, both 0 to 1."""
        self.cluster = cluster
        self.load = load

    def _item(self, kind, meta, cpu, memory):
        usage = {"cpu": f"{int(cpu)}m", "memory": f"{int(memory)}Mi"}
        item = {"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": meta, "window": "30s",
                "timestamp": stamp(self.cluster.now())}
        return item, usage

    def pods(self, namespace, matches):
        found = []
        for pod in self.cluster.store.list("pods", namespace, matches):
            if not pods.is_ready(pod):
                continue
            cpu, memory = NEED.get(pod["metadata"].get("labels", {}).get("app"), OTHER)
            meta = {k: pod["metadata"][k] for k in ("name", "namespace", "labels", "creationTimestamp")}
            item, usage = self._item("PodMetrics", meta, cpu * self.load().cpu, memory)
            found.append({**item, "containers": [{"name": c["name"], "usage": usage}
                                                 for c in pod["spec"]["containers"]]})
        return found

    def nodes(self, _, matches):
        found = []
        for node in self.cluster.store.list("nodes", "", matches):
            meta = {"name": node["metadata"]["name"], "creationTimestamp": node["metadata"]["creationTimestamp"]}
            load = self.load()
            item, usage = self._item("NodeMetrics", meta, NODE_CORES * load.cpu, NODE_MEMORY * load.memory)
            found.append({**item, "usage": usage})
        return found
