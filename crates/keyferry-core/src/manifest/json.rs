//! JSON that knows where it stands: every value keeps its path and its place in the text.
//!
//! The grammar is serde_json's; a value stays unread text until it is asked for, so what a manifest carries beside the keys that
//! matter costs nothing and can't fail. An object that is read and has the same key twice is refused: a person who looks at the one
//! and a program that takes the other would not agree to the same thing.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Number, value::RawValue};

use super::show::{named, turns_direction};
use crate::{diagnostic::Report, suggest::nearest};

/// The most items of a list, and entries of an object whose keys are free. Real manifests have some dozens; the bound keeps a file
/// made for it from costing minutes.
const MOST: usize = 1024;

/// The most warnings on one object.
const MOST_WARNINGS: usize = 20;

/// One value, unread.
#[derive(Clone)]
pub(super) struct Node<'s> {
    source: &'s str,
    raw: &'s RawValue,
    path: String,
}

/// One object, and the keys that were asked for.
pub(super) struct Object<'s> {
    node: Node<'s>,
    entries: Vec<(String, Node<'s>)>,
    asked: Vec<&'static str>,
}

/// An object's members in the order of the file, doubles included.
struct Members<'s>(Vec<(String, &'s RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl<'s> Node<'s> {
    /// Checks the syntax of the whole text.
    pub(super) fn root(source: &'s str, report: &mut Report<'_>) -> Option<Self> {
        match serde_json::from_str(source) {
            Ok(raw) => Some(Self { source, raw, path: String::new() }),
            Err(error) => {
                let offset = offset(source, error.line(), error.column());
                let full = error.to_string();
                let cause = full.split(" at line ").next().unwrap_or_default();
                let hint = "a manifest is JSON: keys and texts in double quotes, no comments, no comma after the last entry";
                report.error(&(offset..offset), format!("not valid JSON: {cause}"), hint);
                None
            }
        }
    }

    /// Where the value stands in the text.
    pub(super) fn span(&self) -> Range<usize> {
        let start = self.raw.get().as_ptr().addr().saturating_sub(self.source.as_ptr().addr());
        start..start + self.raw.get().len()
    }

    /// The way to the value, such as `server.args[1]`.
    pub(super) fn path(&self) -> &str {
        if self.path.is_empty() { "the manifest" } else { &self.path }
    }

    pub(super) fn is_null(&self) -> bool {
        self.raw.get() == "null"
    }

    pub(super) fn is_text(&self) -> bool {
        self.raw.get().starts_with('"')
    }

    /// The value as serde_json has it.
    pub(super) fn value(&self, report: &mut Report<'_>) -> Option<serde_json::Value> {
        self.read("a JSON value", report)
    }

    pub(super) fn text(&self, report: &mut Report<'_>) -> Option<String> {
        self.expect(b"\"", "a text in double quotes", report)?;
        self.read("a text", report)
    }

    /// A text that stands in one line: no control character, none that turns the writing direction.
    pub(super) fn line(&self, report: &mut Report<'_>) -> Option<String> {
        let text = self.text(report)?;
        self.refuse_hidden(&text, char::is_control, report)?;
        Some(text)
    }

    /// A text that may have several lines.
    pub(super) fn prose(&self, report: &mut Report<'_>) -> Option<String> {
        let text = self.text(report)?;
        self.refuse_hidden(
            &text,
            |character| character.is_control() && !"\n\r\t".contains(character),
            report,
        )?;
        Some(text)
    }

    pub(super) fn boolean(&self, report: &mut Report<'_>) -> Option<bool> {
        self.expect(b"tf", "true or false, without quotes", report)?;
        self.read("true or false", report)
    }

    pub(super) fn number(&self, report: &mut Report<'_>) -> Option<f64> {
        self.expect(b"-0123456789", "a number, without quotes", report)?;
        self.read::<Number>("a number", report)?.as_f64()
    }

    pub(super) fn list(&self, report: &mut Report<'_>) -> Option<Vec<Self>> {
        self.expect(b"[", "a list, such as [\"a\", \"b\"]", report)?;
        let items: Vec<&'s RawValue> = self.borrowed("a list", report)?;
        self.bounded(items.len(), report)?;
        let node = |(index, raw)| Self { source: self.source, raw, path: format!("{}[{index}]", self.path) };
        Some(items.into_iter().enumerate().map(node).collect())
    }

