//! The gate's stories on a whole application in memory. The tickets and their order are put into
//! the database as they are after a purchase: how they get there is the other slices' matter.

mod answering;
mod checking_in;
mod device;
mod dump;
mod enrolling;
mod misuse;
mod publishing;
mod redeeming;
mod rotating_keys;
mod site;
mod syncing;

pub(crate) use device::Device;
pub(crate) use site::Site;
