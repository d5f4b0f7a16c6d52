"""MSAL Python signs in as it would to Microsoft: by certificate in each form that it knows, and by
device code; first at the emulator's own https address, then through the proxy with the hosts that
it has built in. With the tokens it then calls Exchange and Graph.

Usage: msal_python.py READY_FILE (with REQUESTS_CA_BUNDLE set to the emulator's CA)
"""

import msal
import requests

from certificate_forms import application, by_certificate, forms
from claims import EXCHANGE, call_exchange, claims, passed, ready, through_proxy

GRAPH_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"


def refused(document, authority, **more):
    with open(document["certificate_pem"], encoding="utf-8") as file:
        stranger = {"private_key": file.read(), "thumbprint": "00" * 20}
    got = application(document, authority, stranger, **more).acquire_token_for_client([EXCHANGE])
    assert got["error"] == "invalid_client" and got["error_codes"] == [700027], got
    passed("a certificate that is not registered is refused with AADSTS700027")


def by_device_code(document, authority, where, **more):
    program = msal.PublicClientApplication(
        GRAPH_TOOLS, authority=f"{authority}/{document['tenant_id']}", **more
    )
    scope = "https://graph.microsoft.com/Application.ReadWrite.All"
    flow = program.initiate_device_flow([scope])
    assert flow.get("user_code"), flow
    got = program.acquire_token_by_device_flow(flow)
    assert "access_token" in got, got
    said = claims(got["access_token"])
    assert said["scp"] == "Application.ReadWrite.All" and said["idtyp"] == "user", said
    assert got["id_token_claims"]["preferred_username"] == said["upn"], got
    assert program.get_accounts()[0]["username"] == said["upn"]
    passed(f"{where}: device code")
    return got["access_token"]


def call_graph(host, token, where):
    answer = requests.get(
        f"{host}/v1.0/applications?$top=1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    link = answer.json().get("@odata.nextLink", host + "/")
    assert link.startswith(host + "/"), link
    passed(f"{where}: the administrator's token opens Graph")


def only_microsoft():
    try:
        requests.get("https://example.com/", timeout=30)
    except requests.exceptions.ProxyError as error:
        assert "403" in str(error), error
        passed("the proxy refuses other hosts")
        return
    raise AssertionError("the proxy let example.com through")


def main():
    document = ready()
    base = document["base_url"]
    # MSAL asks login.microsoftonline.com about authorities that it does not know.
    direct = {"instance_discovery": False}
    credentials = forms(document["certificate_pem"], document["certificate_pfx"])
    token = by_certificate(document, base, credentials, "directly", **direct)
    call_exchange(document, base, token, "directly")
    refused(document, base, **direct)
    call_graph(base, by_device_code(document, base, "directly", **direct), "directly")

    through_proxy(document)
    login = "https://login.microsoftonline.com"
    where = "through the proxy"
    token = by_certificate(document, login, credentials, where)
    call_exchange(document, "https://outlook.office365.com", token, where)
    call_graph("https://graph.microsoft.com", by_device_code(document, login, where), where)
    government = "https://login.microsoftonline.us"
    by_certificate(document, government, credentials, "US Government, " + where)
    only_microsoft()


main()
