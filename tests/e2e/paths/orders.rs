//! Orders, windows, uses: what the ticket itself says.

use serde_json::{Value, json};
use tests::journey::text;

use super::Act::{Confirm, Enter, Leave};
use super::Row;
use super::show::{Show, World};

fn plain(world: &World) -> Show {
    Show::evening(world).buys(0)
}

/// Pays later on these terms, at a gate whose list takes such tickets or does not.
fn owing(world: &World, takes: bool, terms: &Value) -> (Show, String) {
    Show::evening(world)
        .list(&json!({ "includePending": takes }))
        .owes(terms)
}

pub(super) const ROWS: &[Row] = &[
    Row {
        numbers: "S1 S20 S95 S102",
        open: plain,
        steps: &[(Enter, "0 18:00", "ok"), (Enter, "0 18:10", "already_used")],
    },
    Row {
        numbers: "S5 S96",
        open: |world| {
            let (show, order) = owing(world, true, &json!({ "validIfPending": true }));
            let path = format!("/orders/{order}/cancel");
            show.world
                .buyer
                .post(&path, &json!({ "reason": "Changed plans" }))
                .ok();
            show
        },
        steps: &[(Enter, "0 18:00", "cancelled")],
    },
    Row {
        numbers: "S5 S96",
        open: |world| {
            let show = plain(world);
            let path = format!("/orders/{}/refund", text(&show.ticket, "orderId"));
            show.event
                .api
                .post(&path, &json!({ "reason": "Rain" }))
                .ok();
            show
        },
        steps: &[(Enter, "0 18:00", "cancelled")],
    },
    Row {
        numbers: "S70 S97 S131",
        open: |world| plain(world).post("revoke"),
        steps: &[(Enter, "0 18:00", "revoked")],
    },
    Row {
        numbers: "S6 S7 S100 S126",
        open: |world| owing(world, true, &json!({})).0,
        steps: &[
            (Enter, "0 18:00", "needs_payment"),
            (Confirm, "0 18:00", "ok"),
            (Enter, "0 18:10", "already_used"),
        ],
    },
    Row {
        numbers: "S8",
        open: |world| owing(world, true, &json!({ "needsApproval": true })).0,
        steps: &[(Enter, "0 18:00", "unpaid"), (Confirm, "0 18:00", "unpaid")],
    },
    Row {
        numbers: "S14 S15 S100 S126",
        open: |world| owing(world, false, &json!({})).0,
        steps: &[(Enter, "0 18:00", "unpaid"), (Confirm, "0 18:00", "unpaid")],
    },
    Row {
        numbers: "S16",
        open: |world| owing(world, false, &json!({ "validIfPending": true })).0,
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S17",
        open: |world| owing(world, true, &json!({ "validIfPending": true })).0,
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S9",
        open: |world| plain(world).put("block", &json!({ "reason": "Payment is disputed" })),
        steps: &[(Enter, "0 18:00", "blocked")],
    },
    // Twelve hours before the start, and five minutes for watches that are off.
    Row {
        numbers: "S12 S68",
        open: plain,
        steps: &[(Enter, "0 05:54:59", "too_early"), (Enter, "0 05:55", "ok")],
    },
    Row {
        numbers: "S11 S69",
        open: plain,
        steps: &[(Enter, "0 23:05", "ok")],
    },
    Row {
        numbers: "S11 S69",
        open: plain,
        steps: &[(Enter, "0 23:05:01", "too_late")],
    },
    // Claimed after the device had its list: the signature is all that it knows.
    Row {
        numbers: "S66 S68",
        open: |world| Show::evening(world).goes_offline().buys(0),
        steps: &[(Enter, "0 05:54:59", "too_early"), (Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S66 S69",
        open: |world| Show::evening(world).goes_offline().buys(0),
        steps: &[(Enter, "0 23:05:01", "too_late")],
    },
    Row {
        numbers: "S67",
        open: |world| {
            let show = Show::evening(world);
            let vip = json!({ "classIds": [show.classes[1]] });
            show.list(&vip).goes_offline().buys(1)
        },
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S106",
        open: plain,
        steps: &[
            (Leave, "0 18:00", "not_inside"),
            (Enter, "0 18:05", "ok"),
            (Leave, "0 18:10", "ok"),
            (Leave, "0 18:15", "not_inside"),
        ],
    },
    Row {
        numbers: "S108",
        open: plain,
        steps: &[
            (Enter, "0 18:00", "ok"),
            (Leave, "0 18:10", "ok"),
            (Enter, "0 18:20", "already_used"),
        ],
    },
];
