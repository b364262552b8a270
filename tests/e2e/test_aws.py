"""Who asks S3: for the same files and variables the same credentials as botocore's, which the aws command uses; and
where botocore finds none or fails, a sentence that says what to do."""
import hashlib
import json
import os
import re
import shlex
import sys
import time

import botocore.credentials
import botocore.session
import pytest
from aws_stubs import Amazon
from helpers import run, write_book

KEY = {"AKIASTATIC0000000001": "static/secret+1", "AKIASTATIC0000000002": "static/secret+2",
       "AKIASTATIC0000000003": "static/secret+3", "AKIASTATIC0000000004": "static/secret+4"}
ONE, TWO, THREE, FOUR = KEY


def keys(of, token=None):
    more = f"aws_session_token = {token}\n" if token else ""
    return f"aws_access_key_id = {of}\naws_secret_access_key = {KEY[of]}\n{more}"


def variables(of, **more):
    return {"AWS_ACCESS_KEY_ID": of, "AWS_SECRET_ACCESS_KEY": KEY[of], **more}


def printing(**fields):
    """A credential_process that prints this."""
    script = f"print({json.dumps(json.dumps(fields))})"
    return f"credential_process = {sys.executable} -c {shlex.quote(script)}\n"


CHAIN = (f"[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\nexternal_id = ext\n[profile b]\n"
         f"role_arn = arn:aws:iam::1:role/b\nsource_profile = c\nduration_seconds = 900\nrole_session_name = me\n"
         f"[profile c]\n{keys(ONE)}")
SSO = ("[profile s]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n"
       "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n")
OLD_SSO = ("[profile s]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n"
           "sso_account_id = 111122223333\nsso_role_name = Read Only\n")
LOGIN = {"accessToken": "sso-access-token", "expiresAt": "2099-01-01T00:00:00Z"}

