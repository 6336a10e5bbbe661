#!/usr/bin/env bash
# The main job with nothing but documented REST and `kiosk` commands.
#
#   tests/e2e/journey.sh SERVER_BINARY KIOSK_BINARY
#
# Ends with "the journey is complete", or at the first step that does not do what it promises.
set -euo pipefail
server=$1 kiosk=$2
. "$(dirname "$0")/script.sh"

start_server
call POST /auth/register '{"email":"lan@example.org","username":"lan","password":"orange-turnstile-94"}' >/dev/null
token=$(call POST /auth/login '{"username":"lan","password":"orange-turnstile-94"}' | jq -r .accessToken)
say "registered and logged in"

event=$(call POST /events "$(jq -n --arg from "$(at '+1 hour')" --arg to "$(at '+6 hours')" '{title: "River Festival",
    description: "", startDate: $from, endDate: $to, timezone: "Asia/Ho_Chi_Minh", capacity: 100}')" | jq -r .id)
class=$(call POST "/events/$event/ticket-classes" '{"name":"Standard","price":{"amount":250000,"currency":"VND"}}' | jq -r .id)
gate=$(call POST "/events/$event/gates" '{"name":"Gate B"}' | jq -r .id)
call POST /issued-tickets/batch "{\"eventId\":\"$event\",\"classId\":\"$class\",\"quantity\":10}" >/dev/null
expect "event" "$(call POST "/events/$event/publish" '{}' | jq -r .status)" PUBLISHED

order=$(call POST /orders "{\"eventId\":\"$event\",\"items\":[{\"classId\":\"$class\",\"quantity\":1}],\"buyer\":{\"email\":\"mai@example.org\",\"name\":\"Mai\"}}" \
    -H "Idempotency-Key: journey-1" | jq -r .id)
payment=$(call POST /payments "{\"orderId\":\"$order\",\"provider\":\"demo\"}" | jq -r .id)
call POST "/payments/demo/$payment/pay" '{}' >/dev/null
expect "order" "$(call GET "/orders/$order" | jq -r .status)" PAID
ticket=$(call GET "/orders/$order" | jq -r '.tickets[0].id')
claimed=$(call POST /claimed-tickets/claim "{\"ticketId\":\"$ticket\",\"attendee\":{\"name\":\"Mai Tran\",\"email\":\"mai@example.org\"}}")
digits=$(jq -r .token <<<"$claimed")
expect "digits in the code" "${#digits}" 202
call GET "/claimed-tickets/qr/$(jq -r .id <<<"$claimed")?format=png" '' -o "$home/ticket.png"
expect "the QR, read by zbarimg" "$(zbarimg --raw -q "$home/ticket.png")" "$digits"

device=$(call POST "/events/$event/devices" "{\"name\":\"Turnstile 1\",\"gateId\":\"$gate\",\"role\":\"kiosk\"}")
"$kiosk" enrol "$(jq -r .enrolmentUrl <<<"$device")" --data "$home/kiosk" >/dev/null
"$kiosk" sync --once --data "$home/kiosk" >/dev/null
stop_server
say "the server is stopped"

scan() { printf '%s\n' "$digits" | "$kiosk" scan --json --data "$home/kiosk"; }
first=$(scan)
expect "first scan" "$(jq -r '.verdict + " " + .reason' <<<"$first")" "admit ok"
expect "second scan" "$(scan | jq -r '.verdict + " " + .reason')" "refuse already_used"

start_server
"$kiosk" sync --once --data "$home/kiosk" >/dev/null
redemptions=$(call GET "/events/$event/redemptions")
expect "redemptions" "$(jq '.items | length' <<<"$redemptions")" 1
expect "gate" "$(jq -r '.items[0].gate' <<<"$redemptions")" "Gate B"
expect "time" "$(jq -r '.items[0].at' <<<"$redemptions")" "$(jq -r .at <<<"$first")"
stop_server
echo "the journey is complete"
