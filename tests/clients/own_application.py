"""MSAL Python and azure-identity sign in as an application that Auditform has made, with the files
that it wrote: `auditform apply` of examples/from-scratch makes it on the emulator's tenant, with
one certificate without a password and two with one. Then Microsoft Graph and Exchange are called
with the tokens, and Auditform itself finds nothing left to do by way of the proxy.

Usage: own_application.py READY_FILE PROGRAM DIRECTORY (with REQUESTS_CA_BUNDLE and SSL_CERT_FILE
set to the emulator's CA; the directory is for the spec and its certificates)
"""

import asyncio
import os
import pathlib
import subprocess
import sys

import requests
from azure.identity import CertificateCredential
from azure.identity.aio import CertificateCredential as AsyncCertificateCredential

from certificate_forms import application, by_certificate, forms, thumbprint
from claims import (
    EXCHANGE,
    GRAPH,
    call_exchange,
    claims,
    is_the_application,
    passed,
    ready,
    through_proxy,
)

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/from-scratch/auditform.toml"
# Letters that a careless encoding would break: of a .pfx, passwords are UTF-16.
PASSWORD = "correct horse (Bättery) 7 \\$"
PASSWORDS = {"auditor": None, "guarded": PASSWORD, "legacy": PASSWORD}
MORE = """
[certificate.guarded]
directory = ".auditform/certificates"
key_size = 3072
password_env = "PFX_PASSWORD"

[certificate.legacy]
directory = ".auditform/certificates"
password_env = "PFX_PASSWORD"
pfx_compatibility = "legacy"

[tenant.bootstrap]
method = "certificate"
client_id = "{client_id}"
certificate = "{certificate_pem}"
"""


def spec(document, endpoint):
    """The example with more certificates, a permission of Graph, and another tenant to work on."""
    text = EXAMPLE.read_text(encoding="utf-8")
    tenant = f'organization = "{document["organization"]}"\nca_file = "{document["ca_file"]}"\n'
    names = ", ".join(f'"certificate.{name}"' for name in PASSWORDS)
    for old, new in [
        ('endpoint = "embedded"\n', tenant + endpoint),
        ('["Exchange.ManageAsApp"]', '["Exchange.ManageAsApp", "Application.Read.All"]'),
        ('["certificate.auditor"]', f"[{names}]"),
    ]:
        assert text.count(old) == 1, f"the example has another {old!r} than is thought here"
        text = text.replace(old, new)
    return text + MORE.format(**document)


def auditform(program, directory, *arguments):
    environment = {**os.environ, "PFX_PASSWORD": PASSWORD}
    done = subprocess.run(
        [program, *arguments, directory],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert PASSWORD not in done.stdout + done.stderr
    return done.stdout


def made(document):
    """The application's client id, as an administrator would look it up."""
    client = application(
        document,
        document["base_url"],
        {"private_key_pfx_path": document["certificate_pfx"]},
        instance_discovery=False,
    )
    token = client.acquire_token_for_client([GRAPH])["access_token"]
    path = "applications(uniqueName='auditform-application-auditor')"
    return graph(document["base_url"], token, path)["appId"]


def graph(host, token, path):
    answer = requests.get(
        f"{host}/v1.0/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_msal(document, files, authority, where, **more):
    token = None
    for name, password in PASSWORDS.items():
        pem, pfx = files(name, "pem"), files(name, "pfx")
        credentials = forms(pem, pfx, password)
        token = by_certificate(document, authority, credentials, f"{where}: MSAL: {name}", **more)
    return token


def by_azure_identity(document, files, where, **more):
    owner = (document["tenant_id"], document["client_id"])
    for name, password in PASSWORDS.items():
        for kind, secret in [("pem", None), ("pfx", password)]:
            opened = {"password": secret, **more}
            credential = CertificateCredential(*owner, files(name, kind), **opened)
            is_the_application(credential.get_token(EXCHANGE).token, document)
            # It signs in another way.
            token = asyncio.run(asynchronously(owner, files(name, kind), opened))
            is_the_application(token, document)
            passed(f"{where}: azure-identity: {name}.{kind}, also asynchronously")


async def asynchronously(owner, path, more):
    async with AsyncCertificateCredential(*owner, path, **more) as credential:
        return (await credential.get_token(EXCHANGE)).token


def call_graph(document, files):
    """What the directory says of the application, asked by itself at Microsoft's own host."""
    credential = CertificateCredential(
        document["tenant_id"],
        document["client_id"],
        files("guarded", "pfx"),
        password=PASSWORD,
    )
    token = credential.get_token(GRAPH).token
    assert claims(token)["roles"] == ["Application.Read.All"], claims(token)
    path = f"applications(appId='{document['client_id']}')"
    keys = graph("https://graph.microsoft.com", token, path)["keyCredentials"]
    registered = {key["customKeyIdentifier"].lower() for key in keys}
    assert registered == {thumbprint(files(name, "pem")) for name in PASSWORDS}, registered
    passed("through the proxy: Graph knows the three certificates by OpenSSL's thumbprints")


def main():
    document = ready()
    program, directory = sys.argv[2], pathlib.Path(sys.argv[3])
    file = directory / "auditform.toml"
    file.write_text(spec(document, f'endpoint = "{document["base_url"]}"\n'), encoding="utf-8")
    auditform(program, directory, "apply", "--auto-approve")
    document["client_id"], bootstrap = made(document), document["client_id"]
    assert document["client_id"] != bootstrap
    passed("auditform apply has made the application")

    def files(name, kind):
        return str(directory / ".auditform/certificates" / f"{name}.{kind}")

    base = document["base_url"]
    token = by_msal(document, files, base, "directly", instance_discovery=False)
    call_exchange(document, base, token, "directly")
    direct = {"authority": base, "disable_instance_discovery": True}
    by_azure_identity(document, files, "directly", **direct)

    through_proxy(document)
    where = "through the proxy"
    token = by_msal(document, files, "https://login.microsoftonline.com", where)
    call_exchange(document, "https://outlook.office365.com", token, where)
    by_azure_identity(document, files, where)
    call_graph(document, files)
    # Without an endpoint Auditform too asks Microsoft's hosts.
    file.write_text(spec({**document, "client_id": bootstrap}, ""), encoding="utf-8")
    auditform(program, directory, "plan", "--detailed-exitcode")
    passed(f"{where}: auditform finds nothing left to do")


main()
