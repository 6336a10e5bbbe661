//! What a seed stands for: how many devices, how long, and which trouble.

use scanner_core::gossip::SeededBug;

use crate::random::Random;

/// Mistakes outside the node that the simulator must find as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// In the node itself.
    Node(SeededBug),
    /// The green light comes before the entry is synced.
    SkipFsync,
    /// A restored device goes on in its old log as if nothing had happened.
    ReuseSeq,
    /// Signatures are checked in batches.
    BatchVerify,
    /// A transaction can be torn by a crash.
    TornBatch,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) devices: usize,
    pub(crate) hubs: usize,
    /// Safety phase, milliseconds.
    pub(crate) millis: u64,
    /// Between two scans of one device, on average.
    pub(crate) scan_every: u64,
    pub(crate) serials: u32,
    /// Serials up to this are strict.
    pub(crate) strict: u32,
    /// Even and odd devices stand in two zones.
    pub(crate) zoned: bool,
    /// Frames lost, doubled, of a thousand.
    pub(crate) loss: u64,
    pub(crate) doubled: u64,
    pub(crate) delay: (u64, u64),
    /// Between two troubles.
    pub(crate) trouble_every: u64,
    pub(crate) troubles: Vec<Trouble>,
    /// Devices with a clock far off, and slow ones, of a thousand.
    pub(crate) skewed: u64,
    pub(crate) slow: u64,
    /// Frames of a link arrive in the order in which they were sent, as over TCP.
    pub(crate) ordered: bool,
    /// What a link carries in a millisecond, and what an entry that comes costs a processor.
    pub(crate) bytes_per_milli: u64,
    pub(crate) entry_nanos: u64,
    /// Disks share what they hold.
    pub(crate) pooled: bool,
    /// Nobody scans from then on.
    pub(crate) scan_until: u64,
    pub(crate) bug: Option<Bug>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    SplitHalf,
    SplitRandom,
    Isolate,
    OneWay,
    Heal,
    /// At a write, before or after it is durable.
    CrashAtWrite,
    PowerCut,
    DiskLoss,
    Backup,
    Restore,
    /// Without what is kept outside the backup: the device cannot know.
    RestoreUnnoticed,
    /// A copy of the device runs beside it.
    Clone,
    ClockStep,
    Evict,
    Pause,
    /// The device signs an entry that only a lax check takes.
    BadSignature,
    /// The device passes on entries that nobody signed, and garbage.
    Forge,
    /// One device gets a new snapshot.
    Snapshot,
}

const ALL: [Trouble; 18] = [
    Trouble::SplitHalf,
    Trouble::SplitRandom,
    Trouble::Isolate,
    Trouble::OneWay,
    Trouble::Heal,
    Trouble::CrashAtWrite,
    Trouble::PowerCut,
    Trouble::DiskLoss,
    Trouble::Backup,
    Trouble::Restore,
    Trouble::RestoreUnnoticed,
    Trouble::Clone,
    Trouble::ClockStep,
    Trouble::Evict,
    Trouble::Pause,
    Trouble::BadSignature,
    Trouble::Forge,
    Trouble::Snapshot,
];

impl Plan {
    /// 4 to 8 devices: what every test run does.
    pub(crate) fn small(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let devices = 4 + random.below(5);
        Self::sized(seed, devices, 12_000, &mut random)
    }

    /// 5 to 60 devices.
    pub(crate) fn medium(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let devices = 5 + random.below(56);
        Self::sized(seed, devices, 20_000, &mut random)
    }

    /// Small worlds whose guests mostly show copies of strict tickets.
    pub(crate) fn strict(seed: u64) -> Self {
        let mut plan = Self::small(seed);
        plan.strict = 40;
        plan.serials = 44;
        leave_homes_their_names(&mut plan.troubles);
        plan
    }

    pub(crate) fn large(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut plan = Self::sized(seed, 500, 20_000, &mut random);
        plan.scan_every = 20_000;
        plan.trouble_every = 500;
        plan.hubs = 20;
        plan
    }

