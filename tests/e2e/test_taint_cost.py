"""Looking for secrets in what an expression makes costs steps: a large output holds no run up."""
import textwrap

from helpers import fsops


def run(tmp_path, first):
    (tmp_path / "platform.yaml").write_text("platform: t\n")
    (tmp_path / "out").write_text(first + "".join(f"line {i:06d} abcdefgh\n" for i in range(30000)))
    (tmp_path / "b.yaml").write_text(textwrap.dedent(f"""
        runbook: b
        title: B
        vars: {{token: {{default: hunter2secretpw, secret: true}}}}
        steps:
          - step: A
            effect: read
            exec: [cat, {tmp_path}/out]
            expect: stdout.split('\\n').size() > 30000
        """))
    return fsops("run", "b", "-R", str(tmp_path), "--format", "json", timeout=60)


def test_a_large_output_without_a_secret_is_read_once(tmp_path):
    assert run(tmp_path, "").status == 0


def test_a_large_output_with_a_secret_meets_the_ceiling(tmp_path):
    result = run(tmp_path, "hunter2secretpw\n")

    assert result.status == 2
    assert "EXPR_STEPS_MAX" in result.out
