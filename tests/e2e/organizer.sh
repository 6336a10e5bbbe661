#!/usr/bin/env bash
# What an organizer goes through, with documented REST and mails only.
#
#   tests/e2e/organizer.sh SERVER_BINARY SMTP_URL MAIL_FOLDER
#
# The mail server at SMTP_URL puts each mail in MAIL_FOLDER/ADDRESS/NUMBER.txt. Ends with "the
# organizer's journey is complete", or at the first step that does not do what it promises.
set -euo pipefail
server=$1 mails=$3
export SMTP_URL=$2
. "$(dirname "$0")/script.sh"

# An event is called off when all requests that began before are over: here that is soon.
mkdir "$home/data"
echo 'request_timeout_secs = 2' >"$home/data/gatehouse.toml"
start_server
echo "An organization and its team"
lan=$(account lan)
hoa=$(account hoa)
mai=$(account mai)
token=$lan
team=$(call POST /organizations '{"name":"Nha hat Lon"}' | jq -r .id)
call POST "/organizations/$team/invitations" '{"email":"hoa@example.org","role":"BOX_OFFICE"}' >/dev/null
join=$(mail hoa@example.org "Join Nha hat Lon" /account/join/)
token=$mai
refused 400 bad_link POST /organizations/join "{\"token\":\"${join}x\"}"
token=$hoa
expect "hoa joins as" "$(call POST /organizations/join "{\"token\":\"$join\"}" | jq -r .role)" BOX_OFFICE

echo "A hall, and an event in it"
token=$lan
venue=$(call POST /venues '{"name":"Grand Hall","address":"1 Trang Tien","capacity":40}' | jq -r .id)
plan=$(jq -n '{sections: [{name: "Stalls", rows: [range(1; 5) as $row | {name: "\($row)",
    seats: [range(1; 11) | {label: "\($row)-\(.)"}]}]}]}')
expect "seats in the plan" "$(call PUT "/venues/$venue/seating" "$plan" | jq .seats)" 40
event_body() { # FROM TO
    jq -nc --arg from "$(at "$1")" --arg to "$(at "$2")" --arg team "$team" '{title: "Tuong", description: "A classic.",
        startDate: $from, endDate: $to, timezone: "Asia/Ho_Chi_Minh", capacity: 40, organizationId: $team}'
}
refused 400 validation POST /events "$(event_body '+2 days' '+1 day')"
event=$(call POST /events "$(event_body '+1 hour' '+4 hours')" | jq -r .id)
refused 409 not_ready POST "/events/$event/publish" '{}'
call PUT "/events/$event/seating" "{\"venueId\":\"$venue\"}" >/dev/null
call PATCH "/events/$event" '{"charges": {"feeMinor": 5000, "taxShare": 800}}' >/dev/null
stalls=$(call POST "/events/$event/ticket-classes" "$(jq -nc --arg until "$(at '+30 minutes')" '{name: "Stalls",
    price: {amount: 300000, currency: "VND"}, terms: {pricing: {strategy: "TIERS",
    tiers: [{until: $until, price: {amount: 200000, currency: "VND"}}]}}}')" | jq -r .id)
gate=$(call POST "/events/$event/gates" '{"name":"North"}' | jq -r .id)
batch=$(call POST /issued-tickets/batch "{\"eventId\":\"$event\",\"classId\":\"$stalls\",\"sections\":[\"Stalls\"]}" -H 'Prefer: respond-async' | jq -r .id)
progress() { call GET "/issued-tickets/batches/$batch" | jq .created; }
until_it_is "seats in stock" 40 progress
token=$hoa
refused 404 not_found POST "/events/$event/publish" '{}'
token=$lan
expect "published" "$(call POST "/events/$event/publish" '{}' | jq -r .status)" PUBLISHED

echo "People buy"
token=$mai
order=$(call POST /orders "{\"eventId\":\"$event\",\"items\":[{\"classId\":\"$stalls\",\"quantity\":3}],
    \"buyer\":{\"email\":\"mai@example.org\",\"name\":\"Mai Tran\"}}")
expect "side by side" "$(jq -r '[.tickets[].seat] | sort | join(" ")' <<<"$order")" "1-1 1-2 1-3"
# 3 x (200,000 + 5,000) and 8 % on top.
expect "the early price with fees and tax" "$(jq .total.amount <<<"$order")" 664200
order=$(jq -r .id <<<"$order")
pay "$order"
expect "paid" "$(call GET "/orders/$order" | jq -r .status)" PAID
first=$(call GET "/orders/$order" | jq -r '.tickets[] | select(.seat == "1-1").id')
middle=$(call GET "/orders/$order" | jq -r '.tickets[] | select(.seat == "1-2").id')
claimed=$(call POST /claimed-tickets/claim "{\"ticketId\":\"$first\",\"attendee\":{\"name\":\"Mai Tran\",\"email\":\"mai@example.org\"}}")
void=$(call POST /claimed-tickets/claim "{\"ticketId\":\"$middle\",\"attendee\":{\"name\":\"An Le\",\"email\":\"an@example.org\"}}")

