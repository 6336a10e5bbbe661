//! What another process stores under a gossip that runs.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, GateId};
use shared::time::Timestamp;
use shared::trust::RootPin;

use super::{Gossip, GossipEvent, GossipOptions};
use crate::cache::{DeviceKey, Identity, NewDevice, Writer, a_cache, a_root};
use crate::clock::Edge;
use crate::sync::gossip::{Batch, Freeze};

const WITHIN: Duration = Duration::from_secs(30);

fn trouble(heard: &Receiver<GossipEvent>) -> String {
    loop {
        if let GossipEvent::Trouble { why } = heard.recv_timeout(WITHIN).expect("in time") {
            return why;
        }
    }
}

#[test]
fn a_log_that_another_process_found_forked_is_read_anew() {
    // V6
    let (mut cache, dir) = a_cache();
    let edge = Edge::system();
    let writer = Writer::new();
    let key = DeviceKey::find_or_make(dir.path(), &*edge.entropy).expect("a key");
    let root = a_root(writer.genesis.event);
    let identity = Identity {
        event: writer.genesis.event,
        event_title: "Quiet Night".to_owned(),
        device: DeviceId::new(Timestamp::UNIX_EPOCH, [4; 10]),
        device_name: "South".to_owned(),
        public_key: key.public(),
        gate: GateId::new(Timestamp::UNIX_EPOCH, [3; 10]),
        gate_name: "Gate A".to_owned(),
        role: DeviceRole::Kiosk,
        server: "http://hub.test".to_owned(),
        pin: RootPin::of(&root),
        transcript_code: "123456".to_owned(),
        enrolled_at: Timestamp::UNIX_EPOCH,
        place: cache.place().expect("a place"),
    };
    let new = NewDevice {
        identity: &identity,
        root: &root,
        root_version: 1,
    };
    cache.store_device(&new).expect("enrolled");
    let (trunk, foot) = writer.write(writer.genesis.head(), 2, 5);
    let (one, end) = writer.write(foot, 2, 5);
    let whole = [&trunk[..], &one[..]].concat();
    cache
        .merge(&writer.extension((whole, end)))
        .expect("merged");

    let (tell, heard) = channel();
    let options = GossipOptions {
        listen: Some("127.0.0.1:0".parse().expect("an address")),
        ..GossipOptions::default()
    };
    let watch = Box::new(move |event| {
        let _gone = tell.send(event);
    });
    let gossip = Gossip::start(dir.path(), edge, options, watch).expect("starts");
    let listening = |event: &GossipEvent| matches!(event, GossipEvent::Listening { .. });
    assert!(listening(&heard.recv_timeout(WITHIN).expect("in time")));

    // As a sync in another process does it, from proofs that came from the server.
    let (other, _) = writer.write(foot, 1, 6);
    let freeze = Batch {
        freeze: vec![Freeze {
            head: foot,
            proof: writer.fork(foot, &one, &other),
            promoted: Vec::new(),
        }],
        ..Batch::default()
    };
    cache.merge(&freeze).expect("frozen");
    assert_eq!(
        trouble(&heard),
        "another program found that a log was written twice"
    );
    // It begins anew from what the disk holds.
    while gossip.report().trouble.is_some() {
        let _nothing = heard.recv_timeout(Duration::from_millis(20));
    }
}
