"""Stripe's official Python client walks through Connect against the emulator.

Usage: story.py BASE_URL SECRET_KEY CLIENT_ID
A numbered line for each step that held, then a JSON object with what was seen; any surprise is an exception and a non-zero exit.
"""

import io
import json
import sys

import stripe

from outside import RETURNS_TO, Receiver, answer_page, fault

base, key, client_id = sys.argv[1:]
seen = {}
steps = 0


def client_of(secret_key: str, **options) -> stripe.StripeClient:
    bases = {"api": base, "connect": base, "files": base, "meter_events": base}
    return stripe.StripeClient(secret_key, client_id=client_id, base_addresses=bases, **options)


client = client_of(key)
hooks = Receiver()


def held(what: str) -> None:
    global steps
    steps += 1
    print(f"{steps:2}  held  {what}")


def refused(kind: type, call) -> stripe.StripeError:
    """The error of a call that must be refused with it."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def authorize(email: str) -> str:
    return client.oauth.authorize_url(
        {"scope": "read_write", "state": "py-state", "redirect_uri": RETURNS_TO, "stripe_user": {"email": email, "country": "DE"}}
    )


def redeem(code: str):
    return client.oauth.token({"grant_type": "authorization_code", "code": code})


def connect(email: str, account: str = "new"):
    return redeem(answer_page(authorize(email), email, account=account)["code"])


def balance(options=None) -> dict:
    """Money by currency, whether it can be paid out yet or not."""
    now = client.v1.balance.retrieve(None, options)
    sums = {}
    for part in [*now.available, *now.pending]:
        sums[part.currency] = sums.get(part.currency, 0) + part.amount
    return sums


def gained(before: dict, after: dict, currency: str) -> int:
    return after.get(currency, 0) - before.get(currency, 0)


# Connect OAuth
assert refused(stripe.AuthenticationError, lambda: client_of("sk_nonsense").v1.balance.retrieve()).http_status == 401
held("a malformed key is refused with 401")

endpoint = client.v1.webhook_endpoints.create({"url": hooks.url, "enabled_events": ["*"], "connect": True})
held("a webhook endpoint for events of connected accounts")

denied = answer_page(authorize("no@example.com"), "no@example.com", decision="deny")
assert denied["error"] == "access_denied" and denied["state"] == "py-state", denied
held("a seller denies: the redirect says access_denied")

returned = answer_page(authorize("python@example.com"), "python@example.com")
assert returned["state"] == "py-state" and returned["scope"] == "read_write", returned
token = redeem(returned["code"])
account = token.stripe_user_id
assert account.startswith("acct_") and token.token_type == "bearer" and token.livemode is False, token
assert hooks.wait_for(client, endpoint.secret, "account.application.authorized").account == account
held("a seller connects, and a verified webhook says so")

seller = {"stripe_account": account}
assert client.v1.accounts.retrieve(account).email == "python@example.com"
bad_code = refused(stripe.oauth_error.InvalidGrantError, lambda: redeem(returned["code"]))
assert refused(stripe.PermissionError, lambda: client.v1.customers.list(None, seller)).error.code == "account_invalid"
held("the code used again is refused, and revokes the connection")

token = connect("python@example.com", account)
assert token.stripe_user_id == account, token
client.v1.customers.list(None, seller)
held("the same account connects again, signed in")

as_seller = client_of(token.access_token)
own = as_seller.v1.customers.create({"email": "own@example.com"})
assert client.v1.customers.retrieve(own.id, None, seller).email == "own@example.com"
held("the access token acts as the account")

fresh = client.oauth.token({"grant_type": "refresh_token", "refresh_token": token.refresh_token})
assert fresh.stripe_user_id == account and fresh.access_token != token.access_token, fresh
assert refused(stripe.AuthenticationError, lambda: as_seller.v1.customers.list()).http_status == 401
client_of(fresh.access_token).v1.customers.list()
held("a refreshed access token works, the former one no longer")

# Isolation
other = {"stripe_account": connect("second@example.com").stripe_user_id}
customer = client.v1.customers.create({"email": "buyer@example.com", "metadata": {"from": "python"}}, seller)
for elsewhere in (None, other):
    missing = refused(stripe.InvalidRequestError, lambda: client.v1.customers.retrieve(customer.id, None, elsewhere))
    assert (missing.http_status, missing.code) == (404, "resource_missing"), missing
stranger = client_of(key.replace("sk_test_", "sk_test_other"))
assert refused(stripe.PermissionError, lambda: stranger.v1.customers.list(None, seller)).http_status == 403
held("an account's objects are its own; another platform has no access")

# Money
before, platform = balance(seller), balance()
charge = client.v1.charges.create(
    {"amount": 1000, "currency": "eur", "source": "tok_visa", "application_fee_amount": 100, "description": "Poster"}, seller
)
assert charge.status == "succeeded" and charge.paid, charge
fees = client.v1.application_fees.list({"charge": charge.id})
assert [fee.amount for fee in fees.data] == [100], fees
moved = client.v1.balance_transactions.retrieve(charge.balance_transaction, None, seller)
assert gained(before, balance(seller), "eur") == moved.net == 1000 - moved.fee, moved
assert sum(part.amount for part in moved.fee_details) == moved.fee and gained(platform, balance(), "eur") == 100
held("a direct charge with an application fee, and both balances")

before, platform = balance(seller), balance()
sale = client.v1.payment_intents.create(
    {
        "amount": 5000,
        "currency": "eur",
        "payment_method": "pm_card_visa",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "confirm": True,
        "on_behalf_of": account,
        "application_fee_amount": 500,
        "transfer_data": {"destination": account},
        "expand": ["latest_charge.transfer"],
    }
)
assert sale.status == "succeeded" and sale.latest_charge.transfer.amount == 5000, sale
assert gained(before, balance(seller), "eur") == 4500
held("a destination charge by a PaymentIntent: the seller gets it less the fee")

before = balance(other)
pooled = client.v1.charges.create({"amount": 3000, "currency": "eur", "source": "tok_visa", "transfer_group": "ORDER_1"})
share = client.v1.transfers.create(
    {
        "amount": 2000,
        "currency": "eur",
        "destination": other["stripe_account"],
        "source_transaction": pooled.id,
        "transfer_group": "ORDER_1",
    }
)
assert [one.id for one in client.v1.transfers.list({"transfer_group": "ORDER_1"})] == [share.id]
assert gained(before, balance(other), "eur") == 2000
held("a separate charge and transfer")

undone = client.v1.transfers.reversals.create(share.id, {"amount": 500})
assert undone.amount == 500 and client.v1.transfers.retrieve(share.id).amount_reversed == 500
assert gained(before, balance(other), "eur") == 1500
too_much = refused(stripe.InvalidRequestError, lambda: client.v1.transfers.reversals.create(share.id, {"amount": 1501}))
assert too_much.http_status == 400, too_much
held("a part of a transfer is reversed, more than there is is not")

platform = balance()
back = client.v1.refunds.create({"charge": charge.id, "amount": 400, "refund_application_fee": True}, seller)
assert back.status == "succeeded" and gained(platform, balance(), "eur") == -40
rest = client.v1.application_fees.refunds.create(fees.data[0].id, {"amount": 60})
assert rest.amount == 60 and client.v1.application_fees.retrieve(fees.data[0].id).refunded
held("a refund in part gives a part of the fee back, a fee refund the rest")

before = balance(seller)
client.v1.refunds.create({"payment_intent": sale.id, "reverse_transfer": True, "refund_application_fee": True})
assert client.v1.charges.retrieve(sale.latest_charge.id).refunded and gained(before, balance(seller), "eur") == -4500
held("a destination charge is refunded with its transfer")

hold = client.v1.payment_intents.create(
    {"amount": 2000, "currency": "eur", "payment_method": "pm_card_visa", "capture_method": "manual", "confirm": True,
     "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}, seller
)
assert hold.status == "requires_capture", hold
taken = client.v1.payment_intents.capture(hold.id, {"amount_to_capture": 1500}, seller)
assert (taken.status, taken.amount_received) == ("succeeded", 1500), taken
held("an authorisation is captured in part")

# Events
event = hooks.wait_for(client, endpoint.secret, "charge.refunded")
assert event.account == account and event.data.object.id == charge.id, event
same = client.v1.events.retrieve(event.id, None, seller)
assert same.type == "charge.refunded", same
refused(stripe.SignatureVerificationError, lambda: client.construct_event(b"{}", "t=1,v1=00", endpoint.secret))
held("events of the account arrive signed, and can be read back")

# What every call can do
order = {"amount": 700, "currency": "eur", "source": "tok_visa"}
first, again = (client.v1.charges.create(order, {**seller, "idempotency_key": "order-7"}) for _ in range(2))
assert first.id == again.id and again.last_response.headers["idempotent-replayed"] == "true", again
refused(
    stripe.IdempotencyError,
    lambda: client.v1.charges.create({**order, "amount": 701}, {**seller, "idempotency_key": "order-7"}),
)
held("an idempotency key replays, and is refused for other parameters")

made = [client.v1.customers.create({"name": f"Buyer {number}"}, other).id for number in range(250)]
listed = client.v1.customers.list({"limit": 100}, other)
assert len(listed.data) == 100 and listed.has_more
assert [one.id for one in listed.auto_paging_iter()] == made[::-1]
back = client.v1.customers.list({"limit": 100, "ending_before": made[100]}, other)
assert [one.id for one in back.data] == made[200:100:-1] and back.has_more, back
held("250 objects, page by page, forwards and backwards")

keeper = client.v1.customers.create({"name": "Keeper"}, seller)
card = client.v1.payment_methods.attach("pm_card_visa", {"customer": keeper.id}, seller)
client.v1.payment_intents.create(
    {"amount": 800, "currency": "eur", "customer": keeper.id, "payment_method": card.id, "confirm": True, "off_session": True}, seller
)
kept = client.v1.charges.list({"customer": keeper.id, "expand": ["data.customer", "data.balance_transaction"]}, seller).data[0]
assert kept.customer.name == "Keeper" and kept.balance_transaction.amount == 800, kept
wrong = refused(stripe.InvalidRequestError, lambda: client.v1.charges.retrieve(kept.id, {"expand": ["amount"]}, seller))
assert "expand" in str(wrong), wrong
held("objects are expanded, in lists too; what cannot be is refused")

found = client.v1.customers.search({"query": "metadata['from']:'python' AND email:'buyer@example.com'"}, seller)
assert [one.id for one in found.data] == [customer.id], found
held("search finds by metadata")

proof = client.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(b"%PDF-1.4 proof")}, seller)
assert proof.size == 14 and client.v1.files.retrieve(proof.id, None, seller).purpose == "dispute_evidence", proof
held("a file is uploaded")

# Refusals
declined = refused(stripe.CardError, lambda: client.v1.charges.create({**order, "source": "tok_chargeDeclined"}, seller))
assert (declined.http_status, declined.error.decline_code) == (402, "generic_decline"), declined
unknown = refused(stripe.InvalidRequestError, lambda: client.v1.customers.create({"colour": "green"}, seller))
held("a declined card is 402 with its reason, an unknown parameter 400 with its name")

patient, hasty = client_of(key, max_network_retries=2), client_of(key, max_network_retries=0)
fault(base, key, then="rate_limit", path="/v1/balance", times=1)
assert refused(stripe.RateLimitError, lambda: hasty.v1.balance.retrieve()).http_status == 429
fault(base, key, then="drop_after", path="/v1/customers", method="POST", times=1)
survivor = patient.v1.customers.create({"name": "Survivor"}, other)
twins = [one.id for one in client.v1.customers.list({"limit": 3}, other) if one.name == "Survivor"]
assert twins == [survivor.id], twins
held("429 is a RateLimitError; a lost answer is retried without doing it twice")

gone = client.oauth.deauthorize({"stripe_user_id": account})
assert gone.stripe_user_id == account, gone
after = refused(stripe.PermissionError, lambda: client.v1.charges.retrieve(charge.id, None, seller))
refused(stripe.AuthenticationError, lambda: client_of(fresh.access_token).v1.customers.list())
refused(stripe.oauth_error.InvalidClientError, lambda: client.oauth.deauthorize({"stripe_user_id": account}))
last = hooks.wait_for(client, endpoint.secret, "account.application.deauthorized")
assert last.account == account, last
held("deauthorize ends it: no access, no token, a last webhook")

print(
    json.dumps(
        {
            "steps": steps,
            "account": account,
            "charge": charge.id,
            "declined": declined.code,
            "unknown_parameter": unknown.param,
            "bad_code": bad_code.code,
            "after_deauthorize": after.error.code,
        }
    )
)
