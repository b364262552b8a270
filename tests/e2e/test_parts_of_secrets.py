"""The beginning of a secret is as secret as its end, whatever stands behind it."""
from helpers import fsops, write_book

TOKEN = "hd4Kp9wz.Qm27vLx0sT.ng8"
PARTS = ("tok.substring(0, 9)", "tok.substring(0, 20)", 'tok.split(".")[0]', "tok.substring(3, 12)", "tok.substring(14)",
         '("id " + tok).substring(0, 14)')


def test_no_part_is_told(tmp_path):
    words = ", ".join(f"'<${{{part}}}> and more'" for part in PARTS)
    steps = f"  - step: Tell\n    budget: 20s\n    exec: [echo, {words}]\n    effect: read\n"
    books = write_book(tmp_path / "books", steps, head=f"vars:\n  tok: {{default: {TOKEN}, secret: true}}\n")
    for form in ((), ("-v",), ("--format", "json")):
        done = fsops("run", "book", "-R", books, *form, env={"FSOPS_STATE": str(tmp_path / "state")})
        assert done.status == 0 and "> and more" in done.out, str(done)
        seen = [TOKEN[i:i + 6] for i in range(len(TOKEN) - 5) if TOKEN[i:i + 6] in done.out + done.err]
        assert not seen, str(done)
