//! What another process stores under a gossip that runs.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use shared::ids::DeviceId;
use shared::time::Timestamp;

use super::{Gossip, GossipEvent, GossipOptions};
use crate::cache::{DeviceKey, Writer, a_cache, enrolled};
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
    let device = DeviceId::new(Timestamp::UNIX_EPOCH, [4; 10]);
    enrolled(&mut cache, device, key.public());
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