    pub(super) fn object(&self, report: &mut Report<'_>) -> Option<Object<'s>> {
        self.expect(b"{", "an object, such as { \"key\": \"value\" }", report)?;
        let Members(members) = self.borrowed("an object", report)?;
        let mut entries: Vec<(String, Self)> = Vec::with_capacity(members.len());
        let mut seen = std::collections::HashSet::with_capacity(members.len());
        for (key, raw) in members {
            let node = Self { source: self.source, raw, path: self.path_of(&key) };
            if !seen.insert(key.clone()) {
                let message = format!("`{}` is there twice", node.path);
                report.error(
                    &node.span(),
                    message,
                    "keep one of them: programs disagree on which one counts",
                );
                return None;
            }
            entries.push((key, node));
        }
        Some(Object { node: self.clone(), entries, asked: Vec::new() })
    }

    fn bounded(&self, count: usize, report: &mut Report<'_>) -> Option<()> {
        if count <= MOST {
            return Some(());
        }
        let message = format!("`{}` has more than {MOST} entries", self.path());
        report.error(&self.span(), message, "a manifest describes one server; is this one?");
        None
    }

    fn path_of(&self, key: &str) -> String {
        let plain =
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        match (plain, self.path.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}.{key}", self.path),
            (false, _) => format!("{}[{}]", self.path, named(key)),
        }
    }

    fn expect(&self, starts: &[u8], wanted: &str, report: &mut Report<'_>) -> Option<()> {
        let first = self.raw.get().bytes().next()?;
        if starts.contains(&first) {
            return Some(());
        }
        let found = match first {
            b'"' => "a text",
            b't' | b'f' => "true or false",
            b'n' => "null",
            b'[' => "a list",
            b'{' => "an object",
            _ => "a number",
        };
        report.error(&self.span(), format!("`{}` is {found}", self.path()), format!("it must be {wanted}"));
        None
    }

    fn read<T: DeserializeOwned>(&self, what: &str, report: &mut Report<'_>) -> Option<T> {
        self.borrowed(what, report)
    }

    fn borrowed<T: Deserialize<'s>>(&self, what: &str, report: &mut Report<'_>) -> Option<T> {
        match serde_json::from_str(self.raw.get()) {
            Ok(value) => Some(value),
            Err(_) => {
                let message = format!("`{}` can't be read as {what}", self.path());
                report.error(
                    &self.span(),
                    message,
                    "it is nested too deep, out of range, or half a character",
                );
                None
            }
        }
    }

    fn refuse_hidden(&self, text: &str, control: fn(char) -> bool, report: &mut Report<'_>) -> Option<()> {
        if !text.chars().any(|character| control(character) || turns_direction(character)) {
            return Some(());
        }
        let message = format!("`{}` has a character that hides or turns text: {}", self.path(), named(text));
        report.error(&self.span(), message, "remove it: people decide by what they see here");
        None
    }
}

impl<'s> Object<'s> {
    /// The value of a key, marked as known. `null` is as good as absent.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Node<'s>> {
        self.asked.push(key);
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node.clone())
            .filter(|node| !node.is_null())
    }

    /// Whether the key is there with a value, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, node)| name == key && !node.is_null())
    }

    /// All members, in the order of the file.
    pub(super) fn entries(&self, report: &mut Report<'_>) -> &[(String, Node<'s>)] {
        self.node.bounded(self.entries.len(), report).map_or(&[], |()| self.entries.as_slice())
    }

    /// The object itself.
    pub(super) fn node(&self) -> &Node<'s> {
        &self.node
    }

    pub(super) fn line(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<String> {
        self.get(key)?.line(report)
    }

    pub(super) fn prose(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<String> {
        self.get(key)?.prose(report)
    }

    pub(super) fn boolean(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<bool> {
        self.get(key)?.boolean(report)
    }

    pub(super) fn number(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<f64> {
        self.get(key)?.number(report)
    }

    pub(super) fn object(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Object<'s>> {
        self.get(key)?.object(report)
    }

    /// Warns of keys that nobody asked for and that look like one of those that were: `also` are known elsewhere and fine.
    pub(super) fn finish(self, also: &[&str], report: &mut Report<'_>) {
        let known = |key: &str| self.asked.contains(&key) || also.contains(&key);
        let meant = |key: &str| nearest(key, self.asked.iter().copied());
        let strange = self.entries.iter().filter(|(key, _)| !known(key));
        let slips = strange.filter_map(|(key, node)| Some((node, meant(key)?)));
        for (node, meant) in slips.take(MOST_WARNINGS) {
            let message = format!("`{}` is not read", node.path);
            report.warning(&node.span(), message, format!("did you mean `{meant}`?"));
        }
    }
}

/// The offset of serde_json's line (from 1) and column (in bytes, from 1; 0 after a line break).
fn offset(source: &str, line: usize, column: usize) -> usize {
    let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut offset = (start + column.saturating_sub(1)).min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
