//! The NDEF record that a ticket is on a chip.

use super::ChipError;

/// Type name format 4: an external type, `domain:name`.
const EXTERNAL: u8 = 0x04;
const TYPE: &[u8] = b"gatehouse:t";
const MESSAGE_BEGIN: u8 = 0x80;
const MESSAGE_END: u8 = 0x40;
const CHUNKED: u8 = 0x20;
const SHORT: u8 = 0x10;
const HAS_ID: u8 = 0x08;
/// Records that are looked at.
const RECORDS_MAX: usize = 8;

/// A message of one record, as it is written to a chip.
pub fn record(ticket: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(ticket.len()).ok()?;
    let header = MESSAGE_BEGIN | MESSAGE_END | SHORT | EXTERNAL;
    let kind = u8::try_from(TYPE.len()).ok()?;
    Some([&[header, kind, length], TYPE, ticket].concat())
}

/// The payload of the first record of our type; other records are passed over.
pub(super) fn ticket_of(message: &[u8]) -> Result<Option<Vec<u8>>, ChipError> {
    let mut rest = message;
    for _ in 0..RECORDS_MAX {
        if rest.is_empty() {
            return Ok(None);
        }
        let header = take(&mut rest, 1)?[0];
        if header & CHUNKED != 0 {
            return Err(ChipError::Malformed("a record in pieces"));
        }
        let kind_len = usize::from(take(&mut rest, 1)?[0]);
        let length = if header & SHORT != 0 {
            usize::from(take(&mut rest, 1)?[0])
        } else {
            let bytes = take(&mut rest, 4)?;
            let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            usize::try_from(length).map_err(|_| ChipError::Malformed("a record too long"))?
        };
        let id_len = if header & HAS_ID != 0 {
            usize::from(take(&mut rest, 1)?[0])
        } else {
            0
        };
        let kind = take(&mut rest, kind_len)?;
        take(&mut rest, id_len)?;
        let payload = take(&mut rest, length)?;
        if header & 0x07 == EXTERNAL && kind == TYPE {
            return Ok(Some(payload.to_vec()));
        }
        if header & MESSAGE_END != 0 {
            return Ok(None);
        }
    }
    Ok(None)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], ChipError> {
    let cut = rest.split_at_checked(count);
    let (taken, left) = cut.ok_or(ChipError::Malformed("a record is cut off"))?;
    *rest = left;
    Ok(taken)
}
