//! Tells cargo that a new migration changes the server: `sqlx::migrate!` alone does not see one.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
