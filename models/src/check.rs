//! Walks every interleaving of a protocol: it holds, or here is the shortest way to break it.
//!
//! Stateright visits all states and judges the properties. Two questions it leaves open are answered here over the
//! same model. First the *shortest* counterexample, because its breadth-first search keeps the last violation of a
//! block of states, not the first. Second whether anything is *wedged*: a state from which the fair steps alone (what
//! happens by itself if nobody interferes any more) can no longer reach an end. In a finite graph that is the same as
//! "every fair execution ends", cycles included, which stateright's `eventually` cannot tell.

use std::fmt;
use std::hash::Hash;
use std::time::{Duration, Instant};

use ahash::AHashMap;
use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// A model that can tell its story and knows what happens by itself.
pub trait Protocol:
    Model<State: Clone + Hash + Eq + Send + Sync + 'static, Action: Clone + PartialEq>
{
    /// Whether this step happens by itself if it stays possible: no fault, no person, no customer.
    fn is_fair(&self, action: &Self::Action) -> bool;

    /// Whether everything has come to its right end: nothing open, nothing owed.
    fn is_settled(&self, state: &Self::State) -> bool;

    /// The same model with states taken for one that differ only in which of several equal parts is which.
    #[must_use]
    fn folded(&self) -> Self;

    /// The step, taken in this state, in the words of the business.
    fn tell(&self, before: &Self::State, action: &Self::Action) -> String;

    /// The state in one line.
    fn describe(&self, state: &Self::State) -> String;

    /// Whether nothing more happens by itself.
    fn is_quiet(&self, state: &Self::State) -> bool {
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        !actions.into_iter().any(|action| {
            self.is_fair(&action)
                && self.next_state(state, action).is_some_and(|next| next != *state)
        })
    }
}

/// The protocol holds, in every interleaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// Different states that were visited.
    pub states: usize,
    /// Steps that were taken between them.
    pub steps: usize,
    /// The length of the longest shortest way to a state.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Holds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        write!(
            out,
            "holds: {} states, {} steps, depth {}, {seconds:.1} s",
            self.states, self.steps, self.depth
        )
    }
}

/// The shortest way to break the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The property that does not hold.
    pub broken: String,
    /// What happens, one sentence per step.
    pub steps: Vec<String>,
    /// The state before the first step.
    pub starts_as: String,
    /// The state after the last one.
    pub ends_as: String,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "BROKEN: {}", self.broken)?;
        writeln!(out, "   at first: {}", self.starts_as)?;
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(out, "  {:>2}. {step}", number + 1)?;
        }
        write!(out, "   at last:  {}", self.ends_as)
    }
}

/// The name under which a wedge is reported.
pub const NOTHING_IS_WEDGED: &str =
    "nothing is wedged: if nobody interferes any more, everything comes to its end";

/// Visits every state and judges all properties, then looks for wedges.
///
/// # Errors
/// The shortest counterexample.
pub fn check<P>(model: P) -> Result<Holds, Box<Counterexample>>
where
    P: Protocol + Send + Sync + 'static,
{
    let start = Instant::now();
    let walked =
        model.folded().checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let discoveries = walked.discoveries();
    let is_broken = |property: &stateright::Property<P>| {
        property.expectation != Expectation::Sometimes && discoveries.contains_key(property.name)
    };
    if model.properties().iter().any(is_broken) {
        return Err(Box::new(shortest_violation(&model)));
    }
    for property in model.properties() {
        if property.expectation == Expectation::Sometimes
            && !discoveries.contains_key(property.name)
        {
            return Err(Box::new(never_seen(&model, property.name)));
        }
    }

    if Graph::of(&model.folded(), |_| false).first_wedged(&model).is_some() {
        return Err(Box::new(shortest_wedge(&model)));
    }
    Ok(Holds {
        states: walked.unique_state_count(),
        steps: walked.state_count(),
        depth: walked.max_depth(),
        took: start.elapsed(),
    })
}

/// Tells parts apart again that are equal, so that the story is one of worker 1 and worker 2.
fn shortest_wedge<P: Protocol>(model: &P) -> Counterexample {
    let graph = Graph::of(model, |_| false);
    graph.story(model, graph.first_wedged(model).unwrap_or_default(), NOTHING_IS_WEDGED)
}

