//! Frames on a link: one byte of kind, three of length (big-endian), then the payload.
//!
//! Invariants: a length beyond the bound ends the link before anything is read or kept for it;
//! memory grows with the bytes that came, never with the length that was claimed.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The largest statement (a roster of 2,000 devices with their cuts) and its envelope fit.
pub(crate) const FRAME_BYTES_MAX: usize = 3 * 1024 * 1024;
const HEADER_LEN: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// Empty. The first one of a link says that the acceptor has let the dialer in; later ones
    /// that the sender lives.
    Beat,
    /// A message between two gossip nodes.
    Gossip,
    /// About addresses: see `notes`.
    Note,
}

impl FrameKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Beat => 0,
            Self::Gossip => 1,
            Self::Note => 2,
        }
    }
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Beat),
            1 => Some(Self::Gossip),
            2 => Some(Self::Note),
            _ => None,
        }
    }
    const fn bytes_max(self) -> usize {
        match self {
            Self::Beat => 0,
            Self::Gossip => FRAME_BYTES_MAX,
            Self::Note => super::notes::NOTE_BYTES_MAX,
        }
    }
}

/// Adds a frame to what is to be written; `false` when it is beyond its bound.
#[must_use]
pub(crate) fn put(kind: FrameKind, payload: &[u8], into: &mut Vec<u8>) -> bool {
    let Ok(len) = u32::try_from(payload.len()) else {
        return false;
    };
    if payload.len() > kind.bytes_max() {
        return false;
    }
    let mut header = len.to_be_bytes();
    header[0] = kind.to_byte();
    into.extend_from_slice(&header);
    into.extend_from_slice(payload);
    true
}

/// The header of the next frame: its kind and the length of its payload.
pub(crate) async fn header(from: &mut (impl AsyncRead + Unpin)) -> Result<(FrameKind, usize)> {
    let mut header = [0; HEADER_LEN];
    from.read_exact(&mut header).await?;
    let kind = FrameKind::from_byte(header[0])
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "a frame of no known kind"))?;
    header[0] = 0;
    let len = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
    if len > kind.bytes_max() {
        return Err(Error::new(
            ErrorKind::InvalidData,
            "a frame that is too long",
        ));
    }
    Ok((kind, len))
}

pub(crate) async fn payload(from: &mut (impl AsyncRead + Unpin), len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = from.take(len as u64).read_to_end(&mut bytes).await?;
    if read < len {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(future)
    }

    #[test]
    fn frames_come_back_as_they_were_put() {
        let mut wire = Vec::new();
        assert!(put(FrameKind::Beat, &[], &mut wire));
        assert!(put(FrameKind::Gossip, &[7; 300], &mut wire));
        assert_eq!(wire[..8], [0, 0, 0, 0, 1, 0, 1, 44]);
        let mut from = &wire[..];
        run(async {
            assert_eq!(
                header(&mut from).await.expect("a beat"),
                (FrameKind::Beat, 0)
            );
            let (kind, len) = header(&mut from).await.expect("a frame");
            assert_eq!((kind, len), (FrameKind::Gossip, 300));
            assert_eq!(payload(&mut from, len).await.expect("whole"), [7; 300]);
        });
    }

    #[test]
    fn what_is_too_long_is_neither_sent_nor_read() {
        let mut wire = Vec::new();
        assert!(!put(FrameKind::Beat, &[1], &mut wire));
        assert!(!put(
            FrameKind::Gossip,
            &vec![0; FRAME_BYTES_MAX + 1],
            &mut wire
        ));
        assert!(wire.is_empty());
        run(async {
            for bytes in [[1, 255, 255, 255], [0, 0, 0, 1], [9, 0, 0, 0]] {
                let refused = header(&mut &bytes[..]).await.expect_err("refused");
                assert_eq!(refused.kind(), ErrorKind::InvalidData);
            }
            let cut = payload(&mut &[1, 2][..], 3).await.expect_err("cut off");
            assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
        });
    }
}
