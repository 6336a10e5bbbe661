//! `kiosk gossip`: with other devices for as long as it runs, and with the server beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use scanner_core::{GossipEvent, PeerAddress, Syncer, install_tls};
use serde::Serialize;

use super::{edge, write_json};
use crate::cli;
use crate::error::{Exit, Failure};
use crate::talk::{self, Stay};

/// `--once` gives up on whoever has not answered by then.
const ONCE_WITHIN: Duration = Duration::from_secs(15);
/// Events that wait for whoever reads stdout.
const TOLD_MAX: usize = 4096;
/// Between two devices that answer one after the other.
const ONCE_QUIET: Duration = Duration::from_secs(2);

/// What is told, a line each.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Peer(GossipEvent),
    Server(ServerEvent),
}

#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum ServerEvent {
    Synced {
        sent: u64,
        received: u64,
        pending: u64,
    },
    SyncFailed {
        why: String,
    },
}

pub(super) fn run(data: &Path, args: &cli::Gossip) -> Result<Exit, Failure> {
    let (tell, told) = sync_channel(TOLD_MAX);
    let stay = if args.once { Stay::Visit } else { Stay::Open };
    let watch = {
        let tell = tell.clone();
        move |event| {
            // Whoever reads stdout too slowly misses events; the exchange goes on.
            let _missed = tell.try_send(Told::Peer(event));
        }
    };
    let gossip = talk::begin(data, edge(), &args.peers, stay, watch)?;
    if args.qr
        && let Some(address) = gossip.reachable_at()
    {
        show_qr(&address)?;
    }
    if args.once {
        return once(&told, args);
    }
    if !args.no_server {
        talk_with_server(data.to_path_buf(), args.every, tell.clone());
    }
    drop(tell);
    while let Ok(event) = told.recv() {
        show(&event, args.json)?;
    }
    Ok(Exit::Done)
}

/// Until each device that was named has been met or missed; without names, until nobody new comes.
fn once(told: &Receiver<Told>, args: &cli::Gossip) -> Result<Exit, Failure> {
    let mut waiting: BTreeSet<String> = args.peers.seeds.iter().map(ToString::to_string).collect();
    let named = !waiting.is_empty();
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    let mut met = false;
    let mut missed = "nobody is known to call".to_owned();
    let clock = edge().clock;
    let now = || Duration::from_micros(clock.monotonic_micros());
    let mut until = now() + ONCE_WITHIN;
    loop {
        let event = match told.recv_timeout(until.saturating_sub(now())) {
            Ok(Told::Peer(event)) => event,
            Ok(Told::Server(_)) => continue,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        };
        match &event {
            GossipEvent::Up {
                device_id, address, ..
            } => {
                open.insert(device_id.to_string(), address.clone());
            }
            GossipEvent::Down {
                device_id, done, ..
            } => {
                if let Some(address) = open.remove(&device_id.to_string())
                    && *done
                {
                    met = true;
                    waiting.remove(&address);
                }
            }
            GossipEvent::Missed { address, why } => {
                missed = format!("{address}: {why}");
                waiting.remove(address);
            }
            GossipEvent::Listening { .. }
            | GossipEvent::TurnedAway { .. }
            | GossipEvent::Merged { .. }
            | GossipEvent::Trusted { .. }
            | GossipEvent::Notice { .. }
            | GossipEvent::Trouble { .. } => {}
        }
        show(&Told::Peer(event), args.json)?;
        if named && waiting.is_empty() && open.is_empty() {
            break;
        }
        if !named && met && open.is_empty() {
            until = until.min(now() + ONCE_QUIET);
        }
    }
    if met {
        Ok(Exit::Done)
    } else {
        Err(Failure::NoPeer(missed))
    }
}

/// On a thread of its own: a server that does not answer holds up nobody.
fn talk_with_server(data: PathBuf, every: u64, tell: SyncSender<Told>) {
    install_tls();
    std::thread::spawn(move || {
        loop {
            let event = match exchange(&data) {
                Ok(event) => event,
                Err(error) => ServerEvent::SyncFailed {
                    why: error.to_string(),
                },
            };
            if let Err(TrySendError::Disconnected(_)) = tell.try_send(Told::Server(event)) {
                return;
            }
            std::thread::sleep(Duration::from_secs(every));
        }
    });
}

fn exchange(data: &Path) -> Result<ServerEvent, scanner_core::Error> {
    let mut syncer = Syncer::open(data, edge())?;
    let mut transport = syncer.http()?;
    let report = syncer.run(&mut transport)?;
    Ok(ServerEvent::Synced {
        sent: report.sent,
        received: report.received,
        pending: report.pending,
    })
}

fn show(event: &Told, json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if json {
        write_json(&mut out, event)?;
    } else if let Some(line) = line(event) {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}

fn line(event: &Told) -> Option<String> {
    let event = match event {
        Told::Peer(event) => event,
        Told::Server(ServerEvent::Synced { sent, received, .. }) => {
            let moved = *sent > 0 || *received > 0;
            return moved.then(|| format!("Server: {sent} entries sent, {received} received."));
        }
        Told::Server(ServerEvent::SyncFailed { why }) => return Some(format!("Server: {why}.")),
    };
    Some(match event {
        GossipEvent::Listening { address } => format!("Others can call this device at {address}."),
        GossipEvent::Up { name, address, .. } => format!("{name} is there ({address})."),
        GossipEvent::Down { name, why, .. } => format!("{name} is gone: {why}."),
        GossipEvent::Missed { address, why } => format!("{address}: {why}."),
        GossipEvent::TurnedAway { address, why } => format!("Turned away {address}: {why}."),
        GossipEvent::Trusted { .. } => "Newer keys, devices or tickets came in.".to_owned(),
        GossipEvent::Notice { notice } => format!("Attention: {}.", notice.text),
        GossipEvent::Trouble { why } => format!("Attention: {why}."),
        GossipEvent::Merged { .. } => return None,
    })
}

fn show_qr(address: &PeerAddress) -> Result<(), Failure> {
    let link = address.to_link();
    let code = qrcode::QrCode::new(&link)
        .map_err(|error| Failure::Usage(format!("no QR code of {link}: {error}")))?;
    let picture = code
        .render::<qrcode::render::unicode::Dense1x2>()
        .quiet_zone(true)
        .build();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{picture}\n{link}")?;
    Ok(())
}