    fn sized(seed: u64, devices: usize, millis: u64, random: &mut Random) -> Self {
        let hubs = (devices / 2).clamp(2, 20);
        let strict = if random.chance(400) && hubs >= 2 {
            4
        } else {
            0
        };
        // A few kinds of trouble at a time go deeper than all of them at once.
        let mut troubles: Vec<Trouble> = ALL.into_iter().filter(|_| random.chance(450)).collect();
        troubles.push(Trouble::Heal);
        if strict > 0 {
            leave_homes_their_names(&mut troubles);
        }
        Self {
            seed,
            devices,
            hubs,
            millis,
            scan_every: random.between(400, 1_500),
            serials: 4 + u32::try_from(random.below(30)).expect("small"),
            strict,
            zoned: false,
            loss: if random.chance(500) {
                random.between(0, 150)
            } else {
                0
            },
            doubled: if random.chance(300) {
                random.between(0, 100)
            } else {
                0
            },
            delay: (random.between(1, 5), random.between(6, 60)),
            trouble_every: random.between(300, 2_000),
            troubles,
            skewed: 200,
            slow: 60,
            ordered: false,
            bytes_per_milli: u64::MAX,
            entry_nanos: 0,
            pooled: false,
            scan_until: u64::MAX,
            bug: None,
        }
    }

    /// A venue's network on a good day: 2 to 20 ms, nothing lost, everybody there.
    pub(crate) fn lan(seed: u64, devices: usize, scan_every: u64) -> Self {
        Self {
            seed,
            devices,
            hubs: (devices / 5).clamp(2, 20),
            millis: 0,
            scan_every,
            serials: 1_000_000,
            strict: 0,
            zoned: false,
            loss: 0,
            doubled: 0,
            delay: (2, 20),
            trouble_every: 1_000_000_000,
            troubles: vec![Trouble::Heal],
            skewed: 0,
            slow: 0,
            ordered: true,
            bytes_per_milli: u64::MAX,
            entry_nanos: 0,
            pooled: false,
            scan_until: u64::MAX,
            bug: None,
        }
    }

    /// Small worlds in which logs split in several places.
    pub(crate) fn forking(seed: u64) -> Self {
        let mut plan = Self::small(seed);
        plan.strict = 0;
        plan.trouble_every = 500;
        plan.troubles = vec![
            Trouble::Backup,
            Trouble::Backup,
            Trouble::RestoreUnnoticed,
            Trouble::RestoreUnnoticed,
            Trouble::Clone,
            Trouble::SplitRandom,
            Trouble::PowerCut,
            Trouble::Heal,
        ];
        plan
    }

    /// Small worlds in which a quarter of all frames goes missing.
    pub(crate) fn lossy(seed: u64) -> Self {
        let mut plan = Self::small(seed);
        plan.loss = 250;
        plan
    }

    /// The worlds in which a mistake shows soonest.
    pub(crate) fn for_bug(bug: Bug, seed: u64) -> Self {
        match bug {
            Bug::Node(SeededBug::FreezeAtFirst | SeededBug::ForgetQuarantine) => {
                Self::forking(seed)
            }
            Bug::Node(SeededBug::AcceptGap) => Self::lossy(seed),
            Bug::Node(_) | Bug::SkipFsync | Bug::ReuseSeq | Bug::BatchVerify | Bug::TornBatch => {
                Self::small(seed)
            }
        }
    }

    pub(crate) fn with(mut self, bug: Bug) -> Self {
        self.bug = Some(bug);
        self
    }

    pub(crate) fn node_bug(&self) -> Option<SeededBug> {
        match self.bug {
            Some(Bug::Node(bug)) => Some(bug),
            Some(Bug::SkipFsync | Bug::ReuseSeq | Bug::BatchVerify | Bug::TornBatch) | None => None,
        }
    }
}

/// Two homes of one name are no homes: see the page on strict tickets.
fn leave_homes_their_names(troubles: &mut Vec<Trouble>) {
    troubles.retain(|of| !matches!(of, Trouble::Clone | Trouble::RestoreUnnoticed));
}
