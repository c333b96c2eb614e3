//! Plots as shapes in a frame: scales turn values into positions, the template draws the rest.
//!
//! No more than the report needs: two axes with ticks, lines, bars, dots and labels. Colours and
//! line styles are classes, so that light, dark and print are the style sheet's business.

use serde::Serialize;

/// Width of a plot in its own units; it is scaled to the page.
pub(crate) const WIDTH: f64 = 900.0;
/// Room left of the axes.
const LEFT: f64 = 64.0;
/// Room right of them.
const RIGHT: f64 = 24.0;
/// Room above them.
const TOP: f64 = 18.0;
/// Room below them, for ticks and a name.
const BOTTOM: f64 = 46.0;

/// A plot.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Plot {
    /// What it shows.
    pub(crate) title: String,
    /// The same in a sentence with the figures that matter, for those who cannot see it.
    pub(crate) description: String,
    width: f64,
    height: f64,
    frame: Frame,
    x_name: String,
    y_name: String,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    marks: Vec<Mark>,
    /// Series and their classes.
    legend: Vec<Legend>,
}

/// The rectangle between the axes.
#[derive(Clone, Copy, Debug, Serialize)]
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A tick of an axis.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tick {
    at: f64,
    label: String,
}

/// A series in the legend.
#[derive(Clone, Debug, Serialize)]
struct Legend {
    class: &'static str,
    label: String,
}

/// A shape, in the plot's own units.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Mark {
    Path {
        d: String,
        class: &'static str,
    },
    Bar {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        class: &'static str,
        title: String,
    },
    Dot {
        x: f64,
        y: f64,
        radius: f64,
        class: &'static str,
        title: String,
    },
    Rule {
        x1: f64,
        y1: f64,
        x2: f64,
        y2: f64,
        class: &'static str,
    },
    Label {
        x: f64,
        y: f64,
        text: String,
        class: &'static str,
    },
}

/// From values to positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    logarithmic: bool,
}

impl Scale {
    /// The position of a value; values outside stand at the edge.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let (low, high, value) = if self.logarithmic {
            let least = self.from.max(f64::MIN_POSITIVE);
            let log = |x: f64| libm::log10(x.max(least));
            (log(self.from), log(self.to), log(value))
        } else {
            (self.from, self.to, value)
        };
        let share = if high != low {
            ((value - low) / (high - low)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        tenth(self.start + share * (self.end - self.start))
    }
}

/// Positions to a tenth of a unit: enough for the eye, and short.
fn tenth(position: f64) -> f64 {
    (position * 10.0).round() / 10.0
}

/// Limits of an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Axis {
    /// Even steps; `from` may lie above `to`, as in rows that are counted downwards.
    pub(crate) fn linear(from: f64, to: f64) -> Self {
        let to = if to == from { from + 1.0 } else { to };
        Axis {
            from,
            to,
            logarithmic: false,
        }
    }

    /// Even ratios; both limits above 0.
    pub(crate) fn logarithmic(from: f64, to: f64) -> Self {
        Axis {
            from,
            to,
            logarithmic: true,
        }
    }

    fn scale(self, start: f64, end: f64) -> Scale {
        Scale {
            from: self.from,
            to: self.to,
            start,
            end,
            logarithmic: self.logarithmic,
        }
    }
}

impl Plot {
    /// An empty frame and its scales. `left` is more room for long labels of rows.
    pub(crate) fn new(
        title: &str,
        height: f64,
        left: f64,
        x: (&str, Axis),
        y: (&str, Axis),
    ) -> (Self, Scale, Scale) {
        let frame = Frame {
            left: LEFT + left,
            right: WIDTH - RIGHT,
            top: TOP,
            bottom: height - BOTTOM,
        };
        let across = x.1.scale(frame.left, frame.right);
        let up = y.1.scale(frame.bottom, frame.top);
        let plot = Plot {
            title: title.to_owned(),
            description: String::new(),
            width: WIDTH,
            height,
            frame,
            x_name: x.0.to_owned(),
            y_name: y.0.to_owned(),
            x_ticks: Vec::new(),
            y_ticks: Vec::new(),
            marks: Vec::new(),
            legend: Vec::new(),
        };
        (plot, across, up)
    }

    /// The height of a frame with so many rows of this height.
    pub(crate) fn height_of_rows(rows: usize, row: f64) -> f64 {
        TOP + BOTTOM + rows as f64 * row
    }

    /// Ticks below.
    pub(crate) fn x_ticks(
        &mut self,
        scale: &Scale,
        ticks: impl IntoIterator<Item = (f64, String)>,
    ) {
        self.x_ticks = ticks_at(scale, ticks);
    }

    /// Ticks on the left.
    pub(crate) fn y_ticks(
        &mut self,
        scale: &Scale,
        ticks: impl IntoIterator<Item = (f64, String)>,
    ) {
        self.y_ticks = ticks_at(scale, ticks);
    }

    /// A line of straight pieces through positions.
    pub(crate) fn line(&mut self, points: &[(f64, f64)], class: &'static str) {
        let d = points.iter().enumerate().map(|(index, (x, y))| {
            let command = if index == 0 { 'M' } else { 'L' };
            format!("{command}{x} {y}")
        });
        let d = d.collect::<String>();
        self.marks.push(Mark::Path { d, class });
    }

