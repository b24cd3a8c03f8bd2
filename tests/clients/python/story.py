"""Stripe's official Python client walks through Connect OAuth against the emulator.

Usage: story.py BASE_URL SECRET_KEY CLIENT_ID
The last line is a JSON object with what was seen; any surprise is an exception and a non-zero exit.
"""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import requests
import stripe

base, key, client_id = sys.argv[1:]
RETURNS_TO = "http://127.0.0.1:1/callback"

client = stripe.StripeClient(
    key,
    client_id=client_id,
    base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
)


def connect(email: str) -> dict:
    """The seller opens the authorize URL and presses Connect; gives the query of the redirect back."""
    url = client.oauth.authorize_url(
        {"scope": "read_write", "state": "py-state", "redirect_uri": RETURNS_TO, "stripe_user": {"email": email, "country": "DE"}}
    )
    page = requests.get(url, timeout=10)
    assert page.status_code == 200 and email in page.text, page.text
    form = {
        "account": "new",
        "decision": "connect",
        "stripe_user[email]": email,
        "stripe_user[business_name]": "Python Prints",
        "stripe_user[country]": "DE",
        "stripe_user[url]": "",
    }
    answer = requests.post(url, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code in (302, 303), (answer.status_code, answer.text)
    location = answer.headers["Location"]
    assert location.startswith(RETURNS_TO), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


returned = connect("python@example.com")
assert returned["state"] == "py-state" and returned["scope"] == "read_write", returned

token = client.oauth.token({"grant_type": "authorization_code", "code": returned["code"]})
account = token.stripe_user_id
assert account.startswith("acct_") and token.token_type == "bearer" and token.livemode is False, token

seller = {"stripe_account": account}
customer = client.v1.customers.create({"email": "buyer@example.com", "metadata": {"from": "python"}}, seller)
charge = client.v1.charges.create(
    {"amount": 1000, "currency": "eur", "source": "tok_visa", "application_fee_amount": 100, "description": "Poster"}, seller
)
assert charge.status == "succeeded" and charge.paid, charge
fees = client.v1.application_fees.list({"charge": charge.id})
assert [fee.amount for fee in fees.data] == [100], fees

names = [c.id for c in client.v1.customers.list({"limit": 1}, seller).auto_paging_iter()]
assert names == [customer.id], names

try:
    client.v1.charges.create({"amount": 1000, "currency": "eur", "source": "tok_chargeDeclined"}, seller)
    raise AssertionError("the card should have been declined")
except stripe.CardError as error:
    declined = error.code

try:
    client.v1.customers.create({"colour": "green"}, seller)
    raise AssertionError("the parameter should have been refused")
except stripe.InvalidRequestError as error:
    unknown = error.param

try:
    client.oauth.token({"grant_type": "authorization_code", "code": "ac_never_made"})
    raise AssertionError("the code should have been refused")
except stripe.oauth_error.InvalidGrantError as error:
    bad_code = error.code

gone = client.oauth.deauthorize({"stripe_user_id": account})
assert gone.stripe_user_id == account, gone

try:
    client.v1.charges.retrieve(charge.id, None, seller)
    raise AssertionError("the account should be out of reach")
except stripe.PermissionError as error:
    refused = error.error.code

print(
    json.dumps(
        {
            "account": account,
            "customer": customer.id,
            "charge": charge.id,
            "declined": declined,
            "unknown_parameter": unknown,
            "bad_code": bad_code,
            "after_deauthorize": refused,
        }
    )
)
