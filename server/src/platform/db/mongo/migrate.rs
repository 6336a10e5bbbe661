//! Numbered, append-only changes of stored documents, each recorded once it is done.
//!
//! Collections and indexes need none: `open` makes them from the registry. Each migration is
//! idempotent and safe beside the previous binary, so two servers may run it at the same time.

use futures::future::BoxFuture;
use mongodb::Database;
use mongodb::bson::{Document, doc};

use crate::platform::db::DbError;

/// Where finished migrations are recorded: `{_id: number, name}`.
const RECORD: &str = "_migrations";

struct Migration {
    number: i32,
    name: &'static str,
    run: for<'d> fn(&'d Database) -> BoxFuture<'d, mongodb::error::Result<()>>,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "name the document layout",
        run: |database| Box::pin(name_layout(database)),
    },
    Migration {
        number: 60,
        name: "index offers and gate staff by account",
        run: |database| Box::pin(index_accounts(database)),
    },
    Migration {
        number: 70,
        name: "find payments by event, and sessions by payment intent",
        run: |database| Box::pin(index_payments(database)),
    },
    Migration {
        number: 80,
        name: "find entries of the journal by who acted",
        run: |database| Box::pin(index_actors(database)),
    },
    Migration {
        number: 100,
        name: "make forms for answers of before",
        run: |database| Box::pin(make_forms(database)),
    },
    Migration {
        number: 101,
        name: "find seats by the run that they stand in",
        run: |database| Box::pin(index_runs(database)),
    },
    Migration {
        number: 110,
        name: "look again at orders that are overdue",
        run: |database| Box::pin(index_overdue(database)),
    },
];

/// Runs what is not recorded yet, in order.
pub(super) async fn run(database: &Database) -> Result<(), DbError> {
    let record = database.collection::<Document>(RECORD);
    for migration in MIGRATIONS {
        let number = doc! { "_id": migration.number };
        if record.find_one(number.clone()).await?.is_some() {
            continue;
        }
        (migration.run)(database).await?;
        record
            .update_one(number, doc! { "$set": { "name": migration.name } })
            .upsert(true)
            .await?;
        tracing::info!(
            migration.number,
            migration.name,
            "a database migration is done"
        );
    }
    Ok(())
}

/// Writes down how documents are laid out, for whoever changes it later: an entity of `meta`.
async fn name_layout(database: &Database) -> mongodb::error::Result<()> {
    let fact = doc! {
        "rev": 1_i64, "ix": {},
        "body": { "key": "layout", "value": "_id rev ix body" },
    };
    database
        .collection::<Document>("meta")
        .update_one(doc! { "_id": "layout" }, doc! { "$setOnInsert": fact })
        .upsert(true)
        .await?;
    Ok(())
}

/// Index fields that documents of before lack, from their bodies.
async fn index_accounts(database: &Database) -> mongodb::error::Result<()> {
    let fields = [
        ("transfers", "ix.from_user", "$body.from"),
        ("transfers", "ix.to_user", "$body.to"),
        ("gate_staff", "ix.user_id", "$body.user"),
    ];
    index_anew(database, &fields).await
}

/// What SQLite's migration of the same number does to its columns.
async fn index_payments(database: &Database) -> mongodb::error::Result<()> {
    let fields = [
        ("payments", "ix.event_id", "$body.event_id"),
        (
            "stripe_sessions",
            "ix.payment_intent",
            "$body.payment_intent",
        ),
    ];
    index_anew(database, &fields).await
}

/// `user/0190…`, or the kind alone: as an entry spells its actor.
async fn index_actors(database: &Database) -> mongodb::error::Result<()> {
    let has_id = doc! { "$ne": [{ "$type": "$body.actor.id" }, "missing"] };
    let id = doc! { "$cond": [has_id, { "$concat": ["/", "$body.actor.id"] }, ""] };
    let actor = doc! { "$concat": ["$body.actor.is", id] };
    let lacking = doc! { "ix.actor": { "$exists": false } };
    let filled = vec![doc! { "$set": { "ix.actor": actor } }];
    let journal = database.collection::<Document>("journal");
    journal.update_many(lacking, filled).await?;
    Ok(())
}

/// An organizer's list of answers goes by the forms of orders, which those of before lack.
async fn make_forms(database: &Database) -> mongodb::error::Result<()> {
    let claimed = doc! {
        "from": "claimed_tickets", "localField": "_id", "foreignField": "_id", "as": "claimed",
    };
    let order =
        doc! { "_id": "$claimed.body.order_id", "event": { "$first": "$claimed.ix.event_id" } };
    let form = doc! {
        "_id": "$_id",
        "rev": { "$literal": 1_i64 },
        "ix": { "event_id": "$event" },
        "body": { "order": "$_id", "event": "$event", "given": { "$literal": {} }, "tickets": [] },
    };
    let pipeline = [
        doc! { "$lookup": claimed },
        doc! { "$unwind": "$claimed" },
        doc! { "$group": order },
        doc! { "$replaceWith": form },
        doc! { "$merge": { "into": "order_forms", "whenMatched": "keepExisting" } },
    ];
    let answers = database.collection::<Document>("ticket_answers");
    answers.aggregate(pipeline).await?;
    Ok(())
}

/// The event and the run; void seats that others stand for have no label in the index, and no run.
async fn index_runs(database: &Database) -> mongodb::error::Result<()> {
    let standing = doc! {
        "ix.run": { "$exists": false }, "ix.seat": { "$exists": true },
        "body.place.run": { "$exists": true },
    };
    let run = doc! { "$concat": ["$ix.event_id", "/", { "$toString": "$body.place.run" }] };
    let filled = vec![doc! { "$set": { "ix.run": run } }];
    let stock = database.collection::<Document>("issued_tickets");
    stock.update_many(standing, filled).await?;
    Ok(())
}

/// What SQLite's migration of the same number does to its column.
async fn index_overdue(database: &Database) -> mongodb::error::Result<()> {
    index_anew(database, &[("orders", "ix.look_at", "$ix.due_at")]).await
}

async fn index_anew(
    database: &Database,
    fields: &[(&str, &str, &str)],
) -> mongodb::error::Result<()> {
    for (collection, field, body) in fields {
        let lacking = doc! { *field: { "$exists": false } };
        let filled = vec![doc! { "$set": { *field: *body } }];
        database
            .collection::<Document>(collection)
            .update_many(lacking, filled)
            .await?;
    }
    Ok(())
}