# What is in the files and the environment. `error`: botocore gives none, and what fsops says of it.
# `profile`: what the target names. {url}, {home}: the stubs', the folder's.
CASES = {
    # the environment
    "variables": {"env": variables(ONE)},
    "variables and a token": {"env": variables(ONE, AWS_SESSION_TOKEN="tok/en+==")},
    "variables and the older token": {"env": variables(ONE, AWS_SESSION_TOKEN="new", AWS_SECURITY_TOKEN="old")},
    "variables beat a profile of the environment": {"env": variables(ONE, AWS_PROFILE="p"), "config": f"[profile p]\n{keys(TWO)}"},
    "a profile of the target beats variables": {"env": variables(ONE), "profile": "p", "config": f"[profile p]\n{keys(TWO)}"},
    "an id alone": {"env": {"AWS_ACCESS_KEY_ID": ONE}, "error": "AWS_SECRET_ACCESS_KEY is not"},
    "a secret alone": {"env": {"AWS_SECRET_ACCESS_KEY": "x"}, "error": "AWS_ACCESS_KEY_ID is not"},
    "a secret alone, and a file": {"env": {"AWS_SECRET_ACCESS_KEY": "x"}, "credentials": f"[default]\n{keys(ONE)}"},
    "variables that end": {"env": variables(ONE, AWS_CREDENTIAL_EXPIRATION="2099-01-01T00:00:00Z")},
    # files and their syntax
    "credentials file": {"credentials": f"[default]\n{keys(ONE)}"},
    "config file": {"config": f"[default]\n{keys(ONE)}"},
    "config file, [profile default]": {"config": f"[profile default]\n{keys(ONE)}"},
    "config file, default twice": {"config": f"[profile default]\n{keys(ONE)}[default]\n{keys(TWO)}"},
    "credentials file before config file": {"credentials": f"[default]\n{keys(ONE)}", "config": f"[default]\n{keys(TWO)}"},
    "a profile of either": {"env": {"AWS_PROFILE": "p"}, "credentials": f"[p]\n{keys(ONE, 'tok')}", "config": f"[profile q]\n{keys(TWO)}"},
    "AWS_DEFAULT_PROFILE goes first": {"env": {"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "q"},
                                       "credentials": f"[p]\n{keys(ONE)}[q]\n{keys(TWO)}"},
    "a config section without `profile`": {"env": {"AWS_PROFILE": "p"}, "config": f"[p]\n{keys(ONE)}", "error": "no AWS profile 'p'"},
    "a credentials section with `profile`": {"env": {"AWS_PROFILE": "p"}, "credentials": f"[profile p]\n{keys(ONE)}", "error": "no AWS profile 'p'"},
    "a quoted name": {"profile": "my prod", "config": f"[profile \"my prod\"]\n{keys(ONE)}"},
    "a name in single quotes": {"profile": "it", "config": f"[profile 'it']\n{keys(ONE)}"},
    "blanks in the header": {"profile": "p", "config": f"[profile   p]\n{keys(ONE)}"},
    "blanks around a credentials section": {"profile": "p", "credentials": f"[ p ]\n{keys(ONE)}", "error": "no AWS profile 'p'"},
    "comments": {"credentials": f"# one\n; two\n[default] # three\n  # four\n{keys(ONE)}; five\n"},
    "a comment behind a value": {"credentials": f"[default]\naws_access_key_id = {ONE}\naws_secret_access_key = x # y\n",
                                 "error": "hold a blank"},
    "CRLF": {"credentials": f"[default]\n{keys(ONE)}".replace("\n", "\r\n")},
    "CR": {"credentials": f"[default]\n{keys(ONE)}".replace("\n", "\r")},
    "no-break spaces": {"credentials": f"[default]\n{keys(ONE)}".replace(" ", "\u00a0")},
    "colons and capitals": {"credentials": f"[default]\nAWS_Access_Key_ID: {ONE}\naws_secret_access_key:{KEY[ONE]}\n"},
    "a byte order mark": {"credentials": f"\ufeff[default]\n{keys(ONE)}", "error": "byte order mark"},
    "a section twice": {"credentials": f"[default]\n{keys(ONE)}[default]\n", "error": "credentials:4: a second section"},
    "a key twice": {"credentials": f"[default]\n{keys(ONE)}{keys(TWO)}", "error": "credentials:4: a second"},
    "no section": {"credentials": keys(ONE), "error": "credentials:1: there is no"},
    "a line that is nothing": {"config": f"[default]\nnonsense\n{keys(ONE)}", "error": "config:2: this is neither"},
    "a broken file, and variables": {"env": variables(ONE), "config": "[a]\n[a]\n", "error": "config:2: a second section"},
    "nested": {"config": f"[default]\ns3 =\n  max_concurrent_requests = 20\n  addressing_style=path\n{keys(ONE)}"},
    "nested, and no pair": {"config": f"[default]\ns3 =\n  oops\n{keys(ONE)}", "error": "no 'key = value'"},
    "an indented section": {"config": f"[profile x]\n  [default]\n{keys(ONE)}"},
    "indented keys": {"credentials": f"[default]\n  aws_access_key_id = {ONE}\n  aws_secret_access_key = {KEY[ONE]}\n"},
    "a key that continues the one before": {"credentials": f"[default]\naws_access_key_id = {ONE}\n  aws_secret_access_key = {KEY[ONE]}\n",
                                            "error": "has no aws_secret_access_key"},
    "an empty line between": {"credentials": f"[default]\n\naws_access_key_id = {ONE}\n\n\naws_secret_access_key = {KEY[ONE]}\n\n"},
    "[DEFAULT]": {"credentials": f"[DEFAULT]\naws_secret_access_key = {KEY[ONE]}\n[default]\naws_access_key_id = {ONE}\n"},
    "half a pair": {"credentials": f"[default]\naws_access_key_id = {ONE}\n", "config": f"[default]\n{keys(TWO)}", "error": "has no aws_secret_access_key"},
    "half a pair, the secret": {"credentials": f"[default]\naws_secret_access_key = {KEY[ONE]}\n", "config": f"[default]\n{keys(TWO)}"},
    "the older token": {"credentials": f"[default]\n{keys(ONE, 'new')}aws_security_token = old\n"},
    "~ and variables in a path": {"env": {"AWS_SHARED_CREDENTIALS_FILE": "~/else/$WHERE", "WHERE": "there"}, "files": {"else/there": f"[default]\n{keys(ONE)}"}},
    "AWS_CONFIG_FILE": {"env": {"AWS_CONFIG_FILE": "{home}/else"}, "files": {"else": f"[default]\n{keys(ONE)}"}},
    "a folder for a file": {"env": {"AWS_SHARED_CREDENTIALS_FILE": "{home}"}, "config": f"[default]\n{keys(ONE)}"},
    "no file at all": {"error": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a profile"},
    "a profile that is not there": {"env": variables(ONE, AWS_PROFILE="gone"), "error": "no AWS profile 'gone'"},
    "a profile without keys": {"profile": "p", "config": "[profile p]\nregion = eu-west-1\n", "error": "say in profile 'p' where they come from"},
    "the region of the profile": {"env": {"AWS_PROFILE": "p"}, "config": f"[profile p]\nregion = eu-west-1\n{keys(ONE)}"},
    "the region of the environment": {"env": variables(ONE, AWS_DEFAULT_REGION="ap-south-1"), "config": "[default]\nregion = eu-west-1\n"},
    "the region of the credentials file": {"credentials": f"[default]\nregion = us-west-2\n{keys(ONE)}", "config": "[default]\nregion = eu-west-1\n"},
    # older tools' files
    "AWS_CREDENTIAL_FILE": {"env": {"AWS_CREDENTIAL_FILE": "{home}/ec2"}, "files": {"ec2": f"x\nAWSAccessKeyId = {ONE}\nAWSSecretKey={KEY[ONE]}\n"}},
    "boto's file": {"files": {".boto": f"[Credentials]\n{keys(ONE)}"}},
    "BOTO_CONFIG": {"env": {"BOTO_CONFIG": "{home}/old"}, "files": {"old": f"[Credentials]\n{keys(ONE)}"}},
    # a process
    "process": {"config": f"[default]\n{printing(Version=1, AccessKeyId=ONE, SecretAccessKey=KEY[ONE])}"},
    "process with a token and an end": {"config": f"[default]\n{printing(Version=1, AccessKeyId=ONE, SecretAccessKey=KEY[ONE], SessionToken='t', Expiration='2099-01-01T00:00:00Z')}"},
    "process in the credentials file": {"credentials": f"[default]\n{printing(Version=1, AccessKeyId=ONE, SecretAccessKey=KEY[ONE])}"},
    "process after keys of the credentials file": {"credentials": f"[default]\n{keys(TWO)}", "config": f"[default]\n{printing(Version=1, AccessKeyId=ONE, SecretAccessKey=KEY[ONE])}"},
    "process before keys of the config file": {"config": f"[default]\n{keys(TWO)}{printing(Version=1, AccessKeyId=ONE, SecretAccessKey=KEY[ONE])}"},
    "process, no shell": {"config": "[default]\ncredential_process = /bin/echo $HOME ; true\n", "error": "did not print JSON"},
    "process, version 2": {"config": f"[default]\n{printing(Version=2, AccessKeyId=ONE, SecretAccessKey='x')}", "error": "Version is not 1"},
    "process, version as text": {"config": f"[default]\n{printing(Version='1', AccessKeyId=ONE, SecretAccessKey='x')}", "error": "Version is not 1"},
    "process, no secret": {"config": f"[default]\n{printing(Version=1, AccessKeyId=ONE)}", "error": "SecretAccessKey is missing"},
    "process that fails": {"config": "[default]\ncredential_process = sh -c 'echo not today >&2; exit 3'\n", "error": "ended with status 3: not today"},
    "process that is not there": {"config": "[default]\ncredential_process = /nonexistent/x\n", "error": "unable to run '/nonexistent/x'"},
    "process with an open quote": {"config": "[default]\ncredential_process = sh -c 'x\n", "error": "a quote is never closed"},
    "process whose credentials have ended": {"config": f"[default]\n{printing(Version=1, AccessKeyId=ONE, SecretAccessKey='x', Expiration='2020-01-01T00:00:00Z')}", "error": "have ended already"},
    # roles
    "role": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = s\n[profile s]\n{keys(ONE)}"},
    "role with a region": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nregion = eu-west-1\nsource_profile = s\n[profile s]\n{keys(ONE)}"},
    "role on the credentials file": {"profile": "r", "config": "[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n", "credentials": f"[default]\n{keys(ONE, 'tok')}"},
    "role in the credentials file": {"profile": "r", "credentials": f"[r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n[default]\n{keys(ONE)}"},
    "role on itself": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = r\n{keys(ONE)}"},
    "roles on a role": {"profile": "a", "config": CHAIN},
    "role on a process": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = s\n[profile s]\n{printing(Version=1, AccessKeyId=ONE, SecretAccessKey=KEY[ONE])}"},
    "role on the environment": {"profile": "r", "env": variables(ONE, AWS_SESSION_TOKEN="t"), "config": "[profile r]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n"},
    "role on the container": {"profile": "r", "env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}, "config": "[profile r]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = EcsContainer\n"},
    "role on the instance": {"profile": "r", "imds": 2, "config": "[profile r]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n"},
    "role on an SSO profile": {"profile": "r", "config": "[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = s\n" + OLD_SSO, "login": "https://corp.example/start"},
    "role with keys beside it": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = s\n{keys(TWO)}[profile s]\n{keys(ONE)}"},
    "source with keys and a role": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = s\n[profile s]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = t\n{keys(ONE)}[profile t]\n{keys(TWO)}"},
    "role, a duration that is no number": {"profile": "r", "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/r\nduration_seconds = long\nsource_profile = s\n[profile s]\n{keys(ONE)}"},
    "roles in a circle": {"profile": "r", "config": "[profile r]\nrole_arn = x\nsource_profile = s\n[profile s]\nrole_arn = y\nsource_profile = r\n", "error": "'s': its source_profile 'r' leads back to itself"},
    "role on itself without keys": {"profile": "r", "config": "[profile r]\nrole_arn = x\nsource_profile = r\n", "error": "leads back to itself"},
    "role on nothing": {"profile": "r", "config": "[profile r]\nrole_arn = x\nsource_profile = gone\n", "error": "source_profile 'gone' is in neither"},
    "role on an empty profile": {"profile": "r", "config": "[profile r]\nrole_arn = x\nsource_profile = s\n[profile s]\nregion = x\n", "error": "source_profile 's' has no credentials"},
    "role without a source": {"profile": "r", "config": "[profile r]\nrole_arn = x\n", "error": "neither source_profile nor credential_source"},
    "role with both sources": {"profile": "r", "config": f"[profile r]\nrole_arn = x\nsource_profile = s\ncredential_source = Environment\n[profile s]\n{keys(ONE)}", "error": "both source_profile and credential_source"},
    "role on an unknown source": {"profile": "r", "config": "[profile r]\nrole_arn = x\ncredential_source = Moon\n", "error": "credential_source 'Moon' is none"},
    "role that is refused": {"profile": "r", "fail": {"arn:aws:iam::1:role/no": (403, "AccessDenied", "User is not authorized")}, "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/no\nsource_profile = s\n[profile s]\n{keys(ONE)}", "error": "status 403 AccessDenied: User is not authorized: look at the role's trust policy"},
    "role, and a clock that is wrong": {"profile": "r", "fail": {"arn:aws:iam::1:role/no": (403, "RequestExpired", "late")}, "config": f"[profile r]\nrole_arn = arn:aws:iam::1:role/no\nsource_profile = s\n[profile s]\n{keys(ONE)}", "error": "set this machine's clock"},
    # web identity
    "web identity": {"env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/w", "AWS_ROLE_SESSION_NAME": "pod"}, "files": {"token": "web-token"}},
    "web identity of a profile": {"profile": "w", "env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": "not-this"}, "config": "[profile w]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = {home}/token\n", "files": {"token": "web-token"}},
    "web identity before keys of a file": {"env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/w"}, "files": {"token": "web-token"}, "credentials": f"[default]\n{keys(ONE)}"},
    "web identity after variables": {"env": variables(ONE, AWS_WEB_IDENTITY_TOKEN_FILE="{home}/token", AWS_ROLE_ARN="r"), "files": {"token": "web-token"}},
    "role on a web identity": {"profile": "r", "config": "[profile r]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = w\n[profile w]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = {home}/token\n", "files": {"token": "web-token"}},
    "web identity without a role": {"env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}, "files": {"token": "x"}, "error": "set AWS_ROLE_ARN"},
    "web identity without its file": {"env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": "r"}, "error": "AWS_WEB_IDENTITY_TOKEN_FILE"},
    # container, instance
    "container": {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container/x?y=z"}},
    "container with a token": {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abcd"}, "container_token": "Basic abcd"},
    "container after files": {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}, "credentials": f"[default]\n{keys(ONE)}"},
    "container elsewhere": {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/x"}, "error": "names 'evil.example', which is neither this machine"},
    "instance, version 2": {"imds": 2},
    "instance, version 1": {"imds": 1},
    "instance after files": {"imds": 2, "credentials": f"[default]\n{keys(ONE)}"},
    "instance after the container": {"imds": 2, "env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}},
    "instance for a profile without keys": {"imds": 2, "profile": "p", "config": "[profile p]\nregion = eu-west-1\n"},
    "instance without a role": {"imds": 0, "error": "no role is attached to the instance"},
    "instance switched off": {"imds": 2, "env": {"AWS_EC2_METADATA_DISABLED": "TRUE"}, "error": "set AWS_ACCESS_KEY_ID"},
    # IAM Identity Center
    "SSO, the older form": {"profile": "s", "config": OLD_SSO, "login": "https://corp.example/start"},
    "SSO with a session": {"env": {"AWS_PROFILE": "s"}, "config": SSO, "login": "corp"},
    "SSO before keys": {"profile": "s", "config": OLD_SSO + keys(ONE), "login": "https://corp.example/start"},
    "SSO, nobody logged in": {"profile": "s", "config": OLD_SSO, "error": "nobody has logged in here: log in with `aws sso login --profile s`"},
    "SSO, a login that has ended": {"profile": "s", "config": SSO, "login": "corp", "ends": "2020-01-01T00:00:00UTC", "error": "has ended: log in with `aws sso login --profile s`"},
    "SSO, a login that was taken back": {"profile": "s", "config": OLD_SSO, "login": "https://corp.example/start", "sso_status": 401, "error": "not valid any more: log in with `aws sso login --profile s`"},
    "SSO, no such session": {"profile": "s", "config": "[profile s]\nsso_session = x\nsso_account_id = 1\nsso_role_name = r\n", "error": "there is no [sso-session x]"},
    "SSO, half of it": {"profile": "s", "config": "[profile s]\nsso_account_id = 1\nsso_role_name = r\n", "error": "has no sso_start_url"},
    "SSO, two start pages": {"profile": "s", "config": SSO.replace("[sso-session", "sso_start_url = https://other\n[sso-session"), "login": "corp", "error": "its sso_start_url is not that of its sso-session"},
}


@pytest.fixture(scope="module")
def amazon():
    one = Amazon()
    yield one
    one.stop()


def filled(text, home, url):
    return text.replace("{home}", str(home)).replace("{url}", url)


def prepare(case, home, amazon):
    """The folder and the environment of a case, for both."""
    amazon.reset()
    amazon.keys.update(KEY)
    for name in ("fail", "container_token", "sso_status", "imds"):
        if name in case:
            setattr(amazon, name, case[name])
    files = dict(case.get("files", {}))
    files.update({f".aws/{name}": case[name] for name in ("config", "credentials") if name in case})
    if "login" in case:
        name = hashlib.sha1(case["login"].encode()).hexdigest()
        files[f".aws/sso/cache/{name}.json"] = json.dumps({**LOGIN, "expiresAt": case.get("ends", LOGIN["expiresAt"])})
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(filled(text, home, amazon.url).encode())
    env = {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "false" if "imds" in case else "true",
           "AWS_EC2_METADATA_SERVICE_ENDPOINT": amazon.url + "/", "PATH": os.environ["PATH"], "NO_PROXY": "*"}
    return {**env, **{name: filled(value, home, amazon.url) for name, value in case.get("env", {}).items()}}


def by_botocore(case, env, home, amazon, monkeypatch):
    """(id, secret, token, region), or None and why."""
    with monkeypatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "BOTO")):
                patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        cache = str(home / ".aws/sso/cache")
        patch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache)
        patch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", cache)
        patch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
        session = botocore.session.Session(profile=case.get("profile"))
        create = session.create_client
        session.create_client = lambda name, **more: create(name, **{
            **more, "endpoint_url": amazon.url, "region_name": more.get("region_name") or "us-east-1"})
        try:
            session.get_scoped_config()
            found = session.get_credentials()
            frozen = found.get_frozen_credentials() if found else None
            region = session.get_config_variable("region") or "us-east-1"
        except Exception as why:  # whatever it is, there are no credentials
            return None, why
    return (*frozen, region) if frozen else None, None


