"""The disaster recovery folder: the two scripts that the runbooks run there.

They are ordinary shell; their effect on the platform is a file that they
leave (`failed-over`) or what they do to the database.
"""
import os

MARK = "failed-over"
FAILOVER = """\
#!/bin/sh
# Moves the traffic to the standby region.
set -eu
cd "$(dirname "$0")"
echo "checking the standby region"
echo "promoting the standby database"
sleep "${{FAILOVER_SECONDS:-1}}"
echo "switching DNS to the standby region"
: > {mark}
echo "failover done"
"""
RESTORE = """\
#!/bin/sh
# Restores a backup from the bucket into the production database.
set -eu
backup=${{1:?usage: restore-postgres.sh BACKUP}}
file={bucket}/${{backup##*/}}
[ -f "$file" ] || {{ echo "no such backup: $backup" >&2; exit 1; }}
gzip -t "$file" || {{ echo "$backup is damaged; nothing was changed" >&2; exit 1; }}
echo "restoring $backup"
gzip -dc "$file" | PGPASSFILE={passfile} psql -X -q -v ON_ERROR_STOP=1 --single-transaction "{conninfo}"
echo "restored $backup"
"""


def write(folder, bucket, conninfo, passfile):
    """Write both scripts into `folder`, executable."""
    os.makedirs(folder)
    for name, text in (("failover-procedure.sh", FAILOVER.format(mark=MARK)),
                       ("restore-postgres.sh", RESTORE.format(bucket=bucket, conninfo=conninfo, passfile=passfile))):
        path = os.path.join(folder, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)
