//! Bytes into lines, however they come.

/// Collects bytes until a line is whole. Holds at most a line's window of bytes.
pub(super) struct Lines {
    window: usize,
    line: Vec<u8>,
    overlong: bool,
}

/// A line as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// Whether these are only its first bytes.
    pub(super) cut: bool,
}

impl Lines {
    pub(super) fn new(window: usize) -> Self {
        Self { window, line: Vec::new(), overlong: false }
    }

    /// The lines that these bytes complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut parts = bytes.split(|&byte| byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.append(part);
            lines.push(self.take());
        }
        self.append(last);
        lines
    }

    /// What stands after the last line end, at the end of the input.
    pub(super) fn finish(&mut self) -> Option<Line> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn append(&mut self, part: &[u8]) {
        let room = self.window.saturating_sub(self.line.len());
        self.overlong |= part.len() > room;
        self.line.extend(part.iter().take(room));
    }

    fn take(&mut self) -> Line {
        let cut = std::mem::take(&mut self.overlong);
        let mut bytes = std::mem::take(&mut self.line);
        if !cut && bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Line { bytes, cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, cut: bool) -> Line {
        Line { bytes: text.into(), cut }
    }

    #[test]
    fn lines_are_the_same_in_whatever_pieces_they_come() {
        let input = b"one\ntwo\r\n\nthe fourth is longer\nlast";
        let expected = vec![
            line("one", false),
            line("two", false),
            line("", false),
            line("the fourth", true),
            line("last", false),
        ];
        for size in 1..=input.len() {
            let mut lines = Lines::new(10);
            let mut got: Vec<Line> = input.chunks(size).flat_map(|chunk| lines.feed(chunk)).collect();
            got.extend(lines.finish());
            assert_eq!(got, expected, "in pieces of {size}");
            assert_eq!(lines.finish(), None);
        }
    }
}
