"""The gateway's official client, pointed at the double. It checks every answer's signature and shape.

official.py talk BASE_URL WEBHOOK_URL   calls everything once, prints what came as JSON
official.py verify                      a webhook's body a line, prints the order code or "refused"
"""

import json
import os
import sys

from payos import PayOS
from payos._core.exceptions import APIError, WebhookError
from payos.types import CreatePaymentLinkRequest


def client(base_url="http://127.0.0.1:9"):
    return PayOS(
        client_id=os.environ["PAYOS_CLIENT_ID"],
        api_key=os.environ["PAYOS_API_KEY"],
        checksum_key=os.environ["PAYOS_CHECKSUM_KEY"],
        base_url=base_url,
        max_retries=0,
    )


def talk(base_url, webhook_url):
    payos = client(base_url)
    wanted = CreatePaymentLinkRequest(
        order_code=20261126,
        amount=250000,
        description="GH1234567",
        cancel_url="http://127.0.0.1/pay/1",
        return_url="http://127.0.0.1/pay/1",
        expired_at=4102444800,
    )
    made = payos.payment_requests.create(wanted)
    try:
        payos.payment_requests.create(wanted)
        again = None
    except APIError as error:
        again = error.error_code
    try:
        payos.payment_requests.get(404)
        unknown = None
    except APIError as error:
        unknown = error.error_code
    by_code = payos.payment_requests.get(20261126)
    by_id = payos.payment_requests.get(made.payment_link_id)
    cancelled = payos.payment_requests.cancel(20261126, "changed my mind")
    confirmed = payos.webhooks.confirm(webhook_url)
    print(
        json.dumps(
            {
                "made": made.status,
                "again": again,
                "unknown": unknown,
                "byCode": [by_code.id, by_code.status, by_code.amount_paid],
                "same": by_id == by_code,
                "cancelled": cancelled.status,
                "confirmed": confirmed.webhook_url,
            }
        )
    )


def verify():
    payos = client()
    for body in sys.stdin:
        try:
            print(payos.webhooks.verify(body).order_code)
        except WebhookError:
            print("refused")


if sys.argv[1] == "talk":
    talk(*sys.argv[2:])
else:
    verify()
