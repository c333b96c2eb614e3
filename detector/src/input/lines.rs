//! Lines of bounded length from any stream.
//!
//! A line that lies whole in the stream's buffer, as nearly all do, is read where it lies; only
//! one that the buffer's edge cuts is put together elsewhere.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::ops::Range;

use memchr::memchr;

/// Longest line that is read; ten times what Azure Monitor accepts as a row.
pub(super) const LONGEST: usize = 10 << 20;

/// Lines with their numbers, in reused buffers.
pub(super) struct Lines<'p> {
    stream: BufReader<Box<dyn Read + 'p>>,
    place: Place,
    /// A line that lies nowhere whole but here.
    joined: Vec<u8>,
    number: u64,
}

/// Where the line read last is.
enum Place {
    /// In the stream's buffer, which must give it up, with its end, before the next one.
    Buffer(Range<usize>),
    Joined,
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
            place: Place::Joined,
            joined: Vec::new(),
            number: 0,
        }
    }

    /// Reads the next line that is not blank.
    pub(super) fn advance(&mut self) -> std::io::Result<Step> {
        loop {
            if let Place::Buffer(line) = &self.place {
                self.stream.consume(line.end + 1);
                self.place = Place::Joined;
            }
            match self.find_end()? {
                Some(end) => {
                    self.number += 1;
                    self.place = Place::Buffer(0..end);
                }
                None => match self.join()? {
                    Step::Line => {}
                    other => return Ok(other),
                },
            }
            self.skip_mark();
            if !self.line().iter().all(u8::is_ascii_whitespace) {
                return Ok(Step::Line);
            }
        }
    }

    /// Length of the next line if the buffer holds it whole.
    fn find_end(&mut self) -> std::io::Result<Option<usize>> {
        loop {
            match self.stream.fill_buf() {
                Ok(buffer) => return Ok(memchr(b'\n', buffer)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts together a line that the buffer does not hold whole.
    fn join(&mut self) -> std::io::Result<Step> {
        self.joined.clear();
        let limit = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
        let mut limited = (&mut self.stream).take(limit);
        let read = limited.read_until(b'\n', &mut self.joined)?;
        if read == 0 {
            return Ok(Step::End);
        }
        self.number += 1;
        if self.joined.last() == Some(&b'\n') {
            self.joined.pop();
        } else if read > LONGEST {
            self.stream.skip_until(b'\n')?;
            return Ok(Step::TooLong);
        }
        Ok(Step::Line)
    }

    /// Leaves out a byte-order mark before the first line.
    fn skip_mark(&mut self) {
        if self.number == 1 && self.line().starts_with(b"\xEF\xBB\xBF") {
            match &mut self.place {
                Place::Buffer(line) => line.start = 3,
                Place::Joined => drop(self.joined.drain(..3)),
            }
        }
    }

    /// The line read last, without its end.
    pub(super) fn line(&self) -> &[u8] {
        match &self.place {
            Place::Buffer(line) => &self.stream.buffer()[line.clone()],
            Place::Joined => &self.joined,
        }
    }

    /// Number of the line read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a fixed length.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            let (piece, rest) = self.0.split_at(length);
            buffer[..length].copy_from_slice(piece);
            self.0 = rest;
            Ok(length)
        }
    }

    #[test]
    fn lines_are_the_same_however_the_stream_cuts_them() {
        let text = b"\xEF\xBB\xBFone\n\n  \r\ntwo\r\nthree is longer\nlast";
        let expected = [
            (1, "one"),
            (4, "two\r"),
            (5, "three is longer"),
            (6, "last"),
        ];
        for piece in [1, 2, 3, 5, 7, 11, 1000] {
            let mut lines = Lines::new(Box::new(Pieces(text, piece)));
            for (number, line) in expected {
                assert_eq!(lines.advance().expect("can be read"), Step::Line);
                let found = (lines.number(), lines.line());
                assert_eq!(found, (number, line.as_bytes()), "pieces of {piece}");
            }
            assert_eq!(lines.advance().expect("can be read"), Step::End);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST + 10];
        text.extend_from_slice(b"\nnext\n");
        let mut lines = Lines::new(Box::new(text.as_slice()));
        assert_eq!(lines.advance().expect("can be read"), Step::TooLong);
        assert_eq!(lines.advance().expect("can be read"), Step::Line);
        assert_eq!((lines.number(), lines.line()), (2, b"next".as_slice()));
    }
}
