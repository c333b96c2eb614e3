//! A source whose first rows were looked at: whether there are any, before anything is written.

use std::sync::Arc;

use livefire_labels::{Batch, Campaign, EventSource, LabelGroup, LogExtent, Payload, SourceError};
use livefire_schema::reference::Reference;

/// The source, and the batch that was taken from it.
pub(super) struct Peeked<S> {
    source: S,
    first: Option<Batch>,
}

impl<S: EventSource> Peeked<S> {
    /// Reads up to the first batch with rows; nothing if the source has none.
    ///
    /// # Errors
    /// Those of the source.
    pub(super) fn new(mut source: S) -> Result<Option<Self>, SourceError> {
        let mut batch = Batch::default();
        while source.next_batch(&mut batch)? {
            if !batch.rows.is_empty() {
                let first = Some(batch);
                return Ok(Some(Peeked { source, first }));
            }
        }
        Ok(None)
    }
}

impl<S: EventSource> EventSource for Peeked<S> {
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, SourceError> {
        match self.first.take() {
            Some(first) => {
                *batch = first;
                Ok(true)
            }
            None => self.source.next_batch(batch),
        }
    }

    fn reference(&self) -> Arc<Reference> {
        self.source.reference()
    }

    fn groups(&self) -> &[LabelGroup] {
        self.source.groups()
    }

    fn campaigns(&self) -> Vec<Campaign> {
        self.source.campaigns()
    }

    fn payloads(&self) -> Vec<Payload> {
        self.source.payloads()
    }

    fn extent(&self) -> LogExtent {
        self.source.extent()
    }
}
