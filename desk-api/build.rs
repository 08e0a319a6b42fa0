//! Migrations are embedded: a new one must build this crate again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
