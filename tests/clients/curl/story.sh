#!/usr/bin/env bash
# Connect OAuth by curl alone, with the requests of Stripe's OAuth guide.
#
# Usage: story.sh BASE_URL SECRET_KEY CLIENT_ID
# Prints one `name=value` line for each thing seen; any surprise ends it with a non-zero exit.
set -euo pipefail
base=$1 key=$2 client_id=$3
returns_to=http://127.0.0.1:1/callback

# The value of a member of a JSON object on stdin, whatever its spacing.
member() { tr -d '\n' | sed -nE "s/.*\"$1\": *\"?([^\",}]*)\"?.*/\1/p"; }
say() { printf '%s=%s\n' "$1" "$2"; }

# 1. The seller opens the authorize URL and presses Connect. The redirect brings the code.
authorize="$base/oauth/authorize?response_type=code&client_id=$client_id&scope=read_write&state=curl-state&redirect_uri=$returns_to"
page=$(curl --silent --fail "$authorize")
grep --quiet 'value="connect"' <<<"$page"
location=$(curl --silent --fail --output /dev/null --write-out '%{redirect_url}' "$authorize" \
  --data-urlencode 'decision=connect' \
  --data-urlencode 'account=new' \
  --data-urlencode 'stripe_user[email]=curl@example.com' \
  --data-urlencode 'stripe_user[business_name]=Curl Cushions' \
  --data-urlencode 'stripe_user[country]=DE')
[[ $location == "$returns_to"?* && $location == *state=curl-state* ]]
code=$(sed -nE 's/.*[?&]code=([^&]+).*/\1/p' <<<"$location")

# 2. The platform redeems the code, as Stripe's guide shows it.
token=$(curl --silent --fail "$base/oauth/token" -u "$key:" -d code="$code" -d grant_type=authorization_code)
account=$(member stripe_user_id <<<"$token")
[[ $account == acct_* ]]
say account "$account"

# 3. The platform charges for the connected account and keeps a fee.
charge=$(curl --silent --fail "$base/v1/charges" -u "$key:" -H "Stripe-Account: $account" \
  -d amount=1000 -d currency=eur -d source=tok_visa -d application_fee_amount=100)
charge=$(member id <<<"${charge/\"balance_transaction\"*/}")
[[ $charge == ch_* ]]
say charge "$charge"

# 4. Denying brings an error instead of a code.
denied=$(curl --silent --fail --output /dev/null --write-out '%{redirect_url}' "$authorize" --data-urlencode 'decision=deny')
[[ $denied == *error=access_denied* && $denied == *state=curl-state* ]]
say denied access_denied

# 5. A code works once: the second use is refused and revokes the connection.
again=$(curl --silent "$base/oauth/token" -u "$key:" -d code="$code" -d grant_type=authorization_code)
say used_twice "$(member error <<<"$again")"
say after_reuse "$(curl --silent --output /dev/null --write-out '%{http_code}' "$base/v1/charges/$charge" -u "$key:" -H "Stripe-Account: $account")"

# 6. Connect the same seller again, then end it from the platform's side.
location=$(curl --silent --fail --output /dev/null --write-out '%{redirect_url}' "$authorize" \
  --data-urlencode 'decision=connect' --data-urlencode "account=$account")
code=$(sed -nE 's/.*[?&]code=([^&]+).*/\1/p' <<<"$location")
token=$(curl --silent --fail "$base/oauth/token" -u "$key:" -d code="$code" -d grant_type=authorization_code)
[[ $(member stripe_user_id <<<"$token") == "$account" ]]
gone=$(curl --silent --fail "$base/oauth/deauthorize" -u "$key:" -d client_id="$client_id" -d stripe_user_id="$account")
say deauthorized "$(member stripe_user_id <<<"$gone")"
say after_deauthorize "$(curl --silent --output /dev/null --write-out '%{http_code}' "$base/v1/balance" -u "$key:" -H "Stripe-Account: $account")"
