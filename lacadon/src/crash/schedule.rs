//! Which fault comes when: a pure function of the seed. The same seed has the same schedule, on every machine.
//!
//! A fault is due a little after an order of some number was begun, not at a time of day: a slow machine breaks later in
//! time and at the same place of the load.

use super::chance::Chance;
use super::lab::Wire;
use super::proxy::Effect;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One fault of the network for so many kills.
const KILLS_PER_NETWORK_FAULT: u32 = 4;

/// One restart of the database for so many kills.
const KILLS_PER_DATABASE_RESTART: u32 = 50;

/// After its order was begun a fault is due within this.
const LATEST_MS: u64 = 1000;

/// How long a fault of the network lasts.
const SHORTEST_MS: u64 = 300;
const LONGEST_MS: u64 = 3000;

/// What a campaign may do to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// kill -9 of every process.
    Kill,
    /// Operators start, cancel and terminate runs by hand.
    Operators,
    /// The network does this.
    Network(Effect),
    /// The database server crashes and comes back.
    Database,
}

impl FaultKind {
    /// All of them.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        let network = Effect::ALL.map(Self::Network);
        network.into_iter().chain([Self::Kill, Self::Operators, Self::Database]).collect()
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.write_str("kill"),
            Self::Operators => f.write_str("operators"),
            Self::Network(effect) => write!(f, "{effect}"),
            Self::Database => f.write_str("database"),
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = Self::all();
        let found = all.iter().find(|kind| kind.to_string() == name).copied();
        found.ok_or_else(|| {
            let names: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("there is no fault {name:?}; there are {}", names.join(", "))
        })
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process of this name is killed.
    Kill(String),
    /// The network does this for a while.
    Network { wire: Wire, effect: Effect, lasts: Duration },
    /// The database server crashes.
    Database,
}

/// What happens when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// So many orders have begun by then.
    pub(super) order: u64,
    /// So long after the last of them.
    pub(super) after: Duration,
    pub(super) fault: Fault,
}

/// How much of what.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Extent {
    pub(super) seed: u64,
    pub(super) kills: u32,
    pub(super) orders: u64,
    /// Names of the processes that are killed.
    pub(super) processes: Vec<String>,
    /// What the network can be faulty on.
    #[serde(skip)]
    pub(super) wires: Vec<Wire>,
    #[serde(skip)]
    pub(super) kinds: BTreeSet<FaultKind>,
}

/// Every fault of a campaign, in the order of their coming.
pub(super) fn schedule(extent: &Extent) -> Vec<Due> {
    let chance = Chance::of(extent.seed);
    let has = |kind| extent.kinds.contains(&kind);
    let due = |what: &str, number: u32, fault: Fault| Due {
        order: chance.below(&format!("{what} at order"), u64::from(number), extent.orders) + 1,
        after: Duration::from_millis(chance.below(
            &format!("{what} after"),
            u64::from(number),
            LATEST_MS,
        )),
        fault,
    };
    let kills = if has(FaultKind::Kill) { extent.kills } else { 0 };
    // In turn, so that each has its fair share; when, is chance.
    let killed = extent.processes.iter().cycle().zip(0..kills);
    let mut all: Vec<Due> =
        killed.map(|(name, number)| due("kill", number, Fault::Kill(name.clone()))).collect();
    let effects: Vec<Effect> =
        Effect::ALL.into_iter().filter(|effect| has(FaultKind::Network(*effect))).collect();
    let network = effects.iter().cycle().zip(0..extent.kills / KILLS_PER_NETWORK_FAULT);
    all.extend(network.filter_map(|(effect, number)| {
        let wire = wire_for(*effect, &extent.wires, chance, number)?;
        let more = chance.below("network lasts", u64::from(number), LONGEST_MS - SHORTEST_MS);
        let lasts = Duration::from_millis(SHORTEST_MS + more);
        Some(due("network", number, Fault::Network { wire, effect: *effect, lasts }))
    }));
    if has(FaultKind::Database) {
        let restarts = 0..extent.kills.div_ceil(KILLS_PER_DATABASE_RESTART);
        all.extend(restarts.map(|number| due("database", number, Fault::Database)));
    }
    // Stable: faults of the same moment keep their order.
    all.sort_by_key(|due| (due.order, due.after));
    all
}

/// Only of HTTP can a whole request be told and delivered again.
fn wire_for(effect: Effect, wires: &[Wire], chance: Chance, number: u32) -> Option<Wire> {
    let fits = |wire: &Wire| effect != Effect::Duplicate || wire.is_http();
    let wires: Vec<Wire> = wires.iter().copied().filter(fits).collect();
    chance.one_of("wire", u64::from(number), &wires)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn extent(seed: u64) -> Extent {
        let processes = ["order-api", "voucher-api", "worker", "temporal"].map(str::to_owned);
        Extent {
            seed,
            kills: 100,
            orders: 2000,
            processes: processes.to_vec(),
            wires: Wire::BETWEEN_PROCESSES.to_vec(),
            kinds: FaultKind::all(),
        }
    }

    #[test]
    fn the_same_seed_breaks_the_same_things_at_the_same_places() {
        assert_eq!(schedule(&extent(1)), schedule(&extent(1)));
        assert_ne!(schedule(&extent(1)), schedule(&extent(2)));
    }

    #[test]
    fn every_process_is_killed_equally_often_and_every_effect_comes() {
        let all = schedule(&extent(1));

        let mut kills: BTreeMap<&str, u32> = BTreeMap::new();
        let mut effects = BTreeSet::new();
        for due in &all {
            match &due.fault {
                Fault::Kill(name) => *kills.entry(name).or_default() += 1,
                Fault::Network { effect, .. } => drop(effects.insert(*effect)),
                Fault::Database => {}
            }
        }
        assert_eq!(kills.values().collect::<BTreeSet<_>>(), BTreeSet::from([&25]));
        assert_eq!(effects, BTreeSet::from(Effect::ALL));
        assert!(all.is_sorted_by_key(|due| due.order));
        assert!(all.iter().all(|due| (1..=2000).contains(&due.order)));
    }

    #[test]
    fn only_what_was_asked_for_comes() {
        let only_black_holes =
            Extent { kinds: BTreeSet::from([FaultKind::Network(Effect::BlackHole)]), ..extent(1) };

        let all = schedule(&only_black_holes);

        let is_black_hole =
            |due: &Due| matches!(due.fault, Fault::Network { effect: Effect::BlackHole, .. });
        assert!(!all.is_empty() && all.iter().all(is_black_hole));
    }

    #[test]
    fn every_fault_is_known_by_its_name_and_no_other() {
        for kind in FaultKind::all() {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("earthquake".parse::<FaultKind>().is_err());
    }
}
