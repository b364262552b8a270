"""What a test does to the cluster: the troubles of real ones, by name.

Each method is a line of the table in ../README.md.  Invariant: a knob changes
objects and settings only; what follows from it is the controllers' doing.
"""
READS = ("get", "list", "watch")


class Knobs:
    """The part of `Kube` that makes trouble."""

    # Clients

    def forbid(self, verb, resource="*"):
        """Answer 403 from now on; "*" stands for any, "read" for all verbs that only look."""
        self.faces["prod"].forbidden |= {(v, resource) for v in (READS if verb == "read" else (verb,))}

    def allow_all(self):
        """Nothing is forbidden, and tokens are good again."""
        self.faces["prod"].forbidden.clear()
        self.faces["prod"].locked = False

    def lock_out(self):
        """Answer 401 to everything from now on."""
        self.faces["prod"].locked = True

    # Controllers

    def stand_still(self, *what):
        """The controllers of these types ("deployments", "statefulsets" ...), of these objects
        ("deployments/redis") or, by "*", all of them do nothing until `go_on`."""
        self.cluster.still |= set(what or ["*"])

    def go_on(self):
        self.cluster.still.clear()

    def pause(self, name, paused=True):
        self.change("deployments", name, spec={"paused": paused})

    # Help for the above

    def change(self, plural, name, namespace=None, metadata=None, spec=None):
        """Put an object back with other metadata and spec, as if somebody had done it."""
        old = self.store.get(plural, namespace or self.namespace, name)
        return self.store.update(plural, {**old, "metadata": {**old["metadata"], **(metadata or {})},
                                          "spec": {**old["spec"], **(spec or {})}})