def book(folder, amazon, profile=None, action="s3: ls\n    target: bucket"):
    target = {"s3": "s3://b", "endpoint": amazon.url, **({"profile": profile} if profile else {})}
    return write_book(folder, f"  - step: Look\n    id: it\n    budget: 20s\n    {action}\n", {"bucket": target})


def by_fsops(case, env, folder, amazon):
    env = {**{name: None for name in os.environ if name.startswith(("AWS_", "BOTO"))},
           "AWS_ENDPOINT_URL_STS": amazon.url, "AWS_ENDPOINT_URL_SSO": amazon.url, **env}
    return run("book", "-R", book(folder, amazon, case.get("profile")), env=env)


@pytest.mark.parametrize("name", CASES)
def test_as_botocore(name, amazon, tmp_path, monkeypatch):
    case = CASES[name]
    home = tmp_path / "home"
    home.mkdir()
    env = prepare(case, home, amazon)
    wanted, why = by_botocore(case, env, home, amazon, monkeypatch)
    amazon.seen.clear()
    result = by_fsops(case, env, tmp_path / "book", amazon)
    if "error" in case:
        assert not usable(wanted), f"botocore finds {wanted}"
        assert case["error"] in result.action("it")["why"], str(result)
        assert not amazon.seen, "and S3 was asked"
        return
    assert wanted, f"botocore finds none: {why!r}"
    # Its secret is right if the signature is, which the server has made anew.
    assert amazon.keys[wanted[0]] == wanted[1]
    assert amazon.seen == [(wanted[0], wanted[3], wanted[2])], f"{wanted}{result}"
    assert result.status == 0, str(result)
    for secret in filter(None, wanted[1:3]):
        assert len(secret) < 5 or secret not in result.out + result.err


