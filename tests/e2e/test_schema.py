"""`fsops schema`: what the loader takes is valid, and what is not valid the loader does not take."""
import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FSOPS = os.environ.get("FSOPS_BINARY", os.path.join(ROOT, "build", "fsops"))
SHIPPED = os.path.join(ROOT, "runbooks")
FILES = sorted(name for name in os.listdir(SHIPPED) if name.endswith(".yaml"))


class Yaml12(yaml.SafeLoader):
    """The core schema of YAML 1.2, as fsops and yaml-language-server read it: `on` and 09:00 are texts."""


Yaml12.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def schema_of(kind):
    result = subprocess.run([FSOPS, "schema", kind], capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


SCHEMAS = {}


def errors_of(kind, text):
    if kind not in SCHEMAS:
        SCHEMAS[kind] = jsonschema.Draft7Validator(schema_of(kind))
    return [error.message for error in SCHEMAS[kind].iter_errors(yaml.load(text, Yaml12))]


def lint(*args):
    return subprocess.run([FSOPS, "lint", *map(str, args)], capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("kind", ["runbook", "platform"])
def test_it_is_a_schema(kind):
    jsonschema.Draft7Validator.check_schema(schema_of(kind))


def test_without_a_word_it_is_a_runbooks():
    assert json.loads(subprocess.run([FSOPS, "schema"], capture_output=True, timeout=20).stdout) == schema_of("runbook")
    assert subprocess.run([FSOPS, "schema", "platfrom"], capture_output=True, timeout=20).returncode == 64


@pytest.mark.parametrize("name", FILES)
def test_what_is_shipped_is_valid_and_names_its_schema(name):
    kind = "platform" if name == "platform.yaml" else "runbook"
    with open(os.path.join(SHIPPED, name)) as file:
        text = file.read()
    assert errors_of(kind, text) == []
    assert text.startswith(f"# yaml-language-server: $schema=.schema/{kind}.json\n")


@pytest.mark.parametrize("kind", ["runbook", "platform"])
def test_the_file_for_editors_is_up_to_date(kind):
    with open(os.path.join(SHIPPED, ".schema", f"{kind}.json")) as file:
        assert json.load(file) == schema_of(kind), "run `make schema`"


def test_every_key_has_a_description():
    def keys(schema):
        for key, value in schema.get("properties", {}).items():
            yield key, value
            yield from keys(value)

    for kind in ("runbook", "platform"):
        schema = schema_of(kind)
        for part in (schema, *schema["definitions"].values()):
            assert [key for key, value in keys(part) if not value.get("description")] == []


# ---- the loader and the schema agree

PLATFORM = """\
platform: demo
targets: {cluster: {kubectl: {context: demo}}, db: {postgres: dbname=x}, cache: {redis: "redis://x"},
          web: {http: "https://example.org"}, m: {prometheus: "http://p"}, b: {s3: "s3://bucket"}}
metrics: {load: {source: {prometheus: up}, warning: "> 1"}}
"""
BOOK = "runbook: x\nsteps:\n"
STEP = BOOK + "  - step: S\n    budget: 1m\n"
ACTION = STEP + "    actions:\n      - "

GOOD_RUNBOOKS = [
    STEP + "    kubectl: get pods\n",
    STEP + "    kubectl: [get, pods, 1, true]\n    retry: 3\n    timeout: 1.5s\n    capture: {a: exit, b: {value: a}}\n",
    STEP + "    exec: {argv: [a], cwd: /, env: {A: 1}}\n    effect: read\n    retry: {times: 2, every: 1m30s}\n",
    STEP + "    http: {url: /, method: POST, json: [1, {a: b}], headers: {A: b}, follow: false}\n    expect: ['true']\n",
    STEP + "    postgres: {query: SELECT $1, params: [1], database: d}\n    until: count > 0\n    every: 1s\n",
    STEP + "    metrics: all\n    hold_for: 1m\n",
    STEP + "    metrics: [load]\n    hold_for: ${run.id}\n    every: 5s\n",
    STEP + "    manual: [a, 1]\n    for_each: '[1]'\n    as: n\n",
    STEP + "    when: true\n    redis: PING\n    severity: info\n    on_failure: continue\n    title: 5\n",
    ACTION + "{id: a, kubectl: get pods}\n      - {dns: example.org, when: false}\n    sequential: true\n",
    STEP + "    s3: ls s3://b\n    save: /tmp/x\n" + "recovery: []\nalways: []\non_failure: []\naliases: [y, z-1]\n",
    BOOK + "  - {step: S, id: s, manual: x}\nschedule: {daily: 9:00}\nseverity: warning\nrespond_within: 1h30m\n",
    BOOK + "  - {step: S, manual: x}\nschedule: {monthly: First Sunday 01:00}\nsymptoms: [a]\nmetrics: [load]\n",
    BOOK + "  - {step: S, manual: x}\nvars: {a: 1, b: [x], c: {value: {k: 1}}, d: {required: true, pattern: '^a$'}}\n",
    STEP + "    kubectl: apply -f -\n    stdin: 5\n    effect: destroy\n    expect: exit == 0\n",
]
BROKEN_RUNBOOKS = [
    "- a\n",
    "runbook: x\n",
    "steps: [{step: S, manual: x}]\n",
    "runbook: x y\nsteps: [{step: S, manual: x}]\n",
    "runbook: -x\nsteps: [{step: S, manual: x}]\n",
    "runbook: [x]\nsteps: [{step: S, manual: x}]\n",
    "runbook: x\nsteps: {step: S, manual: x}\n",
    BOOK + "  - manual: x\n",
    BOOK + "  - {step: S}\n",
    BOOK + "  - {step: S, manual: x, dns: a}\n",
    BOOK + "  - {step: S, manual: x, budgt: 5m}\n",
    BOOK + "  - {step: S, manual: x, budget: 5}\n",
    BOOK + "  - {step: S, manual: x, budget: 0s}\n",
    BOOK + "  - {step: S, manual: x, budget: 5 minutes}\n",
    BOOK + "  - {step: S, manual: x, id: 1st}\n",
    BOOK + "  - {step: S, manual: x, id: a-b}\n",
    BOOK + "  - {step: S, manual: x, sequential: maybe}\n",
    BOOK + "  - {step: S, manual: x, on_failure: ignore}\n",
    BOOK + "  - {step: S, manual: x, severity: error}\n",
    BOOK + "  - {step: S, manual: x, effect: write}\n",
    BOOK + "  - {step: S, manual: x, expect: {a: b}}\n",
    BOOK + "  - {step: S, manual: x, expect: []}\n",
    BOOK + "  - {step: S, manual: x, when: [a]}\n",
    BOOK + "  - {step: S, manual: x, when: }\n",
    BOOK + "  - {step: S, manual: x, retry: often}\n",
    BOOK + "  - {step: S, manual: x, retry: {every: 5s}}\n",
    BOOK + "  - {step: S, manual: x, retry: {times: 3, evry: 5s}}\n",
    BOOK + "  - {step: S, manual: x, retry: 0}\n",
    BOOK + "  - {step: S, manual: x, capture: [a]}\n",
    BOOK + "  - {step: S, manual: x, capture: {a-b: done}}\n",
    BOOK + "  - {step: S, manual: x, capture: {a: {secret: true}}}\n",
    BOOK + "  - {step: S, manual: x, as: n}\n",
    BOOK + "  - {step: S, manual: x, every: 5s}\n",
    BOOK + "  - {step: S, manual: x, until: done, hold_for: 5s}\n",
    BOOK + "  - {step: S, manual: x, hold_for: 5s}\n",
    BOOK + "  - {step: S, manual: {a: b}}\n",
    BOOK + "  - {step: S, kubectl: {a: b}}\n",
    BOOK + "  - {step: S, kubectl: [get, [pods]]}\n",
    BOOK + "  - {step: S, http: {method: GET}}\n",
    BOOK + "  - {step: S, http: {url: /, folow: true}}\n",
    BOOK + "  - {step: S, http: {url: /, follow: 1}}\n",
    BOOK + "  - {step: S, postgres: {query: SELECT 1, params: 1}}\n",
    BOOK + "  - {step: S, exec: {argv: [a], env: [b]}, effect: read}\n",
    BOOK + "  - {step: S, runbook: {vars: {}}}\n",
    BOOK + "  - {step: S, actions: []}\n",
    BOOK + "  - {step: S, actions: [{title: T}]}\n",
    BOOK + "  - {step: S, actions: [{manual: x}], expect: done}\n",
    BOOK + "  - {step: S, actions: [{manual: x}], dns: a}\n",
    BOOK + "  - {step: S, actions: [{manual: x, budget: 5m}]}\n",
    BOOK + "  - {step: S, actions: [{manual: x, step: T}]}\n",
    BOOK + "  - {step: S, manual: x}\nschedule: 09:00\n",
    BOOK + "  - {step: S, manual: x}\nschedule: {daily: 25:00}\n",
    BOOK + "  - {step: S, manual: x}\nschedule: {weekly: someday 09:00}\n",
    BOOK + "  - {step: S, manual: x}\nschedule: {yearly: 09:00}\n",
    BOOK + "  - {step: S, manual: x}\nvars: [a]\n",
    BOOK + "  - {step: S, manual: x}\nvars: {a-b: 1}\n",
    BOOK + "  - {step: S, manual: x}\nvars: {a: }\n",
    BOOK + "  - {step: S, manual: x}\nvars: {a: {valu: 1}}\n",
    BOOK + "  - {step: S, manual: x}\naliases: y\n",
    BOOK + "  - {step: S, manual: x}\nseverity: high\n",
    BOOK + "  - {step: S, manual: x}\nrespond_within: soon\n",
    BOOK + "  - {step: S, manual: x}\nsymptoms: [{a: b}]\n",
    BOOK + "  - {step: S, manual: x}\nowner: me\n",
]

GOOD_PLATFORMS = [
    PLATFORM,
    PLATFORM + "contacts: {a: {title: A, phone: 012}}\nlinks: {g: 'https://g'}\nsecrets: [A_B]\nchannels: {s: {kind: slack, webhook: 'http://x'}}\n",
    PLATFORM + "alerts: [{alert: A, severity: info, respond_within: 5m, match: {a: b}}]\nvars: {a: 1}\n",
    PLATFORM + "contacts: {a: {title: A}}\nescalation: [{level: 1, contact: a, after: 30m, covers: x}]\n",
    PLATFORM + "contacts: {a: {title: A}}\nescalation: [{level: 1, contact: a, runbooks: [], severity: critical}]\n",
    "platform: x\ntargets: {db: {postgres: dbname=x, tunnel: svc/p:5432}, c: {kubectl: {namespace: n}}}\n",
    "platform: x\nmetrics: {a: {title: A, unit: percent, source: {exec: [a], timeout: 5s}, value: exit, baseline: '< 5%'}}\n",
]
BROKEN_PLATFORMS = [
    "platform: [x]\n",
    PLATFORM + "metrix: {}\n",
    PLATFORM + "links: {g: example.org}\n",
    PLATFORM + "links: [a]\n",
    PLATFORM + "contacts: {a: b}\n",
    PLATFORM + "secrets: [a-b]\n",
    PLATFORM + "secrets: A\n",
    PLATFORM + "alerts: [{alert: A}]\n",
    PLATFORM + "alerts: [{alert: A, severity: bad}]\n",
    PLATFORM + "alerts: [{alert: A, severity: info, who: me}]\n",
    PLATFORM + "escalation: [{level: 1}]\n",
    PLATFORM + "escalation: [{level: one, contact: a}]\n",
    "platform: x\ntargets: {db: {}}\n",
    "platform: x\ntargets: {db: dbname=x}\n",
    "platform: x\ntargets: {db: {postgres: a, redis: 'redis://b'}}\n",
    "platform: x\ntargets: {db: {postgress: a}}\n",
    "platform: x\ntargets: {db: {postgres: [a]}}\n",
    "platform: x\ntargets: {c: {kubectl: {contxt: a}}}\n",
    "platform: x\ntargets: {b: {s3: 's3://b', regon: x}}\n",
    "platform: x\nmetrics: {a: {}}\n",
    "platform: x\nmetrics: {a-b: {source: {exec: [a]}, value: exit}}\n",
    "platform: x\nmetrics: {a: {source: {}, value: exit}}\n",
    "platform: x\nmetrics: {a: {source: {exec: [a], retry: 3}, value: exit}}\n",
    "platform: x\nmetrics: {a: {source: {exec: [a]}, value: exit, unit: apples}}\n",
    "platform: x\nmetrics: {a: {source: {exec: [a]}, value: exit, warnings: '> 1'}}\n",
]

CASES = [(kind, good, text) for kind, good, texts in (
    ("runbook", True, GOOD_RUNBOOKS), ("runbook", False, BROKEN_RUNBOOKS),
    ("platform", True, GOOD_PLATFORMS), ("platform", False, BROKEN_PLATFORMS)) for text in texts]


@pytest.mark.parametrize("kind,good,text", CASES, ids=[f"{kind}-{good}-{i}" for i, (kind, good, _) in enumerate(CASES)])
def test_loader_and_schema_agree(tmp_path, kind, good, text):
    (tmp_path / "platform.yaml").write_text(PLATFORM if kind == "runbook" else text)
    if kind == "runbook":
        (tmp_path / "x.yaml").write_text(text)
    result = lint("-q", tmp_path / ("x.yaml" if kind == "runbook" else "platform.yaml"))
    assert (result.returncode != 65) == good, (text, result.stdout)
    errors = errors_of(kind, text)
    assert (not errors) == good, (text, errors, result.stdout)
