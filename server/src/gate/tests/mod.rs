//! The gate's stories on a whole application in memory. The tickets and their order are put into
//! the database as they are after a purchase: how they get there is the other slices' matter.

mod adding_on;
mod adopting;
mod alerting;
mod answering;
mod auditing;
mod carrying;
mod checking_in;
mod confirming;
mod conflicting;
mod device;
mod dump;
mod enrolling;
mod misuse;
mod over_time;
mod overruling;
mod parting;
mod publishing;
mod redeeming;
mod rotating_keys;
mod showing;
mod signing_off;
mod site;
mod syncing;
mod watching;

pub(crate) use device::Device;
pub(crate) use site::Site;
