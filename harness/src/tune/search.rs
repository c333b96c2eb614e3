//! Which candidates are measured: the whole grid, or with a budget a walk along its axes.
//!
//! The walk begins at the values in force. It tries all values of one parameter at once, which one
//! pass can do, moves to the best, and goes on to the next parameter, until a round changes nothing.
//! What is left of the budget is spread evenly over the grid, and if that finds something better,
//! the walk goes on from there. It need not find what is best of all.

use std::collections::BTreeMap;

use super::axis::{Axis, Setting};
use super::choice::{Constraint, Point};

/// Positions on each axis.
pub type Place = Vec<usize>;

/// The product of some axes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    axes: Vec<Axis>,
}

/// How much of a grid is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// Every point.
    Whole,
    /// At most so many.
    Budget(u64),
}

impl Grid {
    /// The grid of these axes; at least one.
    #[must_use]
    pub fn new(axes: Vec<Axis>) -> Self {
        Grid { axes }
    }

    /// Its axes.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Points in all.
    #[must_use]
    pub fn size(&self) -> u64 {
        let sizes = self.axes.iter().map(|axis| axis.values.len() as u64);
        sizes.fold(1, u64::saturating_mul)
    }

    /// The values in force.
    #[must_use]
    pub fn current(&self) -> Place {
        self.axes.iter().map(|axis| axis.current).collect()
    }

    /// The settings of a place.
    #[must_use]
    pub fn settings(&self, place: &[usize]) -> Vec<Setting> {
        let pairs = self.axes.iter().zip(place);
        pairs
            .filter_map(|(axis, &position)| axis.setting(position))
            .collect()
    }

    /// The place with this number, the last axis changing fastest.
    fn place(&self, number: u64) -> Place {
        let mut rest = number;
        let mut place: Place = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let length = axis.values.len() as u64;
                let position = rest % length;
                rest /= length;
                usize::try_from(position).expect("a position lies below a length")
            })
            .collect();
        place.reverse();
        place
    }

    fn all(&self) -> impl Iterator<Item = Place> {
        (0..self.size()).map(|number| self.place(number))
    }

    /// So many places spread evenly over the grid.
    fn spread(&self, number: u64) -> impl Iterator<Item = Place> {
        let size = u128::from(self.size());
        let total = u128::from(number.max(1));
        (0..number).map(move |index| {
            let near = (u128::from(index) * size + size / 2) / total;
            self.place(u64::try_from(near.min(size - 1)).unwrap_or(0))
        })
    }

    /// The places that differ from `place` on one axis alone, nearest first.
    fn line(&self, place: &[usize], axis: usize) -> Vec<Place> {
        let mut positions: Vec<usize> = (0..self.axes[axis].values.len()).collect();
        positions.sort_by_key(|position| position.abs_diff(place[axis]));
        let at = |position: usize| {
            let mut other = place.to_vec();
            other[axis] = position;
            other
        };
        positions.into_iter().map(at).collect()
    }
}

/// What a measured place gave; its point is missing where a figure is undefined.
pub trait HasPoint {
    /// The point.
    fn point(&self) -> Option<Point>;
}

/// Measures places of the grid, the values in force among them; `measure` is given several at once.
///
/// # Errors
/// The first error of `measure`.
pub fn search<T: HasPoint, E>(
    grid: &Grid,
    plan: Plan,
    constraint: &Constraint,
    mut measure: impl FnMut(&[Place]) -> Result<Vec<T>, E>,
) -> Result<BTreeMap<Place, T>, E> {
    let mut seen = BTreeMap::new();
    let mut take = |places: Vec<Place>, seen: &mut BTreeMap<Place, T>| {
        let results = if places.is_empty() {
            Vec::new()
        } else {
            measure(&places)?
        };
        seen.extend(places.into_iter().zip(results));
        Ok::<(), E>(())
    };
    let budget = match plan {
        Plan::Budget(budget) if budget < grid.size() => budget.max(1),
        _ => {
            take(grid.all().collect(), &mut seen)?;
            return Ok(seen);
        }
    };
    let mut at = grid.current();
    loop {
        let before = at.clone();
        for axis in 0..grid.axes.len() {
            let line = grid.line(&at, axis);
            let left = budget.saturating_sub(seen.len() as u64);
            let fresh = line.iter().filter(|place| !seen.contains_key(*place));
            let fresh = fresh.take(usize::try_from(left).unwrap_or(usize::MAX));
            let fresh: Vec<Place> = fresh.cloned().collect();
            take(fresh, &mut seen)?;
            at = best(line, &seen, constraint).unwrap_or(at);
        }
        let left = budget.saturating_sub(seen.len() as u64);
        if left == 0 {
            return Ok(seen);
        }
        if at == before {
            // A walk ends where no single axis helps; what is left looks elsewhere.
            let fresh = grid.spread(left).filter(|place| !seen.contains_key(place));
            take(fresh.collect(), &mut seen)?;
            let all: Vec<Place> = std::iter::once(at.clone())
                .chain(seen.keys().cloned())
                .collect();
            at = best(all, &seen, constraint).unwrap_or(at);
            if at == before {
                return Ok(seen);
            }
        }
    }
}

/// The best measured place of a line; among equals the one nearest to where it began.
fn best<T: HasPoint>(
    line: Vec<Place>,
    seen: &BTreeMap<Place, T>,
    constraint: &Constraint,
) -> Option<Place> {
    let measured = line.into_iter().filter_map(|place| {
        let point = seen.get(&place)?.point()?;
        Some((place, point))
    });
    // `min_by` keeps the first of equals.
    let best = measured.min_by(|left, right| constraint.compare(&left.1, &right.1));
    best.map(|(place, _)| place)
}

/// The place to choose: the best one that meets the constraint, the values in force among equals.
#[must_use]
pub fn choose<T: HasPoint>(
    grid: &Grid,
    seen: &BTreeMap<Place, T>,
    constraint: &Constraint,
) -> Option<Place> {
    let current = grid.current();
    let current = seen.get_key_value(&current);
    let places = current.into_iter().chain(seen.iter());
    let meeting = places.filter_map(|(place, measured)| {
        let point = measured.point()?;
        constraint.is_met_by(&point).then_some((place, point))
    });
    let best = meeting.min_by(|left, right| constraint.compare(&left.1, &right.1));
    best.map(|(place, _)| place.clone())
}
