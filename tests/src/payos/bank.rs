//! Links and the transfers to them. A link's status is derived from its transfers and from what was
//! done to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sign;

/// What becomes of money for a link that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// A webhook, and the link is PAID after all.
    Revives,
    /// A webhook; the status stays.
    Tells,
    /// Only a look shows it.
    Lists,
    /// Nobody hears of it: the bank sends it back.
    Unseen,
}

/// What the gateway's documentation leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    pub late: Late,
    /// `amountRemaining` of an overpaid link goes below zero.
    pub remaining_may_be_negative: bool,
    /// Cancelling what is cancelled answers the link instead of an error.
    pub cancel_again_is_fine: bool,
    /// A create with the code of a cancelled link is taken.
    pub cancel_frees_the_code: bool,
}

impl Switches {
    /// Every setting there is.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for late in [Late::Revives, Late::Tells, Late::Lists, Late::Unseen] {
            for bits in 0..8_u8 {
                all.push(Self {
                    late,
                    remaining_may_be_negative: bits & 1 != 0,
                    cancel_again_is_fine: bits & 2 != 0,
                    cancel_frees_the_code: bits & 4 != 0,
                });
            }
        }
        all
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            late: Late::Revives,
            remaining_may_be_negative: false,
            cancel_again_is_fine: false,
            cancel_frees_the_code: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    /// The bank is at work. Nothing says when.
    Processing,
    Underpaid,
    Paid,
    Cancelled,
    Expired,
    Failed,
}

impl Status {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Underpaid => "UNDERPAID",
            Self::Paid => "PAID",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub reference: String,
    pub amount: i64,
    pub memo: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub id: String,
    pub order_code: i64,
    pub amount: i64,
    pub description: String,
    pub expires_at: Option<i64>,
    /// How it ended, if it did.
    over: Option<Status>,
    pub transfers: Vec<Transfer>,
    /// In force when it was made.
    switches: Switches,
}

impl Link {
    pub fn paid(&self) -> i64 {
        self.transfers.iter().map(|transfer| transfer.amount).sum()
    }

    pub fn status(&self) -> Status {
        match self.over {
            Some(over) => over,
            None if self.transfers.is_empty() => Status::Pending,
            None if self.paid() < self.amount => Status::Underpaid,
            None => Status::Paid,
        }
    }
}

/// Why a call is refused: the gateway's code and words.
pub(super) type No = (&'static str, &'static str);

/// One channel's side of the gateway.
pub struct Bank {
    pub(super) client_id: String,
    pub(super) api_key: String,
    pub(super) checksum_key: String,
    pub(super) webhook_url: Option<String>,
    switches: Switches,
    links: BTreeMap<i64, Link>,
    /// Links that were replaced under their code.
    former: Vec<Link>,
    drawn: u64,
}

impl Bank {
    pub(super) fn new(switches: Switches, keys: (&str, &str, &str), number: u64) -> Self {
        Self {
            client_id: keys.0.to_owned(),
            api_key: keys.1.to_owned(),
            checksum_key: keys.2.to_owned(),
            webhook_url: None,
            switches,
            links: BTreeMap::new(),
            former: Vec::new(),
            // No two channels draw the same name.
            drawn: number * 1_000_000,
        }
    }

