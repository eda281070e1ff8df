//! A TOML table that is read key by key. What nobody asked for is reported as unknown, with the key that was likely meant.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use crate::{diagnostic::Report, suggest::nearest};

/// A value and where it stands.
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// One table of the file, its place in it, and the keys that were asked for.
pub(super) struct Table<'t> {
    path: String,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'t> Table<'t> {
    pub(super) fn new(path: impl Into<String>, span: Range<usize>, entries: &'t DeTable<'t>) -> Self {
        Self { path: path.into(), span, entries, asked: Vec::new() }
    }

    /// What it is called in the file.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Where the table begins.
    pub(super) fn span(&self) -> &Range<usize> {
        &self.span
    }

    /// The raw value of a key, marked as known.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.get(key)
    }

    pub(super) fn text(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Located<&'t str>> {
        let value = self.get(key)?;
        text_named(value, || self.named(key), report)
    }

    /// A text that must be there.
    pub(super) fn required_text(
        &mut self,
        key: &'static str,
        example: &str,
        report: &mut Report<'_>,
    ) -> Option<Located<&'t str>> {
        if !self.entries.contains_key(key) {
            let message = format!("`{}` is missing", self.named(key));
            // The key is there, but for a slip: that is what has to be told first.
            let slip = self.entries.keys().find(|found| nearest(found.get_ref(), [key]).is_some());
            match slip {
                Some(slip) => {
                    let hint = format!("write {key} for `{}`", slip.get_ref());
                    report.error(&slip.span(), message, hint);
                }
                None => report.error(&self.span, message, format!("add {key} = \"{example}\"")),
            }
        }
        self.text(key, report)
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str, report: &mut Report<'_>) -> Vec<Located<&'t str>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            wrong_type(value, &self.named(key), "a list of strings, such as [\"a\", \"b\"]", report);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| text_named(item, || format!("an item of {}", self.named(key)), report))
            .collect()
    }

    /// A text, or a list of texts.
    pub(super) fn text_or_texts(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<Located<&'t str>> {
        match self.get(key).map(Spanned::get_ref) {
            Some(DeValue::Array(_)) => self.texts(key, report),
            _ => self.text(key, report).into_iter().collect(),
        }
    }

    /// A table of texts, in the file's order of names.
    pub(super) fn pairs(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<(Located<&'t str>, Located<&'t str>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Table(entries) = value.get_ref() else {
            wrong_type(value, &self.named(key), "a table of strings, such as { name = \"value\" }", report);
            return Vec::new();
        };
        let mut pairs: Vec<_> = entries
            .iter()
            .filter_map(|(name, value)| {
                let value = text_named(value, || format!("{}.{}", self.named(key), name.get_ref()), report)?;
                Some((Located { value: name.get_ref().as_ref(), span: name.span() }, value))
            })
            .collect();
        pairs.sort_by_key(|(name, _)| name.span.start);
        pairs
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            wrong_type(value, &self.named(key), "true or false", report);
        }
        flag
    }

    /// A duration such as `"5m"`, or a number of seconds.
    pub(super) fn seconds(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<u64> {
        let value = self.get(key)?;
        let seconds = match value.get_ref() {
            DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
            DeValue::String(text) => {
                let duration = text.parse::<jiff::SignedDuration>().ok();
                duration.and_then(|duration| u64::try_from(duration.as_secs()).ok())
            }
            _ => None,
        };
        let seconds = seconds.filter(|seconds| *seconds <= 10 * 366 * 86_400);
        if seconds.is_none() {
            let message = format!("`{}` is no duration", self.named(key));
            report.error(&value.span(), message, "such as \"5m\", \"12h\", or a number of seconds");
        }
        seconds
    }

    /// A table below this one.
    pub(super) fn table(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Table<'t>> {
        let value = self.get(key)?;
        let named = self.named(key);
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(named, value.span(), entries)),
            _ => {
                wrong_type(value, &named, &format!("a table: write [{named}] on a line of its own"), report);
                None
            }
        }
    }

    /// A table of values that are read one by one, in the file's order.
    pub(super) fn entries(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<(Located<&'t str>, &'t Spanned<DeValue<'t>>)> {
        let Some(table) = self.table(key, report) else { return Vec::new() };
        let mut entries: Vec<_> = table
            .entries
            .iter()
            .map(|(name, value)| (Located { value: name.get_ref().as_ref(), span: name.span() }, value))
            .collect();
        entries.sort_by_key(|(name, _)| name.span.start);
        entries
    }

    /// Tables that stand below this one, each with a name of its own: `[config.NAME]`.
    pub(super) fn named_tables(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<(Located<&'t str>, Table<'t>)> {
        let path = self.named(key);
        let mut tables = Vec::new();
        for (name, value) in self.entries(key, report) {
            let named = format!("{path}.{}", name.value);
            match value.get_ref() {
                DeValue::Table(entries) => tables.push((name, Table::new(named, value.span(), entries))),
                _ => wrong_type(
                    value,
                    &named,
                    &format!("a table: write [{path}.NAME] before its keys"),
                    report,
                ),
            }
        }
        tables
    }

    /// A list of tables: `[[file]]`.
    pub(super) fn tables(&mut self, key: &'static str, report: &mut Report<'_>) -> Vec<Table<'t>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let named = self.named(key);
        let DeValue::Array(items) = value.get_ref() else {
            wrong_type(value, &named, &format!("a list of tables: write [[{named}]] before each"), report);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(entries) => tables.push(Table::new(named.clone(), item.span(), entries)),
                _ => wrong_type(item, &named, "a table", report),
            }
        }
        tables
    }

    /// Reports the keys that nobody asked for. `elsewhere` says what to do about a key that is often put into the wrong table.
    pub(super) fn finish(self, elsewhere: fn(&str) -> Option<String>, report: &mut Report<'_>) {
        for key in self.entries.keys() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let place =
                if self.path.is_empty() { "at the top".to_owned() } else { format!("in [{}]", self.path) };
            let hint = if let Some(meant) = nearest(name, self.asked.iter().copied()) {
                format!("did you mean `{meant}`?")
            } else if let Some(hint) = elsewhere(name) {
                hint
            } else {
                format!("known here: {}", self.asked.join(", "))
            };
            report.error(&key.span(), format!("unknown key `{name}` {place}"), hint);
        }
    }

    fn named(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// A text.
pub(super) fn text<'t>(
    value: &'t Spanned<DeValue<'t>>,
    named: &str,
    report: &mut Report<'_>,
) -> Option<Located<&'t str>> {
    text_named(value, || named.to_owned(), report)
}