echo "One of them cannot come: a part of the money goes back, the seat is for sale again"
token=$lan
back=$(call POST "/orders/$order/refund" "{\"tickets\":[\"$middle\"],\"reason\":\"An is ill.\"}")
expect "the order" "$(jq -r '"\(.status) \(.refunded.amount)"' <<<"$back")" "PARTIALLY_REFUNDED 221400"
mail mai@example.org "Your money for Tuong goes back"
seat() { call GET "/events/$event/seats" | jq -r '.items[] | select(.seat == "1-2").status'; }
expect "the seat" "$(seat)" AVAILABLE
ask() { call POST "/events/$event/validate" "{\"code\":\"$1\",\"gateId\":\"$gate\"}" | jq -r '"\(.verdict) \(.reason)"'; }
expect "An at the gate" "$(ask "$(jq -r .token <<<"$void")")" "refuse cancelled"
expect "Mai at the gate" "$(ask "$(jq -r .token <<<"$claimed")")" "admit ok"

echo "The price goes up, and who holds keeps theirs"
token=$mai
held=$(call POST /orders "{\"eventId\":\"$event\",\"seats\":[\"4-10\"],\"buyer\":{\"email\":\"mai@example.org\",\"name\":\"Mai Tran\"}}")
token=$lan
call PATCH "/events/$event/ticket-classes/$stalls" '{"price": {"amount": 400000, "currency": "VND"}, "terms": {}}' >/dev/null
expect "on the map" "$(call GET "/events/$event/seats" | jq '.items[0].price.amount')" 400000
expect "held at" "$(call GET "/orders/$(jq -r .id <<<"$held")" | jq '.lines[0].unitPrice.amount')" 200000
expect "changes on record" "$(call GET "/events/$event/ticket-classes/$stalls/prices" | jq '.items | length > 0')" true

echo "The house lets somebody in, and tells everybody something"
# By hand, where a scan did not work.
expect "let in" "$(call POST "/claimed-tickets/$(jq -r .id <<<"$claimed")/force" "{\"gateId\":\"$gate\"}" | jq -r .verdict)" admit
expect "on the list" "$(call GET "/events/$event/redemptions" | jq -r '[.items[] | "\(.kind) \(.gate)"] | join(",")')" "forced North"
token=$hoa
refused 404 not_found POST "/orders/$order/refund" '{}'
call POST "/events/$event/announcements" '{"words":"Doors open late."}' >/dev/null
mail mai@example.org "News about Tuong"
token=$lan
expect "who was given back hears" "$(grep -lx "News about Tuong" "$mails/an@example.org"/*.txt 2>/dev/null | wc -l)" 0

echo "A second evening is called off"
other=$(call POST /events "$(event_body '+3 days' '+3 days 3 hours' | jq -c '.title = "Cheo"')" | jq -r .id)
class=$(call POST "/events/$other/ticket-classes" '{"name":"Seat","price":{"amount":90000,"currency":"VND"}}' | jq -r .id)
call POST /issued-tickets/batch "{\"eventId\":\"$other\",\"classId\":\"$class\",\"quantity\":5}" >/dev/null
call POST "/events/$other/publish" '{}' >/dev/null
token=$mai
lost=$(call POST /orders "{\"eventId\":\"$other\",\"items\":[{\"classId\":\"$class\",\"quantity\":2}],
    \"buyer\":{\"email\":\"mai@example.org\",\"name\":\"Mai Tran\"}}" | jq -r .id)
pay "$lost"
token=$lan
call POST "/events/$other/cancel" '{"reason":"The stage is under water."}' >/dev/null
phase() { call GET "/events/$other/cancellation" | jq -r .phase; }
until_it_is "called off" DONE phase
expect "all of the money" "$(call GET "/orders/$lost" | jq -r '"\(.status) \(.refunded.amount)"')" "REFUNDED 180000"
mail mai@example.org "Cheo is cancelled"
token=$mai
refused 409 not_on_sale POST /orders "{\"eventId\":\"$other\",\"items\":[{\"classId\":\"$class\",\"quantity\":1}],
    \"buyer\":{\"email\":\"mai@example.org\",\"name\":\"Mai Tran\"}}"

echo "The books"
token=$lan
stats=$(call GET "/issued-tickets/stats/$event")
expect "paid, claimed and in, void, and the rest" "$(jq -r '.classes[0] | "\(.paid) \(.claimed + .validated) \(.cancelled) \(.available + .held)"' <<<"$stats")" "1 1 1 38"
expect "what is still owed" "$(call GET "/events/$event/refunds" | jq length)" 0
stop_server
echo "the organizer's journey is complete"
