//! What two ends of a link tell each other about addresses. Postcard, `V1` first, read strictly.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use shared::sync::{StrictError, from_wire, to_wire};

use super::address::PeerAddress;

pub(crate) const NOTE_BYTES_MAX: usize = 1024;
/// Addresses in one note.
pub(crate) const TOLD_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Note {
    V1 {
        /// The port on which the sender listens; 0 when it does not.
        listens: u16,
        /// Where other members were found. A hint: whoever answers there has to prove itself.
        others: Vec<(IpAddr, u16)>,
    },
}

impl Note {
    pub(crate) fn new(listens: u16, others: impl Iterator<Item = PeerAddress>) -> Self {
        let others = others.filter(PeerAddress::is_near);
        let sockets = others.filter_map(|of| of.socket());
        Self::V1 {
            listens,
            others: sockets
                .map(|of| (of.ip(), of.port()))
                .take(TOLD_MAX)
                .collect(),
        }
    }

    pub(crate) fn to_wire(&self) -> Vec<u8> {
        to_wire(self)
    }

    /// The sender's own address, as seen on the link, and the others that it tells of.
    pub(crate) fn read(
        bytes: &[u8],
        seen_at: IpAddr,
    ) -> Result<(Option<PeerAddress>, Vec<PeerAddress>), StrictError> {
        let Self::V1 { listens, others } = from_wire(bytes, NOTE_BYTES_MAX)?;
        if others.len() > TOLD_MAX {
            return Err(StrictError::Bounds("addresses"));
        }
        let own = (listens != 0).then(|| PeerAddress::from(SocketAddr::new(seen_at, listens)));
        let others = others
            .into_iter()
            .filter(|(_, port)| *port != 0)
            .map(|(ip, port)| PeerAddress::from(SocketAddr::new(ip, port)))
            .filter(PeerAddress::is_near);
        Ok((own, others.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<PeerAddress> {
        let read = texts.iter().map(|text| text.parse().expect("an address"));
        read.collect()
    }

    #[test]
    fn a_note_tells_near_addresses_and_where_its_sender_listens() {
        let known = addresses(&[
            "10.0.0.2:7411",
            "hub.example:1",
            "8.8.8.8:53",
            "[fd00::1]:9",
        ]);
        let wire = Note::new(7411, known.into_iter()).to_wire();
        let (own, others) = Note::read(&wire, [10, 0, 0, 9].into()).expect("a note");
        assert_eq!(own, addresses(&["10.0.0.9:7411"]).pop());
        assert_eq!(others, addresses(&["10.0.0.2:7411", "[fd00::1]:9"]));
    }

    #[test]
    fn a_note_beyond_its_bounds_is_refused() {
        let many = (0..=TOLD_MAX).map(|_| ([10, 0, 0, 2].into(), 1)).collect();
        let wire = to_wire(&Note::V1 {
            listens: 0,
            others: many,
        });
        assert!(Note::read(&wire, [10, 0, 0, 9].into()).is_err());
        let far = to_wire(&Note::V1 {
            listens: 0,
            others: vec![([8, 8, 8, 8].into(), 53)],
        });
        let read = Note::read(&far, [10, 0, 0, 9].into());
        assert_eq!(
            read,
            Ok((None, Vec::new())),
            "a stranger's address is passed over"
        );
    }
}
