//! Reading a Type 2 chip through a reader's storage-card commands (PC/SC part 3).

use shared::ticket::ChipUid;

use super::{Chip, ChipError, ChipReader, ndef};

/// `FF CA 00 00 00`: the UID of the chip on the reader.
const GET_UID: [u8; 5] = [0xFF, 0xCA, 0x00, 0x00, 0x00];
/// Four pages a command.
const READ_BYTES: u8 = 16;
const PAGE_BYTES: usize = 4;
/// Where the capability container lies, and the user's memory begins.
const CONTAINER_PAGE: u8 = 3;
const USER_PAGE: u8 = 4;
/// First byte of a capability container that speaks NDEF.
const NDEF_MAGIC: u8 = 0xE1;
/// Bytes of memory that are read, whatever a chip says it has: NTAG216 has 888.
const MEMORY_BYTES_MAX: usize = 888;
/// TLV blocks: nothing, an NDEF message, the end.
const TLV_NULL: u8 = 0x00;
const TLV_NDEF: u8 = 0x03;
const TLV_END: u8 = 0xFE;
const TLV_LONG: u8 = 0xFF;

/// The chip that lies on the reader.
pub fn read(reader: &mut dyn ChipReader) -> Result<Chip, ChipError> {
    let uid = reader.transmit(&GET_UID)?;
    let uid = ChipUid::new(&uid).ok_or(ChipError::NoUid)?;
    let mut memory = Memory::new(reader);
    let Some(size) = memory.size()? else {
        return Ok(Chip { uid, ticket: None });
    };
    let ticket = match memory.message(size)? {
        Some(message) => ndef::ticket_of(&message)?,
        None => None,
    };
    Ok(Chip { uid, ticket })
}

/// User memory, read as far as it is looked at.
struct Memory<'a> {
    reader: &'a mut dyn ChipReader,
    bytes: Vec<u8>,
}

impl<'a> Memory<'a> {
    fn new(reader: &'a mut dyn ChipReader) -> Self {
        Self {
            reader,
            bytes: Vec::new(),
        }
    }

    fn pages(&mut self, page: u8) -> Result<Vec<u8>, ChipError> {
        let bytes = self
            .reader
            .transmit(&[0xFF, 0xB0, 0x00, page, READ_BYTES])?;
        if bytes.len() != usize::from(READ_BYTES) {
            return Err(ChipError::Malformed("a page of another size"));
        }
        Ok(bytes)
    }

    /// As the capability container says; `None` when the chip speaks no NDEF.
    fn size(&mut self) -> Result<Option<usize>, ChipError> {
        let container = self.pages(CONTAINER_PAGE)?;
        if container[0] != NDEF_MAGIC {
            return Ok(None);
        }
        // The three pages behind it were read along.
        self.bytes.extend_from_slice(&container[PAGE_BYTES..]);
        Ok(Some((usize::from(container[2]) * 8).min(MEMORY_BYTES_MAX)))
    }

    /// Bytes `from..to` of user memory.
    fn slice(&mut self, from: usize, to: usize, size: usize) -> Result<&[u8], ChipError> {
        if from > to || to > size {
            return Err(ChipError::Malformed("a block longer than the memory"));
        }
        while self.bytes.len() < to {
            let page = usize::from(USER_PAGE) + self.bytes.len() / PAGE_BYTES;
            let page = u8::try_from(page).map_err(|_| ChipError::Malformed("too much memory"))?;
            let more = self.pages(page)?;
            self.bytes.extend_from_slice(&more);
        }
        Ok(&self.bytes[from..to])
    }

    /// The first NDEF message, if there is one.
    fn message(&mut self, size: usize) -> Result<Option<Vec<u8>>, ChipError> {
        let mut at = 0;
        // Each block takes a byte at least, so this ends with the memory.
        while at < size {
            match self.slice(at, at + 1, size)?[0] {
                TLV_NULL => at += 1,
                TLV_END => return Ok(None),
                kind => {
                    let (length, header) = self.length(at + 1, size)?;
                    let from = at + 1 + header;
                    if kind == TLV_NDEF {
                        return Ok(Some(self.slice(from, from + length, size)?.to_vec()));
                    }
                    at = from + length;
                }
            }
        }
        Ok(None)
    }

    /// One byte, or FF and two: the length, and how many bytes said so.
    fn length(&mut self, at: usize, size: usize) -> Result<(usize, usize), ChipError> {
        match self.slice(at, at + 1, size)?[0] {
            TLV_LONG => {
                let bytes = self.slice(at + 1, at + 3, size)?;
                Ok((usize::from(u16::from_be_bytes([bytes[0], bytes[1]])), 3))
            }
            short => Ok((usize::from(short), 1)),
        }
    }
}
