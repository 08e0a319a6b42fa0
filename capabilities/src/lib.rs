//! What the processes may ask of the outside world: activities by name, input and answer. Declared here, implemented
//! in `activities`, called from `workflows`; a difference between the three does not compile.
//!
//! Names are explicit and never change: open runs wait for an activity by its name.

pub mod books;
pub mod credit;
pub mod order;
pub mod voucher;
