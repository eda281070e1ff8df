//! An entry in a file of TOML. Everything around it keeps its bytes.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::{
    error::Problem,
    known::{ENTRY, Entry},
};

/// The text with the entry in the table of this name, which is made where it is missing.
pub(super) fn put(text: &str, table: &str, entry: &Entry) -> Result<String, Problem> {
    let mut document = parse(text)?;
    let entries = document.entry(table).or_insert_with(|| {
        let mut table = Table::new();
        // Only its entries have a heading.
        table.set_implicit(true);
        Item::Table(table)
    });
    let entries = entries.as_table_like_mut().ok_or_else(|| Problem(format!("`{table}` is no table")))?;
    let ours = as_table(entry);
    if entries.get(ENTRY).is_some_and(|there| says_the_same(there, &ours)) {
        return Ok(text.to_owned());
    }
    entries.insert(ENTRY, Item::Table(ours));
    Ok(document.to_string())
}

/// The text without the entry; none where it has none.
pub(super) fn take(text: &str, table: &str) -> Result<Option<String>, Problem> {
    let mut document = parse(text)?;
    let entries = document.get_mut(table).and_then(Item::as_table_like_mut);
    Ok(entries.and_then(|entries| entries.remove(ENTRY)).map(|_| document.to_string()))
}

fn parse(text: &str) -> Result<DocumentMut, Problem> {
    text.parse().map_err(|error| Problem(format!("it is no TOML: {error}")))
}

fn as_table(entry: &Entry) -> Table {
    let mut table = Table::new();
    table.insert("command", value(&entry.command));
    table.insert("args", value(entry.args.iter().collect::<Array>()));
    if let Some(home) = &entry.home {
        let mut environment = Table::new();
        environment.insert("KEYFERRY_HOME", value(home));
        table.insert("env", Item::Table(environment));
    }
    table
}

/// Whether an entry says what ours would, however it is written.
fn says_the_same(there: &Item, ours: &Table) -> bool {
    let plain = |text: String| toml::from_str::<toml::Table>(&text).ok();
    let written = there.as_table_like().map(|table| {
        let mut whole = Table::new();
        for (name, item) in table.iter() {
            whole.insert(name, item.clone());
        }
        whole.to_string()
    });
    written.and_then(plain).is_some_and(|there| Some(there) == plain(ours.to_string()))
}
