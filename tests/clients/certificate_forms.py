"""Every way in which MSAL Python takes a certificate, from a PEM and a .pfx of the same one."""

import msal
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from claims import EXCHANGE, is_the_application, passed


def certificate(pem):
    with open(pem, "rb") as file:
        return load_pem_x509_certificate(file.read())


def thumbprint(pem):
    """SHA-1, which is how Microsoft names a certificate."""
    return certificate(pem).fingerprint(hashes.SHA1()).hex()


def forms(pem, pfx, passphrase=None):
    with open(pem, encoding="utf-8") as file:
        key = file.read()
    public = certificate(pem).public_bytes(Encoding.PEM).decode()
    by_pfx = {"private_key_pfx_path": pfx, "passphrase": passphrase}
    return {
        "RS256 by thumbprint": {"private_key": key, "thumbprint": thumbprint(pem)},
        "PS256 by public certificate": {"private_key": key, "public_certificate": public},
        "RS256 with the certificate in the header": {
            "private_key": key,
            "thumbprint": thumbprint(pem),
            "public_certificate": public,
        },
        ".pfx": by_pfx,
        ".pfx with the certificate in the header": {**by_pfx, "public_certificate": True},
    }


def application(document, authority, credential, **more):
    return msal.ConfidentialClientApplication(
        document["client_id"],
        authority=f"{authority}/{document['tenant_id']}",
        client_credential=credential,
        **more,
    )


def by_certificate(document, authority, credentials, where, **more):
    """Signs in with each of them and returns the last token."""
    token = None
    for name, credential in credentials.items():
        client = application(document, authority, credential, **more)
        got = client.acquire_token_for_client([EXCHANGE])
        assert "access_token" in got, (name, got)
        token = got["access_token"]
        is_the_application(token, document)
        passed(f"{where}: {name}")
    return token
