//! A document on paper. Its text breaks into as many pages as it needs; each says which one it is.

use jiff::tz::TimeZone;
use shared::api::invoices::{InvoiceKind, InvoiceParty};
use shared::money::Money;
use shared::time::Timestamp;

use super::csv::percent;
use super::lines::Line;
use super::model::{Invoice, Kind};
use crate::platform::paper::{At, Page, Unprintable, lines_within, pdf_of, step};
use crate::web::times;

/// A4, upright, in millimetres.
const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 297.0;
const LEFT: f32 = 20.0;
const RIGHT: f32 = 190.0;
const TOP: f32 = 24.0;
/// Nothing but the page's number stands below.
const BOTTOM: f32 = 272.0;
const COLUMN: f32 = 112.0;
const SMALL: f32 = 9.0;
/// Right edges of the figures, and how wide they may be.
const FIGURES: [(&str, f32, f32); 5] = [
    ("Quantity", 96.0, 16.0),
    ("Unit price", 121.0, 24.0),
    ("Net", 145.0, 23.0),
    ("Tax", 166.0, 20.0),
    ("Total", RIGHT, 23.0),
];
const WORDS: f32 = 58.0;
/// What the sums need below the last line.
const SUMS: f32 = 44.0;

pub(super) fn printed(invoice: &Invoice) -> Result<Vec<u8>, Unprintable> {
    let mut sheet = Sheet::new(invoice);
    sheet.head();
    sheet.table();
    sheet.sums();
    sheet.end();
    pdf_of(&sheet.pages())
}

/// `2026-09-21`, where the seller is.
pub(super) fn day(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_jiff().to_zoned(zone).date().to_string()
}

/// Pages as they fill.
struct Sheet<'a> {
    invoice: &'a Invoice,
    title: String,
    full: Vec<Page>,
    page: Page,
    y: f32,
}

impl<'a> Sheet<'a> {
    fn new(invoice: &'a Invoice) -> Self {
        let what = match invoice.kind() {
            InvoiceKind::Invoice => "Invoice",
            InvoiceKind::CreditNote => "Credit note",
        };
        let title = format!("{what} {}", invoice.number);
        Self {
            invoice,
            page: Page::new(&title, WIDTH, HEIGHT),
            title,
            full: Vec::new(),
            y: TOP,
        }
    }

    const fn at(&self, x: f32) -> At {
        At { x, y: self.y }
    }

    /// Makes room for a block of that height: on this page, or on the next.
    fn room(&mut self, height: f32) -> bool {
        if self.y + height <= BOTTOM {
            return false;
        }
        let next = Page::new(&self.title, WIDTH, HEIGHT);
        self.full.push(std::mem::replace(&mut self.page, next));
        self.y = TOP;
        true
    }

    fn rule(&mut self) {
        self.page.rule(self.at(LEFT), RIGHT - LEFT);
    }

    /// Who sells, who buys, and which document it is.
    fn head(&mut self) {
        let invoice = self.invoice;
        self.page.strong(self.at(LEFT), 18.0, &self.title);
        self.y += 12.0;
        let top = self.y;
        self.party(
            "From",
            LEFT,
            &invoice.view().seller,
            Some(&invoice.from.email),
        );
        let below = std::mem::replace(&mut self.y, top);
        self.party("To", COLUMN, &invoice.to.view(), None);
        self.y = self.y.max(below) + 4.0;
        let zone = &invoice.from.timezone;
        let mut facts = vec![("Date", day(invoice.issued_at, zone))];
        if let Kind::CreditNote {
            number,
            of_date,
            reason,
            ..
        } = &invoice.kind
        {
            facts.push(("To invoice", format!("{number} of {}", day(*of_date, zone))));
            facts.push(("Reason", reason.clone()));
        }
        let event = &invoice.event;
        facts.push(("For", event.title.clone()));
        facts.push(("", times::span(event.start, event.end, &event.timezone)));
        facts.push(("Order", invoice.order_id.to_string()));
        for (name, value) in facts {
            if !name.is_empty() {
                self.page.text(self.at(LEFT), SMALL, name);
            }
            self.y = self.page.within(self.at(45.0), SMALL, 145.0, &value) + 0.8;
        }
        self.y += 4.0;
    }

    fn party(&mut self, role: &str, x: f32, party: &InvoiceParty, email: Option<&str>) {
        const WIDE: f32 = 76.0;
        self.page.text(self.at(x), 8.0, role);
        self.y += 5.0;
        for line in lines_within(&party.name, 11.0, WIDE) {
            self.page.strong(self.at(x), 11.0, &line);
            self.y += step(11.0);
        }
        let tax_number = match party.tax_number.as_str() {
            "" => String::new(),
            number => format!("Tax number {number}"),
        };
        let person = party.person.as_deref();
        let lines = person
            .into_iter()
            .chain(party.address.iter().map(String::as_str));
        let lines = lines.chain([party.country.as_str(), &tax_number]);
        for line in lines.chain(email).filter(|line| !line.is_empty()) {
            self.y = self.page.within(self.at(x), SMALL, WIDE, line);
        }
    }

