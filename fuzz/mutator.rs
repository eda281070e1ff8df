//! Mutations of seeds, from a counter alone: the same in every run, on every machine.

/// Pieces that matter to some reader of ours.
const PIECES: [&str; 28] = [
    "",
    "\0",
    "\n",
    "\"",
    "\"\"\"",
    "\\",
    "{",
    "}",
    "[[",
    "]]",
    "=",
    ".",
    "..",
    "/",
    "%2e",
    "@",
    "#",
    "?",
    ":443",
    "é",
    "\u{202e}",
    "{config.x}",
    "{metadata.x}",
    "{access_token}",
    "${user_config.x}",
    "null",
    "-1",
    "99999999999999999999",
];

/// The most changes of one mutation.
const MOST: usize = 4;

pub(crate) struct Mutator<'s> {
    seeds: &'s [Vec<u8>],
    state: u64,
}

impl<'s> Mutator<'s> {
    pub(crate) fn new(seeds: &'s [Vec<u8>]) -> Self {
        assert!(!seeds.is_empty());
        Self { seeds, state: 0 }
    }

    /// The next mutation.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut bytes = self.seeds[seed].clone();
        for _ in 0..=self.below(MOST) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (start, end) = self.range(bytes.len());
        match self.below(6) {
            0 => drop(bytes.drain(start..end)),
            1 => drop(bytes.splice(start..start, PIECES[self.below(PIECES.len())].bytes())),
            2 => drop(bytes.splice(start..end, PIECES[self.below(PIECES.len())].bytes())),
            3 => {
                let copy = bytes[start..end].to_vec();
                drop(bytes.splice(start..start, copy));
            }
            4 => {
                let other = &self.seeds[self.below(self.seeds.len())];
                let (from, to) = self.range(other.len());
                drop(bytes.splice(start..end, other[from..to].iter().copied()));
            }
            _ => {
                let flipped = 1 << self.below(8);
                bytes.iter_mut().skip(start).take(1).for_each(|byte| *byte ^= flipped);
            }
        }
    }

    /// A range of up to 32 bytes.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        (start, (start + self.below(33)).min(length))
    }

    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}