fn shortest_violation<P: Protocol>(model: &P) -> Counterexample {
    let properties = model.properties();
    let broken_by = |state: &P::State| {
        properties
            .iter()
            .find(|property| {
                property.expectation == Expectation::Always && !(property.condition)(model, state)
            })
            .map(|property| property.name)
    };
    let graph = Graph::of(model, |state| broken_by(state).is_some());
    let broken = graph
        .states
        .last()
        .and_then(broken_by)
        .unwrap_or("a property that only stateright saw broken");
    graph.story(model, graph.states.len().saturating_sub(1), broken)
}

fn never_seen<P: Protocol>(model: &P, what: &str) -> Counterexample {
    let first = model.init_states().first().map(|state| model.describe(state)).unwrap_or_default();
    Counterexample {
        broken: format!("never seen, so the model says nothing: {what}"),
        steps: Vec::new(),
        starts_as: first.clone(),
        ends_as: first,
    }
}

/// All states in breadth-first order, how each was reached, and the fair steps between them.
struct Graph<P: Protocol> {
    states: Vec<P::State>,
    reached_by: Vec<Option<(usize, P::Action)>>,
    fair_steps: Vec<(usize, usize)>,
}

impl<P: Protocol> Graph<P> {
    /// Walks the model; a state that `is_last` ends the walk and is the last of `states`.
    fn of(model: &P, is_last: impl Fn(&P::State) -> bool) -> Self {
        let mut graph = Self { states: Vec::new(), reached_by: Vec::new(), fair_steps: Vec::new() };
        let mut known: AHashMap<P::State, usize> = AHashMap::new();
        for state in model.init_states() {
            known.insert(state.clone(), graph.states.len());
            graph.states.push(state);
            graph.reached_by.push(None);
        }

        let mut actions = Vec::new();
        let mut current = 0;
        while let Some(state) = graph.states.get(current).cloned() {
            model.actions(&state, &mut actions);
            for action in actions.drain(..) {
                let Some(next) = model.next_state(&state, action.clone()) else { continue };
                let is_fair = model.is_fair(&action);
                let fresh = graph.states.len();
                let target = *known.entry(next.clone()).or_insert(fresh);
                if is_fair && target != current {
                    graph.fair_steps.push((target, current));
                }
                if target == fresh {
                    let ends = is_last(&next);
                    graph.states.push(next);
                    graph.reached_by.push(Some((current, action)));
                    if ends {
                        return graph;
                    }
                }
            }
            current += 1;
        }
        graph
    }

    /// The state nearest to the start from which fair steps reach no settled state.
    fn first_wedged(&self, model: &P) -> Option<usize> {
        let mut arrivals = self.fair_steps.clone();
        arrivals.sort_unstable();
        let mut ends_well: Vec<bool> =
            self.states.iter().map(|state| model.is_settled(state)).collect();
        let mut pending: Vec<usize> =
            (0..ends_well.len()).filter(|at| ends_well.get(*at) == Some(&true)).collect();
        while let Some(target) = pending.pop() {
            let first = arrivals.partition_point(|(to, _)| *to < target);
            for (_, source) in arrivals.iter().skip(first).take_while(|(to, _)| *to == target) {
                if let Some(flag) = ends_well.get_mut(*source).filter(|flag| !**flag) {
                    *flag = true;
                    pending.push(*source);
                }
            }
        }
        ends_well.iter().position(|flag| !flag)
    }

    /// The way from a first state to this one.
    fn story(&self, model: &P, end: usize, broken: &str) -> Counterexample {
        let mut steps = Vec::new();
        let mut at = end;
        while let Some(Some((before, action))) = self.reached_by.get(at) {
            steps.extend(self.states.get(*before).map(|state| model.tell(state, action)));
            at = *before;
        }
        steps.reverse();
        let line =
            |at: usize| self.states.get(at).map(|state| model.describe(state)).unwrap_or_default();
        Counterexample { broken: broken.to_owned(), steps, starts_as: line(at), ends_as: line(end) }
    }
}
