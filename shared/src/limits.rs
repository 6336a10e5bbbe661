//! The bounds that both sides of a boundary keep. Each is named once, here.

/// Items in one page of a list; a larger `limit` is an error, not a silent cut.
pub const PAGE_LIMIT_MAX: u32 = 200;
pub const PAGE_LIMIT_DEFAULT: u32 = 50;
/// A JSON request body.
pub const JSON_BODY_BYTES_MAX: usize = 256 * 1024;
/// A binary sync request or answer.
pub const SYNC_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Text handed to the ticket decoder; the longest honest code is 440 digits.
pub const TICKET_TEXT_BYTES_MAX: usize = 4096;
/// Tickets created by one batch call (I1).
pub const BATCH_TICKETS_MAX: u32 = 100_000;
/// Seats in one version of a venue's plan: what fits into one stored document.
pub const PLAN_SEATS_MAX: usize = 60_000;
/// A seat's label, as it is printed.
pub const SEAT_CHARS_MAX: usize = 32;
/// Tickets in one order.
pub const ORDER_TICKETS_MAX: u32 = 20;
/// Serials are 24 bits on the wire; the last is never issued.
pub const SERIAL_MAX: u32 = 0x00FF_FFFE;
/// An entry window longer than this is a mistake or a forger's wish, not a ticket.
pub const TICKET_WINDOW_DAYS_MAX: u16 = 366;
/// Zones are a 16-bit bitmap on the wire.
pub const ZONES_MAX: usize = 16;
/// Ticket classes are one byte on the wire.
pub const CLASSES_MAX: usize = 255;
pub const GATES_MAX: usize = 1000;
/// Tickets in one snapshot segment: 16 KiB of rows.
pub const SEGMENT_TICKETS: u32 = 1024;
/// Entries in one catch-up segment of a device log.
pub const LOG_SEGMENT_ENTRIES_MAX: usize = 512;
/// The first message of a device log, and the free text in it.
pub const GENESIS_BYTES_MAX: usize = 256;
pub const APP_VERSION_BYTES_MAX: usize = 64;
/// The longest registered BCP 47 tag fits.
pub const LANGUAGE_BYTES_MAX: usize = 35;
/// Text fields people type.
pub const TITLE_CHARS_MAX: usize = 200;
pub const DESCRIPTION_CHARS_MAX: usize = 20_000;
/// What an organizer writes to everybody who has a ticket.
pub const ANNOUNCEMENT_CHARS_MAX: usize = 4_000;
pub const NAME_CHARS_MAX: usize = 100;
pub const EMAIL_CHARS_MAX: usize = 254;
pub const PASSWORD_CHARS_MIN: usize = 10;
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Passkeys of one account, and what a person calls one.
pub const PASSKEYS_MAX: u32 = 10;
pub const PASSKEY_NAME_CHARS_MAX: usize = 60;
