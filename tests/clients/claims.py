"""What the programs here share: reading the ready file, looking into tokens, using them."""

import base64
import json
import os
import sys

import requests

EXCHANGE = "https://outlook.office365.com/.default"
GRAPH = "https://graph.microsoft.com/.default"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"


def ready():
    """The emulator's ready file, named by the first argument."""
    with open(sys.argv[1], encoding="utf-8") as file:
        return json.load(file)


def claims(token):
    """What a token says of itself; nobody but its resource may check more than that."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def is_the_application(token, document):
    """Fails unless the token is the application's of `document`, with its rights in Exchange."""
    said = claims(token)
    assert said["appid"] == document["client_id"], said
    assert said["tid"] == document["tenant_id"], said
    assert said["roles"] == ["Exchange.ManageAsApp"], said
    assert EXCHANGE_ADMINISTRATOR in said["wids"], said


def call_exchange(document, host, token, where):
    url = f"{host}/adminapi/beta/{document['tenant_id']}/InvokeCommand"
    body = {"CmdletInput": {"CmdletName": "Get-OrganizationConfig", "Parameters": {}}}
    answer = requests.post(
        url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["@odata.context"].startswith(host + "/"), answer.text
    passed(f"{where}: the token opens Exchange")


def through_proxy(document):
    """From here on, every request goes through the emulator's proxy."""
    os.environ["HTTPS_PROXY"] = document["proxy_url"]


def passed(what):
    print(f"  ok: {what}", flush=True)