def usable(found):
    """What botocore finds and no header can hold is none."""
    return found and all(0x20 < ord(c) < 0x7f for c in "".join(filter(None, found[:3])))


def counted(folder, script):
    """A credential_process that says how often it ran: (its line, the counter's file)."""
    (folder / "process").write_text(f"#!/bin/sh\necho x >>{folder}/count\n{script}\n")
    (folder / "process").chmod(0o755)
    return f"[default]\ncredential_process = {folder}/process\n", folder / "count"


def saying(**more):
    return "echo " + shlex.quote(json.dumps({"Version": 1, "AccessKeyId": ONE, "SecretAccessKey": KEY[ONE], **more}))


def looks(count, **more):
    """Actions that look at the bucket, at once."""
    return "actions:\n" + "\n".join(f"      - {{id: a{i}, s3: ls, target: bucket}}" for i in range(count))


def test_many_reads_ask_once(amazon, tmp_path):
    config, count = counted(tmp_path, f"sleep 0.2; {saying(Expiration='2099-01-01T00:00:00Z')}")
    env = prepare({"config": config}, tmp_path, amazon)
    folder = book(tmp_path / "book", amazon, action=looks(8) + "\n  - step: Later\n    " + looks(1).replace("a0", "later"))
    result = run("book", "-R", folder, env=env)
    assert result.status == 0 and len(amazon.seen) == 9, str(result)
    assert count.read_text() == "x\n"


