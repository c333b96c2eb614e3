//! The report that people read: one HTML file, whole in itself, from the figures of a run.
//!
//! Three layers: [`Results`] reads what a run left; the sections turn it into a document of plain
//! blocks (texts, tables, plots) that knows no HTML; templates write the blocks out. Text from logs
//! is written by attackers, so everything is escaped in one place, where it is written. The crate
//! computes no measure of its own: figures are `scorer`'s. [`summary`] is what a run keeps of its
//! rows for the workbooks.

mod document;
mod format;
mod html;
mod plot;
mod results;
mod sections;
pub mod seeds;
pub mod summary;

pub use html::RenderError;
pub use results::{AlertSample, ReadError, Results};
pub use sections::{Inputs, navigator_layer};

/// The report as one HTML file.
///
/// # Errors
/// [`RenderError`] if a template fails, which is a defect.
pub fn html(inputs: &Inputs<'_>) -> Result<String, RenderError> {
    html::render(&sections::document(inputs))
}
