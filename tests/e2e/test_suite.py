"""The way the tests are started, tested: what started them does not reach them."""
import os
import shutil
import signal
import subprocess
import sys

from helpers import ROOT

# The beginning of .ci/test, up to where the building begins; then the signals that are ignored by now.
TELL = """exec {python} -c 'import signal
print([s.name for s in signal.valid_signals() if s != signal.SIGPIPE and signal.getsignal(s) is signal.SIG_IGN and s.name in
       ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")])'
"""


def test_ignored_signals_are_reset(tmp_path):
    begin = (ROOT / ".ci" / "test").read_text().split("\nbuild=")[0]
    script = tmp_path / "test"
    script.write_text(begin + "\n" + TELL.format(python=sys.executable))
    script.chmod(0o755)

    def ignore():
        for name in ("HUP", "INT", "QUIT", "TERM"):
            signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)

    env = {name: value for name, value in os.environ.items() if name != "FSOPS_TEST_SIGNALS"}
    for words in ([str(script)], [shutil.which("nohup"), str(script)]):
        done = subprocess.run(words, env=env, preexec_fn=ignore, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, "[]\n"), done.stdout + done.stderr
