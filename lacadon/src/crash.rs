//! `crash`: the crash lab. It starts the whole system on fresh data, puts it under load, breaks it, lets it mend itself,
//! and has an auditor say from the services' databases alone whether the business rules hold.
//!
//! - [`lab`]: the system on fresh data, with a faulty network between its parts if that is asked for
//! - [`load`]: customers, a back office and operators, who all insist until they are answered
//! - [`quiet`]: waits until nothing is under way any more
//! - [`audit`]: lost, doubled, stuck, or otherwise not as it should be

pub mod audit;
mod chance;
pub mod lab;
pub mod load;
mod operators;
mod plan;
pub mod proxy;
pub mod quiet;
