"""libpq by ctypes: the standard library has no PostgreSQL client.

Just enough for the sandbox's own traffic and for tests that look at the
database directly.  Values are text, as libpq gives them.
"""
import ctypes
import ctypes.util
from ctypes import c_char_p, c_int, c_void_p

OK, COMMAND_DONE, ROWS = 0, 1, 2


def _load():
    name = ctypes.util.find_library("pq") or "libpq.so.5"
    lib = ctypes.CDLL(name)
    for function, result, arguments in (
            ("PQconnectdb", c_void_p, [c_char_p]), ("PQstatus", c_int, [c_void_p]),
            ("PQerrorMessage", c_char_p, [c_void_p]), ("PQfinish", None, [c_void_p]),
            ("PQexec", c_void_p, [c_void_p, c_char_p]), ("PQclear", None, [c_void_p]),
            ("PQresultStatus", c_int, [c_void_p]), ("PQresultErrorMessage", c_char_p, [c_void_p]),
            ("PQntuples", c_int, [c_void_p]), ("PQnfields", c_int, [c_void_p]),
            ("PQgetvalue", c_char_p, [c_void_p, c_int, c_int]),
            ("PQgetisnull", c_int, [c_void_p, c_int, c_int])):
        f = getattr(lib, function)
        f.restype, f.argtypes = result, arguments
    return lib


LIB = None


class DatabaseError(RuntimeError):
    pass


class Connection:
    def __init__(self, conninfo):
        global LIB
        LIB = LIB or _load()
        self.raw = LIB.PQconnectdb(conninfo.encode())
        if LIB.PQstatus(self.raw) != OK:
            text = LIB.PQerrorMessage(self.raw).decode()
            self.close()
            raise DatabaseError(text.strip())

    def query(self, sql):
        """Rows as lists of text (None for NULL)."""
        result = LIB.PQexec(self.raw, sql.encode())
        try:
            if LIB.PQresultStatus(result) not in (COMMAND_DONE, ROWS):
                raise DatabaseError(LIB.PQresultErrorMessage(result).decode().strip())
            return [[self._cell(result, r, c) for c in range(LIB.PQnfields(result))]
                    for r in range(LIB.PQntuples(result))]
        finally:
            LIB.PQclear(result)

    @staticmethod
    def _cell(result, row, column):
        if LIB.PQgetisnull(result, row, column):
            return None
        return LIB.PQgetvalue(result, row, column).decode()

    def close(self):
        if self.raw:
            LIB.PQfinish(self.raw)
        self.raw = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