def test_those_that_wait_are_told_that_it_failed(amazon, tmp_path):
    config, count = counted(tmp_path, "sleep 0.2; echo no luck >&2; exit 1")
    env = prepare({"config": config}, tmp_path, amazon)
    result = run("book", "-R", book(tmp_path / "book", amazon, action=looks(4)), env=env)
    for i in range(4):
        assert "ended with status 1: no luck" in result.action(f"a{i}")["why"]
    assert count.read_text() == "x\n"


def test_what_ends_soon_is_renewed(amazon, tmp_path):
    """Nine minutes are less than the ten that botocore wants to be left."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 9 * 60))
    config, count = counted(tmp_path, saying(Expiration=soon))
    env = prepare({"config": config}, tmp_path, amazon)
    folder = book(tmp_path / "book", amazon, action=looks(1) + "\n  - step: Later\n    " + looks(1).replace("a0", "later"))
    assert run("book", "-R", folder, env=env).status == 0
    assert count.read_text() == "x\nx\n"


def test_what_is_refused_is_looked_up_anew_once(amazon, tmp_path):
    config, count = counted(tmp_path, saying())
    env = prepare({"config": config, "fail": {"s3": 1}}, tmp_path, amazon)
    assert run("book", "-R", book(tmp_path / "book", amazon), env=env).status == 0
    assert count.read_text() == "x\nx\n" and len(amazon.seen) == 2
    amazon.fail, amazon.seen = {"s3": 99}, []
    result = run("book", "-R", book(tmp_path / "book", amazon), env=env)
    assert "ExpiredToken" in result.action("it")["why"] and len(amazon.seen) == 2, str(result)


def test_a_process_that_hangs_ends_with_the_budget(amazon, tmp_path):
    config, _ = counted(tmp_path, f"echo $$ >{tmp_path}/pid; sleep 77")
    env = prepare({"config": config}, tmp_path, amazon)
    folder = book(tmp_path / "book", amazon, action=looks(3))
    (folder / "book.yaml").write_text((folder / "book.yaml").read_text().replace("20s", "1s"))
    result = run("book", "-R", folder, env=env)
    assert set(result.outcomes().values()) == {"timed_out"} and result.seconds < 8, str(result)
    assert not os.path.exists(f"/proc/{(tmp_path / 'pid').read_text().strip()}")


def test_a_process_that_floods(amazon, tmp_path):
    config, _ = counted(tmp_path, "yes '{'")
    (tmp_path / "process").write_text("#!/bin/sh\nyes '{' | head -c 3000000\n")
    env = prepare({"config": config}, tmp_path, amazon)
    assert "over a mebibyte" in run("book", "-R", book(tmp_path / "book", amazon), env=env).action("it")["why"]


def test_what_a_process_prints_is_shown_nowhere(amazon, tmp_path):
    config, _ = counted(tmp_path, "echo 'not JSON: hidden-in-here'; echo 'seen this' >&2; exit 0")
    env = prepare({"config": config}, tmp_path, amazon)
    result = run("book", "-R", book(tmp_path / "book", amazon), env=env)
    assert "did not print JSON" in result.out and "hidden-in-here" not in result.out


def test_what_is_found_is_a_secret(amazon, tmp_path):
    """Without being listed: a command that prints it later shows the mask."""
    config, _ = counted(tmp_path, saying(SessionToken="a-token-of-a-session"))
    env = prepare({"config": config}, tmp_path, amazon)
    action = looks(1) + f"\n      - {{id: leak, exec: [echo, 'x{KEY[ONE]}x', a-token-of-a-session, {ONE}], effect: read}}"
    result = run("book", "-R", book(tmp_path / "book", amazon, action=action.replace("- {id: leak", "- {id: leak, when: 'results.a0.count > 0'")), env=env)
    shown = json.dumps(result.events("action.output", action="leak") + [result.action("leak")])
    assert KEY[ONE] not in shown and "a-token-of-a-session" not in shown and "x***x" in shown, str(result)


def test_json_that_nobody_has_quoted(amazon, tmp_path):
    """botocore takes the quotes inside it away, and then can't read it; here it is meant as it stands."""
    config = ("[default]\ncredential_process = /bin/echo "
              f'{{"Version":1,"AccessKeyId":"{ONE}","SecretAccessKey":"{KEY[ONE]}"}}\n')
    env = prepare({"config": config}, tmp_path, amazon)
    assert run("book", "-R", book(tmp_path / "book", amazon), env=env).status == 0
    assert amazon.seen == [(ONE, "us-east-1", None)]


