//! The whole journal, as lines, in the order that the verifier reads.

use shared::journal::{HEADER, Line, Seal};

use super::seal::unsealed;
use crate::platform::db::{Db, DbError, Query};
use crate::platform::journal::{Entry, StoredSeal};

/// Rows in one read.
const STEP: u32 = 500;

/// Takes the lines; `false`: nobody wants more.
pub(super) trait Sink {
    fn take(&mut self, line: Line) -> impl Future<Output = bool> + Send;
}

/// Each seal behind its entries, then what claims to be sealed and is under none, then what is not
/// sealed yet. What a seal taken meanwhile covers may be missing at the end, never in the middle.
pub(super) async fn write(db: &Db, sink: &mut (impl Sink + Send)) -> Result<(), DbError> {
    if !sink.take(Line::Journal(HEADER.to_owned())).await {
        return Ok(());
    }
    let mut end = 0;
    let mut seals = Query::on("id").limit(STEP);
    loop {
        let page = db.page::<StoredSeal>(&seals).await?;
        for row in page.items {
            let seal = row.value.0;
            let entries = Query::on("by_seq").range(place(seal.first), place(seal.end()));
            if !some(db, entries, sink).await? {
                return Ok(());
            }
            end = Seal::end(&seal);
            if !sink.take(Line::Seal(seal)).await {
                return Ok(());
            }
        }
        let Some(next) = page.next else { break };
        seals = Query::on("id").limit(STEP).after(next.as_str());
    }
    if some(db, Query::on("by_seq").at_least(place(end)), sink).await? {
        some(db, unsealed(), sink).await?;
    }
    Ok(())
}

async fn some(db: &Db, query: Query, sink: &mut (impl Sink + Send)) -> Result<bool, DbError> {
    let mut next = Some(query.clone().limit(STEP));
    while let Some(asked) = next {
        let page = db.page::<Entry>(&asked).await?;
        for row in page.items {
            if !sink.take(Line::Entry(Box::new(row.value))).await {
                return Ok(false);
            }
        }
        next = page
            .next
            .map(|cursor| query.clone().limit(STEP).after(cursor.as_str()));
    }
    Ok(true)
}

fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
