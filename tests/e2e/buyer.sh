#!/usr/bin/env bash
# What a buyer goes through, with documented REST and mails only.
#
#   tests/e2e/buyer.sh SERVER_BINARY SMTP_URL MAIL_FOLDER
#
# The mail server at SMTP_URL puts each mail in MAIL_FOLDER/ADDRESS/NUMBER.txt. Ends with "the buyer's
# journey is complete", or at the first step that does not do what it promises.
set -euo pipefail
server=$1 mails=$3
export SMTP_URL=$2
. "$(dirname "$0")/script.sh"

start_server
echo "There is an event, with a code and a box of one seat that people may queue for"
lan=$(account lan)
token=$lan
event=$(call POST /events "$(jq -n --arg from "$(at '+3 days')" --arg to "$(at '+3 days 6 hours')" '{title: "River Festival",
    description: "Music by the water.", startDate: $from, endDate: $to, timezone: "Asia/Ho_Chi_Minh", capacity: 100}')" | jq -r .id)
call PATCH "/events/$event" '{"charges": {"feeMinor": 5000, "taxShare": 800, "taxIncluded": true}}' >/dev/null
class=$(call POST "/events/$event/ticket-classes" '{"name": "Standard", "maxPerOrder": 4,
    "price": {"amount": 250000, "currency": "VND"}, "terms": {"maxPerPerson": 3}}' | jq -r .id)
box=$(call POST "/events/$event/ticket-classes" '{"name": "Box", "price": {"amount": 900000, "currency": "VND"},
    "terms": {"waitlist": {"offerMinutes": 30}}}' | jq -r .id)
gate=$(call POST "/events/$event/gates" '{"name": "Gate B"}' | jq -r .id)
call POST /issued-tickets/batch "{\"eventId\":\"$event\",\"classId\":\"$class\",\"quantity\":10}" >/dev/null
call POST /issued-tickets/batch "{\"eventId\":\"$event\",\"classId\":\"$box\",\"quantity\":1}" >/dev/null
call POST "/events/$event/vouchers" '{"code": "EARLY", "maxUses": 1, "discount": {"kind": "PERCENT", "percent": 10}}' >/dev/null
call POST "/events/$event/publish" '{}' >/dev/null

echo "An account, and a forgotten password"
token=
refused 400 validation POST /auth/register '{"email":"not an address","username":"mai","password":"short"}'
account mai >/dev/null
call POST /auth/password/forgot '{"email":"mai@example.org"}'
reset=$(mail mai@example.org "Set a new password" /account/reset/)
call POST /auth/password/reset "{\"token\":\"$reset\",\"password\":\"violet-harbour-51\"}"
refused 400 bad_link POST /auth/password/reset "{\"token\":\"$reset\",\"password\":\"violet-harbour-51\"}"
refused 401 bad_credentials POST /auth/login "{\"username\":\"mai\",\"password\":\"$password\"}"
mai=$(log_in mai violet-harbour-51)
token=$mai
expect "the address is confirmed" "$(call GET /auth/me | jq .emailVerified)" true

echo "The event is found, and bought for"
expect "found" "$(call GET /events | jq -r '.items[0].title')" "River Festival"
order_of() { # CLASS QUANTITY [CODE]
    jq -nc --arg event "$event" --arg class "$1" --argjson quantity "$2" --arg code "${3:-}" '{eventId: $event,
        items: [{classId: $class, quantity: $quantity}], buyer: {email: "mai@example.org", name: "Mai Tran"}}
        + if $code == "" then {} else {code: $code} end'
}
refused 409 max_per_order POST /orders "$(order_of "$class" 5)"
refused 409 max_per_person POST /orders "$(order_of "$class" 4)"
refused 409 bad_code POST /orders "$(order_of "$class" 2 LATE)"
held=$(call POST /orders "$(order_of "$class" 2 early)" -H "Idempotency-Key: buyer-1")
order=$(jq -r .id <<<"$held")
# 2 x 225,000 and 2 x 5,000, the tax in it.
expect "the total" "$(jq -r '.total | "\(.amount) \(.currency)"' <<<"$held")" "460000 VND"
expect "the lines add up" "$(jq '[.lines[].total.amount] | add' <<<"$held")" 460000
expect "sent again, it is" "$(call POST /orders "$(order_of "$class" 2 early)" -H "Idempotency-Key: buyer-1" | jq -r .id)" "$order"
refused 422 idempotency_mismatch POST /orders "$(order_of "$class" 1)" -H "Idempotency-Key: buyer-1"
refused 409 code_all_held POST /orders "$(order_of "$class" 1 EARLY)"

echo "A card is declined, another is not"
payment=$(call POST /payments "{\"orderId\":\"$order\",\"provider\":\"demo\"}" | jq -r .id)
call POST "/payments/demo/$payment/decline" '{}' >/dev/null
expect "declined, the order is still" "$(call GET "/orders/$order" | jq -r .status)" PENDING
pay "$order"
until_it_is "the order" PAID bash -c "curl -sS '$url/api/v1/orders/$order' -H 'Authorization: Bearer $token' | jq -r .status"
mail mai@example.org "Your tickets for River Festival"
call GET "/orders/$order/receipt" '' -o "$home/receipt.html"
expect "the receipt names the order" "$(grep -c "$order" "$home/receipt.html" | sed 's/[1-9][0-9]*/yes/')" yes

