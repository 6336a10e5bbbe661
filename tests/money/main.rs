//! Money: the server against doubles of the gateways, real HTTP both ways. What was transferred is
//! counted at the gateway's side and compared with what the server's books say.

mod books;
mod faults;
mod late;
mod official;
mod paying;
mod reports;
mod schedules;
mod shop;
mod stripe;
mod tenants;
