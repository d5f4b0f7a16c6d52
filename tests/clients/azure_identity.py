"""azure-identity signs in as it would to Microsoft: by certificate (its synchronous and its
asynchronous client sign differently), by a workflow's token, as a managed identity, by device
code; at the emulator's own https address and through the proxy.

Usage: azure_identity.py READY_FILE (with REQUESTS_CA_BUNDLE and SSL_CERT_FILE set to the
emulator's CA)
"""

import asyncio
import logging
import os
import tempfile

import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.identity.aio import CertificateCredential as AsyncCertificateCredential

from claims import EXCHANGE, GRAPH, claims, is_the_application, passed, ready, through_proxy

GRAPH_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
# As the seed of `run` has it.
SUBJECT = "repo:contoso/audit:ref:refs/heads/main"


def by_certificate(document, where, **more):
    for name, path in [(".pem", "certificate_pem"), (".pfx", "certificate_pfx")]:
        credential = CertificateCredential(
            document["tenant_id"], document["client_id"], document[path], **more
        )
        is_the_application(credential.get_token(EXCHANGE).token, document)
        passed(f"{where}: {name}")


async def by_certificate_async(document, where, **more):
    credential = AsyncCertificateCredential(
        document["tenant_id"], document["client_id"], document["certificate_pem"], **more
    )
    async with credential:
        token = await credential.get_token(EXCHANGE)
    is_the_application(token.token, document)
    passed(f"{where}: .pem, asynchronously")


def workflow_token(document, subject):
    """What GitHub gives a workflow, by the stand-in of the emulator."""
    answer = requests.get(
        f"{document['base_url']}/_emulator/oidc/token",
        params={"audience": "api://AzureADTokenExchange", "subject": subject},
        headers={"Authorization": "Bearer runner"},
        timeout=30,
    )
    return answer.json()["value"]


def by_workload(document, where, **more):
    with tempfile.NamedTemporaryFile("w", suffix=".jwt") as file:
        file.write(workflow_token(document, SUBJECT))
        file.flush()
        credential = WorkloadIdentityCredential(
            tenant_id=document["tenant_id"],
            client_id=document["client_id"],
            token_file_path=file.name,
            **more,
        )
        is_the_application(credential.get_token(EXCHANGE).token, document)
    passed(f"{where}: a workflow's token")


def refused(document, **more):
    with tempfile.NamedTemporaryFile("w", suffix=".jwt") as file:
        file.write(workflow_token(document, SUBJECT.upper()))
        file.flush()
        credential = WorkloadIdentityCredential(
            tenant_id=document["tenant_id"],
            client_id=document["client_id"],
            token_file_path=file.name,
            **more,
        )
        # It would print the refusal, which is expected.
        logging.disable()
        try:
            credential.get_token(EXCHANGE)
        except ClientAuthenticationError as error:
            assert "AADSTS700213" in str(error) and SUBJECT.upper() in str(error), error
            passed("a workflow of another subject is refused with AADSTS700213")
            return
        finally:
            logging.disable(logging.NOTSET)
    raise AssertionError("a workflow of another subject was let in")


def by_managed_identity(document):
    base = document["base_url"]
    for name, variables in [
        ("virtual machine", {"AZURE_POD_IDENTITY_AUTHORITY_HOST": base}),
        (
            "App Service",
            {"IDENTITY_ENDPOINT": f"{base}/msi/token", "IDENTITY_HEADER": "a header"},
        ),
    ]:
        os.environ.update(variables)
        token = ManagedIdentityCredential().get_token(EXCHANGE).token
        for variable in variables:
            del os.environ[variable]
        is_the_application(token, document)
        passed(f"managed identity: {name}")


def by_device_code(document, where, **more):
    credential = DeviceCodeCredential(
        GRAPH_TOOLS,
        tenant_id=document["tenant_id"],
        prompt_callback=lambda *_: None,
        **more,
    )
    record = credential.authenticate(scopes=["https://graph.microsoft.com/Application.Read.All"])
    assert record.username.startswith("admin@"), record.username
    passed(f"{where}: device code")


def main():
    document = ready()
    direct = {"authority": document["base_url"], "disable_instance_discovery": True}
    by_certificate(document, "directly", **direct)
    asyncio.run(by_certificate_async(document, "directly", **direct))
    by_workload(document, "directly", **direct)
    refused(document, **direct)
    by_managed_identity(document)
    by_device_code(document, "directly", **direct)

    os.environ["NO_PROXY"] = "127.0.0.1"
    through_proxy(document)
    where = "through the proxy"
    by_certificate(document, where)
    asyncio.run(by_certificate_async(document, where))
    by_workload(document, where)
    by_device_code(document, where)
    token = CertificateCredential(
        document["tenant_id"], document["client_id"], document["certificate_pem"]
    ).get_token(GRAPH)
    assert "Application.ReadWrite.All" in claims(token.token)["roles"]
    passed(f"{where}: a token for Graph")


main()