echo "Tickets: one for Mai, one for a friend"
tickets=$(call GET "/orders/$order" | jq -r '.tickets[].id')
claim() { call POST /claimed-tickets/claim "{\"ticketId\":\"$1\",\"attendee\":{\"name\":\"Mai Tran\",\"email\":\"mai@example.org\"}}"; }
own=$(claim "$(head -n 1 <<<"$tickets")")
given=$(claim "$(tail -n 1 <<<"$tickets")")
digits=$(jq -r .token <<<"$own")
call GET "/claimed-tickets/qr/$(jq -r .id <<<"$own")?format=png" '' -o "$home/ticket.png"
expect "the QR, read by zbarimg" "$(zbarimg --raw -q "$home/ticket.png")" "$digits"
call GET "/claimed-tickets/$(jq -r .id <<<"$own")/pdf" '' -o "$home/ticket.pdf"
expect "the paper" "$(head -c 5 "$home/ticket.pdf")" "%PDF-"
given_id=$(jq -r .id <<<"$given")
call POST "/claimed-tickets/$given_id/transfers" '{"email":"linh@example.org"}' >/dev/null
mail linh@example.org "A ticket for River Festival is offered to you"
linh=$(account linh)
token=$linh
refused 404 not_found GET "/claimed-tickets/$given_id"
offer=$(call GET /transfers | jq -r '.items[0].id')
refused 404 not_found GET "/orders/$order"
expect "accepted" "$(call POST "/transfers/$offer/accept" '{"name":"Linh Pham"}' | jq -r .status)" ACCEPTED
new=$(call GET "/claimed-tickets/$given_id" | jq -r .token)
token=$mai
mail mai@example.org "Your ticket for River Festival was accepted"
token=$lan
ask() { call POST "/events/$event/validate" "{\"code\":\"$1\",\"gateId\":\"$gate\"}" | jq -r .reason; }
expect "at the gate, the old code" "$(ask "$(jq -r .token <<<"$given")")" reissued
expect "at the gate, the new code" "$(ask "$new")" too_early

echo "Sold out: Mai waits, and gets what Linh gives up"
token=$linh
taken=$(call POST /orders "$(order_of "$box" 1)" | jq -r .id)
token=$mai
refused 409 all_held POST /orders "$(order_of "$box" 1)"
expect "in the queue" "$(call POST "/events/$event/waitlist/join" "{\"classId\":\"$box\",\"quantity\":1,
    \"buyer\":{\"email\":\"mai@example.org\",\"name\":\"Mai Tran\"}}" | jq -r '"\(.status) \(.position)"')" "WAITING 1"
token=$linh
call POST "/orders/$taken/cancel" '{}' >/dev/null
token=$mai
mail mai@example.org "Tickets for River Festival are free for you"
offered=$(call GET /waitlist | jq -r '.items[0].orderId')
pay "$offered"
expect "what was offered" "$(call GET "/orders/$offered" | jq -r .status)" PAID

echo "A neighbour buys without an account"
token=
as_vinh=$(order_of "$class" 1 | jq -c '.buyer = {email: "vinh@example.org", name: "Vinh Do"}')
refused 400 validation POST /guest/orders "$as_vinh" -H "Idempotency-Key: short"
placed=$(call POST /guest/orders "$as_vinh" -H "Idempotency-Key: a-key-that-nobody-guesses")
token=$(jq -r .guestToken <<<"$placed")
guest=$(jq -r .order.id <<<"$placed")
pay "$guest"
expect "the guest's order" "$(call GET "/orders/$guest" | jq -r .status)" PAID
refused 403 forbidden GET /auth/me
refused 404 not_found GET "/orders/$order"
link=$(mail vinh@example.org "Your tickets for River Festival" "$url/guest/")
expect "the page of the link" "$(curl -fsS "$url/guest/$link" | grep -c "Paid. Thank you!")" 1
mine=$(call GET "/orders/$guest" | jq -r '.tickets[0].id')
call POST /claimed-tickets/claim "{\"ticketId\":\"$mine\",\"attendee\":{\"name\":\"Vinh Do\",\"email\":\"vinh@example.org\"}}" >/dev/null
vinh=$(account vinh)
token=$vinh
adopted() { call GET /orders | jq -r '[.items[].id] | join(" ")'; }
until_it_is "an account with the address gets the order" "$guest" adopted

echo "Money comes back"
token=$lan
call POST "/orders/$offered/refund" '{"reason":"Mai asked for it"}' >/dev/null
token=$mai
expect "the order" "$(call GET "/orders/$offered" | jq -r .status)" REFUNDED

echo "No more news, and the end of the account"
token=$lan
call POST "/events/$event/announcements" '{"words":"Please use the north gate."}' >/dev/null
stop=$(mail mai@example.org "News about River Festival" "$url/unsubscribe/")
curl -fsS -X POST "$url/unsubscribe/$stop" >/dev/null
token=$mai
expect "news" "$(call GET /auth/me/preferences | jq .eventChanges)" false
expect "all that is stored" "$(call GET /auth/me/export | jq -r '"\(.account.email) \(.orders | length)"')" "mai@example.org 2"
expect "names stay on tickets" "$(call POST /auth/me/erase '{"password":"violet-harbour-51"}' | jq 'has("ticketsKeepNamesUntil")')" true
refused 401 bad_credentials POST /auth/login '{"username":"mai","password":"violet-harbour-51"}'
token=$lan
expect "the books stay" "$(call GET "/issued-tickets/stats/$event" | jq -r '[.classes[] | .claimed, .available] | @csv')" "3,7,0,1"
stop_server
echo "the buyer's journey is complete"
