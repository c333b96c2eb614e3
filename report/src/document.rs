//! The report as a document of plain blocks: what a section says, without a word of HTML.
//!
//! Sections are made of texts, tiles, lists, tables and plots; the templates alone know how each of
//! them looks. All text is escaped where it is written out, whoever it comes from.

use serde::Serialize;

use crate::plot::Plot;

/// Rows of a table that are shown at most; longer ones say what was cut.
pub(crate) const ROWS: usize = 500;

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    /// Title of the page.
    pub(crate) title: String,
    /// What the report is about, in one line.
    pub(crate) subtitle: String,
    /// Program and version.
    pub(crate) program: String,
    /// Groups of sections, in reading order.
    pub(crate) groups: Vec<Group>,
}

/// Sections that belong together.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    /// Heading.
    pub(crate) title: &'static str,
    /// Sections in reading order.
    pub(crate) sections: Vec<Section>,
}

/// One section.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Section {
    /// Its name in links.
    pub(crate) id: &'static str,
    /// Heading.
    pub(crate) title: String,
    /// Content.
    pub(crate) blocks: Vec<Block>,
}

impl Section {
    /// An empty section.
    pub(crate) fn new(id: &'static str, title: &str) -> Self {
        Section {
            id,
            title: title.to_owned(),
            blocks: Vec::new(),
        }
    }

    /// Adds a block.
    pub(crate) fn push(&mut self, block: impl Into<Block>) {
        self.blocks.push(block.into());
    }

    /// Adds a paragraph.
    pub(crate) fn text(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.push(Block::Text { text, class: "" });
    }

    /// Adds a paragraph in small print.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.push(Block::Text {
            text,
            class: "note",
        });
    }

    /// Adds a heading below the section's own.
    pub(crate) fn heading(&mut self, text: &str) {
        let text = text.to_owned();
        self.push(Block::Heading { text });
    }

    /// Adds a list, unless it is empty.
    pub(crate) fn list(&mut self, items: Vec<String>) {
        if !items.is_empty() {
            self.push(Block::List { items });
        }
    }

    /// Adds tiles.
    pub(crate) fn tiles(&mut self, tiles: Vec<Tile>) {
        self.push(Block::Tiles { tiles });
    }
}

/// A part of a section.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Block {
    /// A paragraph.
    Text {
        /// Its text.
        text: String,
        /// `note` for small print, `verdict …` for the verdict, or nothing.
        class: &'static str,
    },
    /// A heading below the section's own.
    Heading {
        /// Its text.
        text: String,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<String>,
    },
    /// Figures that stand alone.
    Tiles {
        /// In reading order.
        tiles: Vec<Tile>,
    },
    /// A table.
    Table(Table),
    /// A plot.
    Plot(Plot),
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Block::Table(table)
    }
}

impl From<Plot> for Block {
    fn from(plot: Plot) -> Self {
        Block::Plot(plot)
    }
}

/// A figure that stands alone.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tile {
    /// What it is.
    pub(crate) label: String,
    /// The figure.
    pub(crate) value: String,
    /// What qualifies it.
    pub(crate) note: String,
    /// `good`, `bad` or nothing.
    pub(crate) class: &'static str,
}

impl Tile {
    /// A tile without judgement.
    pub(crate) fn new(label: &str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Tile {
            label: label.to_owned(),
            value: value.into(),
            note: note.into(),
            class: "",
        }
    }

    /// The tile, coloured by whether a target is met.
    pub(crate) fn judged(mut self, met: Option<bool>) -> Self {
        self.class = match met {
            Some(true) => "good",
            Some(false) => "bad",
            None => "",
        };
        self
    }
}

/// A table; its first column heads the rows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Table {
    /// Caption.
    pub(crate) caption: String,
    /// Columns.
    pub(crate) columns: Vec<Column>,
    /// Rows, each with as many cells as there are columns.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What was left out, if anything.
    pub(crate) cut: String,
    /// Whether it is folded away until asked for.
    pub(crate) folded: bool,
    /// Extra class of the table.
    pub(crate) class: &'static str,
}

/// A column's head.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) title: String,
    /// Whether its cells are numbers.
    pub(crate) number: bool,
}

/// One cell.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Cell {
    /// What it shows.
    pub(crate) text: String,
    /// What it is sorted by, where that is not the text.
    pub(crate) sort: Option<f64>,
    /// Class: `good`, `bad`, `miss`, `sample`, … or nothing.
    pub(crate) class: &'static str,
}

impl Table {
    /// A table without rows; a column whose name begins with `#` holds numbers.
    pub(crate) fn new(caption: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| Column {
            title: name.trim_start_matches('#').to_owned(),
            number: name.starts_with('#'),
        });
        Table {
            caption: caption.into(),
            columns: columns.collect(),
            rows: Vec::new(),
            cut: String::new(),
            folded: false,
            class: "",
        }
    }

    /// The table, folded away until asked for.
    pub(crate) fn folded(mut self) -> Self {
        self.folded = true;
        self
    }

    /// The table with these rows, cut after [`ROWS`]; `rest` names the file that holds them all.
    pub(crate) fn with(mut self, rows: Vec<Vec<Cell>>, rest: &str) -> Self {
        let all = rows.len();
        self.rows = rows;
        if all > ROWS {
            self.rows.truncate(ROWS);
            self.cut = format!("The first {ROWS} of {all} rows; all of them: {rest}.");
        }
        self
    }
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Cell {
            text: text.into(),
            ..Cell::default()
        }
    }

    /// A text that is sorted by a number.
    pub(crate) fn sorted(text: impl Into<String>, sort: f64) -> Self {
        Cell {
            text: text.into(),
            // JSON and HTML have no infinity; this is beyond all others.
            sort: Some(sort.clamp(-1e300, 1e300)),
            class: "",
        }
    }

    /// A count.
    pub(crate) fn count(number: u64) -> Self {
        Cell::sorted(crate::format::grouped(number), number as f64)
    }

    /// A measure, shown as `text`; undefined sorts behind everything.
    pub(crate) fn measure(text: String, measure: livefire_scorer::Measure) -> Self {
        match measure.value() {
            Some(value) => Cell::sorted(text, value),
            None => Cell::text(text),
        }
    }

    /// The cell with a class.
    pub(crate) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    /// Text out of a log: shown as written, wrapped anywhere.
    pub(crate) fn sample(text: impl Into<String>) -> Self {
        Cell::text(text).class("sample")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_tables_are_cut_and_say_so() {
        let rows = (0..700).map(|number| vec![Cell::count(number)]).collect();
        let table = Table::new("numbers", &["#n"]).with(rows, "numbers.csv");
        assert_eq!(table.rows.len(), ROWS);
        assert_eq!(
            table.cut,
            "The first 500 of 700 rows; all of them: numbers.csv."
        );
    }

    #[test]
    fn infinity_can_be_sorted_by() {
        let cell = Cell::measure("∞".into(), livefire_scorer::Measure::INFINITE);
        assert_eq!(cell.sort, Some(1e300));
    }
}