    /// A line that goes across to the next point, then up or down to it.
    pub(crate) fn steps(&mut self, points: &[(f64, f64)], class: &'static str) {
        let mut d = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            if index == 0 {
                d.push_str(&format!("M{x} {y}"));
            } else {
                d.push_str(&format!("H{x}V{y}"));
            }
        }
        self.marks.push(Mark::Path { d, class });
    }

    /// A bar between two corners; it is at least a unit wide and high, so that it can be seen.
    pub(crate) fn bar(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        class: &'static str,
        title: impl Into<String>,
    ) {
        self.marks.push(Mark::Bar {
            x: tenth(from.0.min(to.0)),
            y: tenth(from.1.min(to.1)),
            width: tenth((to.0 - from.0).abs().max(1.0)),
            height: tenth((to.1 - from.1).abs().max(1.0)),
            class,
            title: title.into(),
        });
    }

    /// A dot.
    pub(crate) fn dot(
        &mut self,
        at: (f64, f64),
        radius: f64,
        class: &'static str,
        title: impl Into<String>,
    ) {
        self.marks.push(Mark::Dot {
            x: tenth(at.0),
            y: tenth(at.1),
            radius: tenth(radius),
            class,
            title: title.into(),
        });
    }

    /// A straight line between positions.
    pub(crate) fn rule(&mut self, from: (f64, f64), to: (f64, f64), class: &'static str) {
        self.marks.push(Mark::Rule {
            x1: tenth(from.0),
            y1: tenth(from.1),
            x2: tenth(to.0),
            y2: tenth(to.1),
            class,
        });
    }

    /// A vertical line over the whole frame, with a label at its head.
    pub(crate) fn vertical(&mut self, x: f64, label: &str, class: &'static str) {
        let frame = self.frame;
        self.rule((x, frame.top), (x, frame.bottom), class);
        self.label((x + 4.0, frame.top - 3.0), label, "label");
    }

    /// A horizontal line over the whole frame, with a label above its end.
    pub(crate) fn horizontal(&mut self, y: f64, label: &str, class: &'static str) {
        let frame = self.frame;
        self.rule((frame.left, y), (frame.right, y), class);
        self.label((frame.right - 4.0, y - 4.0), label, "label end");
    }

    /// A word in the plot.
    pub(crate) fn label(&mut self, at: (f64, f64), text: &str, class: &'static str) {
        self.marks.push(Mark::Label {
            x: tenth(at.0),
            y: tenth(at.1),
            text: text.to_owned(),
            class,
        });
    }

    /// Names a series.
    pub(crate) fn legend(&mut self, class: &'static str, label: impl Into<String>) {
        let label = label.into();
        self.legend.push(Legend { class, label });
    }

    /// The plot with its description.
    pub(crate) fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }
}

fn ticks_at(scale: &Scale, ticks: impl IntoIterator<Item = (f64, String)>) -> Vec<Tick> {
    let ticks = ticks.into_iter().map(|(value, label)| Tick {
        at: scale.at(value),
        label,
    });
    ticks.collect()
}

/// Round values from 0 to at least `most`, about five of them.
pub(crate) fn round_ticks(most: f64) -> Vec<f64> {
    let most = if most > 0.0 { most } else { 1.0 };
    let rough = most / 5.0;
    let magnitude = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let factors = [1.0, 2.0, 5.0, 10.0].into_iter();
    let mut steps = factors.map(|factor| factor * magnitude);
    let step = steps.find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let mut ticks = vec![0.0];
    let mut number = 1.0;
    while ticks.last().is_some_and(|last| *last < most) {
        ticks.push(number * step);
        number += 1.0;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_positions_and_stay_inside() {
        let scale = Axis::linear(0.0, 10.0).scale(100.0, 200.0);
        assert_eq!(
            (scale.at(0.0), scale.at(5.0), scale.at(99.0)),
            (100.0, 150.0, 200.0)
        );
        let scale = Axis::logarithmic(1.0, 100.0).scale(0.0, 100.0);
        assert_eq!((scale.at(10.0), scale.at(0.0)), (50.0, 0.0));
    }

    #[test]
    fn rows_can_be_counted_downwards() {
        let scale = Axis::linear(4.0, 0.0).scale(400.0, 0.0);
        assert_eq!((scale.at(0.5), scale.at(3.5)), (50.0, 350.0));
    }

    #[test]
    fn ticks_are_round_and_reach_the_top() {
        assert_eq!(round_ticks(23.0), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]);
        assert_eq!(round_ticks(0.0).first(), Some(&0.0));
        assert!(round_ticks(1e6).last().is_some_and(|last| *last >= 1e6));
    }

    #[test]
    fn steps_go_across_before_they_go_up() {
        let (mut plot, _, _) = Plot::new(
            "t",
            100.0,
            0.0,
            ("x", Axis::linear(0.0, 1.0)),
            ("y", Axis::linear(0.0, 1.0)),
        );
        plot.steps(&[(0.0, 9.0), (5.0, 4.0)], "s");
        assert!(matches!(&plot.marks[0], Mark::Path { d, .. } if d == "M0 9H5V4"));
    }
}
