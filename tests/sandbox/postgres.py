"""The real PostgreSQL server on a cluster of its own, with a little traffic.

It listens on a socket inside the sandbox's folder; clients reach it over the
door's loopback port, with a password.  Invariant: a connection string never
holds that password; it is in the PGPASSFILE.
"""
import glob
import os
import secrets
import shutil
import signal
import threading

from . import pq
from .process import Process, StartError, find_program, give, run, unprivileged_user

DATABASE = "flight_search_prod"
USER = "fsops"
HERE = os.path.dirname(os.path.abspath(__file__))
MADE = "SANDBOX_POSTGRES"  # a variable: where to keep an empty cluster, for the sandboxes that follow
SOCKET_LIMIT = 107
TRAFFIC = (
    "SELECT * FROM flights WHERE origin = 'FRA' AND destination = 'JFK' ORDER BY departs LIMIT 20",
    "SELECT f.id, a.city FROM flights f JOIN airports a ON a.code = f.destination WHERE f.price < 200",
    "SELECT count(*) FROM bookings b JOIN flights f ON f.id = b.flight GROUP BY f.origin",
)
SETTINGS = {
    "listen_addresses": "''", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "shared_preload_libraries": "pg_stat_statements", "shared_buffers": "16MB",
    "max_connections": "100", "max_worker_processes": "2", "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC", "log_timezone": "UTC", "unix_socket_permissions": "0777",
}
ACCESS = """\
local all postgres trust
local all all scram-sha-256
"""


class Postgres:
    def __init__(self, folder, max_connections=100):
        self.folder = folder
        self.user = unprivileged_user()
        self.home = give(os.path.join(folder, "postgres"), self.user)
        self.data = os.path.join(self.home, "data")
        self.socket = os.path.join(self.home, ".s.PGSQL.5432")
        self.max_connections = max_connections
        self.process = None
        self.recovering = False  # see `recover`
        self.restarts = 0
        self.held = []
        self.lock = threading.Lock()
        self.ended = threading.Event()
        if len(self.socket) > SOCKET_LIMIT:
            raise StartError(f"{folder}: too long a path for PostgreSQL's socket; use a shorter folder")

    def program(self, name):
        """Debian keeps the server's programs out of PATH; all must be of one version."""
        folders = glob.glob("/usr/lib/postgresql/*/bin")
        newest = max(folders, key=lambda f: float(f.split("/")[4]), default="")
        return find_program(name, newest)

    def start(self):
        self._make_cluster()
        self._launch()
        self._make_database()
        threading.Thread(target=self._traffic, daemon=True).start()

    def _initdb(self, data):
        run([self.program("initdb"), "-N", "-D", data, "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C"], self.folder, self.user)

    def _copy_cluster(self, made):
        """Whoever comes first makes it; a copy costs a tenth of that."""
        if not os.path.exists(made):
            self._initdb(self.data)
            own = f"{made}.{os.getpid()}"
            run(["cp", "-a", self.data, own], self.folder, self.user)
            try:
                os.rename(own, made)
            except OSError:  # another was there first
                shutil.rmtree(own)
        else:
            run(["cp", "-a", made, self.data], self.folder, self.user)

    def _make_cluster(self):
        made = os.environ.get(MADE)
        if made:
            self._copy_cluster(made)
        else:
            self._initdb(self.data)
        settings = {**SETTINGS, "max_connections": str(self.max_connections),
                    "unix_socket_directories": f"'{self.home}'"}
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as f:
            f.writelines(f"{name} = {value}\n" for name, value in settings.items())
        with open(os.path.join(self.data, "pg_hba.conf"), "w") as f:
            f.write(ACCESS)

    def _launch(self):
        mark = os.path.join(self.data, "standby.signal")
        if self.recovering:
            open(mark, "w").close()
        elif os.path.exists(mark):
            os.remove(mark)
        words = ["-c", "hot_standby=off"] if self.recovering else []
        self.process = Process("postgres", [self.program("postgres"), "-D", self.data, *words],
                               self.folder, self.user)
        self.process.wait_until(self.answers)

    def answers(self):
        try:
            self.admin("postgres").close()
            return True
        except pq.DatabaseError as e:
            return self.recovering and "not accepting connections" in str(e)

    def recover(self, on):
        """While `on` the server is in recovery, also after a restart: it refuses every connection (57P03)."""
        self.recovering = on
        self._relaunch()

    def admin(self, database=DATABASE, name=""):
        """A superuser's connection, past the door."""
        return pq.Connection(f"host={self.home} user=postgres dbname={database} connect_timeout=3 "
                             f"application_name='{name}'")

    def query(self, sql):
        with self.admin() as c:
            return c.query(sql)

    def _make_database(self):
        self.password = secrets.token_urlsafe(12)
        with self.admin("postgres") as c:
            c.query(f"CREATE ROLE {USER} LOGIN PASSWORD '{self.password}' IN ROLE pg_monitor")
            c.query(f"CREATE DATABASE {DATABASE} OWNER {USER}")
        with self.admin() as c:
            c.query("CREATE EXTENSION pg_stat_statements")
            c.query(f"SET ROLE {USER}")
            with open(os.path.join(HERE, "schema.sql")) as f:
                c.query(f.read())
            c.query("RESET ROLE")
            c.query("SELECT pg_stat_statements_reset()")  # or our set-up is the slowest query

    def write_passfile(self, path):
        """For any host and port: a tunnel has its own."""
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(f"*:*:*:{USER}:{self.password}\n")

    def _traffic(self):
        """A few queries a second, reads only, on a new connection after each loss."""
        connection = None
        turn = 0
        while not self.ended.wait(0.2):
            try:
                connection = connection or self.admin(name="postgres_exporter")
                connection.query(TRAFFIC[turn % len(TRAFFIC)])
                turn += 1
            except pq.DatabaseError:
                connection = connection and connection.close()
        if connection:
            connection.close()

    def hold(self, count):
        """Idle connections, as a leaking pool leaves them; a restart drops them."""
        for _ in range(count):
            self.held.append(pq.Connection(
                f"host={self.home} user=postgres dbname={DATABASE} application_name=flight-search-backend"))

    def release(self):
        while self.held:
            self.held.pop().close()

    def restart(self):
        self.restarts += 1
        self._relaunch()

    def _relaunch(self):
        with self.lock:
            if self.ended.is_set():
                return
            self.process.stop(signal.SIGINT)
            self.release()
            self._launch()

    def stop(self):
        self.ended.set()
        with self.lock:
            if self.process:
                self.process.stop(signal.SIGINT)
            self.release()