@pytest.mark.parametrize("how, says", [
    # botocore 1.29 has no token file; it comes from EKS, where it is written anew from time to time.
    ({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this"}, None),
    ({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/gone"}, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2.evil.example/"}, "no credentials are asked for there"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1.evil.example/"}, "no credentials are asked for there"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://127.0.0.1/"}, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
])
def test_pod_identity(how, says, amazon, tmp_path):
    case = {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container", **how}, "files": {"token": "pod-token\n"},
            "container_token": "pod-token"}
    env = prepare(case, tmp_path, amazon)
    result = by_fsops(case, env, tmp_path / "book", amazon)
    if says:
        assert says in result.action("it")["why"] and not amazon.seen, str(result)
    else:
        assert result.status == 0, str(result)


def test_a_container_that_is_busy_is_asked_again(amazon, tmp_path):
    case = {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}}
    env = prepare(case, tmp_path, amazon)
    amazon.container_failures = 1
    assert by_fsops(case, env, tmp_path / "book", amazon).status == 0


def test_no_proxy_comes_between(amazon, tmp_path):
    case = {"env": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}}
    env = {**prepare(case, tmp_path, amazon), "NO_PROXY": None, "no_proxy": None, "http_proxy": "http://127.0.0.1:9"}
    result = by_fsops(case, env, tmp_path / "book", amazon)
    assert [asked for asked in amazon.keys if asked.startswith("ASIA")], f"the container was not asked{result}"


@pytest.mark.parametrize("name, value", [("AWS_ENDPOINT_URL_STS", "localhost:1"), ("AWS_ENDPOINT_URL_STS", "ftp://x"),
                                         ("AWS_ENDPOINT_URL_STS", "http://"), ("AWS_REGION", "evil.example/")])
def test_an_address_that_is_none(name, value, amazon, tmp_path):
    case = {**CASES["role"], "env": {name: value}}
    env = prepare(case, tmp_path, amazon)
    result = by_fsops(case, env, tmp_path / "book", amazon)
    assert value in result.action("it")["why"] and not amazon.asked, str(result)


@pytest.mark.parametrize("profile, says", [
    ("[profile p]\nrole_arn = r\nsource_profile = s\nmfa_serial = m\n[profile s]\n" + keys(ONE), "mfa_serial.*export-credentials --profile p"),
    ("[profile p]\nlogin_session = x\n", "login_session.*export-credentials --profile p"),
])
def test_what_is_not_supported_is_named(profile, says, amazon, tmp_path):
    case = {"profile": "p", "config": profile}
    env = prepare(case, tmp_path, amazon)
    why = by_fsops(case, env, tmp_path / "book", amazon).action("it")["why"]
    assert re.search(says, why), why
