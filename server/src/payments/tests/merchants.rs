//! Organizations' own accounts: who may touch them, and what becomes of their keys.

use serde_json::json;
use shared::api::accounts::Role;
use shared::api::organizations::{OrganizationRole, Right};
use shared::api::payments::{PaymentStatus, Provider};
use shared::ids::{MerchantId, OrganizationId};

use crate::orders::fixture::{event_body, text};
use crate::payments::merchants::Merchant;
use crate::payments::model::Payment;
use crate::platform::db::{DbError, Entity};
use crate::testing::{NOW, TestApp};

const KEYS: &[u8] = b"sk_test_opera_0001\nwhsec_opera_0001";

async fn put<E: Entity>(t: &TestApp, entity: E) {
    let stored: Result<_, DbError> = t.app.db.write(move |tx| tx.insert(&entity)).await;
    stored.expect("stored");
}

/// An organization with a Stripe account: its owner, its id, the account.
async fn house(t: &TestApp) -> (String, String, MerchantId) {
    let owner = t.stored_user(Role::Attendee).await;
    let body = json!({ "name": "Opera" });
    let founded = t.post("/api/v1/organizations", &owner, body).await;
    let organization = text(&founded.expect(201)["id"]);
    let id: OrganizationId = organization.parse().expect("an id");
    let context = format!("organization/{id}/stripe/acct_opera");
    let merchant = MerchantId::new(NOW, [5; 10]);
    let stored = Merchant {
        id: merchant,
        organization: id,
        provider: Provider::Stripe,
        name: "acct_opera".to_owned(),
        keys: Some(t.app.vault.wrap(&context, KEYS).expect("wrapped")),
        last_four: "0001".to_owned(),
        live: Some(false),
        added_at: NOW,
        verified_at: NOW,
        webhook_confirmed_at: None,
        retired_at: None,
        ask_at: None,
    };
    put(t, stored).await;
    (owner, organization, merchant)
}

async fn has_keys(t: &TestApp, merchant: MerchantId) -> bool {
    let stored = t.app.db.get::<Merchant>(&merchant.to_string()).await;
    stored.expect("storage").expect("a row").keys.is_some()
}

#[tokio::test]
async fn keys_are_wiped_when_nothing_can_need_them() {
    // A9
    let t = TestApp::configured(&[], |config| config.access_ttl_secs = 10 * 86_400).await;
    let (owner, organization, merchant) = house(&t).await;
    let mut event = event_body();
    event["organizationId"] = json!(organization);
    let event = t.post("/api/v1/events", &owner, event).await.expect(201);
    let mut paid = Payment {
        id: shared::ids::PaymentId::new(NOW, [1; 10]),
        order_id: shared::ids::OrderId::new(NOW, [2; 10]),
        event_id: text(&event["id"]).parse().expect("an id"),
        user_id: shared::ids::UserId::new(NOW, [3; 10]),
        provider: Provider::Stripe,
        status: PaymentStatus::Paid,
        amount: shared::money::Money::new(1_000, shared::money::Currency::VND),
        received: None,
        owed: 0,
        checkout_url: None,
        created_at: NOW,
        paid_at: Some(NOW),
        closed_at: None,
        note: String::new(),
        account: Some(merchant),
        dispute: None,
    };
    put(&t, paid.clone()).await;
    let path = format!("/api/v1/organizations/{organization}/payment-accounts/stripe");
    let refused = t.call("DELETE", &path, &owner, None).await;
    let details = refused.expect_error(409, "money_in_flight");
    assert_eq!(
        details,
        json!({ "pending": "0", "refundsDue": "0", "refundable": "1" })
    );
    // Given back and arrived: nothing needs the account.
    paid.status = PaymentStatus::Refunded;
    let settled: Result<_, DbError> = t
        .app
        .db
        .write(move |tx| {
            let mut stored = tx.get::<Payment>(&paid.id.to_string())?.expect("it");
            stored.value = paid.clone();
            tx.replace(&mut stored)
        })
        .await;
    settled.expect("stored");
    t.call("DELETE", &path, &owner, None).await.expect(204);
    t.app.runner().run_due().await.expect("the jobs run");
    assert!(
        has_keys(&t, merchant).await,
        "late money is still looked for"
    );
    t.call("DELETE", &path, &owner, None)
        .await
        .expect_error(404, "not_found");
    t.clock.advance(27 * 3_600_000);
    t.app.runner().run_due().await.expect("the jobs run");
    assert!(!has_keys(&t, merchant).await);
}

#[tokio::test]
async fn accounts_are_the_owners_and_seen_by_who_has_to_do_with_money() {
    // A9 A6
    let t = TestApp::new().await;
    let (_, organization, _) = house(&t).await;
    let path = format!("/api/v1/organizations/{organization}/payment-accounts");
    let nonsense = json!({ "secretKey": "pk_test_12345678", "webhookSecret": "secret-123456" });
    for role in OrganizationRole::ALL {
        let token = crate::organizations::joined(&t, &organization, role).await;
        let seen = t.get(&path, &token).await;
        if role.may(Right::Money) {
            let seen = seen.expect(200);
            assert_eq!(seen["accounts"][0]["lastFour"], "0001");
            assert!(!seen.to_string().contains("sk_test"), "{seen}");
            let url =
                format!("http://gatehouse.test/api/v1/payments/webhook/stripe/{organization}");
            assert_eq!(seen["stripeWebhookUrl"], url);
        } else {
            seen.expect_error(404, "not_found");
        }
        let set = format!("{path}/stripe");
        let set = t.call("PUT", &set, &token, Some(nonsense.clone())).await;
        if role.may(Right::Team) {
            set.expect_error(400, "validation");
        } else {
            set.expect_error(404, "not_found");
        }
    }
    // Nobody signs for an organization that has nothing, or that is none.
    for provider in ["stripe", "payos"] {
        let path =
            format!("/api/v1/payments/webhook/{provider}/01900000-0000-7000-8000-000000000000");
        t.post(&path, "", json!({ "data": {}, "signature": "" }))
            .await
            .expect_error(401, "bad_signature");
    }
}
