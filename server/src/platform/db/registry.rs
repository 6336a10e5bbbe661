//! Every collection of the server, in one list: what MongoDB is set up from, and what the
//! conformance suite checks the SQLite migrations against.
//!
//! A slice adds a line here for each entity it stores.

use super::{Collection, Entity, Meta};
use crate::accounts::model::{RefreshToken, Session, User};
use crate::accounts::{ApiKey, Ceremony, OneTime, Passkey, SecondFactor};
use crate::cancellation::Cancellation;
use crate::events::model::{Event, Gate, TicketClass};
use crate::events::{CheckIn, PriceMove, Version};
use crate::gate::keys::WrappedKeys;
use crate::gate::model::{EntryRun, GateDevice, GateLog, StoredSegment, StoredStatement};
use crate::gate::{
    Alert, CodeTries, GateChange, GateStaff, Incident, Redemption, SupervisorList, Suspect, Tally,
    TicketCode, Watch,
};
use crate::hooks::{Hook, HookMessage};
use crate::inventory::Gauge;
use crate::inventory::model::{Batch, IssuedTicket, Pool, SeatPlan};
use crate::invoices::{Billing, Invoice, Seller, Sequence};
use crate::notices::{Announcement, Muted, Notice};
use crate::orders::form::OrderForm;
use crate::orders::model::Order;
use crate::organizations::{Invitation, Member, Organization};
use crate::payments::demo::model::{Link, StoredSecret, Telling};
use crate::payments::disputes::Dispute;
use crate::payments::ledger::Refund;
use crate::payments::merchants::Merchant;
use crate::payments::model::{Delivery, Payment};
use crate::payments::reconciliation::{Line, Report};
use crate::payments::{payos, stripe};
use crate::platform::idempotency::Remembered;
use crate::platform::jobs::Job;
use crate::platform::journal;
use crate::platform::moments::Moment;
use crate::series::Series;
use crate::texts::{Phone, Text};
use crate::tickets::pre_check_in::PreCheckIn;
use crate::tickets::transfer::{EventTransferRules, Transfer};
use crate::tickets::{ClaimedTicket, Medium, TicketAnswers};
use crate::venues::model::{SeatingPlan, Venue};
use crate::vouchers::model::Voucher;
use crate::waitlist::model::Wait;

pub const ALL: &[Collection] = &[
    Meta::COLLECTION,
    Job::COLLECTION,
    Remembered::COLLECTION,
    Moment::COLLECTION,
    journal::Entry::COLLECTION,
    journal::StoredSeal::COLLECTION,
    User::COLLECTION,
    Session::COLLECTION,
    RefreshToken::COLLECTION,
    OneTime::COLLECTION,
    ApiKey::COLLECTION,
    SecondFactor::COLLECTION,
    Passkey::COLLECTION,
    Ceremony::COLLECTION,
    Organization::COLLECTION,
    Member::COLLECTION,
    Invitation::COLLECTION,
    Event::COLLECTION,
    TicketClass::COLLECTION,
    Gate::COLLECTION,
    Venue::COLLECTION,
    SeatingPlan::COLLECTION,
    CheckIn::COLLECTION,
    Version::COLLECTION,
    Series::COLLECTION,
    Cancellation::COLLECTION,
    Hook::COLLECTION,
    HookMessage::COLLECTION,
    IssuedTicket::COLLECTION,
    Batch::COLLECTION,
    SeatPlan::COLLECTION,
    Pool::COLLECTION,
    Gauge::COLLECTION,
    PriceMove::COLLECTION,
    Order::COLLECTION,
    OrderForm::COLLECTION,
    Voucher::COLLECTION,
    Wait::COLLECTION,
    Notice::COLLECTION,
    Muted::COLLECTION,
    Announcement::COLLECTION,
    Phone::COLLECTION,
    Text::COLLECTION,
    Payment::COLLECTION,
    Delivery::COLLECTION,
    Refund::COLLECTION,
    Dispute::COLLECTION,
    Merchant::COLLECTION,
    Seller::COLLECTION,
    Sequence::COLLECTION,
    Billing::COLLECTION,
    Invoice::COLLECTION,
    Report::COLLECTION,
    Line::COLLECTION,
    payos::model::Link::COLLECTION,
    payos::model::Stray::COLLECTION,
    stripe::model::Session::COLLECTION,
    Link::COLLECTION,
    Telling::COLLECTION,
    StoredSecret::COLLECTION,
    ClaimedTicket::COLLECTION,
    TicketAnswers::COLLECTION,
    PreCheckIn::COLLECTION,
    Transfer::COLLECTION,
    EventTransferRules::COLLECTION,
    Medium::COLLECTION,
    WrappedKeys::COLLECTION,
    CodeTries::COLLECTION,
    StoredStatement::COLLECTION,
    GateChange::COLLECTION,
    StoredSegment::COLLECTION,
    GateDevice::COLLECTION,
    GateLog::COLLECTION,
    EntryRun::COLLECTION,
    Redemption::COLLECTION,
    Incident::COLLECTION,
    Alert::COLLECTION,
    Watch::COLLECTION,
    Suspect::COLLECTION,
    Tally::COLLECTION,
    GateStaff::COLLECTION,
    TicketCode::COLLECTION,
    SupervisorList::COLLECTION,
];
