"""Errors as the API server words them: a Status object."""


class ApiError(Exception):
    def __init__(self, code, reason, message, details=None):
        super().__init__(message)
        self.code, self.reason, self.details = code, reason, details

    @classmethod
    def not_found(cls, type_, name):
        return cls(404, "NotFound", f'{qualified(type_)} "{name}" not found',
                   {"name": name, "group": type_.group, "kind": type_.plural})

    @classmethod
    def exists(cls, type_, name):
        return cls(409, "AlreadyExists", f'{qualified(type_)} "{name}" already exists',
                   {"name": name, "group": type_.group, "kind": type_.plural})

    @classmethod
    def invalid(cls, type_, name, message):
        return cls(422, "Invalid", f'{type_.kind} "{name}" is invalid: {message}',
                   {"name": name, "group": type_.group, "kind": type_.kind})

    @classmethod
    def forbidden(cls, user, verb, resource, target):
        where = f' in the namespace "{target.namespace}"' if target.namespace else " at the cluster scope"
        named = f' "{target.name}"' if target.name else ""
        return cls(403, "Forbidden", f'{qualified(target.type)}{named} is forbidden: User "{user}" cannot {verb} '
                   f'resource "{resource}" in API group "{target.type.group}"{where}',
                   {"name": target.name, "group": target.type.group, "kind": target.type.plural})


def qualified(type_):
    return f"{type_.plural}.{type_.group}" if type_.group else type_.plural


def status_of(e):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": str(e),
            "reason": e.reason, "details": e.details or {}, "code": e.code}