    pub(super) fn links(&self) -> Vec<Link> {
        self.former
            .iter()
            .chain(self.links.values())
            .cloned()
            .collect()
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    pub(super) fn create(&mut self, request: &Value) -> Result<Value, No> {
        let order_code = request["orderCode"]
            .as_i64()
            .ok_or(("20", "orderCode must be a number"))?;
        let amount = request["amount"]
            .as_i64()
            .ok_or(("20", "amount must be a number"))?;
        let description = request["description"].as_str().unwrap_or_default();
        if !(1..=9_007_199_254_740_991).contains(&order_code) {
            return Err(("20", "orderCode must be a positive number"));
        }
        if amount <= 0 {
            return Err(("20", "amount must be a positive number"));
        }
        if description.chars().count() > 25 {
            return Err(("20", "Mô tả tối đa 25 kí tự"));
        }
        if request["signature"].as_str() != Some(&sign::of_create(&self.checksum_key, request)) {
            return Err(("201", "Mã kiểm tra(signature) không hợp lệ"));
        }
        if let Some(known) = self.links.get(&order_code) {
            let frees = known.switches.cancel_frees_the_code;
            if !(frees && known.status() == Status::Cancelled) {
                return Err(("231", "Đơn thanh toán đã tồn tại"));
            }
        }
        let id = format!("{:032x}", u128::from(self.draw()) << 64 | 0x5f6c_0e9d);
        let link = Link {
            id,
            order_code,
            amount,
            // Its own matching code in front, as the real one does.
            description: format!("CS{order_code} {description}"),
            expires_at: request["expiredAt"].as_i64(),
            over: None,
            transfers: Vec::new(),
            switches: self.switches,
        };
        let answer = json!({
            "bin": "970422", "accountNumber": "0123456789", "accountName": "NIGHT OF STRINGS",
            "amount": link.amount, "description": link.description, "orderCode": order_code,
            "currency": "VND", "paymentLinkId": link.id, "status": "PENDING",
            "expiredAt": link.expires_at,
            "checkoutUrl": format!("https://pay.payos.vn/web/{}", link.id),
            "qrCode": "00020101021238570010A000000727",
        });
        if let Some(former) = self.links.insert(order_code, link) {
            self.former.push(former);
        }
        Ok(answer)
    }

    pub(super) fn look(&self, order_code: i64, lagging: bool) -> Result<Value, No> {
        let link = self.links.get(&order_code).ok_or(NONE)?;
        let mut seen = link.clone();
        if lagging {
            seen.transfers.pop();
        }
        Ok(view(&seen))
    }

    pub(super) fn cancel(&mut self, order_code: i64) -> Result<Value, No> {
        let link = self.links.get_mut(&order_code).ok_or(NONE)?;
        let again = link.switches.cancel_again_is_fine;
        match link.status() {
            Status::Pending | Status::Underpaid => link.over = Some(Status::Cancelled),
            Status::Cancelled if again => {}
            Status::Processing
            | Status::Paid
            | Status::Cancelled
            | Status::Expired
            | Status::Failed => {
                return Err(("20", "the link cannot be cancelled"));
            }
        }
        let link = link.clone();
        Ok(view(&link))
    }

    /// What happens at the gateway without us: `None` puts the link back to what its transfers say.
    pub(super) fn force(&mut self, order_code: i64, status: Option<Status>) {
        if let Some(link) = self.links.get_mut(&order_code) {
            link.over = status;
        }
    }

    pub(super) const fn switch(&mut self, switches: Switches) {
        self.switches = switches;
    }

    /// Gives the webhook's body, if there is one.
    pub(super) fn transfer(&mut self, order_code: i64, amount: i64, memo: &str) -> Option<String> {
        let reference = format!("FT{:012}", self.draw());
        let link = self.links.get_mut(&order_code)?;
        let late = link.switches.late;
        let is_late = matches!(
            link.status(),
            Status::Cancelled | Status::Expired | Status::Failed
        );
        if is_late && late == Late::Unseen {
            return None;
        }
        link.transfers.push(Transfer {
            reference: reference.clone(),
            amount,
            memo: memo.to_owned(),
        });
        if is_late && late == Late::Revives && link.paid() >= link.amount {
            link.over = None;
        }
        // Nobody is told while the bank is at work.
        if link.status() == Status::Processing || (is_late && late == Late::Lists) {
            return None;
        }
        let data = json!({
            "orderCode": order_code, "amount": amount, "description": memo,
            "accountNumber": "0123456789", "reference": reference,
            "transactionDateTime": "2026-11-26 18:30:00", "currency": "VND",
            "paymentLinkId": link.id, "code": "00", "desc": "Thành công",
            "counterAccountBankId": null, "counterAccountBankName": null,
            "counterAccountName": null, "counterAccountNumber": null,
            "virtualAccountName": null, "virtualAccountNumber": null,
        });
        Some(sign::envelope(&self.checksum_key, &data))
    }

    /// The last transfer is gone, as if it had never been.
    pub(super) fn undo(&mut self, order_code: i64) {
        if let Some(link) = self.links.get_mut(&order_code) {
            link.transfers.pop();
        }
    }

    pub(super) fn pass(&mut self, unix_secs: i64) {
        for link in self.links.values_mut() {
            let ends = link.expires_at.is_some_and(|at| at <= unix_secs);
            if ends && matches!(link.status(), Status::Pending | Status::Underpaid) {
                link.over = Some(Status::Expired);
            }
        }
    }

    /// The link with the most money that is not that one.
    pub(super) fn another(&self, order_code: i64) -> Option<Value> {
        let others = self.links.values();
        let others = others.filter(|link| link.order_code != order_code);
        others.max_by_key(|link| link.paid()).map(view)
    }
}

fn view(link: &Link) -> Value {
    let remaining = link.amount - link.paid();
    let transactions: Vec<Value> = link
        .transfers
        .iter()
        .map(|transfer| {
            json!({
                "reference": transfer.reference, "amount": transfer.amount,
                "accountNumber": "0123456789", "description": transfer.memo,
                "transactionDateTime": "2026-11-26T18:30:00+07:00",
                "virtualAccountName": null, "virtualAccountNumber": null,
                "counterAccountBankId": null, "counterAccountBankName": null,
                "counterAccountName": null, "counterAccountNumber": null,
            })
        })
        .collect();
    json!({
        "id": link.id, "orderCode": link.order_code, "amount": link.amount,
        "amountPaid": link.paid(),
        "amountRemaining": if link.switches.remaining_may_be_negative { remaining } else { remaining.max(0) },
        "status": link.status().key(), "createdAt": "2026-11-26T18:00:00+07:00",
        "transactions": transactions, "cancellationReason": null, "canceledAt": null,
    })
}

const NONE: No = ("101", "payment link does not exist");
