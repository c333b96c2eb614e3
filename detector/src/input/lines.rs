//! Lines of bounded length from any stream.

use std::io::{BufRead, BufReader, Read};

/// Longest line that is read; ten times what Azure Monitor accepts as a row.
pub(super) const LONGEST: usize = 10 << 20;

/// Lines with their numbers, in one reused buffer.
pub(super) struct Lines<'p> {
    stream: BufReader<Box<dyn Read + 'p>>,
    line: Vec<u8>,
    number: u64,
}

/// What [`Lines::advance`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// A line, to be read with [`Lines::line`].
    Line,
    /// A line longer than [`LONGEST`], skipped.
    TooLong,
    /// No more lines.
    End,
}

impl<'p> Lines<'p> {
    pub(super) fn new(stream: Box<dyn Read + 'p>) -> Self {
        Lines {
            stream: BufReader::with_capacity(1 << 18, stream),
            line: Vec::new(),
            number: 0,
        }
    }

    /// Reads the next line that is not blank.
    pub(super) fn advance(&mut self) -> std::io::Result<Step> {
        loop {
            self.line.clear();
            let limit = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
            let mut limited = (&mut self.stream).take(limit);
            let read = limited.read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(Step::End);
            }
            self.number += 1;
            if self.line.last() == Some(&b'\n') {
                self.line.pop();
            } else if read > LONGEST {
                self.stream.skip_until(b'\n')?;
                return Ok(Step::TooLong);
            }
            if self.number == 1 && self.line.starts_with(b"\xEF\xBB\xBF") {
                self.line.drain(..3);
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Step::Line);
            }
        }
    }

    /// The line read last, without its end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Number of the line read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}
