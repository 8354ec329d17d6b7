//! Records with quotation marks: where each cell ends, and whether the record would swallow
//! others.

use std::io::Read;

use accunode_ports::files::OpenError;

use super::{Attempt, MARK, Records, Span, TELLING_WIDTH, TooLong};
use crate::{fault, find::find};

impl<R: Read> Records<'_, R> {
    /// Splits a record with quotation marks, and counts its lines.
    pub(super) fn attempt(&mut self) -> Result<(Attempt, u64), OpenError> {
        self.cells.clear();
        let (mut place, mut lines) = (0, 1);
        // Whether there are marks in a cell that could also belong to another cell.
        let mut is_doubtful = false;
        let (end, next) = loop {
            if self.cells.len() >= self.limits.columns {
                if lines > 1 {
                    return Ok((Attempt::Stray, 1));
                }
                return Err(fault::too_many_columns(self.row, self.limits.columns));
            }
            place = self.before_mark(place)?;
            let span = if self.at(place)? == Some(MARK) {
                let Some(close) = self.closing(place, lines)? else {
                    return Ok((Attempt::Stray, 1));
                };
                let behind = self.behind_blanks(close + 1)?;
                match self.at(behind)? {
                    Some(byte) if byte != self.delimiter && !matches!(byte, b'\r' | b'\n') => {
                        match self.text_behind(place, close)? {
                            Some((to, is_odd)) => {
                                is_doubtful |= is_odd;
                                Span {
                                    from: place,
                                    to,
                                    is_quoted: false,
                                }
                            }
                            None => return Ok((Attempt::Stray, 1)),
                        }
                    }
                    _ => {
                        let quoted = &self.buffer[self.start + place + 1..self.start + close];
                        lines += crate::rows::line_ends(quoted);
                        Span {
                            from: place + 1,
                            to: close,
                            is_quoted: true,
                        }
                    }
                }
            } else {
                match self.cell_end(place)? {
                    Ok(to) => Span {
                        from: place,
                        to,
                        is_quoted: false,
                    },
                    Err(TooLong) if lines > 1 => return Ok((Attempt::Stray, 1)),
                    Err(TooLong) => return Err(self.too_long()),
                }
            };
            self.cells.push(span);
            let end = if span.is_quoted {
                self.behind_blanks(span.to + 1)?
            } else {
                span.to
            };
            match self.at(end)? {
                Some(byte) if byte == self.delimiter => place = end + 1,
                _ => break (end, self.behind_line_end(end)?),
            }
        };
        let fits = self.fits();
        if lines > 1 && (!fits || self.swallows(end)) || is_doubtful && !fits {
            return Ok((Attempt::Stray, 1));
        }
        Ok((Attempt::Split { end, next }, lines))
    }

    /// Returns the first offset from `place` on that is not blank.
    fn behind_blanks(&mut self, place: usize) -> Result<usize, OpenError> {
        let mut at = place;
        while self.delimiter != b' ' && self.at(at)? == Some(b' ') {
            at += 1;
        }
        Ok(at)
    }

    /// Returns the offset of a mark that is preceded only by blanks, as in `"a", "b"`, if
    /// its quotation ends with a cell of the same line; else `place`.
    fn before_mark(&mut self, place: usize) -> Result<usize, OpenError> {
        let at = self.behind_blanks(place)?;
        if at == place || self.at(at)? != Some(MARK) {
            return Ok(place);
        }
        let Ok(end) = self.find(at, |byte| matches!(byte, b'\n' | b'\r'))? else {
            return Ok(place);
        };
        let line = &self.buffer[self.start + at + 1..self.start + end];
        let mut marks = line.iter().enumerate().filter(|(_, byte)| **byte == MARK);
        let mut doubled = None;
        let close = marks.find_map(|(mark, _)| {
            if doubled == Some(mark) {
                return None;
            }
            doubled = Some(mark + 1);
            (line.get(mark + 1) != Some(&MARK)).then_some(mark)
        });
        let behind = close.map(|close| line.get(close + 1..).unwrap_or_default());
        let next = behind.map(|behind| behind.iter().find(|byte| **byte != b' '));
        let ends_cell = next.is_some_and(|next| next.is_none_or(|byte| *byte == self.delimiter));
        Ok(if ends_cell { at } else { place })
    }

    /// Returns where an unquoted cell ends.
    fn cell_end(&mut self, place: usize) -> Result<Result<usize, TooLong>, OpenError> {
        let delimiter = self.delimiter;
        self.find(place, |byte| {
            byte == delimiter || matches!(byte, b'\n' | b'\r')
        })
    }

    /// Returns the mark that closes the quotation which opens at `open`; `None` if it does
    /// not close and the record has already continued over lines, so that there may be
    /// another way to read it.
    fn closing(&mut self, open: usize, lines: u64) -> Result<Option<usize>, OpenError> {
        let mut from = open + 1;
        loop {
            let found = self.find(from, |byte| byte == MARK)?;
            let Ok(at) = found else {
                if lines > 1 {
                    return Ok(None);
                }
                return Err(fault::malformed(format!(
                    "row {} (line {}) is longer than {} bytes; is a quotation mark not closed?",
                    self.row, self.line, self.limits.row_bytes
                )));
            };
            match (self.at(at)?, self.at(at + 1)?) {
                (None, _) if lines > 1 => return Ok(None),
                (None, _) => return Err(self.never_closed(open)),
                (_, Some(MARK)) => from = at + 2,
                _ => return Ok(Some(at)),
            }
        }
    }

    /// Returns the end of a cell whose quotation is followed by text, and whether the
    /// number of its marks is odd. `None` if a delimiter or the end of a line is inside of
    /// the quotation: then both readings are possible.
    fn text_behind(
        &mut self,
        open: usize,
        close: usize,
    ) -> Result<Option<(usize, bool)>, OpenError> {
        let quoted = &self.buffer[self.start + open..self.start + close];
        let ends_cell = |byte| byte == self.delimiter || matches!(byte, b'\n' | b'\r');
        if find(quoted, ends_cell).is_some() {
            return Ok(None);
        }
        let Ok(to) = self.cell_end(close + 1)? else {
            return Err(self.too_long());
        };
        let cell = &self.buffer[self.start + open..self.start + to];
        let marks = cell.iter().filter(|byte| **byte == MARK).count();
        Ok(Some((to, marks % 2 == 1)))
    }

    /// Returns whether the number of cells is as required, ignoring empty ones at the end.
    fn fits(&self) -> bool {
        let used = self
            .cells
            .iter()
            .rposition(|cell| cell.from < cell.to)
            .map_or(0, |last| last + 1);
        self.width == 0
            || self.cells.len() == self.width
            || self.cells.len() > self.width && used <= self.width
    }

    /// Returns whether lines of a record over several lines look like records of their own.
    fn swallows(&self, end: usize) -> bool {
        if self.width < TELLING_WIDTH {
            return false;
        }
        let record = &self.buffer[self.start..self.start + end];
        let is_record = |line: &[u8]| {
            let cells = line.iter().filter(|byte| **byte == self.delimiter).count() + 1;
            cells == self.width
        };
        let lines: Vec<&[u8]> = record.split(|byte| matches!(byte, b'\r' | b'\n')).collect();
        match lines.as_slice() {
            [first, between @ .., last] => {
                between.iter().any(|line| is_record(line)) || is_record(first) && is_record(last)
            }
            _ => false,
        }
    }
}