    fn headings(&mut self) {
        self.page.text(self.at(LEFT), 8.0, "Description");
        for (name, right, width) in FIGURES {
            self.page.right(self.at(right), 8.0, width, name);
        }
        self.y += 2.0;
        self.rule();
        self.y += 5.0;
    }

    fn table(&mut self) {
        self.room(30.0);
        self.headings();
        let last = self.invoice.lines.len().saturating_sub(1);
        for (at, line) in self.invoice.lines.iter().enumerate() {
            // The sums never stand on a page alone.
            let below = if at == last { SUMS } else { 0.0 };
            self.line(line, below);
        }
        self.y -= 2.0;
        self.rule();
        self.y += 6.0;
    }

    fn line(&mut self, line: &Line, below: f32) {
        let words = lines_within(&line.text, SMALL, WORDS);
        let more = self
            .beside(line)
            .map(|text| lines_within(&text, 8.0, WORDS));
        let more = more.unwrap_or_default();
        let rows = |count: usize, size: f32| {
            f32::from(u16::try_from(count).unwrap_or(u16::MAX)) * step(size)
        };
        if self.room(rows(words.len(), SMALL) + rows(more.len(), 8.0) + below) {
            self.headings();
        }
        let quantity = match line.quantity {
            0 => String::new(),
            quantity => quantity.to_string(),
        };
        let unit = line.unit.map_or_else(String::new, |unit| self.figure(unit));
        let figures = [
            quantity,
            unit,
            self.figure(line.net),
            self.figure(line.tax),
            self.figure(line.gross()),
        ];
        for ((_, right, width), figure) in FIGURES.into_iter().zip(figures) {
            self.page.right(self.at(right), SMALL, width, &figure);
        }
        for text in words {
            self.page.text(self.at(LEFT), SMALL, &text);
            self.y += step(SMALL);
        }
        for text in more {
            self.page.text(self.at(LEFT), 8.0, &text);
            self.y += step(8.0);
        }
        self.y += 1.5;
    }

    /// What made the price another one.
    fn beside(&self, line: &Line) -> Option<String> {
        let money = |amount| self.invoice.money(amount).to_string();
        let discount = (line.discount > 0).then(|| format!("less {}", money(line.discount)));
        let fee = (line.fee > 0).then(|| format!("plus fees of {}", money(line.fee)));
        let parts: Vec<String> = discount.into_iter().chain(fee).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// An amount without its currency, which the totals name.
    fn figure(&self, amount: i64) -> String {
        let text = self.invoice.money(amount).to_string();
        let figure = text.split_once(' ').map(|(figure, _)| figure.to_owned());
        figure.unwrap_or(text)
    }

    fn sums(&mut self) {
        self.room(SUMS - 8.0);
        let invoice = self.invoice;
        let sums = invoice.sums();
        let rate = invoice
            .tax_share
            .map_or_else(String::new, |share| format!(" {} %", percent(share)));
        let tax = format!("Tax{rate} on {}", invoice.money(sums.net));
        self.sum("Net", invoice.money(sums.net));
        self.sum(&tax, invoice.money(sums.tax));
        self.y += 1.5;
        self.page.strong(self.at(COLUMN), 12.0, "Total");
        self.page
            .right(self.at(RIGHT), 12.0, 55.0, &invoice.total.to_string());
        self.y += 8.0;
        let stands = match (&invoice.kind, invoice.paid_at) {
            (Kind::CreditNote { .. }, _) => "This sum is taken back from the invoice.".to_owned(),
            (Kind::Invoice, Some(paid)) => {
                format!("Paid on {}.", day(paid, &invoice.from.timezone))
            }
            (Kind::Invoice, None) => String::new(),
        };
        let has_prices = invoice.lines.iter().any(|line| line.unit.is_some());
        let prices = if has_prices && invoice.tax_included && sums.tax > 0 {
            " Unit prices contain the tax."
        } else {
            ""
        };
        self.page
            .text(self.at(LEFT), SMALL, &format!("{stands}{prices}"));
        self.y += 10.0;
    }

    fn sum(&mut self, name: &str, amount: Money) {
        self.y = {
            let below = self.page.within(self.at(COLUMN), SMALL, 45.0, name);
            self.page
                .right(self.at(RIGHT), SMALL, 32.0, &amount.to_string());
            below + 1.5
        };
    }

    fn end(&mut self) {
        for text in lines_within(&self.invoice.from.footer, 8.0, RIGHT - LEFT) {
            self.room(step(8.0));
            self.page.text(self.at(LEFT), 8.0, &text);
            self.y += step(8.0);
        }
    }

    /// All pages, numbered.
    fn pages(mut self) -> Vec<Page> {
        self.full.push(self.page);
        let count = self.full.len();
        for (at, page) in self.full.iter_mut().enumerate() {
            let text = format!("{}, page {} of {count}", self.title, at + 1);
            let place = At { x: RIGHT, y: 285.0 };
            page.right(place, 8.0, RIGHT - LEFT, &text);
        }
        self.full
    }
}