/// A text, whose name is made only where it has to be told.
fn text_named<'t>(
    value: &'t Spanned<DeValue<'t>>,
    named: impl FnOnce() -> String,
    report: &mut Report<'_>,
) -> Option<Located<&'t str>> {
    match value.get_ref() {
        DeValue::String(text) => Some(Located { value: text.as_ref(), span: value.span() }),
        _ => {
            wrong_type(value, &named(), "a string in quotes", report);
            None
        }
    }
}

/// A whole number. TOML bounds none, so one that is too great is reported.
pub(super) fn integer(
    number: &DeInteger<'_>,
    value: &Spanned<DeValue<'_>>,
    named: &str,
    report: &mut Report<'_>,
) -> Option<i64> {
    let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
    if read.is_none() {
        report.error(
            &value.span(),
            format!("`{named}` is a number of more than 64 bits"),
            "write it in quotes",
        );
    }
    read
}

/// Reports a value of another type than the one that is wanted.
pub(super) fn wrong_type(value: &Spanned<DeValue<'_>>, named: &str, wanted: &str, report: &mut Report<'_>) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(flag) => {
            let message = format!("`{named}` is the truth value {flag}");
            return report.error(&value.span(), message, format!("it must be {wanted}"));
        }
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    report.error(&value.span(), format!("`{named}` is {found}"), format!("it must be {wanted}"));
}
