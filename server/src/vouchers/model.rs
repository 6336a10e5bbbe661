//! A code and what it does. Pure.

use serde::{Deserialize, Serialize};
use shared::api::vouchers::{CreateVoucher, Discount, VoucherView};
use shared::ids::{ClassId, EventId};
use shared::money::Money;
use shared::time::Timestamp;

use crate::events::model::{PRICE_MINOR_MAX, share_of};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::fields::{Fields, Invalid};

pub const CODE_CHARS_MIN: usize = 4;
pub const CODE_CHARS_MAX: usize = 32;
const USES_MAX: u32 = 1_000_000;
const CLASSES_MAX: usize = 255;
/// Without what is misread for another: 31 characters.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";
/// 12 characters of 31: 59 bits.
pub const DRAWN_CHARS: usize = 12;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voucher {
    pub id: String,
    pub event_id: EventId,
    /// In its normal form.
    pub code: String,
    pub discount: Discount,
    pub classes: Vec<ClassId>,
    pub unlocks: bool,
    pub max_uses: Option<u32>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub active: bool,
    pub created_at: Timestamp,
}

impl Voucher {
    /// `drawn` is the code where none is wished for.
    pub fn new(
        id: String,
        event_id: EventId,
        wanted: CreateVoucher,
        drawn: String,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let mut fields = Fields::default();
        let code = match wanted.code {
            None => drawn,
            Some(code) => normal(&code).unwrap_or_else(|| {
                let why =
                    format!("must be {CODE_CHARS_MIN} to {CODE_CHARS_MAX} letters and digits");
                fields.wrong("code", why);
                code
            }),
        };
        match wanted.discount {
            Discount::None => {}
            Discount::Percent { percent } if (1..=100).contains(&percent) => {}
            Discount::Percent { .. } => fields.wrong("discount.percent", "must be from 1 to 100"),
            Discount::Amount { amount } if (1..=PRICE_MINOR_MAX).contains(&amount) => {}
            Discount::Amount { .. } => {
                let why = format!("must be from 1 to {PRICE_MINOR_MAX}");
                fields.wrong("discount.amount", why);
            }
        }
        if wanted
            .max_uses
            .is_some_and(|max| max == 0 || max > USES_MAX)
        {
            fields.wrong("maxUses", format!("must be from 1 to {USES_MAX}"));
        }
        if wanted.class_ids.len() > CLASSES_MAX {
            fields.wrong("classIds", format!("must be at most {CLASSES_MAX}"));
        }
        if let (Some(from), Some(until)) = (wanted.valid_from, wanted.valid_until)
            && until <= from
        {
            fields.wrong("validUntil", "must be after validFrom");
        }
        fields.done(Self {
            id,
            event_id,
            code,
            discount: wanted.discount,
            classes: wanted.class_ids,
            unlocks: wanted.unlocks,
            max_uses: wanted.max_uses,
            from: wanted.valid_from,
            until: wanted.valid_until,
            active: true,
            created_at: now,
        })
    }

    pub fn is_good(&self, now: Timestamp) -> bool {
        self.active
            && self.from.is_none_or(|from| now >= from)
            && self.until.is_none_or(|until| now < until)
    }

    pub fn is_for(&self, class: ClassId) -> bool {
        self.classes.is_empty() || self.classes.contains(&class)
    }

    /// What it takes off one ticket, in minor units.
    pub fn off(&self, class: ClassId, price: Money) -> i64 {
        if !self.is_for(class) {
            return 0;
        }
        match self.discount {
            Discount::None => 0,
            Discount::Percent { percent } => share_of(price.amount, u64::from(percent), 100),
            Discount::Amount { amount } => amount.min(price.amount),
        }
    }

    pub fn view(&self, uses: u32) -> VoucherView {
        VoucherView {
            id: self.id.clone(),
            event_id: self.event_id,
            code: self.code.clone(),
            discount: self.discount,
            class_ids: self.classes.clone(),
            unlocks: self.unlocks,
            max_uses: self.max_uses,
            uses,
            valid_from: self.from,
            valid_until: self.until,
            active: self.active,
            created_at: self.created_at,
        }
    }
}

impl Entity for Voucher {
    const COLLECTION: Collection = Collection {
        name: "vouchers",
        fields: &[Field::text("event_id"), Field::text("code")],
        indexes: &[Index::unique("by_code", &["event_id", "code"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event_id.into(), self.code.as_str().into()]
    }
}

/// Upper case, without the spaces and hyphens that people type between groups.
pub fn normal(code: &str) -> Option<String> {
    let mut normal = String::new();
    for c in code.trim().chars() {
        match c {
            ' ' | '-' => {}
            c if c.is_ascii_alphanumeric() && normal.len() < CODE_CHARS_MAX => {
                normal.push(c.to_ascii_uppercase());
            }
            _ => return None,
        }
    }
    (normal.len() >= CODE_CHARS_MIN).then_some(normal)
}

/// A code from random bytes. A byte says its character modulo 31: the bias is under half a bit in
/// all.
pub fn drawn(random: [u8; DRAWN_CHARS]) -> String {
    let char_of = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    random.into_iter().map(char_of).collect()
}
